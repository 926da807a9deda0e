//! Tests of `nacha`: whole files, read and written.
pub mod files;
mod hostile;
mod reference;

use super::*;
use files::{ANSWERS, INTERNATIONAL, PAYOUTS};

/// A line of nines.
pub fn nines(count: usize) -> String {
    format!("{}\n", "9".repeat(94)).repeat(count)
}

fn problems(bytes: &[u8]) -> Vec<String> {
    let refusal = read(bytes).unwrap_err();
    assert!(refusal.problems.iter().all(|problem| problem.touches_money));
    refusal.problems.into_iter().map(|problem| format!("{}: {}", problem.place, problem.what)).collect()
}

fn assert_same_bytes(text: &str) -> AchFile {
    let file = read(text.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal}\n{text}"));
    let written = write(&file).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), text);
    file
}

#[test]
fn a_file_is_read_into_its_parts() {
    let file = read(PAYOUTS.as_bytes()).unwrap();
    assert_eq!((file.header.destination.as_str(), file.header.origin.as_str()), (" 231380104", " 121042882"));
    assert_eq!((file.header.created_date.as_str(), file.header.created_time.as_str(), file.header.modifier), ("261123", "0900", 'A'));
    assert_eq!(file.layout, AchLayout::standard(AchLineEnd::Lf));
    let [persons, companies] = &file.batches[..] else { panic!("two batches") };
    assert_eq!((persons.header.sec.as_str(), persons.header.service_class, persons.header.number), ("PPD", ServiceClass::Credits, 1));
    let days = (file.header.created_day(), persons.header.effective_day());
    assert_eq!(days, (Some(jiff::civil::date(2026, 11, 23)), Some(jiff::civil::date(2026, 11, 27))));
    assert_eq!((persons.header.effective_date.as_str(), persons.header.odfi.as_str()), ("261127", "12104288"));
    let [payment, prenote] = &persons.entries[..] else { panic!("two entries") };
    assert_eq!((payment.transaction_code.code(), payment.routing_number.as_str(), payment.amount_cents), (22, "021000021", 125_000));
    assert_eq!((payment.account_number.as_str(), payment.trace.as_str()), ("12345678", "121042880000001"));
    let AchDetail::Domestic { identification, name, discretionary } = &payment.detail else { panic!("a domestic entry") };
    assert_eq!((identification.as_str(), name.as_str(), discretionary.as_str()), ("PO0001", "Ada Example", ""));
    assert_eq!(payment.addenda, [AchAddenda::Payment { type_code: 5, information: "RFB/payout PO0001".to_owned(), sequence: 1 }]);
    assert_eq!((prenote.account_number.as_str(), prenote.transaction_code.purpose()), ("000123456789", EntryPurpose::Prenote));
    assert_eq!(companies.entries[0].account_kind(), AccountKind::Savings);
    let AchOriginator::Company { name, descriptive_date, .. } = &companies.header.originator else { panic!("a company") };
    assert_eq!((name.as_str(), descriptive_date.as_str()), ("Example Co", "SD1300"));
    assert_eq!(file.totals(), AchTotals { records: 4, hash: 15_440_179, debit_cents: 0, credit_cents: 125_001 });
}

#[test]
fn line_ends_and_padding_are_kept() {
    let lf = PAYOUTS.to_owned();
    let crlf = lf.replace('\n', "\r\n");
    let cr = lf.replace('\n', "\r");
    let none = lf.replace('\n', "");
    for (text, line_end) in [(&lf, AchLineEnd::Lf), (&crlf, AchLineEnd::CrLf), (&cr, AchLineEnd::Cr), (&none, AchLineEnd::None)] {
        assert_eq!(assert_same_bytes(text).layout.line_end, line_end);
        assert_same_bytes(text.trim_end_matches(['\r', '\n']));
        assert_same_bytes(&format!("{text}\u{1A}"));
        assert_same_bytes(&format!("{text}\n  \n"));
    }
    // Records that follow each other, with one line end after all of them.
    assert_eq!(assert_same_bytes(&format!("{none}\r\n")).layout.tail, "\r\n");
    let padded = |padding: usize| INTERNATIONAL.to_owned() + &nines(padding);
    assert_eq!(assert_same_bytes(&padded(7)).layout.padding, AchPadding::Full);
    assert_eq!(assert_same_bytes(&padded(0)).layout.padding, AchPadding::Lines { lines: 0, counted: true });
    assert_eq!(assert_same_bytes(&padded(17)).layout.padding, AchPadding::Lines { lines: 17, counted: false });
    let counted = padded(17).replace("9000001000002", "9000001000003");
    assert_eq!(assert_same_bytes(&counted).layout.padding, AchPadding::Lines { lines: 17, counted: true });
}

