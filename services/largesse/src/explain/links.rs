//! The ways from one thing to the next.
use super::{
    Teller,
    story::{Story, Way},
};
use crate::audit::Fault;
use ledger::{
    domain::{
        account::Account,
        chart::Unit,
        event::{Event, Transfer, seq_of},
    },
    read::trail::{self, Trail},
};
use money::Money;
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Entries of an account looked at on one way: a whale's coins went into more gifts than anybody reads.
const ENTRIES_MAX: usize = 20_000;

/// How many things one after the other: a whole life is four, and money that came back begins another.
const DEPTH_MAX: usize = 16;

/// A way to another thing.
#[derive(Debug, Serialize)]
pub struct Link {
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
pub struct Links {
    /// One by one, the earliest first.
    pub told: Vec<Link>,
    /// How many more there are, and with how much together, as people read it.
    pub more: Option<String>,
}

/// An amount as people read it.
pub fn amount_text(amount: i64, unit: Unit) -> String {
    match unit {
        Unit::Coin => format!("{amount} coins"),
        Unit::Diamond => format!("{amount} diamonds"),
        Unit::Currency(currency) => {
            Money::try_new(currency, amount).map_or_else(|_| format!("{amount} {currency}"), |money| money.to_string())
        }
    }
}

/// Whether the account is somebody's, and not the house's or a debt to it.
fn is_a_persons(account: &Account) -> bool {
    !account.name.starts_with("house/") && !account.name.ends_with("/debt")
}

/// What a way is made of: the transfer, and the account along which it goes on.
struct Leg<'a> {
    transfer: &'a Transfer,
    account: &'a Account,
}

impl Teller {
    /// The accounts of these transfers, by key.
    pub(super) async fn accounts(&self, events: &[Event]) -> Result<HashMap<i64, Account>, Fault> {
        let transfers = events.iter().flat_map(|event| &event.transfers);
        let mut keys: Vec<i64> = transfers.flat_map(|transfer| [transfer.debit, transfer.credit]).collect();
        keys.sort_unstable();
        keys.dedup();
        let accounts = trail::accounts(&*self.store, self.book.key, &keys).await?;
        Ok(accounts.into_iter().map(|account| (account.key, account)).collect())
    }

    /// Where the money of some postings came from, or what became of it.
    pub(super) async fn links(
        &self,
        events: &[Event],
        accounts: &HashMap<i64, Account>,
        (way, depth): (Way, usize),
    ) -> Result<Links, Fault> {
        let mut links = Links::default();
        let (mut left, mut more_sums) = (0_usize, BTreeMap::<Unit, i64>::new());
        let mut cut = false;
        for event in events {
            for transfer in &event.transfers {
                let key = if way == Way::From { transfer.debit } else { transfer.credit };
                let Some(account) = accounts.get(&key).filter(|account| is_a_persons(account)) else { continue };
                let trail = self.trail(&Leg { transfer, account }, way).await?;
                cut |= trail.cut;
                let mut by_event: BTreeMap<i64, i64> = BTreeMap::new();
                // What a posting puts into an account and takes out of it again is no way to anything else.
                for part in trail.parts.iter().filter(|part| seq_of(part.transfer.no) != event.seq) {
                    *by_event.entry(seq_of(part.transfer.no)).or_default() += part.amount;
                }
                for (seq, amount) in by_event {
                    if links.told.len() >= self.scope.most {
                        left += 1;
                        *more_sums.entry(account.unit).or_default() += amount;
                        continue;
                    }
                    let story = if depth < DEPTH_MAX && self.may() { Some(self.next(seq, (way, depth + 1)).await?) } else { None };
                    let told = amount_text(amount, account.unit);
                    links.told.push(Link { amount, unit: account.unit.to_string(), told, story });
                }
            }
        }
        let sums: Vec<String> = more_sums.into_iter().map(|(unit, amount)| amount_text(amount, unit)).collect();
        links.more = match (left, cut) {
            (0, false) => None,
            (0, true) => Some("earlier ones, which were not looked for".to_owned()),
            (left, false) => Some(format!("{left} more with {}", sums.join(" and "))),
            (left, true) => Some(format!("at least {left} more with {}", sums.join(" and "))),
        };
        Ok(links)
    }

    async fn trail(&self, leg: &Leg<'_>, way: Way) -> Result<Trail, Fault> {
        let (store, book) = (&*self.store, self.book.key);
        Ok(match way {
            Way::From => trail::sources(store, book, leg.account.key, leg.transfer, ENTRIES_MAX).await?,
            Way::Into | Way::Both => trail::uses(store, book, leg.account, leg.transfer, ENTRIES_MAX).await?,
        })
    }

    /// Stories go through each other, so their futures need a place.
    async fn next(&self, seq: i64, way: (Way, usize)) -> Result<Story, Fault> {
        let thing = self.thing_at(seq).await?;
        Box::pin(self.story(thing, way)).await
    }
}
