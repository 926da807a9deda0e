//! Statements: what a leaf, a summary node or a physical account had on a day. The entries are the book's; a statement says which of them, and what they come to.
//!
//! - `members`: whose entries a statement has. [`line`]: one entry. `draft`: entries added up, and the hash of all that they say.
mod draft;
pub mod line;
mod members;

pub use draft::StatementDraft;
pub use line::{LineKind, LineOther, StatementLine};
pub use members::{StatementMember, members, members_hash, members_text, read_members};

use super::{NodeKind, NumberForm, Structure};
use jiff::civil::Date;
use money::{
    Currency,
    time::{day_start, moment_us, utc_day},
};
use std::time::Duration;

/// How long after the end of a day it is not issued yet: more than the clocks of the ledger's and this service's machines ever differ.
pub const CUT_OFF_DELAY: Duration = Duration::from_secs(600);

money::named! {
    /// What a statement is of.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum StatementKind {
        /// A physical account: what was booked at the bank.
        Physical = "physical",
        /// A summary node: the entries of all leaves below.
        Summary = "summary",
        /// A leaf.
        Leaf = "leaf",
    }
}

/// Count and sum of the entries of one side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StatementTotal {
    /// Number of entries.
    pub count: i64,
    /// In minor units, without a sign.
    pub minor_units: i64,
}

/// Of which account a statement is, as it was called on that day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOnDay {
    /// The leaf, summary node or physical account.
    pub node: String,
    /// Which of them.
    pub kind: StatementKind,
    /// A bank's number, a virtual IBAN, a number in segments, or the node's id if it has none.
    pub number: String,
    /// Its name for people.
    pub name: String,
    /// The legal entity whose money it is.
    pub entity: String,
    /// The physical account's bank.
    pub bank: String,
    /// The bank's branch: a BIC or another of its names.
    pub branch: String,
    /// Of all amounts.
    pub currency: Currency,
}

/// A statement without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayStatement {
    /// Of which account.
    pub account: AccountOnDay,
    /// From 1; 0 while the day is not over.
    pub number: i64,
    /// The day, in UTC.
    pub day: Date,
    /// Balance before, in minor units.
    pub opening: i64,
    /// Balance after.
    pub closing: i64,
    /// What came in.
    pub credits: StatementTotal,
    /// What went out.
    pub debits: StatementTotal,
    /// Sequence number of the last event that it includes.
    pub position: i64,
    /// Hash of the set of its leaves.
    pub members_hash: String,
    /// Hash of its content; empty while the day is not over.
    pub hash: String,
    /// When it was issued, in milliseconds since the Unix epoch; 0 while the day is not over.
    pub issued_at_ms: i64,
}

/// The account that a statement of a node is of; `None` if there was no such node.
#[must_use]
pub fn account_of(structure: &Structure, node: &str, day: Date) -> Option<AccountOnDay> {
    let root = structure.root(node)?;
    let account = AccountOnDay {
        node: node.to_owned(),
        kind: StatementKind::Physical,
        number: root.number.clone(),
        name: root.name.clone(),
        entity: root.entity.clone(),
        bank: root.bank.clone(),
        branch: root.branch.clone(),
        currency: root.currency,
    };
    let Some(found) = structure.nodes.get(node) else { return Some(account) };
    let (name, entity) = (found.name.clone(), found.entity.clone());
    match found.kind {
        NodeKind::Summary { .. } => Some(AccountOnDay { kind: StatementKind::Summary, number: node.to_owned(), name, entity, ..account }),
        NodeKind::Leaf(_) => {
            Some(AccountOnDay { kind: StatementKind::Leaf, number: number_on(structure, node, day), name, entity, ..account })
        }
    }
}

/// The number of a leaf on a day: a virtual IBAN before a number in segments, the lowest of several. Its id if it had none.
fn number_on(structure: &Structure, leaf: &str, day: Date) -> String {
    let own = structure.numbers.values().filter(|one| one.leaf == leaf && one.form != NumberForm::Dynamic);
    let in_use = own.filter(|one| one.from <= day && one.until.is_none_or(|until| until >= day));
    in_use.min_by_key(|one| (one.form, &one.number)).map_or_else(|| leaf.to_owned(), |one| one.number.clone())
}

/// The start of a day in UTC, in microseconds since the Unix epoch.
#[must_use]
pub fn start_us(day: Date) -> i64 {
    day_start(day).as_microsecond()
}

/// The day of a moment in UTC.
#[must_use]
pub fn day_of_us(unix_us: i64) -> Date {
    utc_day(moment_us(unix_us))
}

/// The last day whose statements can be issued at this moment.
#[must_use]
pub fn last_closed_day(now_us: i64) -> Date {
    let delay = i64::try_from(CUT_OFF_DELAY.as_micros()).unwrap_or(i64::MAX);
    day_of_us(now_us.saturating_sub(delay)).yesterday().unwrap_or(Date::MIN)
}
