//! Unit tests of `value`.
use super::*;
use proptest::prelude::*;

fn money(code: &str, minor_units: i64) -> Money {
    Money::try_new(Currency::try_new(code).unwrap(), minor_units).unwrap()
}

#[test]
fn amounts_carry_the_currencys_digits() {
    assert_eq!(amount_text(money("USD", 860_000)), "8600.00");
    assert_eq!(amount_text(money("JPY", 5)), "5");
    assert_eq!(amount_text(money("KWD", 5)), "0.005");
}

#[test]
fn a_fraction_the_currency_lacks_is_refused() {
    let read = |text: &str, code: &str| amount(&Element::leaf("InstdAmt", text).attribute("Ccy", code));
    assert_eq!(read("1.500", "USD").unwrap(), money("USD", 150));
    assert_eq!(read("1.", "USD").unwrap(), money("USD", 100));
    for (text, code) in
        [("1.005", "USD"), ("-1", "USD"), ("1e3", "USD"), ("1", "XXX"), ("", "USD"), ("99999999999999999999", "USD"), ("0.5", "JPY")]
    {
        assert!(read(text, code).is_err(), "{text} {code}");
    }
}

#[test]
fn times_without_an_offset_are_utc() {
    let read = |text: &str| time(&Element::leaf("CreDtTm", text)).map(|time| time.as_millisecond());
    assert_eq!(read("2026-09-21T14:05:00"), read("2026-09-21T16:05:00+02:00"));
    assert_eq!(read("1970-01-01T00:00:01.25Z"), Ok(1250));
    assert_eq!(read("2026-09-21T14:05:00.5"), read("2026-09-21T14:05:00.500Z"));
    for text in ["2026-13-01T00:00:00", "2026-09-21", "2026-09-21T14:05:00+02:00[Europe/Berlin]", "14:05:00", ""] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn dates_and_times_have_every_form_of_the_schema() {
    let day = Some(civil::Date::constant(2026, 11, 24));
    for text in ["2026-11-24", "2026-11-24Z", "2026-11-24+01:00", "2026-11-24-14:00"] {
        assert_eq!(date(text), day, "{text}");
    }
    for text in
        ["2026-11-31", "2026-1-5", "2026-11-24+14:01", "2026-11-24+1:00", "2026-11-24z", "2026-11-24+0100", "24.11.2026", "2026-11-2é", ""]
    {
        assert_eq!(date(text), None, "{text}");
    }
    let read = |text: &str| time(&Element::leaf("CreDtTm", text)).map(|time| time.as_millisecond());
    assert_eq!(read("2026-11-24T24:00:00+01:00"), read("2026-11-24T23:00:00Z"));
    assert_eq!(read("2026-12-31T24:00:00.000"), read("2027-01-01T00:00:00Z"));
    assert_eq!(read("2026-11-24T10:00:00.1239999999999Z"), read("2026-11-24T10:00:00.123Z"));
    for text in ["2026-11-24T24:00:01Z", "2026-11-24T24:01:00", "2026-11-24T25:00:00Z", "2026-11-24T24:00:00.1Z"] {
        assert!(read(text).is_err(), "{text}");
    }
    let end = Element::new("Dt").with_leaf("DtTm", "2026-11-24T24:00:00+01:00");
    assert_eq!(moment_or_day(&end).map(|(day, _)| Some(day)), Ok(day));
}

#[test]
fn texts_are_bounded_in_characters() {
    assert!(check_text("Nm", &"é".repeat(140), 140).is_ok());
    for text in ["", " a", "a\u{1}", "a\nb", &"a".repeat(141)] {
        assert!(check_text("Nm", text, 140).is_err());
    }
}

proptest! {
    #[test]
    fn amounts_round_trip(minor_units in 0..=money::AMOUNT_MAX, code in prop::sample::select(vec!["USD", "EUR", "JPY", "KWD"])) {
        let original = money(code, minor_units);
        prop_assert_eq!(amount(&amount_leaf("Amt", original)).unwrap(), original);
    }
}
