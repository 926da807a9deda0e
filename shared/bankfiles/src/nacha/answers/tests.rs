//! Unit tests of `answers`.
use super::super::tests::files::{ANSWERS, PAYOUTS};
use super::super::{AccountKind, read, reading, write};
use super::*;
use jiff::civil::date as day;

fn terms(sequence: u32) -> AnswerTerms {
    AnswerTerms { odfi: "121042882".into(), sequence }
}

fn reason(code: &str) -> AchReturnReason {
    AchReturnReason { code: code.into(), date_of_death: None, information: "NAME DIFFERS".into() }
}

#[test]
fn answers_are_those_written_by_hand() {
    let paid = read(PAYOUTS.as_bytes()).unwrap();
    let returned = return_entry(&paid.batches[0].entries[0], &reason("R03"), &terms(7)).unwrap();
    let change = AccountChange {
        routing_number: Some("011401533".into()),
        account_number: Some("000998877".into()),
        kind: Some(AccountKind::Checking),
        ..AccountChange::default()
    };
    let changed = change_entry(&paid.batches[1].entries[0], "C07", &change, &terms(1)).unwrap();
    let expected = read(ANSWERS.as_bytes()).unwrap();
    assert_eq!([&returned, &changed], [&expected.batches[0].entries[0], &expected.batches[1].entries[0]]);
    let mut file = expected.clone();
    file.batches = vec![
        answer_batch(&paid.batches[0].header, vec![returned.clone()], 1).unwrap(),
        answer_batch(&paid.batches[1].header, vec![changed.clone()], 2).unwrap(),
    ];
    assert_eq!((file.batches[0].header.sec.as_str(), file.batches[1].header.sec.as_str()), ("PPD", "COR"));
    let read_back = reading(&write(&file).unwrap());
    assert_eq!(read_back.problems, []);
    assert!(answer_batch(&paid.batches[0].header, vec![returned, changed], 1).is_err());
    assert!(answer_batch(&paid.batches[0].header, paid.batches[0].entries.clone(), 1).is_err());
    assert!(answer_batch(&paid.batches[0].header, vec![], 1).is_err());
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let entry = &read(PAYOUTS.as_bytes()).unwrap().batches[0].entries[0].clone();
    let field = |reason: AchReturnReason, terms: AnswerTerms| return_entry(entry, &reason, &terms).unwrap_err().field;
    assert_eq!(field(reason("R99"), terms(1)), "return reason code");
    let died = Some(day(2026, 1, 2));
    assert_eq!(field(AchReturnReason { date_of_death: died, ..reason("R03") }, terms(1)), "date of death");
    assert_eq!(field(reason("R03"), terms(10_000_000)), "sequence number");
    assert_eq!(field(reason("R03"), AnswerTerms { odfi: "121042883".into(), sequence: 1 }), "originating DFI");
    let deceased = return_entry(entry, &AchReturnReason { date_of_death: died, ..reason("R15") }, &terms(1)).unwrap();
    assert_eq!((deceased.returned().unwrap().date.as_str(), deceased.amount_cents), ("260102", 125_000));
    let change = AccountChange { account_number: Some("1".into()), ..AccountChange::default() };
    let field = |code: &str| change_entry(entry, code, &change, &terms(1)).unwrap_err().field;
    assert_eq!(
        [field("C61"), field("C99"), field("C02"), field("C08")],
        ["change code", "change code", "corrected data", "corrected data"]
    );
    let wrong = AccountChange { routing_number: Some("011401534".into()), ..AccountChange::default() };
    assert_eq!(change_entry(entry, "C02", &wrong, &terms(1)).unwrap_err().field, "corrected data");
}
