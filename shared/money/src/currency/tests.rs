//! Minor units and rounding.
use super::*;
use std::collections::BTreeMap;

/// Codes accepted while the list was maintained here by hand, by digits of the minor unit.
const TAKEN_BEFORE: [(u32, &str); 3] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE \
    CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW \
    KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK \
    PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS \
    UAH USD UYU UZS VES WST XCD YER ZAR ZMW",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
];
/// Codes accepted since the list comes from ISO's: the Caribbean guilder, Venezuela's other code and the Zimbabwe gold.
const TAKEN_SINCE: [(&str, u32); 3] = [("VED", 2), ("XCG", 2), ("ZWG", 2)];

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

#[test]
fn what_was_a_currency_is_one_and_what_came_is_listed() {
    let letters = || (b'A'..=b'Z').map(char::from);
    let codes = letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))));
    let taken: BTreeMap<String, u32> =
        codes.filter_map(|code| Some((Currency::try_new(&code).ok()?.minor_digits(), code))).map(|(digits, code)| (code, digits)).collect();
    let before = TAKEN_BEFORE.iter().flat_map(|(digits, codes)| codes.split_whitespace().map(|code| (code.to_owned(), *digits)));
    let expected: BTreeMap<String, u32> = before.chain(TAKEN_SINCE.map(|(code, digits)| (code.to_owned(), digits))).collect();
    assert_eq!(taken, expected);
    assert_eq!(taken.len(), 157);
}
