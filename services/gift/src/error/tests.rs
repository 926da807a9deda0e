//! The ledger's refusals, as callers see them.
use super::*;
use crate::domain::Tap;
use ledger_client::classify;
use std::time::Duration;

fn sending() -> Sending<'static> {
    let tap = Some(Tap { group: "g", repeat_count: 9, end: false });
    Sending { sender: "ann", room: "r", creator: "bob", gift_id: 5655, quantity: 1, tap }
}

fn told(status: Status) -> (Code, String, String) {
    let told = Status::from(Error::of_gift(classify(status), &sending()));
    (told.code(), rpc::reason(&told).unwrap_or_default(), told.message().to_owned())
}

fn refused(reason: &'static str, facts: &[(&str, String)]) -> Status {
    rpc::refused(Code::FailedPrecondition, reason, "no".to_owned(), facts)
}

#[test]
fn too_few_coins_says_how_many() {
    let facts = [("account", "viewer/ann/coins".to_owned()), ("needed", "30".to_owned()), ("available", "12".to_owned())];
    let (code, reason, message) = told(refused("INSUFFICIENT_FUNDS", &facts));
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "INSUFFICIENT_FUNDS"));
    assert!(message.starts_with("INSUFFICIENT_FUNDS: 30 coins needed, 12 available"), "{message}");
}

#[test]
fn a_capped_guard_is_an_ended_streak() {
    let (code, reason, message) = told(refused("GUARD_CAPPED", &[("cap", "7".to_owned())]));
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "STREAK_ENDED"));
    assert!(message.contains("7 taps") && message.contains("tap 9"), "{message}");
}

#[test]
fn our_own_refusal_comes_back_as_ours() {
    let (code, reason, message) = told(refused("GIFT_UNKNOWN", &[("detail", "gift_id=5655".to_owned())]));
    assert_eq!((code, reason.as_str()), (Code::NotFound, "GIFT_UNKNOWN"));
    assert!(message.contains("gift_id=5655"), "{message}");
}

#[test]
fn what_the_ledger_may_say_to_callers_passes_with_its_details() {
    let overload = rpc::overload(Duration::from_millis(100));
    assert_eq!(told(overload.clone()), (Code::Unavailable, "OVERLOADED".to_owned(), overload.message().to_owned()));
    let passed = Status::from(Error::of_gift(classify(overload.clone()), &sending()));
    assert_eq!(passed.details(), overload.details(), "with RetryInfo");
    assert_eq!(told(rpc::outcome_unknown("lost")).1, "OUTCOME_UNKNOWN");
    for reason in ["REQUEST_ID_REUSED", "ACCOUNT_FROZEN", "ACCOUNT_CLOSED", "OVERFLOW"] {
        assert_eq!(told(refused(reason, &[])).1, reason);
    }
}

#[test]
fn the_units_of_what_is_missing_are_as_people_count() {
    for (needed, available, text) in [("1", "0", "1 coin needed, 0 available"), ("2", "1", "2 coins needed, 1 available")] {
        let (_, _, message) = told(refused("INSUFFICIENT_FUNDS", &[("needed", needed.to_owned()), ("available", available.to_owned())]));
        assert!(message.starts_with(&format!("INSUFFICIENT_FUNDS: {text}")), "{message}");
    }
}

#[test]
fn a_viewer_does_not_learn_what_state_anothers_account_is_in() {
    let mut answers = Vec::new();
    for reason in ["ACCOUNT_FROZEN", "ACCOUNT_CLOSED", "COINS_OWED", "LIMIT_EXCEEDED", "OVERFLOW", "INSUFFICIENT_FUNDS"] {
        for account in ["creator/bob/diamonds", "viewer/bob/coins", "house/diamonds/issued", "agency/cid/diamonds"] {
            let amounts = ["limit", "used", "needed", "available", "owed"].map(|name| (name, "4711"));
            let facts = [&[("account", account), ("window", "day")], amounts.as_slice()].concat();
            let facts: Vec<_> = facts.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
            let status = refused(reason, &facts);
            let answer = Status::from(Error::of_gift(classify(status), &sending()));
            let seen = format!("{} {}", answer.message(), String::from_utf8_lossy(answer.details()));
            assert!([reason, account, "4711", "frozen"].iter().all(|secret| !seen.contains(secret)), "{seen}");
            assert_eq!(rpc::facts(&answer), [("creator_id".to_owned(), "bob".to_owned())].into());
            answers.push((answer.code(), rpc::reason(&answer).unwrap_or_default(), answer.message().to_owned()));
        }
    }
    let message = "CREATOR_UNAVAILABLE: this creator can't receive gifts now; no coins were taken (creator_id=bob)";
    let only = (Code::FailedPrecondition, "CREATOR_UNAVAILABLE".to_owned(), message.to_owned());
    assert!(answers.iter().all(|answer| *answer == only), "{answers:?}");
    let own = told(refused("ACCOUNT_FROZEN", &[("account", "viewer/ann/coins".to_owned())]));
    assert_eq!(own.2, "ACCOUNT_FROZEN: viewer/ann/coins is frozen (account=viewer/ann/coins)");
}

#[test]
fn a_lost_connection_is_an_unknown_outcome() {
    for status in [Status::unavailable("x"), Status::unknown("h2"), Status::cancelled("x"), Status::deadline_exceeded("x")] {
        assert_eq!(told(status).1, "OUTCOME_UNKNOWN");
    }
    let away = rpc::refused(Code::Unavailable, "PEER_UNREACHABLE", "no".to_owned(), &[("address", "http://10.0.0.1".to_owned())]);
    let (_, reason, message) = told(away);
    assert_eq!(reason, "OVERLOADED");
    assert!(!message.contains("10.0.0.1"));
}

#[test]
fn a_mistake_of_ours_tells_nothing() {
    for status in [rpc::malformed("transfers", "secret"), refused("PERMISSION_DENIED", &[]), Status::internal("secret")] {
        let (code, _, message) = told(status);
        assert_eq!(code, Code::Internal);
        assert!(!message.contains("secret"));
    }
}