#[test]
fn answers_name_the_entry_and_what_is_wrong() {
    let file = assert_same_bytes(ANSWERS);
    let returned = file.batches[0].entries[0].returned().unwrap();
    assert_eq!((returned.code.as_str(), returned.original_trace.as_str()), ("R03", "121042880000001"));
    assert_eq!((returned.original_rdfi.as_str(), returned.information.as_str()), ("02100002", "NAME DIFFERS"));
    assert_eq!((returned.trace.as_str(), file.batches[0].header.settlement_day.as_str()), ("021000020000007", "332"));
    assert_eq!(file.batches[0].entries[0].change(), None);
    let change = file.batches[1].entries[0].change().unwrap();
    assert_eq!((change.code.as_str(), change.original_trace.as_str()), ("C07", "121042880000003"));
    let account = change.account_change().unwrap();
    assert_eq!((account.routing_number.as_deref(), account.account_number.as_deref()), (Some("011401533"), Some("000998877")));
    assert_eq!(account.kind, Some(AccountKind::Checking));
    assert_eq!(reading(ANSWERS.as_bytes()).problems, []);
}

#[test]
fn an_international_entry_is_read_with_its_addenda() {
    let file = assert_same_bytes(&(INTERNATIONAL.to_owned() + &nines(7)));
    let AchOriginator::International { exchange, destination_country, originating_currency, .. } = &file.batches[0].header.originator
    else {
        panic!("an international batch")
    };
    assert_eq!((exchange.as_str(), destination_country.as_str(), originating_currency.as_str()), ("FF", "US", "CAD"));
    let entry = &file.batches[0].entries[0];
    assert_eq!((entry.amount_cents, entry.account_number.as_str(), entry.addenda.len()), (100_000, "123456789", 8));
    let AchAddenda::International(IatAddenda::CorrespondentBank { bank, sequence: 1 }) = &entry.addenda[7] else { panic!("addenda 18") };
    assert_eq!((bank.name.as_str(), bank.id_kind.as_str(), bank.id.as_str()), ("Bank of C", "02", "BANKCAXX"));
    let reading = reading((INTERNATIONAL.to_owned() + &nines(7)).as_bytes());
    assert_eq!(reading.problems, []);
    assert_eq!(reading.content["batches"][0]["entries"][0]["addenda"][0]["receiver_name"], "Ada Example");
    assert_eq!(reading.content["totals"]["credit_cents"], 100_000);
}

