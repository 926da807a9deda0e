//! ACH files in Nacha's format: 94 characters a line, six kinds of records.
//!
//! - [`read`], [`write`](fn@write): a file and its bytes, exact to the byte in both directions. A file whose counts, hashes or totals don't
//!   fit its entries is refused whole.
//! - [`build`]: new files of credits (PPD, CCD). [`answers`]: returns and notifications of change, as a bank makes them.
//! - [`return_code`], [`change_code`], [`sec_code`], [`TransactionCode`]: what codes mean.
//!
//! Every class is read; classes other than PPD, CCD, COR and IAT with the names of PPD's fields. Accounting advices (ADV) are refused. A
//! value in a reserved position is kept where a field for it exists; an IAT addenda record with one is kept as text.

pub mod answers;
pub mod build;
mod change_codes;
mod disputes;
mod entry;
mod error;
mod iat;
mod layout;
mod lines;
mod model;
mod parse;
mod remarks;
mod render;
mod return_codes;
mod routing;
mod sec;
mod transaction;

pub use change_codes::{AccountChange, AchAccount, CHANGE_CODES, ChangeCode, ChangedField, CorrectedPlace, change_code};
pub use disputes::{AchContest, AchDispute};
pub use error::{AchInvalid, AchRefusal};
pub use iat::{IatAddenda, IatBank, IatPlace};
pub use layout::{AchLayout, AchLineEnd, AchPadding};
pub use lines::FILE_BYTES_MAX;
pub use model::{
    AMOUNT_CENTS_MAX, AchAddenda, AchAnswer, AchBatch, AchBatchControl, AchBatchHeader, AchDetail, AchEntry, AchFile, AchFileHeader,
    AchOriginator, AchTotals, ServiceClass, TOTAL_CENTS_MAX,
};
pub use return_codes::{ReturnCode, ReturnOwner, ReturnRetry, ReturnSender, ReturnWindow, return_code, return_codes};
pub use routing::{check_digit, is_routing_number};
pub use sec::{SEC_CODES, SecCode, sec_code};
pub use transaction::{AccountKind, AchDirection, EntryPurpose, TransactionCode};

use crate::{FileProblem, FileReading};
use serde::Serialize;

/// Reads a file. Refuses a file that is cut off, whose records are out of order or not 94 characters long, or whose counts, hashes, totals,
/// sequences or batch and trace numbers are wrong; the refusal names each line.
pub fn read(bytes: &[u8]) -> Result<AchFile, AchRefusal> {
    parse::read(bytes)
}

/// A file as the content of a reading: with its sums.
#[derive(Serialize)]
struct AchContent<'a> {
    #[serde(flatten)]
    file: &'a AchFile,
    totals: AchTotals,
}

/// Reads a file for people and other programs: the fields of [`AchFile`], with its `totals`. A refused file has no content (`null`), and
/// its problems touch money; a file that was read may have problems that don't, such as an unknown return code.
#[must_use]
pub fn reading(bytes: &[u8]) -> FileReading {
    let format = if looks_like(bytes) { "NACHA" } else { "unknown" };
    let refused = |problems| FileReading { format: format.to_owned(), content: serde_json::Value::Null, problems };
    match read(bytes) {
        Err(refusal) => refused(refusal.problems),
        Ok(file) => match serde_json::to_value(AchContent { file: &file, totals: file.totals() }) {
            Ok(content) => FileReading { format: "NACHA".to_owned(), content, problems: remarks::remarks(&file) },
            Err(error) => refused(vec![FileProblem {
                place: "the file".to_owned(),
                what: format!("its content can't be represented: {error}"),
                touches_money: true,
            }]),
        },
    }
}

/// Whether the bytes begin like an ACH file, well-formed or not.
#[must_use]
pub fn looks_like(bytes: &[u8]) -> bool {
    lines::looks_like(bytes)
}

/// Writes a file: the bytes it was read from, if it was read. Counts, hashes, totals and the block count follow from its entries. Refuses
/// values that don't fit their fields and whatever [`read`] would refuse, and then writes nothing. Check digits and the like, about which
/// [`reading`] only remarks, are checked by [`build`].
pub fn write(file: &AchFile) -> Result<Vec<u8>, AchInvalid> {
    render::write(file)
}

#[cfg(test)]
mod tests;
