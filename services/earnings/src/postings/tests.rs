//! A conversion is posted exactly as quoted.
use super::*;
use crate::domain::{Amounts, QuoteState};
use api::ledger::PostRequest;
use jiff::{Timestamp, civil::Date};
use money::{Currency, Diamonds, Money};
use rust_decimal::Decimal;

fn quoted(withholding: i64, fee: i64) -> Quote {
    let usd = |minor| Money::try_new(Currency::try_new("USD").unwrap(), minor).unwrap();
    let now = Timestamp::from_millisecond(1_700_000_000_005).unwrap();
    Quote {
        id: Uuid::from_u128(7),
        user: UserKey::try_new("bob").unwrap(),
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

fn acceptance(user_named: &str) -> Acceptance {
    Acceptance { request_id: Uuid::from_u128(9), user_named: user_named.to_owned() }
}

fn moved(post: &PostRequest) -> Vec<(&str, &str, i64)> {
    post.transfers.iter().map(|t| (t.debit_account.as_str(), t.credit_account.as_str(), t.amount)).collect()
}

#[test]
fn a_conversion_posts_what_was_quoted_and_nothing_that_is_zero() {
    let book = BookName::try_new("b").unwrap();
    let plain = conversion(&book, &quoted(0, 0), &acceptance("")).for_book(&book);
    let first = [
        ("creator/bob/diamonds", "house/diamonds/redeemed", 1_001),
        ("house/creator_cost/USD", "house/accrued_creator_liability/USD", 500),
        ("house/accrued_creator_liability/USD", "creator/bob/payable/USD", 500),
    ];
    assert_eq!(moved(&plain), first);
    let full = conversion(&book, &quoted(50, 25), &acceptance("")).for_book(&book);
    let rest = [
        ("house/accrued_creator_liability/USD", "creator/bob/payable/USD", 425),
        ("house/accrued_creator_liability/USD", "house/withholding_payable/USD", 50),
        ("house/accrued_creator_liability/USD", "house/fee_income/USD", 25),
    ];
    assert_eq!(moved(&full)[2..], rest);
    assert_eq!(full.guards[0].key, format!("quote/{}", Uuid::from_u128(7)));
}

#[test]
fn an_expired_quote_says_when_in_the_form_of_every_release() {
    let book = BookName::try_new("b").unwrap();
    let detail = |ms| {
        let quote = Quote { expire_time: Timestamp::from_millisecond(ms).unwrap(), ..quoted(0, 0) };
        expired(&book, &quote, &acceptance("")).for_book(&book).refusal_detail
    };
    assert_eq!(detail(1_700_000_000_005), "expire_time=2023-11-14T22:13:20.005+00:00");
    assert_eq!(detail(1_700_000_000_100), "expire_time=2023-11-14T22:13:20.100+00:00");
    assert_eq!(detail(1_700_000_000_000), "expire_time=2023-11-14T22:13:20+00:00");
}

#[test]
fn expired_and_unknown_quotes_move_nothing_under_the_same_id() {
    let book = BookName::try_new("b").unwrap();
    let good = conversion(&book, &quoted(0, 0), &acceptance("")).for_book(&book);
    let late = expired(&book, &quoted(0, 0), &acceptance("")).for_book(&book);
    let unknown = unknown(&book, &UserKey::try_new("bob").unwrap(), &acceptance(""), Uuid::from_u128(8)).for_book(&book);
    for (post, reason) in [(&late, "QUOTE_EXPIRED"), (&unknown, "QUOTE_UNKNOWN")] {
        assert_eq!(post.refusal, reason);
        assert!(post.transfers.is_empty() && post.guards.is_empty());
        assert_eq!(post.request_id, good.request_id);
    }
    assert_eq!(late.request_fields, good.request_fields);
    assert_ne!(unknown.request_fields, good.request_fields);
}

#[test]
fn every_posting_is_as_its_row_says() {
    let (book, bob) = (BookName::try_new("b").unwrap(), UserKey::try_new("bob").unwrap());
    let all = acceptance("bob");
    for quote in [quoted(0, 0), quoted(50, 0), quoted(0, 25), quoted(50, 25), quoted(500, 0)] {
        for draft in [conversion(&book, &quote, &all), expired(&book, &quote, &all), unknown(&book, &bob, &all, Uuid::from_u128(8))] {
            assert_eq!(draft.broken_rule(), None, "{draft:?}");
        }
    }
}
