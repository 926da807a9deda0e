//! Unit tests of `bai2`.
use super::*;
use jiff::civil::date;

mod checks;
mod hostile;
mod reference;

/// One group, two accounts, every funds type, continuations in fields and in texts.
pub(super) const FILE: &str = "\
01,BANKUS33,LARGESSE,260921,0130,7,,,2/
02,LARGESSE,BANKUS33,1,260920,2400,USD,2/
03,000123,,010,100000,,,015,+90000,,,100,50000,2,V,260921,,400/
88,60000,3,,072,,,/
16,165,20000,V,260921,0900,BK1,E2E1,PROCESSOR, INC a/b
16,195,30000,S,10000,20000,0,BK2,,WIRE IN
88,FROM ADA
88,NOTE: second line
16,458,10000,,BK3,E2E3/
88,PAYOUT TEXT IN A CONTINUATION
16,495,45000,D,2,0,40000,3,5000,BK4,,/
16,552,5000,1,,,CREDIT TAKEN BACK
49,410000,11/
03,000456,JPY,010,-500,,0,015,-500,,2/
49,-1000,2/
98,409000,2,15/
99,409000,1,17/
";

pub(super) fn problems(text: &str) -> Vec<(String, String, bool)> {
    read(text.as_bytes()).1.into_iter().map(|problem| (problem.place, problem.what, problem.touches_money)).collect()
}

/// Replaces one text by another and asserts exactly which problems follow.
pub(super) fn assert_problems(from: &str, to: &str, expected: &[(usize, &str, bool)]) {
    assert_eq!(FILE.matches(from).count(), 1, "{from}");
    let expected: Vec<_> = expected.iter().map(|(line, what, money)| (format!("line {line}"), (*what).to_owned(), *money)).collect();
    assert_eq!(problems(&FILE.replace(from, to)), expected, "{from} -> {to}");
}

#[test]
fn a_whole_file_is_read_without_a_problem() {
    let file = read_strict(FILE.as_bytes()).unwrap();
    assert_eq!(
        (file.sender.as_str(), file.receiver.as_str(), file.file_id.as_str(), file.version.as_str()),
        ("BANKUS33", "LARGESSE", "7", "2")
    );
    assert_eq!((file.created, file.created_time.as_str(), file.control_total), (Some(date(2026, 9, 21)), "0130", Some(409_000)));
    let group = &file.groups[0];
    assert_eq!((group.status, group.as_of_modifier), (Bai2GroupStatus::Update, Some(Bai2AsOf::FinalPreviousDay)));
    assert_eq!((group.as_of, group.accounts.len(), group.control_total), (Some(date(2026, 9, 20)), 2, Some(409_000)));
    let account = &group.accounts[0];
    assert_eq!((account.number.as_str(), account.currency.as_str(), account.minor_digits), ("000123", "USD", Some(2)));
    assert_eq!(
        ["010", "015", "100", "400", "072"].map(|code| account.reported(code)),
        [Some(100_000), Some(90_000), Some(50_000), Some(60_000), None]
    );
    assert_eq!(account.summaries[2].availability, Bai2Availability::FromDate { date: Some(date(2026, 9, 21)), time: String::new() });
    assert_eq!((account.summaries[3].item_count, account.summaries[3].meaning), (Some(3), Some("total debits")));
    let yen = &group.accounts[1];
    assert_eq!((yen.currency.as_str(), yen.minor_digits, yen.reported("010")), ("JPY", Some(0), Some(-500)));
    assert_eq!(yen.summaries[0].availability, Bai2Availability::Immediate);
    assert_eq!(yen.summaries[1].availability, Bai2Availability::TwoDaysOrMore);
}

