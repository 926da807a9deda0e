//! Patterns are parsed strictly, and an account is of one class.
use super::*;
use crate::Purpose;
use money::Currency;

#[test]
fn a_pattern_names_a_class_and_perhaps_a_currency() {
    let usd = Unit::Currency(Currency::try_new("USD").unwrap());
    for (text, class, unit) in [
        ("viewer/*/coins", AccountClass::ViewerCoins, PatternUnit::Fixed(Unit::Coin)),
        ("house/diamonds/issued", AccountClass::DiamondsIssued, PatternUnit::Fixed(Unit::Diamond)),
        ("creator/*/payable/*", AccountClass::CreatorPayable, PatternUnit::AnyCurrency),
        ("agency/*/payable/USD", AccountClass::AgencyPayable, PatternUnit::Fixed(usd)),
        ("house/bank_cash/*", AccountClass::House(Purpose::BankCash), PatternUnit::AnyCurrency),
        ("house/bank_cash/USD", AccountClass::House(Purpose::BankCash), PatternUnit::Fixed(usd)),
    ] {
        assert_eq!(AccountPattern::parse(text), Some(AccountPattern { class, unit }), "{text}");
    }
}

#[test]
fn what_is_no_pattern_is_none() {
    for text in [
        "",
        "*",
        "viewer/ada/coins",
        "viewer/*",
        "viewer/*/*",
        "*/ada/coins",
        "house/*/issued",
        "house/coins/*",
        "house/*/USD",
        "house/bank_cash/usd",
        "house/bank_cash/**",
        "creator/*/payable",
        "creator/*/payable/*/x",
        "viewer/*/coins ",
        "house/bank_cash/¤",
    ] {
        assert_eq!(AccountPattern::parse(text), None, "{text}");
    }
}

#[test]
fn every_account_is_on_the_line_of_its_class() {
    for name in
        ["viewer/u/coins", "viewer/u/debt", "creator/u/diamonds", "agency/u/diamonds", "creator/u/payable/USD", "agency/u/payable/USD"]
    {
        let account = Account::parse(name).unwrap();
        assert_eq!(account.class().line(), account.group().replace("USD", "¤"));
    }
    for purpose in Purpose::ALL {
        let account = Account::house(purpose, Currency::try_new("EUR").unwrap());
        assert_eq!(account.class().line(), account.group().replace("EUR", "¤"));
        let pattern = AccountPattern::parse(&format!("house/{}/*", purpose.name())).unwrap();
        assert!(pattern.holds(account.class(), account.unit()));
        assert!(!AccountPattern::parse(&format!("house/{}/USD", purpose.name())).unwrap().holds(account.class(), account.unit()));
    }
}
