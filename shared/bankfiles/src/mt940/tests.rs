//! Unit tests of `mt940`.
use super::*;
use jiff::civil::date;

mod details;
mod hostile;
mod reference;

/// Two pages of one statement in SWIFT's envelope, then the next statement without one.
pub(super) const FILE: &str = "\
{1:F01BANKDEFFXXXX0000000000}{2:O9401200260921BANKDEFFXXXX00000000002609211200N}{4:
:20:STMT-1
:25:BANKDEFF/DE89 3704 0044 0532 0130 00EUR
:28C:100/1
:60F:C260919EUR1000,
:61:2609200920C250,5NTRFE2E1//BK1
INSTANT PAYMENT
:86:166?00GUTSCHRIFT?20EREF+E2E1?21SVWZ+COINS?30BANKDEFF?32ADA BEI
SPIEL
:61:2612310101DR0,50NCHGNONREF
:62M:C260920EUR1250,
-}
{1:F01BANKDEFFXXXX0000000000}{2:O9401200260921BANKDEFFXXXX00000000002609211200N}{4:
:20:STMT-1
:25:BANKDEFF/DE89370400440532013000
:28C:100/2
:60M:C260920EUR1250,00
:61:260920RC50,NRTIE2E2//BK2
:86:/EREF/E2E2//REMI/TAKEN BACK
:61:260920RD2000,00NTRFE2E3
:62F:C260920EUR3200,00
:64:D260920EUR0,01
:65:C260921EUR3200,00
:65:C260922EUR3200,00
:86:NO FURTHER ENTRIES
-}{5:{CHK:0123456789AB}}
:20:STMT-2
:25:BANKDEFF/DE89370400440532013000
:28C:101
:60F:C260920EUR3200,00
:62F:C260921EUR3200,00
-
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
    let [first, second, third] = file.statements.as_slice() else { panic!("three messages") };
    assert_eq!((first.kind, first.reference.as_str(), first.number, first.sequence), (Mt940Kind::Statement, "STMT-1", Some(100), Some(1)));
    assert_eq!((first.envelope.len(), third.envelope.len(), third.number, third.sequence), (1, 0, Some(101), None));
    let account = &first.account;
    assert_eq!((account.bank.as_deref(), account.number.as_str()), (Some("BANKDEFF"), "DE89370400440532013000"));
    assert_eq!((account.currency.as_deref(), second.account.currency.as_deref()), (Some("EUR"), None));
    let opening = first.opening.as_ref().unwrap();
    assert_eq!((opening.tag.as_str(), opening.date, opening.amount_minor), ("60F", Some(date(2026, 9, 19)), Some(100_000)));
    assert_eq!(second.closing_available.as_ref().unwrap().amount_minor, Some(-1));
    let forward: Vec<_> = second.forward_available.iter().map(|balance| balance.date.unwrap()).collect();
    assert_eq!((forward, second.text.as_deref()), (vec![date(2026, 9, 21), date(2026, 9, 22)], Some("NO FURTHER ENTRIES")));
}

#[test]
fn entries_have_sides_dates_and_references() {
    let file = read_strict(FILE.as_bytes()).unwrap();
    let [payment, fee] = file.statements[0].entries.as_slice() else { panic!("two entries") };
    assert_eq!((payment.side, payment.amount_minor, payment.type_code.as_str()), (StatementSide::Credit, Some(25_050), "NTRF"));
    assert_eq!((payment.type_meaning, payment.customer_reference.as_str()), (Some("transfer"), "E2E1"));
    assert_eq!((payment.bank_reference.as_deref(), payment.supplement.as_deref()), (Some("BK1"), Some("INSTANT PAYMENT")));
    assert_eq!((payment.value_date, payment.booked), (date(2026, 9, 20), Some(date(2026, 9, 20))));
    // Booked on New Year's Day for the last day of the old year.
    assert_eq!((fee.value_date, fee.booked, fee.funds_letter), (date(2026, 12, 31), Some(date(2027, 1, 1)), Some('R')));
    assert_eq!((fee.side, fee.details.as_ref(), fee.bank_reference.as_ref()), (StatementSide::Debit, None, None));
    let [taken_back, given_back] = file.statements[1].entries.as_slice() else { panic!("two entries") };
    assert_eq!((taken_back.side, taken_back.booked), (StatementSide::ReversalOfCredit, None));
    assert_eq!((given_back.side, given_back.amount_minor), (StatementSide::ReversalOfDebit, Some(200_000)));
}

