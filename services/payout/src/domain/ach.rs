//! Payments in ACH files: what a file's state proves of its payments. A file is accepted or refused whole, so one state is enough for all of them.

pub mod finding;
pub mod steps;

use super::{
    BankAnswer,
    evidence::{BankEvidence, Doubt, REASON_CHARS_MAX, ReportedSending, plain},
};
use iso20022::StatusOutcome;
use jiff::{Timestamp, civil::Date};
use money::BookName;
use rails::{CalendarGap, HolidayCalendars, RailRecord, SendTerms};
use std::time::Duration;
use uuid::Uuid;

/// Reason of payments whose file the bank refused: our own message was wrong, so that the same payment over another rail would be a guess.
const FILE_REFUSED: &str = "FF01";
/// Reason of payments whose file the bank never received: words only, so that they are not tried over another rail by themselves.
const NEVER_RECEIVED: &str = "NARR";
/// Entries of one file at the most: their messages are read one by one.
pub const ENTRIES_MAX: i64 = 5_000;
/// Sum of a batch at the most, in cents.
pub const FILE_CENTS_MAX: i64 = bankfiles::nacha::TOTAL_CENTS_MAX;
/// Files of one sender and day at the most: A to Z, then 0 to 9.
const FILES_OF_DAY_MAX: i64 = 36;
/// Files after which payments are collected for four times as long.
const FILES_BETWEEN_STEPS: i64 = 6;
/// The longest time for which payments are collected on a busy day, unless the options say more.
const COLLECT_MAX: Duration = Duration::from_secs(2 * 3_600);
/// How long before the last moment for a window a file is closed, for its upload.
const CLOSING: Duration = Duration::from_secs(300);

money::named! {
    /// What became of a file.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum FileState {
        /// Stored, and nothing of it has left this machine.
        Built = "built",
        /// An upload was begun. Only the bank knows, until it acknowledges the file.
        Sent = "sent",
        /// The bank took all of it.
        Accepted = "accepted",
        /// The bank took none of it. Final.
        Rejected = "rejected",
        /// The bank's statement shows its sum. Final.
        Booked = "booked",
        /// The bank says of it what can't be; people have to look. A statement may still book it.
        Doubtful = "doubtful",
    }
}

/// A file as it is kept, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentFile {
    /// Our bank's name.
    pub bank: String,
    /// Its name, unique for ever.
    pub file_name: String,
    /// Id of the account that pays.
    pub bank_account: String,
    /// Id of the rail of all its payments.
    pub rail: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Its file id modifier.
    pub modifier: char,
    /// The day of its making, in the rail's zone.
    pub created_on: Date,
    /// The banking day on which it is to settle.
    pub effective: Date,
    /// Our company id in it.
    pub company_id: String,
    /// How many entries it has.
    pub entries: i64,
    /// Their sum.
    pub cents: i64,
    /// What became of it.
    pub state: FileState,
    /// The bank has answered an upload, so that none is needed any more.
    pub taken: bool,
    /// Tries to send it or to ask for it.
    pub tries: i64,
    /// When it is due next, in Unix milliseconds.
    pub due_at_ms: i64,
    /// Why nothing more is known of it, or why it was refused; in words.
    pub why: String,
    /// The bank's last evidence, as received.
    pub answer: String,
    /// The bank's reference of the booking; empty until there is one.
    pub booked_by: String,
    /// When it was built, in Unix milliseconds.
    pub built_at_ms: i64,
    /// Incremented by every write.
    pub version: i64,
}

/// A payment that was given to an ACH bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenPayment {
    /// Our bank's name.
    pub bank: String,
    /// Its trace number.
    pub trace: String,
    /// Id of the account that pays.
    pub bank_account: String,
    /// Id of its rail.
    pub rail: String,
    /// The payout's book.
    pub book: BookName,
    /// The payout.
    pub payout_id: Uuid,
    /// The payout's attempt.
    pub attempt_no: i64,
    /// `EndToEndId` of that.
    pub end_to_end_id: String,
    /// The amount.
    pub cents: i64,
    /// The file that has it; empty until that is built.
    pub file_name: String,
    /// Why it came back, as a file of returns says; empty: it did not.
    pub return_code: String,
    /// When it was given to the bank's next file, in Unix milliseconds.
    pub given_at_ms: i64,
}

/// What a file proves of each of its payments. None: nothing happened yet that could be lost, so that its payments stay as they are.
#[must_use]
pub fn answer_of(file: Option<&PaymentFile>) -> Option<BankAnswer> {
    let file = file?;
    let named = |outcome, status: &str, reason_code: &str, doubt: Option<Doubt>| {
        Some(BankAnswer::Named(BankEvidence {
            sending: ReportedSending::This(1),
            outcome,
            duplicate: false,
            status: status.to_owned(),
            reason_code: reason_code.to_owned(),
            words: plain(&file.why, REASON_CHARS_MAX),
            doubt,
        }))
    };
    match file.state {
        FileState::Built => None,
        FileState::Sent if file.taken || file.why.is_empty() => None,
        FileState::Sent => Some(BankAnswer::Lost(file.why.clone())),
        FileState::Accepted => named(StatusOutcome::Pending, "ACCP", "", None),
        // The bank's refusal is kept; people who found that it never received the file have none.
        FileState::Rejected if file.answer.is_empty() => named(StatusOutcome::Rejected, "RJCT", NEVER_RECEIVED, None),
        FileState::Rejected => named(StatusOutcome::Rejected, "RJCT", FILE_REFUSED, None),
        FileState::Booked => named(StatusOutcome::Settled, "BOOK", "", None),
        FileState::Doubtful => named(StatusOutcome::Unclear, "", "", Some(Doubt::OtherContent)),
    }
}

/// For how long payments are collected when so many files were made today: longer and longer, so that the day's modifiers are not used up by the afternoon.
#[must_use]
pub fn collected_for(collect: Duration, files_today: i64) -> Duration {
    let doubled = u32::try_from(files_today.clamp(0, FILES_OF_DAY_MAX) / FILES_BETWEEN_STEPS).unwrap_or(0);
    collect.saturating_mul(4_u32.saturating_pow(doubled)).min(COLLECT_MAX.max(collect))
}

/// When the file of payments is to be closed of which the first was given at `first`: after the time for which they are collected, and before the cut-off of the
/// first one's window.
pub fn closes_at(
    record: &RailRecord,
    calendars: &HolidayCalendars,
    first: Timestamp,
    collect: Duration,
    lead_minutes: u32,
) -> Result<Timestamp, CalendarGap> {
    let terms = SendTerms { lead_minutes, ..SendTerms::default() };
    let collected = first.checked_add(collect).unwrap_or(Timestamp::MAX);
    let cutoff = record.cutoff_at(calendars, first, terms)?.map(|(_, _, cutoff)| cutoff.checked_sub(CLOSING).unwrap_or(first));
    Ok(cutoff.map_or(collected, |cutoff| collected.min(cutoff)))
}

/// Whether a text can stand in a file: printable ASCII without blank ends.
#[must_use]
pub fn is_filed_text(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.trim() == text
}

#[cfg(test)]
pub(crate) mod tests;
