//! What requests say of refunds.

use super::*;
use api::r#type::Money as Sent;

fn sent(currency_code: &str, minor_units: i64) -> Result<Option<Money>, Error> {
    amount(Some(Sent { currency_code: currency_code.to_owned(), minor_units }))
}

#[test]
fn an_amount_is_absent_or_at_least_one_minor_unit() {
    assert_eq!(amount(None).unwrap(), None);
    assert_eq!(sent("USD", 1).unwrap().map(|amount| amount.minor_units()), Some(1));
    for (currency, minor_units) in [("USD", 0), ("USD", -5), ("USD", i64::MAX), ("USD", i64::MIN), ("usd", 5), ("", 5), ("US\u{7}", 5)] {
        assert!(sent(currency, minor_units).is_err(), "{minor_units} {currency}");
    }
}

#[test]
fn every_state_can_be_asked_for_and_no_other() {
    for known in RefundOrderState::ALL {
        assert_eq!(named_state(state(known).into()).unwrap(), Some(known));
    }
    assert_eq!(named_state(0).unwrap(), None);
    assert!(named_state(10).is_err() && named_state(-1).is_err());
}
