//! What a bank booked against what the books expect, until every entry is explained or a case, and a day can be closed: pure, without clock, network or database.
//!
//! - [`Survey`]: all files before any of their entries. What is wrong with a file, a statement or the structure of accounts comes first and apart.
//! - [`Item`] and [`ItemStore`]: what should happen, a million of them in little memory; [`table`] reads them.
//! - [`Run`]: the seven rules in their order ([`ReconciliationRule`]), line by line. Explained lines are given out; the rest are [`Case`]s of 21 classes
//!   ([`ExceptionClass`]), each with an owner, an age in banking days, a next step and proposed postings.
//! - [`mod@close`]: whether an account's day can be closed, and what stops it.
//!
//! Files are read twice, which [`reconcile()`] does: once for the survey, and again for the lines of those statements that it accepted.

mod age;
mod case;
mod class;
pub mod close;
mod engine;
mod item;
mod posting;
mod reconcile;
mod rule;
mod store;
mod survey;
pub mod table;
mod terms;

pub use age::{AgeBucket, BankingDays};
pub use case::{Case, Outstanding, ProposedItem};
pub use class::{CaseOwner, ClassGroup, ExceptionClass};
pub use engine::{AccountSums, Reconciled, Run, RunError};
pub use item::{BooksState, Item, ItemKind};
pub use posting::{PostingBook, ProposedPosting};
pub use reconcile::{OpenFile, Reconciliation, reconcile};
pub use rule::{Evidence, Explained, ExplainedLine, ReconciliationRule, Tolerances};
pub use store::{ITEMS_MAX, ItemStore, StoreError};
pub use survey::{AccountBalances, Judged, Survey};
pub use terms::{DividedAccount, OPEN_LINES_MAX, RunTerms};
