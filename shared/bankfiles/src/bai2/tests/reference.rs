//! Samples of banks and of others, in the directory that LARGESSE_REFERENCE_DATA names.
use super::*;
use std::{collections::BTreeSet, path::PathBuf};

fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|path| PathBuf::from(path).join("reconciliation"));
    if directory.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
    }
    directory
}

/// The records that a list of samples says a file has, and what is wrong with the file.
#[test]
fn reference_samples_are_read_and_only_broken_ones_have_problems_with_money() {
    let Some(directory) = directory() else { return };
    let list = std::fs::read_to_string(directory.join("fixtures.csv")).unwrap();
    let mut seen = 0;
    for row in list.lines().filter(|row| row.starts_with("bai2/")) {
        let (name, rest) = row.split_once(',').unwrap();
        let codes: BTreeSet<_> = rest.split('"').find(|cell| cell.starts_with("records ")).unwrap_or(rest)[8..]
            .split(',')
            .take_while(|code| code.len() == 2)
            .collect();
        let bytes = std::fs::read(directory.join("fixtures").join(name)).unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let found: BTreeSet<_> = text.lines().filter_map(|line| line.get(..2)).collect();
        assert_eq!(found, codes, "{name}");
        let money: Vec<_> = read(&bytes).1.into_iter().filter(|problem| problem.touches_money).map(|problem| problem.what).collect();
        match name {
            "bai2/moov-bad-parseError.txt" => {
                assert!(!looks_like(&bytes));
                assert!(money.iter().any(|what| what.starts_with("record code 00 is unknown")), "{money:?}");
            }
            // Its amounts and trailers were changed when it was made anonymous: 12 of its totals and counts don't fit.
            "bai2/moov-sample4-continuations-newline-delimited.txt" => {
                let what = "the account trailer (49) states 26 records, but 18 were found";
                assert!(money.len() == 12 && money.iter().any(|found| found == what), "{money:?}");
                assert!(money.iter().all(|what| what.contains(" states ") || what.contains(" are listed")), "{money:?}");
            }
            _ => {
                assert!(looks_like(&bytes), "{name}");
                assert!(money.is_empty(), "{name}: {money:?}");
            }
        }
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn reference_texts_and_amounts_of_samples_are_read() {
    let Some(directory) = directory() else { return };
    let read = |name: &str| read(&std::fs::read(directory.join("fixtures/bai2").join(name)).unwrap()).0;
    let first = read("moov-sample1.txt");
    let account = &first.groups[0].accounts[0];
    assert_eq!((account.currency.as_str(), account.reported("100"), account.reported("400")), ("CAD", Some(208_500), Some(208_500)));
    assert_eq!((account.entries.len(), account.entries[0].text.as_str()), (11, "RETURNED CHEQUE"));
    let second = read("moov-sample2.txt");
    assert_eq!(second.groups[1].accounts[0].entries[0].text, "PROCEEDS OF LETTER OF CREDIT FROM THE ARAMCO OIL CO");
    let distributed = &second.groups[2].accounts[0].summaries[2];
    assert_eq!((distributed.code.as_str(), distributed.amount_minor, distributed.item_count), ("110", Some(70_000_000), Some(15)));
    assert!(matches!(&distributed.availability, Bai2Availability::Distributed(parts) if parts.len() == 3));
    let fourth = read("moov-sample4-continuations-newline-delimited.txt");
    let reject = &fourth.groups[0].accounts[1].entries[1];
    assert_eq!((reject.code.as_str(), reject.amount_minor), ("261", Some(143_500)));
    assert!(reject.text.ends_with("\nDBNM: SAMPLE INC\nDACT: 101152046\nDABA: 026015079"), "{}", reject.text);
}

#[test]
fn reference_type_codes_have_the_same_sides() {
    let Some(directory) = directory() else { return };
    let list = std::fs::read_to_string(directory.join("bai2_codes.csv")).unwrap();
    for row in list.lines().skip(1) {
        let cells: Vec<_> = row.split(',').collect();
        let known = type_code(cells[0]).unwrap_or_else(|| panic!("{row}"));
        let side = match (cells[1], cells[0]) {
            ("credit", _) | (_, "100") => Some(StatementSide::Credit),
            ("debit", _) | (_, "400") => Some(StatementSide::Debit),
            _ => None,
        };
        assert_eq!(known.side, side, "{row}");
        assert_eq!(known.confirmed, !cells[cells.len() - 1].starts_with('K'), "{row}");
    }
}
