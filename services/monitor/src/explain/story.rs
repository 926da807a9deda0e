//! Builds a story: what a thing is, its postings, and through them the linked stories, in both directions.
//!
//! A story has links, and a link has a story, so this module builds both.
use super::{
    StoryTeller,
    people::beneficiary_words,
    seek::ExplainedThing,
    shape::{Story, StoryLink, StoryLinks, StoryPosting, StoryTransfer, TrailDirection},
    staff::proposal_words,
    words::{StoryWords, posting_words, quote_words, refusal_words},
};
use crate::audit::ReadFault;
use books::{
    domain::{
        account::BookAccount,
        chart::Unit,
        event::{Body, Event, Transfer, seq_of},
    },
    read::trail::{self, Trail},
    stamp,
};
use serde_json::Map;
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// Maximum entries of an account read in one direction: a whale's coins went into more gifts than anybody reads.
const ENTRIES_MAX: usize = 20_000;

/// Maximum length of a chain of things: a full cycle has four, and money that came back begins another.
const DEPTH_MAX: usize = 16;

/// Whether the account belongs to a person, and is neither the company's nor a debt to the company.
pub(crate) fn is_a_persons(account: &BookAccount) -> bool {
    let known = chart::Account::parse(&account.name);
    !chart::account::is_house(&account.name) && !matches!(known, Some(chart::Account::ViewerDebt(_)))
}

/// A link in the making: the transfer, and the account through which the trail continues.
struct TrailLeg<'a> {
    transfer: &'a Transfer,
    account: &'a BookAccount,
}

impl StoryTeller {
    pub(super) async fn story(&self, thing: ExplainedThing, way: TrailDirection, depth: usize) -> Result<Story, ReadFault> {
        let words = self.words(&thing).await?;
        let events = self.events(&words.postings).await?;
        let accounts = self.accounts(&events).await?;
        let seqs: Vec<i64> = events.iter().map(|event| event.seq).collect();
        let times: HashMap<i64, i64> = self.store.commit_times(self.book.key, &seqs).await?.into_iter().collect();
        let mut words = match &thing {
            ExplainedThing::Posting(event) => {
                let gift = self.gift_given(event, times.get(&event.seq).copied()).await?;
                posting_words(event, &accounts, &gift)
            }
            _ => words,
        };
        let staff = self.staff_part(&events).await?;
        // A proposal's own words say already who decided what.
        if !matches!(thing, ExplainedThing::Proposal(_)) {
            words.told.push_str(&staff.told);
            words.facts.extend(staff.facts);
        }
        let postings = events.iter().map(|event| posted(event, times.get(&event.seq).copied().unwrap_or(0), &accounts)).collect();
        let from = if way == TrailDirection::Into {
            StoryLinks::default()
        } else {
            self.links(&events, &accounts, TrailDirection::From, depth).await?
        };
        let into = if way == TrailDirection::From {
            StoryLinks::default()
        } else {
            self.links(&events, &accounts, TrailDirection::Into, depth).await?
        };
        let StoryWords { what, id, told, users, facts, .. } = words;
        let users = users.into_iter().chain(Self::owners(accounts.values())).collect();
        Ok(Story { what, id, book: self.book.name.clone(), told, users, facts, postings, from, into })
    }
}

impl StoryTeller {
    /// A thing's own words.
    async fn words(&self, thing: &ExplainedThing) -> Result<StoryWords, ReadFault> {
        Ok(match thing {
            ExplainedThing::Purchase(purchase) => self.whole_purchase(purchase).await?,
            ExplainedThing::Quote(quote) => quote_words(quote),
            ExplainedThing::Payout(payout) => self.payout_words(payout).await?,
            ExplainedThing::Refusal(refusal) => refusal_words(refusal),
            ExplainedThing::Proposal(proposal) => proposal_words(proposal),
            ExplainedThing::Beneficiary(beneficiary) => beneficiary_words(beneficiary),
            ExplainedThing::Account(account) => self.account_words(account).await?,
            ExplainedThing::User(user) => self.user_words(user).await?,
            ExplainedThing::Described(words) => StoryWords::clone(words),
            ExplainedThing::Posting(event) => StoryWords {
                what: String::new(),
                id: event.id.to_string(),
                told: String::new(),
                made_at: None,
                users: Vec::new(),
                facts: Map::new(),
                postings: vec![event.id],
            },
        })
    }

    async fn events(&self, postings: &[Uuid]) -> Result<Vec<Event>, ReadFault> {
        let mut events = Vec::new();
        for id in postings {
            events.extend(self.store.event_by_id(self.book.key, *id).await?);
        }
        Ok(events)
    }

