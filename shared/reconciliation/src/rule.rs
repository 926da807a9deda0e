//! The rules of matching, in their order, and how far amounts may differ by each.

use matching::{EarlierEntry, LinePlace, LineStanding};
use money::Money;
use serde::Serialize;
use std::collections::HashMap;

use crate::posting::ProposedPosting;
use bankfiles::text::as_text;

/// The rule that decided. Rules are tried in this order, and the first hit decides. An amount alone never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationRule {
    /// 1: the bank's reference was seen before.
    BankReference,
    /// 2: the end-to-end id, our short reference, or the only id with such a beginning.
    EndToEndId,
    /// 3: an id that the bank or a clearing gave the payment.
    PaymentId,
    /// 4: an ACH batch by company, day and sum; an ACH return by the trace number of what came back.
    AchBatch,
    /// 5: the id of a processor's or store's payout; else amount, days and what the payer writes, one on each side. An agreed charge by the bank's code.
    Settlement,
    /// 6: one to many or many to one, by a declared batch.
    DeclaredBatch,
    /// 7: amount, other party and day, one on each side. Proposed, never booked.
    Proposal,
}

/// What a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The field of the bank's file, or the fact that was compared.
    pub field: &'static str,
    /// What it says, in the form in which it was compared.
    pub text: String,
}

impl Evidence {
    pub(crate) fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self { field, text: text.into() }
    }
}

/// By how much a booking may differ from what it is matched with, in minor units: 0 unless an account has another tolerance for a rule. What differs is posted to
/// an account of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tolerances(HashMap<(String, ReconciliationRule), i64>);

impl Tolerances {
    /// Sets an account's tolerance for a rule. A tolerance below 0 is none.
    pub fn set(&mut self, account: &str, rule: ReconciliationRule, minor_units: i64) {
        self.0.insert((matching::account_key(account), rule), minor_units.max(0));
    }

    /// What was set, or 0.
    #[must_use]
    pub fn of(&self, account: &str, rule: ReconciliationRule) -> i64 {
        if self.0.is_empty() { 0 } else { self.0.get(&(account.to_owned(), rule)).copied().unwrap_or(0) }
    }
}

/// What a line turned out to be, where nobody has to look at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Explained {
    /// It settles items, in full.
    Settles {
        /// Their keys; several of a batch.
        items: Vec<String>,
        /// What was booked less what was expected, in minor units: within the tolerance.
        difference: i64,
    },
    /// It is an entry that was there before. Nothing is booked from it.
    SameEntryAgain {
        /// The entry that it repeats.
        of: EarlierEntry,
    },
    /// It is no booking: an entry that is expected, of a report during the day or of a notification.
    Information {
        /// The item that it names, if it is one.
        item: Option<String>,
    },
    /// It brings a second booking back.
    UndoesDuplicate {
        /// The item that was booked twice.
        item: String,
        /// The second booking, if it is of this run.
        of: Option<LinePlace>,
    },
}

/// An explained line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExplainedLine {
    /// Where it stands.
    pub place: LinePlace,
    /// Whether it counts.
    pub standing: LineStanding,
    /// Its amount.
    #[serde(serialize_with = "as_text")]
    pub amount: Money,
    /// What explains it.
    #[serde(flatten)]
    pub explained: Explained,
    /// The rule that found it; `None` for information that names nothing.
    pub rule: Option<ReconciliationRule>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What follows in the books, if they do not have it already.
    pub postings: Vec<ProposedPosting>,
}
