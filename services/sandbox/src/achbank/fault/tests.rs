//! Unit tests of faults and replies.
use super::*;

#[test]
fn every_listed_fault_is_one_with_an_effect_of_its_own() {
    let effects: std::collections::BTreeSet<_> =
        ACH_FAULTS.iter().map(|name| AchFault::parse(name).unwrap_or_else(|| panic!("{name}")).effect()).collect();
    assert_eq!(effects.len(), ACH_FAULTS.len());
    for wrong in ["", "take:1", "acknowledge_late", "acknowledge_late:-1", "acknowledge_late:x"] {
        assert_eq!(AchFault::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn names_choose_replies_in_any_case_and_with_other_signs() {
    let reply = |code: &str, days| Some(ReceiverReply { code: code.to_owned(), days });
    assert_eq!(ReceiverReply::of_name("Sandbox return:R03"), reply("R03", 1));
    assert_eq!(ReceiverReply::of_name("SANDBOX RETURN R03"), reply("R03", 1));
    assert_eq!(ReceiverReply::of_name("Sandbox return-R23/40"), reply("R23", 40));
    assert_eq!(ReceiverReply::of_name("Sandbox noc:C01"), reply("C01", 1));
    for nothing in [
        "",
        "Ana",
        "Sandbox",
        "Sandbox return",
        "Sandbox return:R00",
        "Sandbox return:C01",
        "Sandbox noc:C61",
        "Sandbox noc:C08",
        "Sandbox noc:R03",
        "Sandbox return:R03/0",
        "Sandbox return:R03/999",
        "Sandbox return:R03 x",
    ] {
        assert_eq!(ReceiverReply::of_name(nothing), None, "{nothing}");
    }
}