#[test]
fn opening_and_entries_must_give_closing() {
    let what = "opening balance 100000 and 2 entries (+25001) give 125001, but the closing balance is 125000: -1 is unexplained";
    assert_problems("C250,5N", "C250,51N", &[(11, what, true)]);
    let what = "opening balance 125000 and 2 entries (+205000) give 330000, but the closing balance is 320000: -10000 is unexplained";
    assert_problems(":61:260920RC50,", ":61:260920C50,", &[(21, what, true)]);
    let what = "opening balance 320000 and 0 entries (+0) give 320000, but the closing balance is -320000: -640000 is unexplained";
    assert_problems(":62F:C260921", ":62F:D260921", &[(31, what, true)]);
    // What is only expected is not in the balance.
    assert_problems(":28C:101\n:60F:C260920EUR3200,00", ":28C:101\n:60F:C260920EUR3200,00\n:61:260920EC5,NTRFX", &[]);
    assert_problems(":62F:C260921", ":62F:C260919", &[(31, "the closing balance is of an earlier day than the opening balance", false)]);
}

#[test]
fn pages_and_statements_must_follow_each_other() {
    assert_problems(":28C:100/2", ":28C:100/3", &[(14, "page 3 of statement 100 follows page 1: a page is missing or out of order", true)]);
    assert_problems(":28C:100/2", ":28C:100/1", &[(14, "statement 100, page 1 is in the file twice: also in line 2", true)]);
    assert_problems(
        ":28C:101",
        ":28C:103",
        &[(27, "statement 103 follows statement 100 of the same account: a statement is missing", true)],
    );
    assert_problems(
        ":28C:101",
        ":28C:99",
        &[(27, "statement 99 follows statement 100 of the same account: a statement is missing or out of order", true)],
    );
    assert_problems(":28C:101", ":28C:101/2", &[(27, "statement 101 begins with page 2: an earlier page is missing", true)]);
    assert_problems(":28C:101", ":28C:1", &[]);
    let numbers = FILE.replace(":28C:100/2", ":28C:101/1").replace(":28C:101\n", ":28C:102\n");
    let expected = [
        (14, "the opening balance must be :60F:, as it begins a statement"),
        (2, "the closing balance must be :62M: if a page of the same statement follows, :62F: otherwise"),
    ];
    assert_eq!(problems(&numbers), expected.map(|(line, what)| (format!("line {line}"), what.to_owned(), false)));
    let gap = FILE.replace("C260920EUR3200,00\n:62F:C260921EUR3200,00", "C260920EUR3200,01\n:62F:C260921EUR3200,01");
    let what = "the opening balance is 320001, but the account's statement of line 14 closed with 320000";
    assert_eq!(problems(&gap), [("line 27".to_owned(), what.to_owned(), true)]);
    let (pages, next) = (FILE.find("{1:").unwrap(), FILE[1..].find("{1:").unwrap() + 1);
    let what = "the statement ends with an intermediate balance (:62M:), but no page after it is in the file";
    assert_eq!(problems(&FILE[pages..next]), [("line 2".to_owned(), what.to_owned(), true)]);
    let what = "the statement begins with an intermediate balance (:60M:), but the page before it is not in the file";
    assert_eq!(problems(&FILE[next..]), [("line 2".to_owned(), what.to_owned(), true)]);
}

#[test]
fn amounts_have_a_comma_and_the_digits_of_their_currency() {
    let minor = |text, digits| balance::amount(text, digits).map(|amount| (amount.minor, amount.unusual));
    for (text, digits, expected) in
        [("300,", 2, 30_000), ("0,5", 2, 50), ("12,34", 2, 1_234), ("300,", 0, 300), ("1,234", 3, 1_234), (",07", 2, 7)]
    {
        assert_eq!(minor(text, digits), Ok((expected, None)), "{text}");
    }
    assert_eq!(minor("300", 2), Ok((30_000, Some("has no decimal comma"))));
    assert_eq!(minor("12.5", 2), Ok((1_250, Some("has a decimal point instead of a comma"))));
    assert_eq!(minor("300,00", 0), Ok((300, Some("has more decimals than its currency, all zero"))));
    assert_eq!(minor("0000000000000000,00", 2), Ok((0, Some("has more than 15 characters"))));
    for (text, digits, expected) in [
        ("12,345", 2, "has more decimals than its currency"),
        ("1,5", 0, "has more decimals than its currency"),
        ("1.250", 2, "has a point instead of a decimal comma, and what it separates is unknown"),
        ("1.250", 3, "has a point instead of a decimal comma, and what it separates is unknown"),
        ("1.250,00", 2, "has more than one comma or point, so which of them is the decimal sign is unknown"),
        ("", 2, "must be digits with a decimal comma"),
        (",", 2, "has no digits"),
        ("-5,00", 2, "must be digits with a decimal comma"),
        ("1e3,", 2, "must be digits with a decimal comma"),
        ("92233720368547758,08", 2, "is larger than can be read (63 bits)"),
    ] {
        assert_eq!(minor(text, digits), Err(expected), "{text}");
    }
    assert_eq!(minor("92233720368547758,07", 2).map(|(minor, _)| minor), Ok(i64::MAX));
}

