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
        assert_eq!(behaviour_of(magic.iban, "Ana"), behaviour_of(magic.account_number, "Ana"));
    }
    assert_eq!(behaviour_of("DE89370400440532013000", "Ana"), "settle");
}

#[test]
fn scenarios_name_one_target_and_a_known_behaviour() {
    let decode = |json: &str| serde_json::from_str::<ScenarioRequest>(json).ok().and_then(ScenarioRequest::decode);
    let scenario = decode(r#"{"end_to_end_id":"E","behaviour":"reject","code":"MD07","times":2}"#).unwrap();
    assert_eq!((scenario.behaviour.as_str(), scenario.remaining), ("reject:MD07", 2));
    let later = decode(r#"{"account":"A","behaviour":"return_part","code":"AC04","minor_units":30,"delay_ms":5}"#).unwrap();
    assert_eq!(later.behaviour, "return_part:AC04:30@5");
    assert_eq!(decode(r#"{"account":"A","behaviour":"late","delay_ms":5}"#).unwrap().behaviour, "late:5");
    for wrong in [
        r#"{"behaviour":"settle"}"#,
        r#"{"account":"A","behaviour":"settle","delay_ms":5}"#,
        r#"{"account":"A","behaviour":"return_part","code":"AC04"}"#,
        r#"{"end_to_end_id":"E","account":"A","behaviour":"settle"}"#,
        r#"{"account":"A","behaviour":"dance"}"#,
        r#"{"account":"A","behaviour":"reject"}"#,
        r#"{"account":"A","behaviour":"settle","extra":1}"#,
    ] {
        assert_eq!(decode(wrong), None, "{wrong}");
    }
}

#[test]
fn a_holders_name_selects_any_behaviour_before_the_account() {
    assert_eq!(behaviour_of("9000000003", "Sandbox return:AC06"), "return:AC06");
    assert_eq!(behaviour_of("9000000003", "Sandbox dance"), "reject:AC04");
    assert_eq!(behaviour_of("1234", "sandbox silent"), "settle");
    assert_eq!(behaviour_of("1234", "Sandbox "), "settle");
}
