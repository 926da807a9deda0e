//! Names in and out of the chart.
use super::*;

#[test]
fn names_tell_unit_and_floor() {
    let usd = Unit::Currency(Currency::try_new("USD").unwrap());
    for (name, unit, floor) in [
        ("viewer/u1/coins", Unit::Coin, true),
        ("viewer/u1/debt", Unit::Coin, false),
        ("creator/u-1_X/diamonds", Unit::Diamond, true),
        ("creator/u1/payable/USD", usd, true),
        ("house/coins/issued", Unit::Coin, false),
        ("house/bank_cash/USD", usd, false),
    ] {
        assert_eq!(form(name), Some(Form { unit, debits_must_not_exceed_credits: floor }), "{name}");
    }
}

#[test]
fn strange_names_are_unknown() {
    for name in [
        "",
        "/",
        "viewer//coins",
        "viewer/u1/coins/",
        "viewer/a b/coins",
        "house/bank_cash/usd",
        "house/nonsense/USD",
        "viewer/u1/diamonds",
        "house/coins/burnt",
        "creator/u1/payable/",
        "VIEWER/u1/coins",
        "viewer/u1/coins/x/y",
    ] {
        assert_eq!(form(name), None, "{name}");
    }
}

#[test]
fn groups_hide_the_user() {
    assert_eq!(group("viewer/u1/coins"), "viewer/*/coins");
    assert_eq!(group("creator/u1/payable/USD"), "creator/*/payable/USD");
    assert_eq!(group("house/coins/issued"), "house/coins/issued");
}
