//! Unit tests of `bank`.
use super::*;
use iso20022::{
    ReasonCode, TransactionStatus,
    pain002::{PaymentReport, StatusReason, TransactionReport},
};
use jiff::Timestamp;
use proptest::prelude::*;

const SUBJECT: AskedPayment<'_> = AskedPayment { end_to_end_id: "E", message_id: "M" };

fn report(id: &str, status: Option<&str>, reason: Option<&str>) -> Vec<u8> {
    let reason = reason.map(|code| StatusReason { reason: Some(ReasonCode::from_code(code)), additional: Vec::new() });
    let transaction = TransactionReport {
        end_to_end_id: Some(id.into()),
        status: status.map(TransactionStatus::from_code),
        reasons: reason.into_iter().collect(),
        accepted: None,
        bank_reference: None,
    };
    let report = StatusReport {
        message_id: "R".into(),
        created: Timestamp::now(),
        original_message_id: "M".into(),
        original_message_name: "pain.001.001.09".into(),
        group_status: None,
        group_reasons: Vec::new(),
        payments: vec![PaymentReport {
            original_payment_id: "P".into(),
            status: None,
            reasons: Vec::new(),
            transactions: vec![transaction],
        }],
    };
    report.write().unwrap().into_bytes()
}

#[test]
fn a_404_is_the_banks_word_only_with_window_and_name() {
    let named = report("E", None, Some("AG09"));
    assert_eq!(interpret(StatusCode::NOT_FOUND, Some(30), &named, SUBJECT), BankAnswer::NotFound { window_ms: 30_000 });
    for (window, body) in [
        (None, named.clone()),
        (Some(30), report("X", None, None)),
        (Some(30), report("E", Some("ACSC"), None)),
        (Some(30), b"<html>404</html>".to_vec()),
        (Some(30), Vec::new()),
    ] {
        assert!(matches!(interpret(StatusCode::NOT_FOUND, window, &body, SUBJECT), BankAnswer::Lost(_)));
    }
}

#[test]
fn a_report_about_another_payment_or_a_server_error_is_no_answer() {
    assert!(matches!(interpret(StatusCode::OK, None, &report("X", Some("ACSC"), None), SUBJECT), BankAnswer::Lost(_)));
    let settled = report("E", Some("ACSC"), None);
    assert!(matches!(interpret(StatusCode::BAD_GATEWAY, None, &settled, SUBJECT), BankAnswer::Lost(_)));
    assert!(matches!(interpret(StatusCode::OK, None, &settled, SUBJECT), BankAnswer::Verdict { outcome: StatusOutcome::Settled, .. }));
}

#[test]
fn a_rejection_brings_its_code_and_words() {
    let BankAnswer::Verdict { outcome, reason_code, words, .. } =
        interpret(StatusCode::OK, None, &report("E", Some("RJCT"), Some("AC04")), SUBJECT)
    else {
        panic!("a verdict");
    };
    assert_eq!((outcome, reason_code.as_str(), words.as_str()), (StatusOutcome::Rejected, "AC04", "the account is closed"));
}

proptest! {
    #[test]
    fn nonsense_is_never_an_answer(body in proptest::collection::vec(any::<u8>(), 0..300), status in 100..600u16, window in any::<Option<i64>>()) {
        let status = StatusCode::from_u16(status).unwrap();
        prop_assert!(matches!(interpret(status, window, &body, SUBJECT), BankAnswer::Lost(_)));
    }
}

#[test]
fn reports_of_other_versions_are_read_or_named() {
    let text = String::from_utf8(report("E", Some("ACSC"), None)).unwrap();
    for version in ["03", "12"] {
        let other = text.replace("pain.002.001.10", &format!("pain.002.001.{version}"));
        let answer = interpret(StatusCode::OK, None, other.as_bytes(), SUBJECT);
        assert!(matches!(answer, BankAnswer::Verdict { outcome: StatusOutcome::Settled, .. }), "{version}: {answer:?}");
    }
    let newer = text.replace("pain.002.001.10", "pain.002.001.99");
    let BankAnswer::Lost(why) = interpret(StatusCode::OK, None, newer.as_bytes(), SUBJECT) else { panic!("no answer") };
    assert!(why.contains("pain.002.001.99"), "{why}");
}