#[test]
fn entries_have_side_dates_availability_references_and_text() {
    let file = read_strict(FILE.as_bytes()).unwrap();
    let [processor, wire, payout, out, back] = file.groups[0].accounts[0].entries.as_slice() else { panic!("five entries") };
    assert_eq!(
        (processor.side, processor.amount_minor, processor.meaning),
        (Some(StatementSide::Credit), Some(20_000), Some("preauthorised ACH credit"))
    );
    assert_eq!((processor.booked, processor.value_date), (Some(date(2026, 9, 20)), Some(date(2026, 9, 21))));
    assert_eq!((processor.bank_reference.as_str(), processor.customer_reference.as_str()), ("BK1", "E2E1"));
    assert_eq!(processor.text, "PROCESSOR, INC a/b");
    let split = Bai2Availability::Split { immediate_minor: Some(10_000), one_day_minor: Some(20_000), later_minor: Some(0) };
    assert_eq!((&wire.availability, wire.text.as_str()), (&split, "WIRE IN\nFROM ADA\nNOTE: second line"));
    assert_eq!((payout.side, payout.confirmed, payout.customer_reference.as_str()), (Some(StatementSide::Debit), false, "E2E3"));
    assert_eq!((payout.text.as_str(), payout.availability.clone()), ("PAYOUT TEXT IN A CONTINUATION", Bai2Availability::NotStated));
    let parts = vec![Bai2Part { days: Some(0), amount_minor: Some(40_000) }, Bai2Part { days: Some(3), amount_minor: Some(5_000) }];
    assert_eq!((&out.availability, out.bank_reference.as_str()), (&Bai2Availability::Distributed(parts), "BK4"));
    assert_eq!((back.side, back.availability.clone()), (Some(StatementSide::ReversalOfCredit), Bai2Availability::OneDay));
    assert_eq!(back.text, "CREDIT TAKEN BACK");
}

#[test]
fn control_totals_and_counts_are_checked_with_exact_messages() {
    let account = "the account trailer (49)";
    assert_problems(
        "49,410000,11/",
        "49,410001,12/",
        &[
            (13, &format!("{account} states a control total of 410001, but the amounts of records 03, 16 and 88 add up to 410000"), true),
            (13, &format!("{account} states 12 records, but 11 were found"), true),
            (16, "the group trailer (98) states a control total of 409000, but the control totals of its accounts add up to 409001", true),
        ],
    );
    assert_problems(
        "49,-1000,2/",
        "49,,x/",
        &[
            (15, &format!("{account} states no control total; the amounts of records 03, 16 and 88 add up to -1000"), true),
            (15, &format!("{account} must state a number of records; 2 were found"), true),
        ],
    );
    assert_problems(
        "98,409000,2,15/",
        "98,1e5,3,16/",
        &[
            (16, "the control total of the group trailer (98) must be digits with an optional sign, without a decimal point", true),
            (16, "the group trailer (98) states 3 accounts, but 2 were found", true),
            (16, "the group trailer (98) states 16 records, but 15 were found", true),
        ],
    );
    assert_problems(
        "99,409000,1,17/",
        "99,409000,2,18/",
        &[
            (17, "the file trailer (99) states 2 groups, but 1 were found", true),
            (17, "the file trailer (99) states 18 records, but 17 were found", true),
        ],
    );
}

#[test]
fn balances_and_totals_of_an_account_must_agree_with_its_entries() {
    let ledger = "opening ledger (010), total credits (100) and total debits (400) give a closing ledger balance";
    let total = "the account trailer (49) states a control total of 410000, but the amounts of records 03, 16 and 88 add up to";
    assert_problems(
        "015,+90000",
        "015,+90001",
        &[(13, &format!("{total} 410001"), true), (3, &format!("{ledger} of 90000, but the account states 90001 (015)"), true)],
    );
    // The same sum of all amounts, so that only the sides show it.
    assert_problems(
        "16,495,45000,D,2,0,40000,3,5000",
        "16,195,45000,D,2,0,40000,3,5000",
        &[
            (3, "total credits (100) are 50000 in 2 entries; 3 credit entries with 95000 in total are listed", true),
            (3, "total debits (400) are 60000 in 3 entries; 2 debit entries with 15000 in total are listed", true),
        ],
    );
    let only_totals = "01,A,B,260921,0130,7,,,2/\n02,B,A,1,260920,,,2/\n03,1,,100,500,2,,400,0,0,/\n49,500,2/\n98,500,1,4/\n99,500,1,6/";
    let what = "total credits (100) are 500 in 2 entries; 0 credit entries with 0 in total are listed";
    assert_eq!(problems(only_totals), [("line 3".to_owned(), what.to_owned(), false)]);
}

