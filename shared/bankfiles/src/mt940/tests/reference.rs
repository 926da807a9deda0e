//! Samples of banks and of others, in the directory that LARGESSE_REFERENCE_DATA names.
use super::*;
use std::path::PathBuf;

fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|path| PathBuf::from(path).join("reconciliation"));
    if directory.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
    }
    directory
}

/// Samples that are not whole, or whose sums their authors did not keep: what must be said about each, and nothing else that touches money.
const KNOWN: [(&str, &[&str]); 6] = [
    (
        "betterplace-empty_86",
        &[
            "no field names a known ISO 4217 currency, so amounts without one can't be read",
            "the message has no account (:25:), so whose money this is remains unknown",
            "the statement has no opening balance (:60F: or :60M:)",
            "the statement has no closing balance (:62F: or :62M:): its end may be missing",
        ],
    ),
    (
        "betterplace-sepa_snippet",
        &["opening balance -197043187 and 7 entries (-250191730) give -447234917, but the closing balance is -447204909: \
           +30008 is unexplained"],
    ),
    (
        "jejik-abnamro",
        &[
            "opening balance 323628 and 8 entries (-32144) give 291484, but the closing balance is 87684: -203800 is unexplained",
            "opening balance 287684 and 2 entries (-2449) give 285235, but the closing balance is 184975: -100260 is unexplained",
            "the opening balance is 287684, but the account's statement of line 4 closed with 87684",
            "the statement ends with an intermediate balance (:62M:), but no page after it is in the file",
        ],
    ),
    ("self-provided-gv_codes", &["the statement has no closing balance (:62F: or :62M:): its end may be missing"]),
    (
        "self-provided-malformed_details",
        &["opening balance 1234512 and 1 entries (-23315) give 1211197, but the closing balance is 1234598: +23401 is unexplained"],
    ),
    ("self-provided-mt942", &[":90D: states 1 debit entries of 230 in total, but 1 of 42 in total are listed"]),
];

/// `-4472049.09 EUR @ 2007-09-04` as minor units, currency and day; `None` as nothing.
fn closing(text: &str) -> Option<(i64, String, String)> {
    let (amount, rest) = text.split_once(' ')?;
    let (currency, day) = rest.split_once(" @ ")?;
    let (whole, decimals) = amount.split_once('.').unwrap_or((amount, "00"));
    Some((format!("{whole}{decimals}").parse().unwrap(), currency.to_owned(), day.to_owned()))
}

#[test]
fn reference_samples_have_the_entries_and_balances_that_are_listed() {
    let Some(directory) = directory() else { return };
    let list = std::fs::read_to_string(directory.join("fixtures.csv")).unwrap();
    let mut seen = 0;
    for row in list.lines().filter(|row| row.starts_with("mt940/")) {
        let (name, rest) = row.split_once(',').unwrap();
        let check = rest.split('"').nth(1).unwrap();
        let count: usize = check.split(", ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        let expected = closing(check.split("closing ").nth(1).unwrap());
        let bytes = std::fs::read(directory.join("fixtures").join(name)).unwrap();
        let (file, problems) = read(&bytes);
        assert_eq!(file.statements.iter().map(|statement| statement.entries.len()).sum::<usize>(), count, "{name}");
        let last = file.statements.iter().rev().filter_map(|statement| statement.closing.as_ref()).find(|balance| balance.tag == "62F");
        let found = last.map(|balance| (balance.amount_minor.unwrap(), balance.currency.clone(), balance.date.unwrap().to_string()));
        assert_eq!(found, expected, "{name}");
        let money: Vec<_> = problems.iter().filter(|problem| problem.touches_money).map(|problem| problem.what.as_str()).collect();
        let known = KNOWN.iter().find(|(known, _)| name == format!("mt940/{known}.sta")).map_or(&[][..], |(_, known)| known);
        assert_eq!(money, known, "{name}");
        assert_eq!(looks_like(&bytes), !name.contains("empty_86"), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 9);
}

#[test]
fn reference_day_says_the_same_in_mt940_and_in_bai2() {
    let Some(directory) = directory() else { return };
    let fixtures = directory.join("fixtures");
    let statement = read_strict(&std::fs::read(fixtures.join("mt940/largesse-physical.sta")).unwrap()).unwrap();
    let report = crate::bai2::read_strict(&std::fs::read(fixtures.join("bai2/largesse-physical-usd.bai")).unwrap()).unwrap();
    let entries = |entry: &Mt940Entry| (entry.bank_reference.clone(), entry.side.change(entry.amount_minor.unwrap()));
    let in_statement: Vec<_> = statement.statements[0].entries.iter().map(entries).collect();
    let account = &report.groups[0].accounts[0];
    let entries =
        |entry: &crate::bai2::Bai2Entry| (Some(entry.bank_reference.clone()), entry.side.unwrap().change(entry.amount_minor.unwrap()));
    assert_eq!(account.entries.iter().map(entries).collect::<Vec<_>>(), in_statement);
    assert_eq!(account.reported("015"), statement.statements[0].closing.as_ref().unwrap().amount_minor);
    // The end-to-end ids of payouts are those of the report.
    for (in_statement, in_report) in statement.statements[0].entries.iter().zip(&account.entries) {
        assert_eq!(in_statement.details.as_ref().unwrap().word("EREF"), Some(in_report.customer_reference.as_str()));
    }
}

#[test]
fn reference_peculiarities_are_understood() {
    let Some(directory) = directory() else { return };
    let read = |name: &str| read(&std::fs::read(directory.join("fixtures/mt940").join(name)).unwrap()).0;
    let long = &read("self-provided-long_statement_number.sta").statements[0];
    assert_eq!((long.number, long.account.number.as_str(), long.currency.as_str()), (Some(1_810_118_101), "93984487", "TRY"));
    let snippet = read("betterplace-sepa_snippet.sta");
    let first = &snippet.statements[0].entries[0];
    assert_eq!((first.funds_letter, first.bank_reference.as_deref()), (Some('R'), Some("0724710333343453")));
    assert_eq!(first.details.as_ref().unwrap().word("SVWZ"), Some("Verw CTSc-01 BC-PPP TFNr 22 004"));
    let cmxl = read("cmxl-mt940.sta");
    assert_eq!(cmxl.statements.iter().map(|statement| statement.minor_digits).collect::<Vec<_>>(), [Some(2); 3]);
    let card = &cmxl.statements[2].entries[0];
    assert_eq!((card.supplement.as_deref(), card.type_code.as_str()), (Some("Card transaction"), "FMSC"));
    assert_eq!(card.details.as_ref().unwrap().business_code.as_deref(), Some("020"));
    let dutch = read("jejik-abnamro.sta");
    assert_eq!(dutch.statements[0].envelope, ["ABNANL2A", "940", "ABNANL2A"]);
    let report = &read("self-provided-mt942.sta").statements[0];
    assert_eq!((report.kind, report.entries[0].supplement.as_deref()), (Mt940Kind::InterimReport, Some("YAY MT942 CHG")));
}
