//! MT940 and BAI2. Neither can carry everything that a statement says; the lists of losses say what is missing.
use super::RenderedLine;
use crate::domain::statement::{DayStatement, LineKind, StatementLine, StatementTotal, day_of_us};
use bankfiles::{
    bai2::{Bai2Frame, Bai2NewEntry},
    mt940::{Mt940Frame, Mt940NewEntry},
};
use iso20022::pain002::NOT_PROVIDED;

/// What MT940 can't carry.
pub(super) const MT940_LOSSES: [&str; 5] = [
    "MT940 has no time of booking, only the day.",
    "MT940 has five digits of the statement's number, the last ones.",
    "MT940 does not name the account's holder and bank.",
    "MT940 does not say which leaf of a summary node an entry is of, or that two entries are a pair.",
    "MT940 has SWIFT's character set X: other characters are full stops, and lines of details end after 65 characters.",
];
/// What BAI2 can't carry.
pub(super) const BAI2_LOSSES: [&str; 5] = [
    "BAI2 has neither time nor day of booking of an entry, only its value date.",
    "BAI2 says why a payment came back only in an entry's text.",
    "BAI2 does not name the account's holder.",
    "BAI2 does not say that two entries of a summary node are a pair.",
    "BAI2 is ASCII, and commas and slashes in references and texts are hyphens.",
];

pub(super) fn mt940(statement: &DayStatement) -> Mt940Frame {
    Mt940Frame {
        account: statement.account.number.clone(),
        number: statement.number.unsigned_abs(),
        currency: statement.account.currency.code().to_owned(),
        minor_digits: statement.account.currency.minor_digits(),
        opening: (statement.day.yesterday().unwrap_or(statement.day), statement.opening),
        closing: (statement.day, statement.closing),
    }
}

pub(super) fn mt940_entry(frame: &Mt940Frame, line: RenderedLine<'_>) -> String {
    let RenderedLine { line, details, .. } = line;
    let posting: String = line.posting_id.chars().filter(|c| *c != '-').collect();
    let type_code = match line.line_kind() {
        LineKind::Payment | LineKind::Internal => "NTRF",
        LineKind::Return => "NRTI",
        LineKind::Fee => "NCHG",
        LineKind::Interest => "NINT",
    };
    frame.entry(&Mt940NewEntry {
        value_date: line.value_date,
        booked: day_of_us(line.booked_us),
        change_minor: line.change,
        type_code,
        bank_reference: &reference(line),
        words: &[
            ("EREF", details.end_to_end_id.as_deref().unwrap_or(NOT_PROVIDED)),
            ("TRTP", &line.kind),
            ("RTRN", details.return_reason.as_deref().unwrap_or_default()),
            ("PREF", &posting),
        ],
    })
}

pub(super) fn bai2(statement: &DayStatement) -> Bai2Frame {
    let total = |total: StatementTotal| (total.minor_units, total.count.unsigned_abs());
    Bai2Frame {
        sender: statement.account.bank.clone(),
        receiver: statement.account.entity.clone(),
        account: statement.account.number.clone(),
        currency: statement.account.currency.code().to_owned(),
        day: statement.day,
        file_id: statement.number.unsigned_abs(),
        opening_minor: statement.opening,
        closing_minor: statement.closing,
        credits: total(statement.credits),
        debits: total(statement.debits),
    }
}

pub(super) fn bai2_entry(frame: &Bai2Frame, line: RenderedLine<'_>) -> String {
    let RenderedLine { line, details, .. } = line;
    let code = match (line.line_kind(), line.is_credit()) {
        (LineKind::Payment, true) => "195",
        (LineKind::Payment | LineKind::Return, false) => "495",
        (LineKind::Internal, true) => "206",
        (LineKind::Internal, false) => "506",
        (LineKind::Return, true) => "257",
        (LineKind::Fee, false) => "698",
        (LineKind::Fee, true) => "399",
        (LineKind::Interest, true) => "354",
        (LineKind::Interest, false) => "654",
    };
    let reason = details.return_reason.as_deref().unwrap_or_default();
    frame.entry(&Bai2NewEntry {
        code,
        amount_minor: line.change.saturating_abs(),
        value_date: line.value_date,
        bank_reference: &reference(line),
        customer_reference: details.end_to_end_id.as_deref().unwrap_or(NOT_PROVIDED),
        text: format!("{} {} {reason}", line.member, line.kind).trim_end(),
    })
}

/// The same reference in all formats, so that an entry is known again.
pub(super) fn reference(line: &StatementLine) -> String {
    if line.transfer_no > 0 { line.transfer_no.to_string() } else { format!("M{}", line.transfer_no.unsigned_abs()) }
}