#[test]
fn an_amount_that_is_not_understood_is_kept_as_it_is() {
    let (file, found) = read(FILE.replace("C250,5N", "C1.250,50N").as_bytes());
    assert_eq!(file.statements[0].entries[0].amount_minor, None);
    let what = "the amount of :61: has more than one comma or point, so which of them is the decimal sign is unknown";
    assert_eq!((found.len(), found[0].what.as_str(), found[0].touches_money), (1, what, true));
    let kept = WrittenLine { line: 6, text: ":61:2609200920C1.250,50NTRFE2E1//BK1\nINSTANT PAYMENT".to_owned() };
    assert_eq!(file.with_problems, [kept]);
}

#[test]
fn days_that_february_lacks_are_read_as_its_last() {
    let text = |line: &str| format!(":20:X\n:25:1\n:28C:1\n:60F:C260227EUR0,\n:61:{line}\n:62F:C260301EUR5,\n");
    let what = "a date of :61: is a day that February doesn't have; it was read as 2026-02-28";
    let (file, found) = read(text("2602300302C5,NINTNONREF").as_bytes());
    assert_eq!(
        (file.statements[0].entries[0].value_date, file.statements[0].entries[0].booked),
        (date(2026, 2, 28), Some(date(2026, 3, 2)))
    );
    assert_eq!((found.len(), found[0].what.as_str(), found[0].touches_money), (1, what, false));
    let (file, found) = read(text("2603010230C5,NINTNONREF").as_bytes());
    assert_eq!((file.statements[0].entries[0].booked, found[0].what.as_str()), (Some(date(2026, 2, 28)), what));
    // The year after has this day, but that is not the one that was meant.
    let (file, found) = read(text("2703010229C5,NINTNONREF").as_bytes());
    assert_eq!(
        (file.statements[0].entries[0].booked, found[0].what.as_str()),
        (Some(date(2027, 2, 28)), what.replace("2026", "2027").as_str())
    );
    let (file, found) = read(text("2602310230C5,NINTNONREF").as_bytes());
    assert_eq!((file.statements[0].entries.len(), found[0].touches_money), (0, true));
    assert_eq!(found[0].what, ":61: must begin with a value date, YYMMDD; the entry was not read");
    let (file, found) = read(text("2601021399C5,NINTNONREF").as_bytes());
    assert_eq!((file.statements[0].entries[0].booked, found[0].what.as_str()), (None, "the booking date of :61: must be a day, MMDD"));
    let (file, _) = read(text("2601021231C5,NINTNONREF").as_bytes());
    assert_eq!(file.statements[0].entries[0].booked, Some(date(2025, 12, 31)));
}

/// An interim report.
const INTERIM: &str = "\
:20:R1
:25:123
:28C:5/1
:34F:KWDD0,
:34F:KWDC1,500
:13D:2609201730+0300
:61:260920D2,345NTRFNONREF
:61:260920C9,NTRFNONREF
:61:260921EC7,NTRFNONREF
:90D:1KWD2,345
:90C:3KWD17,
:86:MORE TOMORROW
-
";

