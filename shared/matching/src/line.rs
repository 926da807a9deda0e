//! One line of a bank's file: a booking, or one payment of a booking that lists several.

use crate::references::{FoundReference, ReferenceStrength, is_whole_id};
use iso20022::camt053::Direction;
use jiff::civil::Date;
use money::Money;
use serde::Serialize;

/// Where a line stands. Unique in one run of matching; file, statement and entry are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct LinePlace {
    /// The file, as the caller numbers it.
    pub file: usize,
    /// The statement, or the account's report, in the file.
    pub statement: usize,
    /// The entry in the statement.
    pub entry: usize,
    /// The payment in the entry, and after the payments what the entry was charged; 0 if the entry has only one payment or lists none.
    pub detail: usize,
}

/// Whether a line counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineStanding {
    /// In the bank's books, in the statement that closes a day.
    Booked,
    /// Told during the day, expected, or a copy: nothing may be booked from it.
    Information,
}

/// A charge that the bank states beside a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineCharge {
    /// The amount.
    pub amount: Money,
    /// Whether the payment's amount has it in it already; `None` if the bank does not say.
    pub is_included: Option<bool>,
}

/// A line that brings a payment back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineReturn {
    /// Why: an ISO 20022 reason, an ACH return code, or a bank's own text.
    pub code: Option<String>,
    /// What the payment was when it left, if the bank says so.
    pub original_amount: Option<Money>,
    /// Trace numbers of the ACH entry that came back.
    pub original_traces: Vec<String>,
}

/// Payments that were booked as one line and are not listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineBatch {
    /// Ids under which they were ordered: of the message, and of the payment in it.
    pub ids: Vec<String>,
    /// How many they are, if the bank says so.
    pub stated_count: Option<u64>,
    /// Their sum, if the bank says so.
    pub stated_total: Option<Money>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankLine {
    /// Where it stands.
    pub place: LinePlace,
    /// The account in the form of [`crate::account_key`]; `None` where the file names none, as in a file of ACH returns.
    pub account: Option<String>,
    /// Whether it counts.
    pub standing: LineStanding,
    /// Where the money went, also for a reversal.
    pub direction: Direction,
    /// It undoes an earlier entry of the other direction.
    pub is_reversal: bool,
    /// It is a charge of the bank, or interest that it pays or takes, and never the payment whose references it has.
    pub is_charge: bool,
    /// What was moved, without a sign.
    pub amount: Money,
    /// Charges stated beside it.
    pub charges: Vec<LineCharge>,
    /// The day on which it was booked.
    pub booked: Option<Date>,
    /// The day from which it counts.
    pub value_date: Option<Date>,
    /// The bank's reference: the payment's, else the entry's.
    pub bank_reference: Option<String>,
    /// Number of the payment, where several share the entry's reference; else 0.
    pub reference_part: usize,
    /// Spellings of an end-to-end id, strongest first.
    pub end_to_end: Vec<FoundReference>,
    /// Ids that banks and clearings gave the payment.
    pub payment_ids: Vec<FoundReference>,
    /// Set if it brings a payment back.
    pub returned: Option<LineReturn>,
    /// Set if it is the sum of payments that it does not list.
    pub batch: Option<LineBatch>,
    /// Remittance and other texts.
    pub texts: Vec<String>,
    /// Name of the other party, if the file has a field for it.
    pub counterparty: Option<String>,
}

/// What makes two lines the same entry of a bank. Callers keep it with what they booked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryIdentity {
    /// The account, if the file names it.
    pub account: Option<String>,
    /// The bank's reference.
    pub reference: String,
    /// Number of the payment, where several share the entry's reference; else 0.
    pub part: usize,
    /// The amount: banks give one reference to a payment and to its charge.
    pub amount: Money,
    /// Where the money went: a reversal may have the reference of what it undoes.
    pub direction: Direction,
    /// The stated end-to-end id, if it is one of 32 digits: banks give one reference to several payments of a file.
    pub end_to_end: Option<String>,
}

impl BankLine {
    /// What it is recognised by when it comes again; `None` without a reference of the bank.
    #[must_use]
    pub fn identity(&self) -> Option<EntryIdentity> {
        // Formats write other references differently, or cut them off; those can't tell entries apart.
        let is_whole = |found: &&FoundReference| found.strength == ReferenceStrength::Stated && is_whole_id(&found.text);
        let stated = self.end_to_end.iter().find(is_whole);
        Some(EntryIdentity {
            account: self.account.clone(),
            reference: self.bank_reference.clone()?,
            part: self.reference_part,
            amount: self.amount,
            direction: self.direction,
            end_to_end: stated.map(|found| found.text.clone()),
        })
    }

    /// `debit` or `credit`: where the money went.
    #[must_use]
    pub const fn direction_word(&self) -> &'static str {
        direction_word(self.direction)
    }

    /// Whether it brings back an earlier payment, as a return or as the bank's own reversal.
    #[must_use]
    pub fn is_money_back(&self) -> bool {
        self.is_reversal || self.returned.is_some()
    }
}

/// A direction for people and in tables.
pub(crate) const fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Debit => "debit",
        Direction::Credit => "credit",
    }
}
