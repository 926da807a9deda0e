//! Names in and out of the chart.
use super::*;
use proptest::prelude::*;

fn usd() -> Currency {
    Currency::try_new("USD").unwrap()
}

#[test]
fn names_tell_unit_and_floor() {
    let usd = Unit::Currency(usd());
    for (name, unit, floor) in [
        ("viewer/u1/coins", Unit::Coin, true),
        ("viewer/u1/debt", Unit::Coin, false),
        ("creator/u-1_X/diamonds", Unit::Diamond, true),
        ("creator/u1/payable/USD", usd, true),
        ("house/coins/issued", Unit::Coin, false),
        ("house/bank_cash/USD", usd, false),
        ("house/fx_position/USD", usd, false),
    ] {
        let class = Account::parse(name).unwrap().class();
        assert_eq!(form(name), Some(AccountForm { unit, debits_must_not_exceed_credits: floor, class }), "{name}");
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
    let user = UserKey::try_new("u1").unwrap();
    assert_eq!(Account::viewer_coins(&user).group(), ALL_VIEWER_COINS);
    assert_eq!(Account::viewer_debt(&user).group(), ALL_VIEWER_DEBT);
}

/// Every account of the chart, of one user and currency, with the name that books have had since the first release.
fn all(user: &UserKey) -> Vec<(Account<'_>, String)> {
    let owner = Owner::from(user);
    let mut all = vec![
        (Account::ViewerCoins(owner), format!("viewer/{user}/coins")),
        (Account::ViewerDebt(owner), format!("viewer/{user}/debt")),
        (Account::CreatorDiamonds(owner), format!("creator/{user}/diamonds")),
        (Account::AgencyDiamonds(owner), format!("agency/{user}/diamonds")),
        (Account::CreatorPayable(owner, usd()), format!("creator/{user}/payable/USD")),
        (Account::AgencyPayable(owner, usd()), format!("agency/{user}/payable/USD")),
        (Account::CoinsIssued, "house/coins/issued".to_owned()),
        (Account::CoinsRedeemed, "house/coins/redeemed".to_owned()),
        (Account::DiamondsIssued, "house/diamonds/issued".to_owned()),
        (Account::DiamondsRedeemed, "house/diamonds/redeemed".to_owned()),
    ];
    all.extend(Purpose::ALL.map(|purpose| (Account::house(purpose, usd()), format!("house/{}/USD", purpose.name()))));
    let (entity, bank_account) = (HouseId::try_new("largesse-eu").unwrap(), HouseId::try_new("1-a").unwrap());
    all.extend(Purpose::ALL.map(|purpose| match purpose.is_per_bank_account() {
        true => (Account::of_bank_account(entity, bank_account, purpose, usd()), format!("house/largesse-eu/{}/1-a/USD", purpose.name())),
        false => (Account::of_entity(entity, purpose, usd()), format!("house/largesse-eu/{}/USD", purpose.name())),
    }));
    all
}

proptest! {
    #[test]
    fn every_account_reads_back_from_its_name(user in "[A-Za-z0-9_-]{1,64}") {
        let user = UserKey::try_new(&user).unwrap();
        for (account, name) in all(&user) {
            prop_assert_eq!(account.name(), name.as_str());
            prop_assert_eq!(Account::parse(&name), Some(account));
            prop_assert_eq!(account.group(), group(&name));
            prop_assert_eq!(account.owner(), owner(&name));
            prop_assert_eq!(account.owner().is_none(), is_house(&name));
        }
    }

    #[test]
    fn any_text_is_read_without_a_panic_and_only_as_what_it_says(text in "[a-z/A-Z0-9_*-]{0,40}") {
        if let Some(account) = Account::parse(&text) {
            prop_assert_eq!(account.name(), text.as_str());
        }
        let _ = (group(&text), owner(&text), is_house(&text));
    }
}

#[test]
fn only_what_is_on_its_way_to_a_bank_is_in_transit() {
    let user = UserKey::try_new("u1").unwrap();
    let names: Vec<String> = all(&user).into_iter().filter(|(account, _)| account.is_in_transit()).map(|(_, name)| name).collect();
    assert_eq!(names, ["house/in_transit/USD", "house/largesse-eu/in_transit/USD"]);
}

#[test]
fn accounts_of_before_there_were_entities_are_those_of_main() {
    let other = HouseId::try_new("other").unwrap();
    assert_eq!(Account::of_entity(HouseId::MAIN, Purpose::InTransit, usd()).name(), "house/in_transit/USD");
    assert_eq!(Account::of_bank_account(HouseId::MAIN, HouseId::MAIN, Purpose::BankCash, usd()).name(), "house/bank_cash/USD");
    assert_eq!(Account::of_bank_account(HouseId::MAIN, other, Purpose::BankCash, usd()).name(), "house/main/bank_cash/other/USD");
    assert_eq!(Account::of_bank_account(other, HouseId::MAIN, Purpose::BankCash, usd()).name(), "house/other/bank_cash/main/USD");
    assert_eq!(Account::parse("house/in_transit/USD").unwrap().entity(), Some(HouseId::MAIN));
    assert_eq!(Account::parse("house/other/in_transit/USD").unwrap().entity(), Some(other));
    // No account has two names, and an account has a bank account exactly where its purpose is kept for each.
    for name in [
        "house/main/in_transit/USD",
        "house/main/bank_cash/main/USD",
        "house/other/bank_cash/USD",
        "house/other/in_transit/1/USD",
        "house/Other/in_transit/USD",
        "house//in_transit/USD",
        "house/other/in_transit/USD/",
        "house/other/nonsense/USD",
        "house/other/coins/issued",
        "house/other/bank_cash/1/usd",
    ] {
        assert_eq!(Account::parse(name), None, "{name}");
    }
    for text in ["", "a b", "A", "a/b", "a".repeat(33).as_str()] {
        assert_eq!(HouseId::try_new(text), None, "{text}");
    }
}

#[test]
fn every_book_can_stand_for_an_entity_and_no_two_are_one() {
    let named = |name: &str| claimant(&BookName::try_new(name).unwrap());
    assert_eq!(named("app-eu"), "app-eu");
    assert_eq!(named(&"a".repeat(32)), "a".repeat(32));
    let (long, other) = (named(&"a".repeat(33)), named(&"a".repeat(34)));
    assert!(long != other && long.len() == 32 && HouseId::try_new(&long).is_some(), "{long} {other}");
    assert_eq!(long, named(&"a".repeat(33)), "stored in books for ever");
}

#[test]
fn a_name_says_whose_it_is() {
    assert_eq!((owner("viewer/ada/coins"), owner("creator/bob/payable/USD")), (Some("ada"), Some("bob")));
    for account in ["house/coins/issued", "viewer", "", "viewer/a\0b/coins", "viewer//coins"] {
        assert_eq!(owner(account), None, "{account:?}");
    }
}

#[test]
fn an_amount_of_an_unknown_account_stays_a_number() {
    for (account, amount, text) in [
        ("creator/bob/payable/USD", "2000", "20.00 USD"),
        ("viewer/ann/coins", "1", "1 coin"),
        ("creator/bob/diamonds", "2", "2 diamonds"),
        ("nobody", "2000", "2000"),
        ("", "2000", "2000"),
        ("viewer/ann/coins", "", ""),
        ("viewer/ann/coins", "?", "?"),
        ("viewer/ann/coins", "9223372036854775808", "9223372036854775808"),
    ] {
        assert_eq!(fact_text(account, amount), text);
    }
}

#[test]
fn the_parts_of_names_that_others_need_are_read_here() {
    for (name, rest) in [("house/bank_cash/USD", "bank_cash/USD"), ("house/acme/revenue/EUR", "acme/revenue/EUR"), ("house", "house")] {
        assert_eq!(below_root(name), rest);
    }
    for (id, is_unallocated) in [("bank-usd-unallocated", true), ("bank-usd", false), ("unallocated", false), ("bank-unallocated-2", false)]
    {
        assert_eq!(HouseId::try_new(id).map(HouseId::is_unallocated), Some(is_unallocated), "{id}");
    }
}