#[test]
fn parts_of_an_amount_must_add_up() {
    let what = "the parts of funds type S of record 16 add up to 30001, the amount is 30000";
    assert_problems("S,10000,20000,0,", "S,10000,20000,1,", &[(6, what, true)]);
    let what = "the parts of funds type D of record 16 add up to 44000, the amount is 45000";
    assert_problems("0,40000,3,5000", "0,40000,3,4000", &[(11, what, true)]);
    let what = "the funds type of record 16 must be 0, 1, 2, S, V, D, Z or empty; the fields after it may be misread";
    assert_problems("16,552,5000,1,", "16,552,5000,X,", &[(12, what, true)]);
    let (file, _) = read(FILE.replace("16,552,5000,1,", "16,552,5000,X,").as_bytes());
    assert_eq!(file.groups[0].accounts[0].entries[4].availability, Bai2Availability::Unknown("X".to_owned()));
    assert_eq!(file.with_problems, [WrittenLine { line: 12, text: "16,552,5000,X,,,CREDIT TAKEN BACK".to_owned() }]);
}

#[test]
fn amounts_are_whole_minor_units_within_63_bits() {
    for (text, why) in [
        ("100.00", "must be digits with an optional sign, without a decimal point"),
        ("1 0", "must be digits with an optional sign, without a decimal point"),
        ("+", "must be digits with an optional sign, without a decimal point"),
        ("9223372036854775808", "is larger than can be read (63 bits)"),
        ("-9223372036854775808", "is larger than can be read (63 bits)"),
    ] {
        assert_problems(
            "16,552,5000,",
            &format!("16,552,{text},"),
            &[
                (12, &format!("the entry's amount {why}"), true),
                (3, "total debits (400) are 60000 in 3 entries; 3 debit entries with 55000 in total are listed", true),
            ],
        );
        let (file, _) = read(FILE.replace("16,552,5000,", &format!("16,552,{text},")).as_bytes());
        assert_eq!(file.groups[0].accounts[0].entries[4].amount_minor, None);
    }
    let (file, problems) = read(FILE.replace("16,552,5000,", "16,552,-000000000000000000005000,").as_bytes());
    assert_eq!(file.groups[0].accounts[0].entries[4].amount_minor, Some(-5000));
    assert!(problems.iter().any(|problem| problem.what.starts_with("the entry's amount has a minus sign") && problem.touches_money));
    assert_eq!(records::amount("9223372036854775807"), Ok(Some(i64::MAX)));
}

#[test]
fn sides_follow_from_codes() {
    assert_eq!([Some(StatementSide::Credit); 3], ["195", "301", "930"].map(codes::side));
    assert_eq!([Some(StatementSide::Debit); 3], ["451", "698", "970"].map(codes::side));
    assert_eq!([None; 6], ["010", "890", "799", "910", "1234", "4x1"].map(codes::side));
    assert_eq!((codes::side("252"), codes::side("558")), (Some(StatementSide::ReversalOfDebit), Some(StatementSide::ReversalOfCredit)));
    let rows = include_str!("type_codes.csv").lines().filter(|row| !row.starts_with('#')).count();
    assert_eq!((codes::listed(), rows), (484, 484));
    assert_problems(
        "16,552,5000,",
        "16,010,5000,",
        &[
            (12, "type code 010 of the entry (16) is on neither side", true),
            (3, "total debits (400) are 60000 in 3 entries; 2 debit entries with 55000 in total are listed", true),
        ],
    );
    assert_problems(
        "16,552,5000,",
        "16,970,5000,",
        &[(12, "type code 970 of the entry (16) is not in the list; its side is that of its range", false)],
    );
}

