//! What a bank booked against what we expect it to book: pure, without clock, network or database.
//!
//! - [`read`]: the lines of a bank's file, one for each payment, whatever the format. A file that is not sound has no lines.
//! - [`stream`]: the same of files of any length, line by line.
//! - [`soundness`]: files against each other: a statement that is there twice, a gap, a balance that does not continue.
//! - [`expected`]: what should happen on an account. [`match_lines`]: which line did it, by which rule, and which field said so.
//!
//! Four rules, in this order: the bank's own reference was seen before; the end-to-end id; a payment id of the bank; the sum of an ACH batch or the trace
//! number of an ACH return. An amount alone never matches, and no sum of freely chosen items is ever tried.

pub mod expected;
mod line;
mod matcher;
mod outcome;
mod reading;
mod references;
pub mod soundness;

pub use expected::{ExpectedBatch, ExpectedItem, ItemStanding};
pub use line::{BankLine, EntryIdentity, LineBatch, LineCharge, LinePlace, LineReturn, LineStanding};
pub use matcher::match_lines;
pub use outcome::{DifferingField, EarlierEntry, Match, MatchEvidence, MatchOutcome, MatchRule, SeenEntry, UnmatchedKind};
pub use reading::{BankFileLines, StatementContent, StatementPart, StreamedFile, read, stream};
pub use references::{FoundReference, ReferenceStrength, account_key, end_to_end_key, folded, reference_words};
