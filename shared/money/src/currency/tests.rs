//! Minor units and rounding.
use super::*;

fn money(code: &str, value: &str, rounding: Rounding) -> Result<i64, Error> {
    Money::from_decimal(Currency::try_new(code)?, value.parse().unwrap(), rounding).map(|m| m.minor_units())
}

#[test]
fn minor_units_follow_the_currency() {
    assert_eq!(money("USD", "12.345", Rounding::Down), Ok(1234));
    assert_eq!(money("USD", "12.345", Rounding::HalfUp), Ok(1235));
    assert_eq!(money("JPY", "12.5", Rounding::HalfUp), Ok(13));
    assert_eq!(money("KWD", "1.0005", Rounding::Down), Ok(1000));
    let cents = Money::try_new(Currency::try_new("USD").unwrap(), 1230).unwrap();
    assert_eq!(cents.to_string(), "12.30 USD");
}

#[test]
fn strangers_are_refused() {
    for code in ["", "US", "usd", "USDX", "XXX", "ÄÖ", "BTC"] {
        assert!(Currency::try_new(code).is_err(), "{code}");
    }
    assert!(money("USD", "-0.01", Rounding::HalfUp).is_err());
    assert!(money("USD", "79228162514264337593543950335", Rounding::Down).is_err());
}

#[test]
fn currencies_do_not_mix() {
    let usd = Money::try_new(Currency::try_new("USD").unwrap(), 1).unwrap();
    let eur = Money::try_new(Currency::try_new("EUR").unwrap(), 1).unwrap();
    assert_eq!(usd.checked_add(eur), None);
    assert_eq!(usd.checked_sub(usd).map(|m| m.minor_units()), Some(0));
}
