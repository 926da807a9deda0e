//! Unit tests of `pain002`.
use super::*;
use crate::codes::KnownReason;
use proptest::prelude::*;

fn report(status: &str, code: Option<&str>) -> StatusReport {
    let reasons = code.map(|code| StatusReason { reason: Some(ReasonCode::from_code(code)), additional: vec!["closed & gone".into()] });
    let transaction = TransactionReport {
        end_to_end_id: Some("E2E-1".into()),
        status: Some(TransactionStatus::from_code(status)),
        reasons: reasons.into_iter().collect(),
        accepted: Timestamp::from_millisecond(1_790_000_000_123).ok(),
        bank_reference: Some("BANK-1".into()),
    };
    StatusReport {
        message_id: "R-1".into(),
        created: Timestamp::from_millisecond(1_790_000_000_123).unwrap(),
        original_message_id: "MSG-1".into(),
        original_message_name: "pain.001.001.09".into(),
        group_status: None,
        group_reasons: Vec::new(),
        payments: vec![PaymentReport {
            original_payment_id: "PAY-1".into(),
            status: None,
            reasons: Vec::new(),
            transactions: vec![transaction],
        }],
    }
}

fn group_report(message_id: &str) -> StatusReport {
    let mut report = report("ACSC", None);
    report.payments.clear();
    report.original_message_id = message_id.into();
    report.group_status = Some(TransactionStatus::Rjct);
    report.group_reasons = vec![StatusReason { reason: Some(ReasonCode::from_code("FF01")), additional: Vec::new() }];
    report
}

#[test]
fn a_report_reads_back_as_it_was_written() {
    for original in [report("ACSC", None), report("RJCT", Some("AC04")), report("ZZZZ", Some("ZZ99")), group_report("MSG-1")] {
        assert_eq!(StatusReport::read(original.write().unwrap().as_bytes()).unwrap(), original);
    }
}

#[test]
fn the_verdict_is_the_transfers_own() {
    let verdict = report("RJCT", Some("AC04")).verdict("E2E-1", "MSG-1").unwrap();
    assert_eq!(verdict.outcome(), StatusOutcome::Rejected);
    assert_eq!(verdict.reason(), Some(&ReasonCode::Known(KnownReason::AccountClosed)));
    assert_eq!(verdict.additional(), "closed & gone");
}

#[test]
fn a_report_about_another_transfer_says_nothing() {
    assert_eq!(report("ACSC", None).verdict("E2E-2", "MSG-1"), None);
    assert_eq!(group_report("MSG-2").verdict("E2E-1", "MSG-1"), None);
    let mut mixed = report("ACSC", None);
    mixed.group_status = Some(TransactionStatus::Rjct);
    assert_eq!(mixed.verdict("E2E-2", "MSG-1"), None);
}

#[test]
fn a_rejected_group_rejects_its_own_message() {
    assert_eq!(group_report("MSG-1").verdict("E2E-1", "MSG-1").unwrap().outcome(), StatusOutcome::Rejected);
}

#[test]
fn versions_whose_fields_are_the_same_are_read_and_others_named() {
    let original = report("RJCT", Some("AC04"));
    let text = original.write().unwrap();
    for version in ["03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14"] {
        let other = text.replace("pain.002.001.10", &format!("pain.002.001.{version}"));
        assert_eq!(StatusReport::read(other.as_bytes()).as_ref(), Ok(&original), "{version}");
    }
    for other in ["pain.002.001.02", "pain.002.001.15", "pain.002.002.03", "pacs.002.001.10"] {
        let text = text.replace("pain.002.001.10", other);
        assert_eq!(StatusReport::read(text.as_bytes()), Err(Error::Version { found: other.to_owned() }));
    }
    // What is no version of ours is not repeated.
    for strange in ["x".repeat(40), "pain 002".to_owned(), String::new()] {
        let text = text.replace("pain.002.001.10", &strange);
        assert!(matches!(StatusReport::read(text.as_bytes()), Err(Error::Namespace { .. })), "{strange}");
    }
}

#[test]
fn a_repeated_status_is_refused() {
    let text = report("ACSC", None).write().unwrap().replace("<TxSts>ACSC</TxSts>", "<TxSts>ACSC</TxSts><TxSts>RJCT</TxSts>");
    assert_eq!(StatusReport::read(text.as_bytes()), Err(Error::Duplicate { parent: "TxInfAndSts".into(), element: "TxSts" }));
}

proptest! {
    #[test]
    fn mutated_reports_never_panic(at in 0..3000usize, byte in any::<u8>(), insert in any::<bool>(), cut in 0..3000usize) {
        let mut bytes = report("RJCT", Some("AC04")).write().unwrap().into_bytes();
        let at = at % bytes.len();
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        let _ = StatusReport::read(&bytes);
        bytes.truncate(cut % bytes.len());
        prop_assert!(StatusReport::read(&bytes).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = StatusReport::read(&bytes);
    }
}
