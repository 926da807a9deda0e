//! Unit tests of scenarios.
use super::*;
use accounts::{AddressField as F, AddressKind as K, AddressRules, PayoutAddress};

#[test]
fn magic_accounts_are_valid_and_mean_something() {
    for magic in MAGIC {
        let rules = AddressRules::default();
        assert!(PayoutAddress::parse(K::Iban, &[(F::Iban, magic.iban)], &rules).is_ok(), "{}", magic.iban);
        let us = [(F::RoutingNumber, "021000021"), (F::AccountNumber, magic.account_number)];
        assert!(PayoutAddress::parse(K::UsAccount, &us, &rules).is_ok());
        assert!(Behaviour::parse(magic.behaviour).is_some(), "{}", magic.behaviour);
        assert_eq!(Behaviour::of_account(magic.iban), Behaviour::of_account(magic.account_number));
    }
    assert_eq!(Behaviour::of_account("DE89370400440532013000"), Behaviour::Settle);
}

#[test]
fn scenarios_name_one_target_and_a_known_behaviour() {
    let decode = |json: &str| serde_json::from_str::<ScenarioRequest>(json).ok().and_then(ScenarioRequest::decode);
    let scenario = decode(r#"{"end_to_end_id":"E","behaviour":"reject","code":"MD07","times":2}"#).unwrap();
    assert_eq!((scenario.behaviour.as_str(), scenario.remaining), ("reject:MD07", 2));
    for wrong in [
        r#"{"behaviour":"settle"}"#,
        r#"{"end_to_end_id":"E","account":"A","behaviour":"settle"}"#,
        r#"{"account":"A","behaviour":"dance"}"#,
        r#"{"account":"A","behaviour":"reject"}"#,
        r#"{"account":"A","behaviour":"settle","extra":1}"#,
    ] {
        assert_eq!(decode(wrong), None, "{wrong}");
    }
}

/// Numbers the behaviours: a new one has no number until somebody gives it one here, and then has to be listed.
fn number(behaviour: &Behaviour) -> usize {
    match behaviour {
        Behaviour::Settle => 0,
        Behaviour::SettleLater => 1,
        Behaviour::Reject(_) => 2,
        Behaviour::RejectExecuted(_) => 3,
        Behaviour::Cut => 4,
        Behaviour::Late(_) => 5,
        Behaviour::Silent => 6,
        Behaviour::SilentExecuted => 7,
        Behaviour::Pending => 8,
        Behaviour::Lose => 9,
        Behaviour::LoseOnce => 10,
        Behaviour::Garbage => 11,
    }
}

#[test]
fn every_behaviour_is_listed_once_with_an_effect_of_its_own() {
    let names = MAGIC.iter().map(|magic| magic.behaviour).chain(BY_SCENARIO_ONLY);
    let listed: Vec<Behaviour> = names.map(|name| Behaviour::parse(name).unwrap()).collect();
    let mut numbers: Vec<usize> = listed.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..12).collect::<Vec<_>>());
    let effects: std::collections::BTreeSet<String> = listed.iter().map(Behaviour::effect).collect();
    assert_eq!(effects.len(), listed.len(), "{effects:?}");
    assert!(Behaviour::parse("reject:MD07").unwrap().effect().contains("MD07"));
    assert!(Behaviour::parse("late:250").unwrap().effect().contains("250 ms"));
}
