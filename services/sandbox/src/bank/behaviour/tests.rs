//! Unit tests of behaviours.
use super::*;
use crate::bank::MAGIC;

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
        Behaviour::Return(PlannedReturn { minor_units: None, .. }) => 12,
        Behaviour::Return(PlannedReturn { minor_units: Some(_), .. }) => 13,
        Behaviour::Fee(_) => 14,
        Behaviour::Recalled(RecallAnswer::Accept) => 15,
        Behaviour::Recalled(RecallAnswer::Refuse(_)) => 16,
        Behaviour::Recalled(RecallAnswer::Never) => 17,
        Behaviour::Callback(CallbackTrick::Twice) => 18,
        Behaviour::Callback(CallbackTrick::Disorder) => 19,
        Behaviour::Callback(CallbackTrick::First) => 20,
        Behaviour::Callback(CallbackTrick::Forged) => 21,
        Behaviour::Callback(CallbackTrick::Foreign) => 22,
        Behaviour::Unreported => 23,
    }
}

#[test]
fn every_behaviour_is_listed_once_with_an_effect_of_its_own() {
    let names = MAGIC.iter().map(|magic| magic.behaviour).chain(NOT_BY_ACCOUNT);
    let listed: Vec<Behaviour> = names.map(|name| Behaviour::parse(name).unwrap()).collect();
    let mut numbers: Vec<usize> = listed.iter().map(number).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..24).collect::<Vec<_>>());
    let effects: std::collections::BTreeSet<String> = listed.iter().map(Behaviour::effect).collect();
    assert_eq!(effects.len(), listed.len(), "{effects:?}");
    assert!(Behaviour::parse("reject:MD07").unwrap().effect().contains("MD07"));
    assert!(Behaviour::parse("late:250").unwrap().effect().contains("250 ms"));
}

#[test]
fn what_is_no_behaviour_is_none() {
    for wrong in [
        "",
        ":",
        "return",
        "return:",
        "return:ABCDE",
        "return:AC04:5",
        "return:AC04@",
        "return:AC04@-1",
        "return_part:AC04",
        "return_part:AC04:0",
        "return_part:AC04:-5",
        "return_part:AC04:99999999999999999999",
        "fee:",
        "fee:0",
        "fee:-1",
        "recall_refuse",
        "recall_accept:X",
        "reject:A C",
        "late:x",
        "callback",
        "settle:1",
    ] {
        assert_eq!(Behaviour::parse(wrong), None, "{wrong}");
    }
    let Some(Behaviour::Return(planned)) = Behaviour::parse("return_part:AM09:30@500") else { panic!("a return") };
    assert_eq!((planned.code.code(), planned.minor_units, planned.after_ms), ("AM09", Some(30), Some(500)));
}
