//! Unit tests of scenarios.
use super::*;
use iso20022::{AbaAccount, Iban};

#[test]
fn magic_accounts_are_valid_and_mean_something() {
    for magic in MAGIC {
        assert!(Iban::try_new(magic.iban).is_ok(), "{}", magic.iban);
        assert!(AbaAccount::try_new("021000021", magic.account_number).is_ok());
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
