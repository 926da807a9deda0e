//! What a story is made of: a sentence, facts, its postings, and the links to others.
use books::domain::chart::Unit;
use money::Money;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// In which direction a story goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrailDirection {
    /// Where the money came from.
    From,
    /// What became of it.
    Into,
    /// Where the money came from, and where it went.
    Both,
}

/// What is told of a thing.
#[derive(Debug, Serialize)]
pub struct Story {
    /// `purchase`, `gift`, `quote`, `payout`, `refusal`, or the kind of a posting.
    pub what: String,
    /// Its own id.
    pub id: String,
    /// Its book.
    pub book: String,
    /// In a sentence.
    pub told: String,
    /// Users whose it is, and whose accounts its postings touch.
    pub users: BTreeSet<String>,
    /// By name.
    pub facts: Map<String, Value>,
    /// What the ledger has of it, in order.
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
    /// From.
    pub debit_account: String,
    /// To.
    pub credit_account: String,
    /// In the unit's smallest part.
    pub amount: i64,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// As people read it.
    pub told: String,
}

/// A way to another thing.
#[derive(Debug, Serialize)]
pub struct StoryLink {
    /// How much of the account's unit went this way.
    pub amount: i64,
    /// `COIN`, `DIAMOND` or a currency.
    pub unit: String,
    /// As people read it.
    pub told: String,
    /// What is there; nothing where enough was told already.
    pub story: Option<Story>,
}

/// All ways in one direction.
#[derive(Debug, Default, Serialize)]
pub struct StoryLinks {
    /// One by one, the earliest first.
    pub told: Vec<StoryLink>,
    /// How many more there are, and with how much together, as people read it.
    pub more: Option<String>,
}

impl Story {
    /// Everybody whom it tells something of, however deep.
    pub fn people(&self, found: &mut BTreeSet<String>) {
        found.extend(self.users.iter().cloned());
        let links = self.from.told.iter().chain(&self.into.told);
        links.filter_map(|link| link.story.as_ref()).for_each(|story| story.people(found));
    }
}

/// An amount as people read it.
pub fn amount_text(amount: i64, unit: Unit) -> String {
    let some = |one: &str| if amount.abs() == 1 { format!("{amount} {one}") } else { format!("{amount} {one}s") };
    match unit {
        Unit::Coin => some("coin"),
        Unit::Diamond => some("diamond"),
        Unit::Currency(currency) => {
            Money::try_new(currency, amount).map_or_else(|_| format!("{amount} {currency}"), |money| money.to_string())
        }
    }
}
