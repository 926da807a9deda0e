//! Every status of the API, and a bank that answers anything but one unambiguous lie.

use super::*;
use crate::domain::{Payout, PayoutPhase, RetryPolicy, Sendings, judge, tests::payout};
use bankapi::{ApiPaymentType, evidence::known_pairs};
use money::{Currency, Money};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ID: &str = "00000000000000000000000000000007";
const RAILS: [&str; 4] = ["us-rtp", "us-ach", "us-fedwire", "ewallet-paypal"];

fn subject(rail: &'static str) -> SentPayment<'static> {
    SentPayment { end_to_end_id: ID, rail, sends: 1, shared: &[], amount: Money::try_new(Currency::try_new("USD").unwrap(), 500).unwrap() }
}

fn one(rail: &str, status: &str, sub: &str) -> Value {
    let mut payment = json!({
        "paymentIdentifiers": {"endToEndId": ID},
        "paymentId": "P1",
        "paymentStatus": status,
        "paymentType": payment_type(rail).unwrap().word(),
        "value": {"currency": "USD", "amount": "5.00"},
    });
    if !sub.is_empty() {
        payment["paymentSubStatus"] = json!(sub);
    }
    payment
}

fn asked(rail: &'static str, payments: &[Value]) -> BankAnswer {
    of_query(200, json!({"payments": payments}).to_string().as_bytes(), subject(rail))
}

fn outcome(answer: &BankAnswer) -> StatusOutcome {
    match answer {
        BankAnswer::Named(said) => said.outcome,
        BankAnswer::NotTaken(_) | BankAnswer::NotFound { .. } => panic!("{answer:?}"),
        BankAnswer::Lost(_) => StatusOutcome::Unclear,
    }
}

/// Written by hand, and not derived from the table that it checks.
fn expected(status: &str, sub: &str, kind: ApiPaymentType) -> StatusOutcome {
    use StatusOutcome::{Pending, Rejected, Settled, Unclear};
    match (status, sub) {
        ("REJECTED", "" | "REJECTED" | "REJECTED_BY_JPM") | ("CANCELED", "" | "CANCELED") => Rejected,
        ("RETURNED", "" | "RETURNED") | ("COMPLETED", "DELIVERED_TO_RECIPIENT") => Settled,
        ("COMPLETED", "" | "COMPLETED_BY_JPM") if kind == ApiPaymentType::Ach => Settled,
        ("COMPLETED", "COMPLETED_BY_JPM") if kind == ApiPaymentType::Wire => Settled,
        ("COMPLETED", "" | "COMPLETED_BY_JPM" | "SENT_TO_CLEARING") => Pending,
        ("RECEIVED", "" | "RECEIVED") | ("ACCEPTED", "" | "ACCEPTED") | ("PENDING", "" | "PENDING") => Pending,
        ("PENDING_POSTING" | "HOLD" | "CLEARED" | "PROCESSING", "") => Pending,
        (
            "PROCESSING",
            "PROCESSING_BY_JPM"
            | "PENDING_CLIENT_ACTION"
            | "PENDING_COMPLIANCE_REVIEW"
            | "PENDING_FRAUD_REVIEW"
            | "PENDING_FUNDING_REVIEW"
            | "PENDING_JPM_REVIEW"
            | "SCHEDULED"
            | "PENDING_POSTING",
        ) => Pending,
        _ => Unclear,
    }
}

#[test]
fn every_status_with_every_sub_status_proves_what_the_table_says_and_only_of_our_payment() {
    let mut statuses: BTreeSet<&str> = known_pairs().map(|(status, _)| status).collect();
    let mut subs: BTreeSet<&str> = known_pairs().map(|(_, sub)| sub).collect();
    statuses.extend(["SETTLED", "rejected", "REJECTED "]);
    subs.extend(["", "NEW_WORD", "rejected"]);
    for rail in RAILS {
        let kind = payment_type(rail).unwrap();
        for (status, sub) in statuses.iter().flat_map(|status| subs.iter().map(move |sub| (*status, *sub))) {
            let good = one(rail, status, sub);
            let answer = asked(rail, std::slice::from_ref(&good));
            assert_eq!(outcome(&answer), expected(status, sub, kind), "{rail} {status} {sub}");
            // Whatever it says of another payment, amount, currency or kind, or without saying of which, decides nothing.
            let change = |pointer: &str, to: Value| {
                let mut other = good.clone();
                *other.pointer_mut(pointer).unwrap() = to;
                other
            };
            for wrong in [
                change("/paymentIdentifiers/endToEndId", json!("X")),
                change("/paymentIdentifiers/endToEndId", Value::Null),
                change("/value/amount", json!("5.01")),
                change("/value/amount", json!("500")),
                change("/value/amount", json!("-5.00")),
                change("/value/currency", json!("EUR")),
                change("/value", Value::Null),
                change("/paymentType", json!("ZELLE")),
            ] {
                let said = outcome(&asked(rail, std::slice::from_ref(&wrong)));
                assert!(matches!(said, StatusOutcome::Unclear | StatusOutcome::Pending), "{wrong}");
            }
            assert_eq!(outcome(&asked(rail, &[good.clone(), good.clone()])), StatusOutcome::Unclear, "executed twice");
            assert_eq!(outcome(&asked(rail, &[good.clone(), one(rail, "REJECTED", "")])), StatusOutcome::Unclear);
        }
    }
}

#[test]
fn a_rejection_has_the_iso_code_if_there_is_one_and_the_banks_words() {
    let mut rejected = one("us-rtp", "REJECTED", "REJECTED");
    rejected["exceptions"] = json!([{"code": "11500", "message": "closed", "additionalContext": [{"type": "ISO20022", "code": "AC04"}]}]);
    let BankAnswer::Named(said) = asked("us-rtp", &[rejected.clone()]) else { panic!() };
    assert_eq!((said.status.as_str(), said.reason_code.as_str(), said.words.as_str()), ("REJECTED", "AC04", "closed"));
    rejected["exceptions"] = json!([{"code": "11500", "message": "x".repeat(900)}]);
    let BankAnswer::Named(said) = asked("us-rtp", &[rejected]) else { panic!() };
    assert_eq!((said.reason_code.as_str(), said.words.len()), ("11500", REASON_CHARS_MAX));
    let mut completed = one("us-rtp", "COMPLETED", "DELIVERED_TO_RECIPIENT");
    completed["exceptions"] = json!([{"code": "11500"}]);
    assert_eq!(outcome(&asked("us-rtp", &[completed])), StatusOutcome::Unclear, "it contradicts itself");
}

fn error(code: &str) -> String {
    json!({"title": "no", "httpStatus": 400, "context": [{"code": code, "message": "words"}]}).to_string()
}

#[test]
fn a_sending_is_refused_only_in_so_many_words_and_a_query_never_is() {
    let sent = |status, body: &str| of_initiation(status, body.as_bytes(), subject("us-rtp"));
    let taken = |id: &str, more: &str| format!(r#"{{"endToEndId":"{id}","paymentId":"P1"{more}}}"#);
    for status in 200..=202 {
        assert_eq!(outcome(&sent(status, &taken(ID, ""))), StatusOutcome::Pending);
    }
    let BankAnswer::Named(again) = sent(202, &taken(ID, r#","duplicateRequest":true"#)) else { panic!() };
    assert_eq!((again.outcome, again.duplicate), (StatusOutcome::Pending, true));
    assert!(matches!(sent(202, &taken("X", "")), BankAnswer::Lost(_)));
    assert_eq!(outcome(&sent(204, &taken(ID, ""))), StatusOutcome::Unclear);
    let BankAnswer::Named(refused) = sent(400, &error("10101")) else { panic!() };
    assert_eq!((refused.outcome, refused.reason_code.as_str(), refused.words.as_str()), (StatusOutcome::Rejected, "10101", "words"));
    let BankAnswer::Named(reused) = sent(400, &error("10106")) else { panic!() };
    assert_eq!((reused.outcome, reused.doubt), (StatusOutcome::Unclear, Some(Doubt::OtherContent)));
    assert!(matches!(sent(400, &error("10107")), BankAnswer::Lost(_)));
    for (status, code) in [(503, "12995"), (429, "12500"), (401, ""), (403, "14000"), (400, "11002")] {
        assert!(matches!(sent(status, &error(code)), BankAnswer::NotTaken(_)), "{status} {code}");
    }
    for (status, body) in
        [(500, error("10101")), (400, error("99999")), (400, String::new()), (302, error("10101")), (502, "<html>".to_owned())]
    {
        assert!(matches!(sent(status, &body), BankAnswer::Lost(_)), "{status} {body}");
    }
    for (status, code) in [(400, "10101"), (400, "11500"), (503, "12995"), (401, ""), (500, "13000")] {
        assert!(matches!(of_query(status, error(code).as_bytes(), subject("us-rtp")), BankAnswer::Lost(_)), "{status} {code}");
    }
    for code in ["", "10101"] {
        let absent = of_query(404, error(code).as_bytes(), subject("us-rtp"));
        assert_eq!(absent, BankAnswer::NotFound { window_ms: NEVER_FINAL_MS }, "it is never proof");
    }
    let cut = format!(r#"{{"payments":[{{"paymentIdentifiers":{{"endToEndId":"{ID}"}},"paymentStatus":"REJ"#);
    let BankAnswer::Named(part) = of_query(200, cut.as_bytes(), subject("us-rtp")) else { panic!() };
    assert_eq!((part.outcome, part.doubt), (StatusOutcome::Unclear, Some(Doubt::Unreadable)));
    assert!(matches!(of_query(200, &vec![b' '; 2 << 20], subject("us-rtp")), BankAnswer::Lost(_)));
    assert!(matches!(of_query(200, b"{}", subject("us-upi")), BankAnswer::Lost(_)));
}

/// What became of the payment at the bank, of which it has one at most under its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// The bank has nothing, and nothing is on its way.
    Absent,
    /// It has it, or will get it.
    Open,
    Executed,
    Rejected,
}

/// The answer to a sending, and what became of it. No unambiguous lie: only what is not taken is called so.
fn sending(choice: u8, subject: SentPayment<'_>) -> (Truth, BankAnswer) {
    let taken = json!({"endToEndId": ID, "paymentId": "P1", "duplicateRequest": choice.is_multiple_of(2)}).to_string();
    let (truth, status, body) = match choice % 12 {
        0 => (Truth::Absent, 503, error("12500")),
        1 => (Truth::Absent, 401, String::new()),
        2 => (Truth::Rejected, 400, error("11501")),
        3 => (Truth::Open, 202, taken[..taken.len() / 2].to_owned()),
        4 => (Truth::Open, 400, error("10107")),
        5 => (Truth::Open, 400, error("10106")),
        6 => (Truth::Open, 500, error("10101")),
        7 => (Truth::Open, 202, taken.replace(ID, "X")),
        8 => (Truth::Open, 0, String::new()),
        _ => (Truth::Open, 202, taken),
    };
    (truth, of_initiation(status, body.as_bytes(), subject))
}

/// The answer to a query: the truth, or any lie but a rejection of our payment, with its amount, that may be executed.
fn query(choice: u8, truth: Truth, subject: SentPayment<'_>) -> BankAnswer {
    let rejected = one("us-rtp", "REJECTED", "REJECTED");
    let with = |pointer: &str, to: Value| {
        let mut other = rejected.clone();
        *other.pointer_mut(pointer).unwrap() = to;
        json!({"payments": [other]}).to_string()
    };
    let (status, body) = match choice % 14 {
        0 => (404, String::new()),
        1 => (200, with("/value/amount", json!("5.01"))),
        2 => (200, with("/paymentIdentifiers/endToEndId", json!("X"))),
        3 => (200, with("/value", Value::Null)),
        4 => (200, json!({"payments": [rejected, one("us-rtp", "CANCELED", "CANCELED")]}).to_string()),
        5 => (200, json!({"payments": [one("us-rtp", "REJECTED", "SCHEDULED")]}).to_string()),
        6 => (400, error("10101")),
        7 => (503, error("12500")),
        8 => (200, with("/paymentType", json!("ACH"))),
        9 => (200, json!({"payments": [one("us-rtp", "COMPLETED", "SENT_TO_CLEARING")]}).to_string()),
        10 => (200, "garbage".to_owned() + ID),
        _ => {
            let payment = match truth {
                Truth::Absent => return of_query(404, b"", subject),
                Truth::Open => one("us-rtp", "PROCESSING", "PENDING_COMPLIANCE_REVIEW"),
                Truth::Executed => one("us-rtp", "COMPLETED", "DELIVERED_TO_RECIPIENT"),
                Truth::Rejected => rejected,
            };
            (200, json!({"payments": [payment]}).to_string())
        }
    };
    of_query(status, body.as_bytes(), subject)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn money_never_goes_back_while_a_sending_may_be_executed(choices in prop::collection::vec(any::<(u8, u8)>(), 1..60)) {
        let policy = RetryPolicy { retry_delay_ms: 100, retry_delay_max_ms: 5_000, clock_skew_ms: 5_000, sends_max: 3 };
        let start = payout(PayoutPhase::Intent);
        let mut now = Payout { sends: 0, sendings: Sendings::default(), first_sent_at_ms: 0, ..start };
        let (mut truth, mut now_ms) = (Truth::Absent, 1_000);
        for (choice, fate) in choices {
            now_ms += 100_000;
            if truth == Truth::Open && fate.is_multiple_of(5) {
                truth = if fate.is_multiple_of(2) { Truth::Executed } else { Truth::Rejected };
            }
            let of = |sends| SentPayment { sends, ..subject("us-rtp") };
            let answer = match now.phase {
                PayoutPhase::Intent => {
                    prop_assert_eq!(truth, Truth::Absent, "sent again what the bank has");
                    now = now.begin_sending(now_ms, now_ms + 10_000);
                    let (then, answer) = sending(choice, of(now.sends));
                    truth = then;
                    if fate > 230 {
                        // A crash before the answer is kept.
                        continue;
                    }
                    answer
                }
                PayoutPhase::Sent => BankAnswer::Lost("its sender died".to_owned()),
                PayoutPhase::Accepted | PayoutPhase::Unknown => query(choice, truth, of(now.sends)),
                _ => break,
            };
            now = judge(now, answer, now_ms, now_ms + 20, &policy, 10_000).0;
            now.version += 1;
        }
        match now.phase {
            PayoutPhase::Returning => prop_assert!(matches!(truth, Truth::Absent | Truth::Rejected), "{:?} {}", truth, now.sendings.letters()),
            PayoutPhase::Settling => prop_assert_eq!(truth, Truth::Executed),
            _ => {}
        }
    }
}
