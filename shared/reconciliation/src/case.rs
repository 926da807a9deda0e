//! A case: something that a person or a later statement has to explain.

use crate::{
    age::AgeBucket,
    class::{CaseOwner, ExceptionClass},
    posting::ProposedPosting,
    rule::{Evidence, ReconciliationRule},
};
use bankfiles::text::{as_optional_text, as_text};
use jiff::civil::Date;
use matching::LinePlace;
use money::Money;
use serde::Serialize;

/// The only item that fits a line by weak evidence. Nothing is booked from it before a person agreed; above the policy's limit, two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProposedItem {
    /// The item's key.
    pub item: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Case {
    /// What is wrong.
    pub class: ExceptionClass,
    /// The account, as it is compared; `None` where a file names none.
    pub account: Option<String>,
    /// What it is about; for a difference, the whole amount that was booked. `None` of a file.
    #[serde(serialize_with = "as_optional_text")]
    pub amount: Option<Money>,
    /// What our books have more than the bank because of it, in minor units, until its posting is made. The sum over all open cases and outstanding items is
    /// the difference between books and bank.
    pub difference: i128,
    /// The file and the statement that it is about, if it is about one as a whole; statement 0: the file as a whole.
    #[serde(skip)]
    pub statement: Option<(usize, usize)>,
    /// The lines that it is about; none for an item that did not come.
    pub places: Vec<LinePlace>,
    /// Keys of the items that it is about.
    pub items: Vec<String>,
    /// The day from which its age counts.
    #[serde(serialize_with = "as_optional_text")]
    pub since: Option<Date>,
    /// Its age in banking days.
    pub age_banking_days: u32,
    /// The same, as it is reported.
    pub age: AgeBucket,
    /// Who works on it.
    pub owner: CaseOwner,
    /// What is done first.
    pub next_step: &'static str,
    /// What differs, in words and numbers; never names.
    pub detail: String,
    /// The rule that led to it, if one did.
    pub rule: Option<ReconciliationRule>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// An item that may be the right one.
    pub proposal: Option<ProposedItem>,
    /// What is posted once it is agreed; none where nothing may be posted before an answer.
    pub postings: Vec<ProposedPosting>,
    /// A line that undid it: a second debit that is back needs nothing more.
    pub undone_by: Option<LinePlace>,
    /// Nothing has to be done: it is listed so that it can be seen.
    pub is_noted_only: bool,
}

impl Case {
    /// Whether somebody still has to do something.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.undone_by.is_none() && !self.is_noted_only
    }
}

/// An item that did not come yet and for which nobody has to worry yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outstanding {
    /// The item's key.
    pub item: String,
    /// Its account.
    pub account: String,
    /// Its amount; of a range, the smallest.
    #[serde(serialize_with = "as_text")]
    pub amount: Money,
    /// As in [`Case::difference`]: nothing unless the books have it already.
    pub difference: i128,
    /// The day from which its age counts.
    #[serde(serialize_with = "as_optional_text")]
    pub since: Option<Date>,
    /// Its age in banking days.
    pub age_banking_days: u32,
    /// Who would work on it.
    pub owner: CaseOwner,
}
