//! Unit tests of written answers to requests for cancellation.
use super::super::*;
use money::Currency;

fn answer(outcome: CancellationOutcome, repayment: Option<Repayment>) -> Resolution {
    let created = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
    let transaction = CancelledTransaction {
        status_id: Some("S-1".into()),
        case_id: None,
        original: Some(OriginalMessage { id: "M".into(), name: "pain.001.001.09".into(), created: None }),
        payment_id: None,
        instruction_id: None,
        end_to_end_id: Some("E-1".into()),
        transaction_id: None,
        uetr: Some("5105128c-2397-45c1-977e-7a3a69182632".into()),
        outcome: Some(outcome),
        reasons: vec![CancellationReason { reason: Some(ReasonCode::from_code("CUST")), additional: vec!["no".into()] }],
        original_amount: Money::try_new(Currency::try_new("USD").unwrap(), 500).ok(),
        original_date: Some("2026-11-24".parse().unwrap()),
        repayment,
    };
    Resolution {
        assignment_id: "A-1".into(),
        created,
        case_id: Some("R-1".into()),
        confirmation: Some("CNCL".into()),
        groups: Vec::new(),
        transactions: vec![transaction],
    }
}

#[test]
fn an_answer_reads_back_as_it_was_written() {
    let repayment = Repayment {
        end_to_end_id: Some("NEW-1".into()),
        uetr: None,
        amount: Money::try_new(Currency::try_new("USD").unwrap(), 500).ok(),
        date: Some("2026-11-25".parse().unwrap()),
        charges: Vec::new(),
    };
    for (outcome, repayment) in
        [(CancellationOutcome::Accepted, Some(repayment)), (CancellationOutcome::Refused, None), (CancellationOutcome::Pending, None)]
    {
        let original = answer(outcome, repayment);
        let text = original.write("Sandbox", "Largesse").unwrap();
        assert_eq!(Resolution::read(text.as_bytes()).unwrap(), original);
        if let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") {
            crate::xml::tests::validate(&std::path::Path::new(&root).join("bank/xsd/camt.029.001.09.xsd"), &text);
        }
    }
}

#[test]
fn answers_for_groups_are_not_written() {
    let mut group = answer(CancellationOutcome::Accepted, None);
    group.transactions[0].payment_id = Some("P".into());
    assert!(group.write("Sandbox", "Largesse").is_err());
    let mut silent = answer(CancellationOutcome::Accepted, None);
    silent.confirmation = None;
    assert!(silent.write("Sandbox", "Largesse").is_err());
}