#[test]
fn currencies_and_headers_are_checked() {
    let what = "the account's currency is not a known ISO 4217 code, so the unit of its amounts is unknown";
    assert_problems("03,000456,JPY,", "03,000456,QQQ,", &[(14, what, true)]);
    let what = "the file header (01) states another version than 2, the only one that is read";
    assert_problems("0130,7,,,2/", "0130,7,,,3/", &[(1, what, true)]);
    let what = "the group status of record 02 must be 1, 2, 3 or 4; whether the group counts is unknown";
    assert_problems("BANKUS33,1,260920", "BANKUS33,9,260920", &[(2, what, true)]);
    assert_problems(
        "260920,2400,",
        "261320,2460,",
        &[(2, "as-of date of record 02 must be a day, YYMMDD", false), (2, "the time of record 02 must be HHMM, 2400 or 9999", false)],
    );
    assert_problems("88,60000,3,,072,,,/", "88,60000,3,,072,,,", &[(3, "record 03 doesn't end with a slash", false)]);
    assert_problems("98,409000,2,15/", "98,409000,2,15", &[(16, "record 98 doesn't end with a slash", false)]);
}

#[test]
fn record_lengths_and_blocks_are_checked() {
    let what = "the line has 63 characters; the header (01) states a physical record length of 60";
    assert_problems("0130,7,,,2/", "0130,7,60,17,2/", &[(3, what, false)]);
    let what = "the file has 17 physical records, which don't fill blocks of 10 as the header (01) states";
    assert_problems("0130,7,,,2/", "0130,7,80,10,2/", &[(1, what, false)]);
    assert_problems("0130,7,,,2/", "0130,7,80,17,2/", &[]);
}

#[test]
fn records_of_fixed_length_need_no_line_ends() {
    let padded: String = FILE.replace("0130,7,,,2/", "0130,7,80,17,2/").lines().map(|line| format!("{line:80}")).collect();
    assert_eq!(padded.len(), 17 * 80);
    let file = read_strict(padded.as_bytes()).unwrap();
    assert_eq!(file.groups, read(FILE.as_bytes()).0.groups);
    assert_eq!((file.record_length, file.block_size), (Some(80), Some(17)));
}

#[test]
fn lines_may_end_in_any_way_and_blank_lines_do_not_count() {
    let expected = read(FILE.as_bytes()).0;
    for end in ["\r\n", "\r", "  \r\n"] {
        assert_eq!(read_strict(FILE.replace('\n', end).as_bytes()).unwrap(), expected, "{end:?}");
    }
    let blank = FILE.replace("49,-1000", "\n \n49,-1000") + "\u{1a}";
    assert_eq!(read_strict(blank.as_bytes()).unwrap().groups, expected.groups);
}

#[test]
fn files_are_recognised() {
    assert!(looks_like(FILE.as_bytes()) && looks_like(b"\xEF\xBB\xBF\n01,A,B,260921,0130,7,,,2/"));
    for other in ["", "01,A", "101 091000019", "{1:F01", ":20:X", "00,0004,1/2/345,06/0321,0829,001,80,1,2/", "<Document/>"] {
        assert!(!looks_like(other.as_bytes()), "{other}");
    }
    let reading = reading(FILE.as_bytes());
    assert!(reading.is_sound() && reading.format == "BAI2");
    let entry = &reading.content["groups"][0]["accounts"][0]["entries"][0];
    assert_eq!(
        (entry["side"].as_str(), entry["booked"].as_str(), entry["amount_minor"].as_i64()),
        (Some("credit"), Some("2026-09-20"), Some(20_000))
    );
}
