//! Receipts: protobuf to domain and back.
use super::moves::date;
use crate::{
    domain::{
        node::is_id,
        receipt::{self, Allocation, Announced, BankReceipt, Expected, Incoming},
    },
    error::Error,
};
use api::treasury::{ExpectReceiptRequest, ExpectedReceipt, Receipt as ReceiptMessage, ReceiptAllocation, RecordReceiptRequest};
use money::{Currency, Money, RequestId, text::is_plain};
use rpc::{Violations, malformed};
use tonic::Status;

/// Longest id of an announcement, in characters: an index has it.
const EXPECTED_ID_CHARS_MAX: usize = 64;
/// Longest source and payer's reference, in characters: `Max140Text` of ISO 20022.
const TEXT_CHARS_MAX: usize = 140;
/// Longest number and bank's reference, in characters: `Max35Text` of ISO 20022.
const REFERENCE_CHARS_MAX: usize = 35;
/// Longest window of an announcement, in days: a year with a late settlement.
const WINDOW_DAYS_MAX: i64 = 400;

/// Reads an announcement.
pub fn announced(request: ExpectReceiptRequest) -> Result<Announced, Error> {
    let mut wrong = Violations::default();
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let is_expected_id = (1..=EXPECTED_ID_CHARS_MAX).contains(&request.expected_id.len()) && request.expected_id.bytes().all(known);
    check(&mut wrong, is_expected_id, "expected_id", "must have 1 to 64 letters, digits, ., _, : and -");
    check(&mut wrong, is_id(&request.leaf), "leaf", "must have 1 to 32 of the characters a to z, 0 to 9 and -");
    check(&mut wrong, request.min_minor_units > 0, "min_minor_units", "must be above 0");
    check(&mut wrong, request.max_minor_units >= request.min_minor_units, "max_minor_units", "must be at least min_minor_units");
    check(&mut wrong, is_text(&request.source, 1..=TEXT_CHARS_MAX), "source", "must have 1 to 140 characters, none of them hidden");
    let (from, until) = (wrong.take(date("from_date", &request.from_date)), wrong.take(date("until_date", &request.until_date)));
    if let (Some(from), Some(until)) = (from, until) {
        let days = i64::from(from.until(until).map_or(i32::MAX, |span| span.get_days()));
        check(&mut wrong, (0..=WINDOW_DAYS_MAX).contains(&days), "until_date", "must be from from_date on, at most 400 days later");
    }
    let Some((from, until)) = from.zip(until) else { return Err(Error::Violations(Box::new(wrong.into_status()))) };
    wrong.check().map_err(|status| Error::Violations(Box::new(status)))?;
    Ok(Announced {
        expected_id: request.expected_id,
        leaf: request.leaf,
        min: request.min_minor_units,
        max: request.max_minor_units,
        from,
        until,
        source: request.source,
    })
}

/// Reads what came.
pub fn incoming(request: RecordReceiptRequest) -> Result<Incoming, Error> {
    let mut wrong = Violations::default();
    let receipt_id = wrong.take(RequestId::parse(&request.receipt_id).map_err(|_| malformed("receipt_id", "must be a UUID")));
    check(&mut wrong, is_id(&request.account), "account", "must have 1 to 32 of the characters a to z, 0 to 9 and -");
    check(&mut wrong, is_text(&request.number, 0..=REFERENCE_CHARS_MAX), "number", "must have at most 35 characters, none of them hidden");
    check(
        &mut wrong,
        is_text(&request.payer_reference, 0..=TEXT_CHARS_MAX),
        "payer_reference",
        "must have at most 140 characters, none of them hidden",
    );
    check(
        &mut wrong,
        is_text(&request.bank_reference, 0..=REFERENCE_CHARS_MAX),
        "bank_reference",
        "must have at most 35 characters, none of them hidden",
    );
    let amount = wrong.take(amount(request.amount.unwrap_or_default()));
    let value_date = wrong.take(date("value_date", &request.value_date));
    let all = receipt_id.zip(amount).zip(value_date);
    let Some(((receipt_id, amount), value_date)) = all else { return Err(Error::Violations(Box::new(wrong.into_status()))) };
    wrong.check().map_err(|status| Error::Violations(Box::new(status)))?;
    Ok(Incoming {
        receipt_id: receipt_id.uuid(),
        account: request.account,
        number: request.number.replace(' ', ""),
        amount,
        value_date,
        payer: receipt::masked(&request.payer_reference),
        bank_reference: request.bank_reference,
    })
}

fn check(wrong: &mut Violations, holds: bool, field: &str, must: &str) {
    if !holds {
        wrong.add(malformed(field, must));
    }
}

fn is_text(text: &str, chars: std::ops::RangeInclusive<usize>) -> bool {
    is_plain(text) && chars.contains(&text.chars().count())
}

fn amount(message: api::r#type::Money) -> Result<Money, Status> {
    let currency =
        Currency::try_new(&message.currency_code).map_err(|_| malformed("amount.currency_code", "must be an ISO 4217 code in use"))?;
    let amount = Money::try_new(currency, message.minor_units).ok().filter(|amount| amount.minor_units() > 0);
    amount.ok_or_else(|| malformed("amount.minor_units", "must be above 0"))
}

/// An announcement as it is answered.
#[must_use]
pub fn expected_receipt(expected: Expected) -> ExpectedReceipt {
    ExpectedReceipt {
        expected_id: expected.expected_id,
        leaf: expected.leaf,
        currency_code: expected.currency.code().to_owned(),
        min_minor_units: expected.min,
        max_minor_units: expected.max,
        from_date: expected.from.to_string(),
        until_date: expected.until.to_string(),
        source: expected.source,
        receipt_id: expected.receipt_id,
    }
}

/// A receipt as it is answered.
#[must_use]
pub fn receipt(receipt: BankReceipt) -> ReceiptMessage {
    ReceiptMessage {
        receipt_id: receipt.receipt_id.hyphenated().to_string(),
        account: receipt.account,
        number: receipt.number,
        leaf: receipt.leaf,
        allocation: allocation(receipt.allocation).into(),
        amount: Some(rpc::wire::money(receipt.amount)),
        value_date: receipt.value_date.to_string(),
        payer: receipt.payer,
        expected_id: receipt.expected_id,
    }
}

fn allocation(allocation: Allocation) -> ReceiptAllocation {
    match allocation {
        Allocation::Number => ReceiptAllocation::Number,
        Allocation::OldNumber => ReceiptAllocation::OldNumber,
        Allocation::OldAccount => ReceiptAllocation::OldAccount,
        Allocation::ClosedNumber => ReceiptAllocation::ClosedNumber,
        Allocation::UnknownNumber => ReceiptAllocation::UnknownNumber,
    }
}