#[test]
fn interim_reports_are_compared_with_their_own_totals() {
    let (file, found) = read(INTERIM.as_bytes());
    let what = ":90C: states 3 credit entries of 17000 in total, but 2 of 16000 in total are listed";
    assert_eq!(found.iter().map(|problem| (problem.what.as_str(), problem.touches_money)).collect::<Vec<_>>(), [(what, false)]);
    let report = &file.statements[0];
    assert_eq!((report.kind, report.currency.as_str(), report.minor_digits), (Mt940Kind::InterimReport, "KWD", Some(3)));
    assert_eq!((report.reported_at, report.reported_offset.as_str()), (Some(date(2026, 9, 20).at(17, 30, 0, 0)), "+0300"));
    assert_eq!(
        (report.entries[0].amount_minor, report.entries[2].expected, report.text.as_deref()),
        (Some(2_345), true, Some("MORE TOMORROW"))
    );
    assert_eq!(
        report.floor_limits[1],
        Mt940FloorLimit { side: Some(StatementSide::Credit), currency: "KWD".to_owned(), amount_minor: Some(1_500) }
    );
    // Without a limit, every entry is listed.
    let found = problems(&INTERIM.replace(":34F:KWDC1,500\n", ""));
    assert_eq!((found[0].1.as_str(), found[0].2), (what, true));
    let found = problems(&INTERIM.replace("D2,345N", "D2,346N"));
    assert_eq!(
        (found[0].1.as_str(), found[0].2),
        (":90D: states 1 debit entries of 2345 in total, but 1 of 2346 in total are listed", true)
    );
    assert_eq!((reading(INTERIM.as_bytes()).format, reading(FILE.as_bytes()).format), ("MT942".to_owned(), "MT940".to_owned()));
}

#[test]
fn totals_and_limits_of_another_currency_are_not_compared_by_number() {
    let sound = INTERIM.replace(":90C:3KWD17,", ":90C:2KWD16,");
    assert_eq!(problems(&sound), []);
    for (from, to, line, tag) in
        [(":90D:1KWD", ":90D:1BHD", 10, "90D"), (":90C:2KWD", ":90C:2BHD", 11, "90C"), (":34F:KWDC", ":34F:BHDC", 5, "34F")]
    {
        let what = format!("the currency of :{tag}: is not that of the report's first limit or total (KWD)");
        assert_eq!(problems(&sound.replace(from, to)), [(format!("line {line}"), what.clone(), true)]);
        let unknown = format!("the currency of :{tag}: is not a known ISO 4217 code, so the unit of its amount is unknown");
        for other in ["QQQ", "kwd"] {
            let found = problems(&sound.replace(from, &to.replace("BHD", other)));
            let expected = [&unknown, &what].map(|what| (format!("line {line}"), what.clone(), true));
            assert_eq!(found, expected, "{other}");
        }
    }
    let content = reading(sound.replace(":90D:1KWD", ":90D:1BHD").as_bytes()).content;
    let report = &content["statements"][0];
    let currencies = [&report["debits"], &report["credits"], &report["floor_limits"][0]].map(|field| field["currency"].as_str());
    assert_eq!(currencies, [Some("BHD"), Some("KWD"), Some("KWD")]);
}

#[test]
fn currencies_must_be_known_and_the_same() {
    let what = "the currency of :62F: is not that of the statement's first balance (EUR)";
    assert_problems(":62F:C260921EUR", ":62F:C260921USD", &[(31, what, true)]);
    let yen = FILE.replace("EUR", "QQQ");
    assert!(
        problems(&yen)
            .iter()
            .any(|(_, what, money)| *money && what == "no field names a known ISO 4217 currency, so amounts without one can't be read")
    );
    let marks = ":20:X\n:25:1\n:28C:1\n:60F:C981230DEM1,\n:61:981230DM0,5NTRFX\n:62F:C981231DEM0,5\n";
    assert_eq!(problems(marks), []);
    let what = ":61: has the letter R before its amount, which must be the third letter of the currency";
    assert_eq!(problems(&marks.replace("DM0,5", "DR0,5")), [("line 5".to_owned(), what.to_owned(), false)]);
}

#[test]
fn files_are_recognised() {
    assert!(looks_like(FILE.as_bytes()) && looks_like(INTERIM.as_bytes()) && looks_like(b"\x01{1:F01A}{2:I942A}{4:\r\n"));
    for other in ["", ":20:X", ":25:X", "01,A,B,260921,0130,7,,,2/", "101 091000019", "{1:F01A}{2:I103A}{4:\n:20:X\n:32A:1", "<Document/>"]
    {
        assert!(!looks_like(other.as_bytes()), "{other}");
    }
    let reading = reading(FILE.as_bytes());
    let entry = &reading.content["statements"][1]["entries"][0];
    assert_eq!(
        (entry["side"].as_str(), entry["value_date"].as_str(), entry["booked"].as_str()),
        (Some("reversal_of_credit"), Some("2026-09-20"), None)
    );
    assert!(reading.is_sound());
}
