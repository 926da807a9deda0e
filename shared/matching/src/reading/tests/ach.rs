//! Files of ACH returns.
use super::*;
use crate::{ExpectedItem, MatchOutcome, MatchRule, match_lines};
use bankfiles::nacha::{
    AchAddenda, AchAnswer, AchBatch, AchBatchControl, AchBatchHeader, AchDetail, AchEntry, AchFile, AchFileHeader, AchLayout, AchLineEnd,
    AchOriginator, ServiceClass, TransactionCode, write,
};
use money::Currency;

const TRACE: &str = "091000010000002";

fn returns(codes: &[&str]) -> Vec<u8> {
    let entry = |(at, code): (usize, &&str)| {
        let answer = AchAnswer {
            code: (*code).to_owned(),
            original_trace: TRACE.to_owned(),
            date: String::new(),
            original_rdfi: "07640125".to_owned(),
            information: String::new(),
            trace: format!("0764012500000{:02}", at + 1),
        };
        AchEntry {
            transaction_code: TransactionCode::from_code(21).unwrap(),
            routing_number: "091000019".to_owned(),
            account_number: "1234567".to_owned(),
            amount_cents: 12_345,
            detail: AchDetail::Domestic { identification: "LGS1".to_owned(), name: "ADA EXAMPLE".to_owned(), discretionary: String::new() },
            trace: format!("0764012500000{:02}", at + 1),
            addenda: vec![AchAddenda::Return(answer)],
        }
    };
    let header = AchBatchHeader {
        service_class: ServiceClass::Credits,
        originator: AchOriginator::Company { name: "LARGESSE".to_owned(), discretionary: String::new(), descriptive_date: String::new() },
        company_id: "1234567890".to_owned(),
        sec: "PPD".to_owned(),
        description: "PAYOUT".to_owned(),
        effective_date: "261124".to_owned(),
        settlement_day: String::new(),
        originator_status: '1',
        odfi: "07640125".to_owned(),
        number: 1,
    };
    let file = AchFile {
        header: AchFileHeader {
            destination: " 091000019".to_owned(),
            origin: " 076401251".to_owned(),
            created_date: "261125".to_owned(),
            created_time: "0800".to_owned(),
            modifier: 'A',
            destination_name: "ODFI".to_owned(),
            origin_name: "RDFI".to_owned(),
            reference: String::new(),
        },
        batches: vec![AchBatch { header, entries: codes.iter().enumerate().map(entry).collect(), control: AchBatchControl::default() }],
        layout: AchLayout::standard(AchLineEnd::Lf),
        control_reserved: String::new(),
    };
    write(&file).unwrap()
}

#[test]
fn a_return_is_information_about_the_entry_that_it_names() {
    let file = read(&returns(&["R03"]), 1);
    assert!(file.is_sound(), "{:?}", file.problems);
    let [line] = file.lines.as_slice() else { panic!("one line: {:?}", file.problems) };
    assert_eq!((line.standing, line.direction, line.amount.minor_units()), (LineStanding::Information, Direction::Credit, 12_345));
    let amount = money::Money::try_new(Currency::try_new("USD").unwrap(), 12_345).unwrap();
    let item = ExpectedItem { trace: Some(TRACE.to_owned()), ..ExpectedItem::new("P1", "000123", Direction::Debit, amount) };
    let found = match_lines(&file.lines, &[item], &[]).remove(0);
    assert_eq!(found.rule, Some(MatchRule::AchBatch));
    assert!(matches!(&found.outcome, MatchOutcome::ReturnOf { item, code: Some(code), .. } if item == "P1" && code == "R03"), "{found:?}");
}

#[test]
fn disputes_about_returns_bring_nothing_back() {
    let file = read(&returns(&["R71"]), 1);
    assert!(file.lines.is_empty() && file.is_sound(), "{:?}", file.problems);
}

#[test]
fn a_file_with_a_wrong_total_has_no_lines() {
    let text = String::from_utf8(returns(&["R03"])).unwrap();
    let file = read(text.replace("000000012345\n", "000000012346\n").replacen("0000012345", "0000012346", 1).as_bytes(), 1);
    assert!(!file.is_sound() && file.lines.is_empty(), "{:?}", file.problems);
}