#[test]
fn wrong_controls_are_refused_with_their_line() {
    // What is replaced in the file, by what, and how the first problem begins.
    let wrong = [
        ("8220000003", "8220000004", "line 6: entry and addenda count states 4; it must be 3"),
        ("0003240155", "0003240156", "line 6: entry hash states 3240156; it must be 3240155"),
        ("8220000001001220002400000000000", "8220000001001220002400000000007", "line 9: total of debits states 7"),
        (
            "82200000030003240155000000000000000000125000",
            "82200000030003240155000000000000000000125001",
            "line 6: total of credits states 125001",
        ),
        ("9000002000001", "9000001000001", "line 10: batch count states 1; it must be 2"),
        ("9000002000001", "9000002000002", "line 10: block count states 2; it must be 1"),
        ("900000200000100000004", "900000200000100000005", "line 10: entry and addenda count"),
        ("000000040015440179", "000000040015440178", "line 10: entry hash"),
        ("00000000000000000012500", "00000000000000000012600", "line 6: total of credits"),
        ("000000000000000000125001 ", "000000000001000000125001 ", "line 10: total of debits states 1"),
        ("0121042880000002\n8220000003", "0121042880000001\n8220000003", "line 5: trace number is not above"),
        ("00010000001\n", "00020000001\n", "line 4: addenda sequence number is 2; it must be 1"),
        ("00010000001\n", "00010000002\n", "line 4: entry detail sequence number"),
        ("0121042880000002\n8220000003", "1121042880000002\n8220000003", "line 5: addenda record indicator is 1, but 0"),
        ("1121042880000001\n705", "0121042880000001\n705", "line 3: addenda record indicator is 0, but 1"),
        ("633011401533", "638011401533", "line 5: transaction code 38 is not allowed in a batch of service class 220"),
        ("622021000021", "625021000021", "line 3: transaction code (positions 2 to 3) must be"),
        ("8220000003", "8200000003", "line 6: service class code states 200; it must be 220"),
        ("1123456789                         121042880000001", "1123456780                         121042880000001", "line 6: company id"),
        (
            "1123456789                         121042880000001",
            "1123456789                         121042890000001",
            "line 6: originating DFI",
        ),
        (
            "1123456789                         121042880000001",
            "1123456789                         121042880000009",
            "line 6: batch number",
        ),
        ("0000125000PO", "00001250 0PO", "line 3: amount (positions 30 to 39) must be 10 digits"),
        ("705RFB", "7 5RFB", "line 4: addenda type code (positions 2 to 3) must be 2 digits"),
        ("A094101", "a094101", "line 1: file id modifier"),
        ("A094101", "A095101", "line 1: record size"),
        ("5220Example", "5280Example", "line 2: service class and entry class"),
        ("5220Example", "5221Example", "line 2: service class code"),
    ];
    for (from, to, begins) in wrong {
        let text = PAYOUTS.replacen(from, to, 1);
        assert_ne!(text, PAYOUTS, "{from} is not in the file");
        let found = problems(text.as_bytes());
        assert!(found[0].starts_with(begins), "{from} -> {to}: {found:?}");
    }
    // Batches in the wrong order.
    let text = PAYOUTS.replace("121042880000002\n6", "121042880000001\n6").replace("0000002\n9", "0000001\n9");
    assert_eq!(problems(text.as_bytes()), ["line 7: batch number is not above that of the batch before"]);
}

