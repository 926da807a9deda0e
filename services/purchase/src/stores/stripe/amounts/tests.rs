//! Currencies as Stripe counts them, and what can't be charged.
use super::*;

fn of(code: &str, minor_units: i64) -> Money {
    Money::try_new(Currency::try_new(code).unwrap(), minor_units).unwrap()
}

#[test]
fn each_currency_is_counted_as_stripe_counts_it() {
    for (code, minor_units, units) in [
        ("USD", 99, 99),
        ("JPY", 140, 140),
        ("KRW", 1_400, 1_400),
        // Two decimals in ISO 4217, none at Stripe.
        ("MGA", 500_000, 5_000),
        // None in ISO 4217, two at Stripe.
        ("ISK", 5, 500),
        ("UGX", 3_600, 360_000),
        ("HUF", 39_000, 39_000),
        ("TWD", 3_000, 3_000),
        ("KWD", 1_230, 1_230),
    ] {
        assert_eq!(charged(of(code, minor_units)), Ok(units), "{code}");
        assert_eq!(money(&code.to_lowercase(), units), Some(of(code, minor_units)), "{code}");
    }
}

#[test]
fn what_stripe_would_round_is_refused() {
    for (code, minor_units) in [("MGA", 1), ("HUF", 39_050), ("TWD", 1), ("KWD", 1_231), ("BHD", 5)] {
        charged(of(code, minor_units)).unwrap_err();
    }
    for (code, units) in [("isk", 550), ("ugx", 1), ("xxx", 1), ("usd", -1), ("mga", i64::MAX)] {
        assert_eq!(money(code, units), None, "{units} {code}");
    }
}
