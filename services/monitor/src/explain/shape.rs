//! The parts of a story: a sentence, facts, its postings, and the links to other stories.
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The direction in which a story continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailDirection {
    /// Where the money came from.
    From,
    /// What became of it.
    Into,
    /// Where the money came from, and where it went.
    Both,
}

/// The story of one thing.
#[derive(Debug, Serialize)]
pub struct Story {
    /// `purchase`, `gift`, `quote`, `payout`, `refusal`, or the kind of a posting.
    pub what: String,
    /// Its own id.
    pub id: String,
    /// Its book.
    pub book: String,
    /// The story in a sentence.
    pub told: String,
    /// Users to whom it belongs, and whose accounts its postings touch.
    pub users: BTreeSet<String>,
    /// Facts by name.
    pub facts: Map<String, Value>,
    /// Its postings in the ledger, in order.
    pub postings: Vec<StoryPosting>,
    /// Where the money came from.
    pub from: StoryLinks,
    /// What became of it.
    pub into: StoryLinks,
}

/// A posting.
#[derive(Debug, Serialize)]
pub struct StoryPosting {
    /// Its id.
    pub posting_id: String,
    /// Its place in the journal.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// When it was committed, RFC 3339.
    pub time: String,
    /// What it moved.
    pub transfers: Vec<StoryTransfer>,
}

/// A transfer.
#[derive(Debug, Serialize)]
pub struct StoryTransfer {
    /// `POSTED`, `PENDING` and so on.
    pub kind: &'static str,
    /// The account debited.
    pub debit_account: String,
    /// The account credited.
    pub credit_account: String,
    /// In the unit's smallest part.
    pub amount: i64,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// The amount as people read it.
    pub told: String,
}

/// A link to another thing.
#[derive(Debug, Serialize)]
pub struct StoryLink {
    /// How much money this link stands for, in the account's unit.
    pub amount: i64,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// The amount as people read it.
    pub told: String,
    /// The other thing's story; `None` at the limit of a story's size.
    pub story: Option<Story>,
}

/// All links in one direction.
#[derive(Debug, Default, Serialize)]
pub struct StoryLinks {
    /// The links one by one, the earliest first.
    pub told: Vec<StoryLink>,
    /// How many more there are, and their sum, as people read it.
    pub more: Option<String>,
}

impl Story {
    /// Collects every user named in the story, at any depth.
    pub fn people(&self, found: &mut BTreeSet<String>) {
        found.extend(self.users.iter().cloned());
        let links = self.from.told.iter().chain(&self.into.told);
        links.filter_map(|link| link.story.as_ref()).for_each(|story| story.people(found));
    }
}
