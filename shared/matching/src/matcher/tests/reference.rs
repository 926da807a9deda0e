//! The invented day of one account in three formats, in the directory that LARGESSE_REFERENCE_DATA names.
use super::*;
use crate::{read, soundness::lines_to_match};
use std::path::PathBuf;

fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|path| PathBuf::from(path).join("reconciliation/fixtures"));
    if directory.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
    }
    directory
}

const FILES: [&str; 3] = ["camt/largesse-physical.camt.053.001.08.xml", "mt940/largesse-physical.sta", "bai2/largesse-physical-usd.bai"];

/// What was ordered on that day, on the account of a file. The last amount is what the bank got wrong.
fn ordered(file: &str) -> Vec<ExpectedItem> {
    let (account, currency) = if file.starts_with("bai2") { ("000123456789", "USD") } else { (ACCOUNT, "EUR") };
    let currency = Currency::try_new(currency).unwrap();
    let ordered = [("01", 12_550), ("02", 9_999), ("03", 200_000), ("04", 750), ("05", 4_000)];
    let item = |(end, minor): (&str, i64)| {
        let mut item = ExpectedItem::new(end, account, Direction::Debit, Money::try_new(currency, minor).unwrap());
        // As we write it; banks leave out the hyphens or not.
        item.end_to_end_id = Some(format!("0192F0C0-A1B2-7C3D-8E4F-5A6B7C8D9E{end}"));
        item
    };
    ordered.into_iter().map(item).collect()
}

#[test]
fn reference_day_gives_the_same_matches_in_three_formats() {
    let Some(directory) = directory() else { return };
    for name in FILES {
        let file = read(&std::fs::read(directory.join(name)).unwrap(), 1);
        assert!(file.is_sound(), "{name}: {:?}", file.problems);
        assert_eq!(file.lines.len(), 9, "{name}");
        assert!(file.lines.iter().all(|line| line.standing == LineStanding::Booked), "{name}");
        let balances = file.statements.iter().map(|part| (part.opening, part.closing)).collect::<Vec<_>>();
        assert_eq!(balances, [(Some(1_000_000), Some(1_478_747))], "{name}");
        let items = ordered(name);
        let found = match_lines(&file.lines, &items, &[]);
        let back = file.lines[3].amount;
        let differs = |found: &MatchOutcome| {
            matches!(found, MatchOutcome::Differs { item, field: DifferingField::Amount, expected, found }
                if item == "04" && expected.starts_with("7.50 ") && found.starts_with("7.00 "))
        };
        let outcomes: Vec<_> = found.iter().map(|found| found.outcome.clone()).collect();
        assert_eq!(outcomes[0], settles("01"), "{name}");
        assert_eq!(outcomes[1], settles("02"), "{name}");
        assert_eq!(outcomes[2], settles("03"), "{name}");
        let (item, code) = ("03".to_owned(), Some("AC04".to_owned()));
        let returned = MatchOutcome::ReturnOf { item, amount: back, charge: None, code, is_reversal: false, undoes_duplicate: false };
        assert_eq!(outcomes[3], returned, "{name}");
        assert!(differs(&outcomes[4]), "{name}: {:?}", outcomes[4]);
        assert_eq!(outcomes[5], unmatched(UnmatchedKind::DuplicateDebit, Some("02")), "{name}");
        assert_eq!(outcomes[6], unmatched(UnmatchedKind::UnknownCredit, None), "{name}");
        assert_eq!(outcomes[7], unmatched(UnmatchedKind::UnknownCredit, None), "{name}");
        assert_eq!(outcomes[8], unmatched(UnmatchedKind::BankCharge, None), "{name}");
        assert!(found[..6].iter().all(|found| found.rule == Some(MatchRule::EndToEndId)), "{name}");
        // A processor's receipt is announced with the id of its payout, which stands in the text.
        let mut announced = items;
        let mut receipt = ExpectedItem::new("po", &announced[0].account, Direction::Credit, file.lines[6].amount);
        receipt.payment_ids.push("po_1TEST".to_owned());
        announced.push(receipt);
        let found = match_lines(&file.lines, &announced, &[]);
        assert_eq!((&found[6].outcome, found[6].rule), (&settles("po"), Some(MatchRule::PaymentId)), "{name}");
    }
}

#[test]
fn reference_day_in_a_second_format_is_linked_and_books_nothing() {
    let Some(directory) = directory() else { return };
    let files: Vec<_> =
        FILES[..2].iter().enumerate().map(|(at, name)| read(&std::fs::read(directory.join(name)).unwrap(), at + 1)).collect();
    let (lines, problems) = lines_to_match(&files);
    assert_eq!((lines.len(), problems), (18, vec![]));
    let found = match_lines(&lines, &ordered(FILES[0]), &[]);
    let again = found.iter().filter(|found| matches!(found.outcome, MatchOutcome::SameEntryAgain { .. })).count();
    let settled = found.iter().filter(|found| matches!(found.outcome, MatchOutcome::Settles { .. })).count();
    assert_eq!((again, settled), (9, 3));
    assert!(found[9..].iter().all(|found| found.rule == Some(MatchRule::BankReference)));
}

#[test]
fn reference_samples_of_others_give_lines_or_a_reason() {
    let Some(directory) = directory() else { return };
    let mut read_files = 0;
    for folder in ["bai2", "camt", "mt940"] {
        for entry in std::fs::read_dir(directory.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("LICENSE")) {
                continue;
            }
            let file = read(&std::fs::read(&path).unwrap(), 1);
            assert!(file.is_sound() || file.lines.is_empty(), "{path:?}");
            let mut places: Vec<_> = file.lines.iter().map(|line| line.place).collect();
            places.dedup();
            assert_eq!(places.len(), file.lines.len(), "{path:?}");
            read_files += 1;
        }
    }
    assert!(read_files >= 18, "{read_files}");
}