#[test]
fn every_wrong_control_is_listed() {
    let text = PAYOUTS.replacen("0000125000PO", "0000125001PO", 1);
    let expected = [
        "line 6: total of credits states 125000 cents; its entries make 125001",
        "line 10: total of credits states 125001 cents; its entries make 125002",
    ];
    assert_eq!(problems(text.as_bytes()), expected);
    let refusal = read(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(refusal, format!("{} (and 1 more)", expected[0]));
}

#[test]
fn a_refused_file_has_no_content() {
    let reading = reading(PAYOUTS.replacen("0003240155", "0003240156", 1).as_bytes());
    assert_eq!((reading.format.as_str(), &reading.content), ("NACHA", &serde_json::Value::Null));
    assert!(!reading.is_sound());
    let other = super::reading(b"01,ABC,DEF,");
    assert_eq!((other.format.as_str(), &other.content, other.is_sound()), ("unknown", &serde_json::Value::Null, false));
}

#[test]
fn files_are_recognised_in_any_form() {
    assert!(looks_like(PAYOUTS.as_bytes()) && looks_like(PAYOUTS.replace('\n', "").as_bytes()));
    let (first, rest) = PAYOUTS.split_once('\n').unwrap();
    let swapped = rest.replacen('\n', &format!("\n{first}\n"), 1);
    assert!(looks_like(swapped.as_bytes()));
    let found = problems(swapped.as_bytes());
    assert_eq!(found, ["line 1: is a batch header (record 5) where record 1 must be: records are in the wrong order"]);
    for other in ["", "1", "101", "01,122099999,123456789,040621,0200,1,65,,2/", ":20:STMT", "<Document/>"] {
        assert!(!looks_like(other.as_bytes()), "{other}");
    }
}

#[test]
fn oddities_are_said_without_refusing_the_file() {
    let odd = |from: &str, to: &str| -> Vec<String> {
        let text = PAYOUTS.replacen(from, to, 1);
        assert_ne!(text, PAYOUTS, "{from} is not in the file");
        let reading = reading(text.as_bytes());
        assert!(reading.is_sound() && !reading.content.is_null(), "{:?}", reading.problems);
        reading.problems.into_iter().map(|problem| format!("{}: {}", problem.place, problem.what)).collect()
    };
    assert_eq!(reading(PAYOUTS.as_bytes()).problems, []);
    let digit = "line 3: receiving DFI and check digit are not a routing number: the check digit is wrong";
    assert_eq!(odd("622021000021", "622021000022"), [digit]);
    assert_eq!(odd("CCDPAYOUT", "WEBPAYOUT").len(), 1);
    assert_eq!(odd("CCDPAYOUT", "XYZPAYOUT"), ["line 7: standard entry class is not known; its entries are read as those of PPD"]);
    assert_eq!(odd("261127", "261327"), ["line 2: effective entry date is not a day (YYMMDD)"]);
    assert_eq!(odd("705RFB", "702RFB").len(), 1);
    assert_eq!(odd("0121042880000003", "0999999990000003"), ["line 8: trace number does not begin with the batch's originating DFI"]);
    let unknown = super::reading(ANSWERS.replace("799R03", "799R99").as_bytes());
    assert_eq!(unknown.problems[0].what, "return reason code is not known");
    let unreadable = super::reading(ANSWERS.replace("011401533000", "011401534000").as_bytes());
    assert!(unreadable.problems[0].what.contains("check digit") && unreadable.is_sound());
}

#[test]
fn values_that_do_not_fit_are_not_written() {
    let refused = |change: &dyn Fn(&mut AchFile)| {
        let mut file = read(PAYOUTS.as_bytes()).unwrap();
        change(&mut file);
        write(&file).unwrap_err().to_string()
    };
    let entry = |change: &dyn Fn(&mut AchEntry)| refused(&|file: &mut AchFile| change(&mut file.batches[0].entries[0]));
    let at = "batch 1, entry 1: ";
    assert_eq!(entry(&|entry| entry.amount_cents = -1), format!("{at}amount must be 0 to 9999999999 cents, not -1"));
    assert_eq!(
        entry(&|entry| entry.amount_cents = AMOUNT_CENTS_MAX + 1),
        format!("{at}amount must be 0 to 9999999999 cents, not 10000000000")
    );
    assert_eq!(entry(&|entry| entry.account_number = "1".repeat(18)), format!("{at}account number must be at most 17 characters, not 18"));
    assert_eq!(entry(&|entry| entry.account_number = "1 ".into()), format!("{at}account number must not end in a blank"));
    assert_eq!(entry(&|entry| entry.account_number = "é".into()), format!("{at}account number must be printable ASCII characters"));
    assert_eq!(entry(&|entry| entry.account_number = "1\n".into()), format!("{at}account number must be printable ASCII characters"));
    assert_eq!(entry(&|entry| entry.routing_number = "02100002A".into()), format!("{at}routing number must be 9 digits"));
    assert_eq!(entry(&|entry| entry.trace = "1".into()), format!("{at}trace number must be 15 digits"));
    assert!(entry(&|entry| entry.trace = "9".repeat(15)).contains("trace number is not above"));
    let number = refused(&|file| file.batches[0].header.number = 10_000_000);
    assert_eq!(number, "batch 1: batch number must be at most 7 digits, not 10000000");
    assert!(refused(&|file| file.batches[1].header.number = 1).contains("batch number is not above"));
    assert!(refused(&|file| file.batches[0].entries.clear()).contains("records are in the wrong order"));
    assert!(refused(&|file| file.layout.padding = AchPadding::Lines { lines: usize::MAX, counted: true }).contains("size must be"));
    assert!(refused(&|file| file.layout.tail = "x".into()).contains("tail must be"));
    // A header of another kind of batch reads back as something else.
    assert!(refused(&|file| file.batches[0].header.sec = "IAT".into()).starts_with("file: content must be read back"));
}
