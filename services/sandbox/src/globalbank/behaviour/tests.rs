//! Unit tests of the behaviours.
use super::*;

#[test]
fn every_listed_name_is_a_behaviour_with_an_effect_of_its_own() {
    let effects: std::collections::BTreeSet<_> =
        API_BEHAVIOURS.iter().map(|name| ApiBehaviour::parse(name).unwrap_or_else(|| panic!("{name}")).effect()).collect();
    assert_eq!(effects.len(), API_BEHAVIOURS.len());
}

#[test]
fn names_that_mean_nothing_settle() {
    for name in ["Ana", "Sandbox", "sandbox reject:11500", "Sandbox dance", "Sandbox return:R99", "Sandbox refuse:1", "Sandbox cancel"] {
        assert_eq!(ApiBehaviour::of_name(name), ApiBehaviour::Settle, "{name}");
    }
    assert_eq!(ApiBehaviour::of_name("Sandbox return:R03"), ApiBehaviour::Return("R03".to_owned()));
}

#[test]
fn scenarios_name_one_target_and_a_known_behaviour() {
    let decode = |json: &str| serde_json::from_str::<ApiScenarioRequest>(json).ok().and_then(ApiScenarioRequest::decode);
    assert!(decode(r#"{"holder":"Ana","behaviour":"late:5","times":2}"#).is_some());
    for wrong in [
        r#"{"behaviour":"settle"}"#,
        r#"{"end_to_end_id":"E","holder":"A","behaviour":"settle"}"#,
        r#"{"holder":"A","behaviour":"late:x"}"#,
        r#"{"holder":"","behaviour":"settle"}"#,
        r#"{"holder":"a\u0000","behaviour":"settle"}"#,
        r#"{"holder":"A","behaviour":"settle","extra":1}"#,
    ] {
        assert_eq!(decode(wrong), None, "{wrong}");
    }
}
