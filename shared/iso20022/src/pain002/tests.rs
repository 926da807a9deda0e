//! Unit tests of `pain002`.
use super::*;
use crate::{StatusOutcome, codes::KnownReason};
use proptest::prelude::*;

fn report(status: &str, code: Option<&str>) -> StatusReport {
    let reasons = code.map(|code| StatusReason { reason: Some(ReasonCode::from_code(code)), additional: vec!["closed & gone".into()] });
    let transaction = TransactionReport {
        end_to_end_id: Some("E2E-1".into()),
        status: Some(TransactionStatus::from_code(status)),
        reasons: reasons.into_iter().collect(),
        accepted: Timestamp::from_millisecond(1_790_000_000_123).ok(),
        bank_reference: Some("BANK-1".into()),
        instructed_amount: None,
        settled_amount: None,
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
    // A name that is not of our form is not repeated.
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

/// A report about `E2E-1` of `MSG-1` with these statuses: of the group, and of payments with transfers.
fn levels(group: Option<&str>, payments: &[(Option<&str>, &[Option<&str>])]) -> StatusReport {
    let status = |code: &Option<&str>| code.map(TransactionStatus::from_code);
    let transfer =
        |code: &Option<&str>| TransactionReport { status: status(code), ..report("ACSC", None).payments[0].transactions[0].clone() };
    let payment = |(of_all, own): &(Option<&str>, &[Option<&str>])| PaymentReport {
        original_payment_id: "PAY-1".into(),
        status: status(of_all),
        reasons: Vec::new(),
        transactions: own.iter().map(transfer).collect(),
    };
    StatusReport { group_status: status(&group), payments: payments.iter().map(payment).collect(), ..report("ACSC", None) }
}

#[test]
fn what_contradicts_itself_is_unclear_in_any_order() {
    let (rejected, settled): (Option<&str>, Option<&str>) = (Some("RJCT"), Some("ACSC"));
    let torn = [
        levels(None, &[(None, &[rejected, settled])]),
        levels(None, &[(None, &[settled, rejected])]),
        levels(None, &[(None, &[rejected]), (None, &[settled])]),
        levels(None, &[(None, &[settled]), (None, &[rejected])]),
        levels(rejected, &[(None, &[settled])]),
        levels(settled, &[(None, &[rejected])]),
        levels(Some("ACSP"), &[(None, &[rejected])]),
        levels(None, &[(rejected, &[settled])]),
        levels(None, &[(settled, &[rejected])]),
        levels(rejected, &[(settled, &[])]),
        levels(None, &[(None, &[Some("ACSP"), settled])]),
        levels(None, &[(None, &[None, rejected, settled])]),
    ];
    for report in torn {
        let verdict = report.verdict("E2E-1", "MSG-1").unwrap();
        assert_eq!((verdict.outcome(), verdict.contradicts_itself()), (StatusOutcome::Unclear, true), "{report:?}");
        let mut turned = report.clone();
        turned.payments.reverse();
        turned.payments.iter_mut().for_each(|payment| payment.transactions.reverse());
        assert_eq!(turned.verdict("E2E-1", "MSG-1").unwrap().statuses, verdict.statuses);
    }
}

#[test]
fn levels_that_agree_or_are_only_behind_are_one_word() {
    let cases = [
        (levels(Some("RJCT"), &[(Some("RJCT"), &[Some("RJCT")])]), StatusOutcome::Rejected),
        (levels(Some("RJCT"), &[(None, &[None])]), StatusOutcome::Rejected),
        (levels(None, &[(None, &[Some("RJCT"), Some("RJCT")])]), StatusOutcome::Rejected),
        (levels(Some("ACCP"), &[(Some("ACTC"), &[Some("ACSC")])]), StatusOutcome::Settled),
        (levels(Some("ACTC"), &[(None, &[Some("PDNG")])]), StatusOutcome::Pending),
        (levels(Some("PART"), &[(None, &[Some("ACSC")])]), StatusOutcome::Unclear),
    ];
    for (report, outcome) in cases {
        let verdict = report.verdict("E2E-1", "MSG-1").unwrap();
        assert_eq!((verdict.outcome(), verdict.contradicts_itself()), (outcome, false), "{report:?}");
    }
}

#[test]
fn reasons_of_all_places_are_kept_and_cut_to_their_types() {
    let mut report = levels(Some("RJCT"), &[(None, &[None])]);
    report.payments[0].transactions[0].reasons =
        vec![StatusReason { reason: Some(ReasonCode::Proprietary("OWN".into())), additional: Vec::new() }];
    report.group_reasons = vec![StatusReason { reason: Some(ReasonCode::from_code("AM05")), additional: Vec::new() }];
    let codes = |report: &StatusReport| {
        let verdict = report.verdict("E2E-1", "MSG-1").unwrap();
        verdict.reasons.iter().map(|why| why.reason.as_ref().unwrap().code().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&report), ["OWN", "AM05"]);
    let text = report.write().unwrap().replace("OWN", &"x".repeat(120_000));
    let text = text.replace("AM05</Cd></Rsn>", &format!("AM05</Cd></Rsn><AddtlInf>{}</AddtlInf>", "\u{e9} ".repeat(100_000)));
    let read = StatusReport::read(text.as_bytes()).unwrap();
    assert_eq!(codes(&read), ["x".repeat(35), "AM05".to_owned()]);
    assert_eq!(read.group_reasons[0].additional, ["\u{e9} ".repeat(53).trim_end()]);
    assert_eq!(StatusReport::read(read.write().unwrap().as_bytes()), Ok(read));
    let text = report.write().unwrap().replace("<Cd>AM05</Cd>", "<Cd>AM0555</Cd>");
    let read = StatusReport::read(text.as_bytes()).unwrap();
    assert_eq!(read.group_reasons[0].reason, Some(ReasonCode::Proprietary("AM0555".into())));
}

#[test]
fn amounts_that_are_repeated_are_read() {
    let money = |minor_units| Money::try_new(money::Currency::try_new("USD").unwrap(), minor_units).unwrap();
    let mut report = report("ACSC", None);
    report.payments[0].transactions[0].instructed_amount = Some(TransferAmount::Instructed(money(150)));
    report.payments[0].transactions[0].settled_amount = Some(money(1));
    let read = StatusReport::read(report.write().unwrap().as_bytes()).unwrap();
    assert_eq!(read, report);
    assert_eq!(read.amounts("E2E-1").collect::<Vec<_>>(), [money(1), money(150)]);
    let equivalent = r#"<Amt><EqvtAmt><Amt Ccy="EUR">1.50</Amt><CcyOfTrf>USD</CcyOfTrf></EqvtAmt></Amt>"#;
    let text = report.write().unwrap().replace(r#"<Amt><InstdAmt Ccy="USD">1.50</InstdAmt></Amt>"#, equivalent);
    let read = StatusReport::read(text.as_bytes()).unwrap();
    assert!(read.amounts("E2E-1").any(|repeated| repeated.currency().code() == "EUR"));
}

proptest! {
    /// Taken apart, a report says of each transfer what the whole says, but for `PART` above it.
    #[test]
    fn the_part_about_a_transfer_says_what_the_whole_says_of_it(
        group in any_code(),
        payments in prop::collection::vec((any_code(), prop::collection::vec((0..3usize, any_code()), 0..4)), 0..4),
    ) {
        let ids = ["A", "B", "C"];
        let mut whole = levels(group, &[]);
        for (of_all, own) in &payments {
            let codes: Vec<Option<&str>> = own.iter().map(|(_, code)| *code).collect();
            let mut payment = levels(None, &[(*of_all, &codes)]).payments.remove(0);
            for (transfer, (id, _)) in payment.transactions.iter_mut().zip(own) {
                transfer.end_to_end_id = Some(ids[*id].to_owned());
            }
            whole.payments.push(payment);
        }
        let lists_none = whole.payments.iter().all(|payment| payment.transactions.is_empty());
        for (id, part) in ids.iter().zip(whole.parts(&ids)) {
            prop_assert_eq!(part.is_some(), lists_none || whole.names(id));
            let said = part.and_then(|part| part.verdict(id, "MSG-1"));
            prop_assert_eq!(said, whole.verdict(id, "MSG-1"));
        }
    }
}

fn any_code() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![None, Some("RJCT"), Some("ACSC"), Some("PDNG"), Some("BLCK")])
}

#[test]
fn of_a_part_the_status_part_of_the_whole_is_left_out() {
    let whole = levels(Some("PART"), &[(Some("PART"), &[Some("ACSC")])]);
    let part = whole.parts(&["E2E-1"]).pop().flatten().unwrap();
    assert_eq!(part.verdict("E2E-1", "MSG-1").unwrap().outcome(), StatusOutcome::Settled);
    assert_eq!(whole.parts(&["E2E-2"]), [None]);
}
