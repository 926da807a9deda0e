//! Unit tests of scenarios.
use crate::{SandboxAddresses, Scenario, ScenarioCall, ScenarioTerms, all, find};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn addresses() -> SandboxAddresses {
    SandboxAddresses::try_new("http://127.0.0.1:1", "http://[::1]:2/", "http://localhost:3").unwrap()
}

fn calls(name: &str, terms: &ScenarioTerms) -> Result<Vec<ScenarioCall>, String> {
    find(name).unwrap().calls(terms, &addresses())
}

/// The path and the body of the only request.
fn only(name: &str, terms: &ScenarioTerms) -> (String, Value) {
    let mut calls = calls(name, terms).unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    let call = calls.remove(0);
    (call.url, call.body)
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn every_name_is_there_once_and_says_what_it_does_and_takes() {
    let names: BTreeSet<&str> = all().map(|scenario| scenario.name).collect();
    assert_eq!(names.len(), all().count());
    for Scenario { name, effect, takes, .. } in all() {
        assert!(name.split_once('.').is_some_and(|(about, what)| !about.is_empty() && !what.is_empty()), "{name}");
        assert!(effect.starts_with(char::is_uppercase) && !effect.ends_with('.'), "{name}: {effect}");
        assert!(!takes.is_empty(), "{name}");
    }
}

#[test]
fn an_unknown_name_is_answered_with_what_is_like_it() {
    for (wrong, like) in [
        ("payout.retruned", "payout.returned"),
        ("returned", "payout.returned"),
        ("PAYOUT.LOST", "payout.lost"),
        ("webhook.late", "webhooks.late"),
        ("purchase.dispute", "purchase.disputed"),
    ] {
        let said = find(wrong).unwrap_err();
        assert!(said.contains(like) && said.contains("--list"), "{wrong}: {said}");
    }
    let long = "x".repeat(100_000);
    for wrong in ["", "😀", long.as_str()] {
        assert!(find(wrong).unwrap_err().contains("no scenario is named"));
    }
}

#[test]
fn a_payment_is_chosen_by_its_payout_its_account_or_as_the_next_one() {
    let next = only("payout.rejected", &ScenarioTerms::default());
    let expected = json!({"account": "*", "behaviour": "reject", "code": "AC04", "times": 1});
    assert_eq!(next, ("http://127.0.0.1:1/scenarios".to_owned(), expected));
    let of_account = ScenarioTerms { account: text("4711"), delay_ms: Some(5), ..Default::default() };
    assert_eq!(only("payout.late", &of_account).1, json!({"account": "4711", "behaviour": "late", "delay_ms": 5}));
    let id = "019B135E-ad7e-7000-a7ec-b42b96d50000";
    let of_payout = ScenarioTerms { payout: text(id), code: text("MD06"), charge: Some(1), ..Default::default() };
    let (url, body) = only("payout.returned", &of_payout);
    assert_eq!(url, "http://127.0.0.1:1/payments/019b135ead7e7000a7ecb42b96d50000/returns");
    assert_eq!(body, json!({"code": "MD06", "charge": 1}));
    let hostile = ScenarioTerms { payout: text("../x?y"), ..Default::default() };
    assert_eq!(only("payout.returned", &hostile).0, "http://127.0.0.1:1/payments/..%2Fx%3Fy/returns");
    for wrong in ["", " ", "a b", &"x".repeat(36), "ä"] {
        let terms = ScenarioTerms { payout: text(wrong), ..Default::default() };
        assert!(calls("payout.returned", &terms).unwrap_err().contains("payout must be"), "{wrong}");
    }
    let both = ScenarioTerms { payout: text("E1"), account: text("1"), ..Default::default() };
    assert!(calls("payout.silent", &both).unwrap_err().contains("not both"));
    let code = ScenarioTerms { code: text("AC04"), ..Default::default() };
    assert!(calls("payout.silent", &code).unwrap_err().contains("takes no --code"));
    let never = ScenarioTerms { times: Some(0), ..Default::default() };
    assert!(calls("payout.silent", &never).unwrap_err().contains("at least 1"));
}

#[test]
fn a_purchase_is_of_a_store_that_does_such_things() {
    let of = |store: &str, id: &str| ScenarioTerms { store: text(store), transaction: text(id), ..Default::default() };
    let half = ScenarioTerms { percent: Some(50), ..of("apple", "7") };
    let (url, body) = only("purchase.refunded", &half);
    assert_eq!(url, "http://[::1]:2/apple/transactions/7/notifications");
    let hook = "http://localhost:3/webhooks/store/apple";
    assert_eq!(body, json!({"notification_type": "REFUND", "refunded_milliunits": 50_000, "url": hook}));
    assert_eq!(only("purchase.disputed", &of("google", "t")).1, json!({"reason": 7}));
    let some = ScenarioTerms { minor_units: Some(5), ..of("stripe", "pi_1") };
    assert_eq!(only("purchase.refunded", &some).1, json!({"command": "refund", "session": "pi_1", "amount": 5}));
    assert_eq!(only("purchase.paid", &of("wechat", "a-b")).1, json!({"command": "pay", "trade": "ab"}));
    // The only store that it can be need not be named.
    let only_one = ScenarioTerms { store: None, ..of("", "cs_1") };
    assert_eq!(only("purchase.dispute_lost", &only_one).0, "http://[::1]:2/stripe/commands");
    for (name, terms, said) in [
        ("purchase.refunded", ScenarioTerms { store: None, ..of("", "1") }, "needs --store: one of apple"),
        ("purchase.refunded", of("apple", " "), "needs --transaction"),
        ("purchase.refunded", of("amazon", "1"), "the stores are apple"),
        ("purchase.dispute_won", of("apple", "1"), "nothing that apple does"),
        ("purchase.refunded", ScenarioTerms { percent: Some(101), ..of("apple", "1") }, "1 to 100"),
        ("purchase.refunded", ScenarioTerms { quantity: Some(1), ..of("apple", "1") }, "apple takes no --quantity"),
        ("purchase.refunded", ScenarioTerms { percent: Some(1), ..of("stripe", "1") }, "stripe takes no --percent"),
    ] {
        let error = calls(name, &terms).unwrap_err();
        assert!(error.contains(said), "{name}: {error}");
    }
}

#[test]
fn deliveries_and_failures_are_of_all_stores_or_of_one() {
    assert_eq!(calls("webhooks.late", &ScenarioTerms::default()).unwrap().len(), 4);
    assert_eq!(calls("webhooks.lost", &ScenarioTerms::default()).unwrap().len(), 3);
    let google = ScenarioTerms { store: text("google"), ..Default::default() };
    assert_eq!(calls("webhooks.delivered", &google).unwrap().len(), 2);
    assert!(calls("webhooks.lost", &google).unwrap_err().contains("webhooks.late"));
    let apple = ScenarioTerms { store: text("apple"), ..Default::default() };
    assert!(calls("webhooks.late", &apple).unwrap_err().contains("at once"));
    assert!(calls("store.broken", &ScenarioTerms::default()).unwrap_err().contains("needs --store"));
    assert_eq!(only("store.unreachable", &apple), ("http://[::1]:2/apple/faults".to_owned(), json!({"cut": true, "times": 1})));
}

#[test]
fn only_what_listens_on_this_machine_is_driven() {
    let good = "http://127.0.0.1:7072";
    for wrong in [
        "",
        "127.0.0.1:7072",
        "https://127.0.0.1:7072",
        "http://bank.example:7072",
        "http://10.0.0.1:7072",
        "http://127.0.0.1@bank.example",
        "http://user@127.0.0.1:1",
        "http://0.0.0.0:7072",
        "http://[::2]:1",
        "http://127.0.0.1:7072/path",
        "http://127.0.0.1:7072/?q",
        "file:///etc/passwd",
    ] {
        assert!(SandboxAddresses::try_new(wrong, good, good).unwrap_err().contains("the bank's address"), "{wrong}");
        assert!(SandboxAddresses::try_new(good, wrong, good).is_err() && SandboxAddresses::try_new(good, good, wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_counterpart_that_is_not_there_is_named() {
    // Bound and closed, so that nothing listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    let addresses = SandboxAddresses::try_new(&url, &url, &url).unwrap();
    let call = find("ach.days_passed").unwrap().calls(&ScenarioTerms::default(), &addresses).unwrap().remove(0);
    let error = crate::send(&crate::client().unwrap(), &call).await.unwrap_err();
    assert!(error.to_string().contains(&url) && error.to_string().contains("nothing listens"), "{error}");
}