    /// The postings of a thing in the order of their events, as far as they exist.
    pub(crate) async fn events_of(&self, thing: &ExplainedThing) -> Result<Vec<Event>, ReadFault> {
        match thing {
            ExplainedThing::Posting(event) => Ok(vec![Event::clone(event)]),
            // What a user or an account has is a list of its own.
            ExplainedThing::User(_) | ExplainedThing::Account(_) => Ok(Vec::new()),
            _ => self.events(&self.words(thing).await?.postings).await,
        }
    }

    /// The accounts of these events' transfers, by key.
    pub(super) async fn accounts(&self, events: &[Event]) -> Result<HashMap<i64, BookAccount>, ReadFault> {
        let transfers = events.iter().flat_map(|event| &event.transfers);
        let mut keys: Vec<i64> = transfers.flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
        keys.sort_unstable();
        keys.dedup();
        let accounts = trail::accounts(&*self.store, self.book.key, &keys).await?;
        Ok(accounts.into_iter().map(|account| (account.key, account)).collect())
    }

    /// Where the money of some postings came from, or where it went.
    pub(super) async fn links(
        &self,
        events: &[Event],
        accounts: &HashMap<i64, BookAccount>,
        way: TrailDirection,
        depth: usize,
    ) -> Result<StoryLinks, ReadFault> {
        let mut links = StoryLinks::default();
        let (mut left, mut more_sums) = (0_usize, BTreeMap::<Unit, i64>::new());
        let mut cut = false;
        for event in events {
            for transfer in &event.transfers {
                let key = if way == TrailDirection::From { transfer.debit } else { transfer.credit };
                let Some(account) = accounts.get(&key).filter(|account| is_a_persons(account)) else { continue };
                let trail = self.trail(&TrailLeg { transfer, account }, way).await?;
                cut |= trail.cut;
                let mut by_event: BTreeMap<i64, i64> = BTreeMap::new();
                // A posting that puts money into an account and takes it out again is no link to another thing.
                for part in trail.parts.iter().filter(|part| seq_of(part.transfer.no) != event.seq) {
                    *by_event.entry(seq_of(part.transfer.no)).or_default() += part.amount;
                }
                for (seq, amount) in by_event {
                    if links.told.len() >= self.scope.most {
                        left += 1;
                        *more_sums.entry(account.unit).or_default() += amount;
                        continue;
                    }
                    let story = if depth < DEPTH_MAX && self.may() { Some(self.next(seq, way, depth + 1).await?) } else { None };
                    let told = account.unit.amount_text(amount);
                    links.told.push(StoryLink { amount, unit: account.unit.to_string(), told, story });
                }
            }
        }
        let sums: Vec<String> = more_sums.into_iter().map(|(unit, amount)| unit.amount_text(amount)).collect();
        links.more = match (left, cut) {
            (0, false) => None,
            (0, true) => Some("earlier ones, which were not looked for".to_owned()),
            (left, false) => Some(format!("{left} more with {}", sums.join(" and "))),
            (left, true) => Some(format!("at least {left} more with {}", sums.join(" and "))),
        };
        Ok(links)
    }

    async fn trail(&self, leg: &TrailLeg<'_>, way: TrailDirection) -> Result<Trail, ReadFault> {
        let (store, book) = (&*self.store, self.book.key);
        Ok(match way {
            TrailDirection::From => trail::sources(store, book, leg.account.key, leg.transfer, ENTRIES_MAX).await?,
            TrailDirection::Into | TrailDirection::Both => trail::uses(store, book, leg.account, leg.transfer, ENTRIES_MAX).await?,
        })
    }

    /// Stories contain stories, so their futures must be boxed.
    async fn next(&self, seq: i64, way: TrailDirection, depth: usize) -> Result<Story, ReadFault> {
        let thing = self.thing_at(seq).await?;
        Box::pin(self.story(thing, way, depth)).await
    }
}

fn posted(event: &Event, time: i64, accounts: &HashMap<i64, BookAccount>) -> StoryPosting {
    let kind = match &event.body {
        Body::Posting(posting) => posting.kind.clone(),
        Body::AccountOpened { .. } | Body::AccountStateSet { .. } | Body::LimitSet { .. } | Body::HoldExpired => String::new(),
    };
    let name = |key: i64| accounts.get(&key).map(|account| account.name.to_string()).unwrap_or_default();
    let transfers = event.transfers.iter().map(|transfer| {
        let unit = accounts.get(&transfer.debit).map(|account| account.unit);
        StoryTransfer {
            kind: transfer.kind.as_str(),
            debit_account: name(transfer.debit),
            credit_account: name(transfer.credit),
            amount: transfer.amount,
            unit: unit.map(|unit| unit.to_string()).unwrap_or_default(),
            told: unit.map(|unit| unit.amount_text(transfer.amount)).unwrap_or_default(),
        }
    });
    StoryPosting { posting_id: event.id.to_string(), seq: event.seq, kind, time: stamp::text(time), transfers: transfers.collect() }
}
