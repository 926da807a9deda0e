//! A conversion is posted exactly as quoted, and a kept answer is read back unchanged.
use super::*;
use crate::domain::Amounts;
use jiff::{Timestamp, civil::Date};
use money::{Currency, Diamonds, Money};
use rust_decimal::Decimal;
use tonic::Code;

fn quoted(withholding: i64, fee: i64) -> Quote {
    let usd = |minor| Money::try_new(Currency::try_new("USD").unwrap(), minor).unwrap();
    let now = Timestamp::from_millisecond(1_700_000_000_005).unwrap();
    Quote {
        id: Uuid::from_u128(7),
        user: money::UserKey::try_new("bob").unwrap(),
        diamonds: Diamonds::try_new(1_001).unwrap(),
        rate: Decimal::new(5, 3),
        rate_date: Date::constant(2024, 1, 1),
        rate_card_version: "v".to_owned(),
        amounts: Amounts { gross: usd(500), withholding: usd(withholding), fee: usd(fee), net: usd(500 - withholding - fee) },
        create_time: now,
        expire_time: now,
        state: QuoteState::Open,
    }
}

#[test]
fn what_is_kept_reads_back_as_it_was() {
    let quote = quoted(1, 2);
    assert_eq!(kept(&kept_answer(&quote)).unwrap().unwrap(), self::quote(&quote));
    let refusal = StickyRefusal::new(Code::FailedPrecondition, "AMOUNT_TOO_SMALL", "no", &[("minimum", "1.00 USD".to_owned())]);
    let (status, read) = (refusal.status(), kept(&kept_refusal(&refusal)).unwrap().unwrap_err());
    assert_eq!((read.code(), read.message(), read.details()), (status.code(), status.message(), status.details()));
}

#[test]
fn a_refusal_that_the_program_before_kept_is_told_as_it_was() {
    let status = rpc::refused(Code::FailedPrecondition, "AMOUNT_TOO_SMALL", "no".to_owned(), &[("minimum", "1.00 USD".to_owned())]);
    let older = KeptAnswer { bytes: status.details().to_vec(), refusal: true };
    let read = kept(&older).unwrap().unwrap_err();
    assert_eq!((read.code(), read.message(), read.details()), (status.code(), status.message(), status.details()));
}
