//! Files and statements that are wrong: each is named, and nothing of it is matched.
use crate::{
    generator::{ACCOUNT, PlannedEntry, end_to_end, entry_xml},
    rules::statement,
    world::{payout, run, terms, try_run},
};
use iso20022::camt053::Direction;
use reconciliation::{ExceptionClass, Item, RunError};

fn entry(at: u64, minor: i64) -> String {
    let entry =
        PlannedEntry { minor, direction: Direction::Debit, id: end_to_end(1, at, 0), returned: false, charge: 0, text: "Ada".to_owned() };
    entry_xml(at, &entry)
}

/// A statement with a number and a day, from a balance on, of debits.
fn numbered(number: u64, day: u8, opening: i64, debits: &[(u64, i64)]) -> String {
    let entries: Vec<String> = debits.iter().map(|(at, minor)| entry(*at, *minor)).collect();
    let closing = opening - debits.iter().map(|(_, minor)| minor).sum::<i64>();
    let text = statement(&entries, 0)
        .replace("<ElctrncSeqNb>228<", &format!("<ElctrncSeqNb>{number}<"))
        .replace("2026-11-24", &format!("2026-11-{day:02}"));
    let minor = |minor: i64| format!("{}.{:02}", minor / 100, minor % 100);
    // Both balances are the same in a statement in which nothing moves.
    text.replacen("10000.00", &minor(opening), 1).replacen("10000.00", &minor(closing), 1)
}

fn items() -> Vec<Item> {
    (1..=6)
        .map(|at| {
            let mut item = payout(&format!("P{at}"), 500);
            item.expected.end_to_end_id = Some(end_to_end(1, at, 0));
            item
        })
        .collect()
}

/// Classes and details of what is wrong with the files, and how many lines were explained.
fn judged(files: &[&str]) -> (Vec<(ExceptionClass, String)>, usize) {
    let files: Vec<&[u8]> = files.iter().map(|file| file.as_bytes()).collect();
    let (result, explained) = run(&files, &terms(), &items());
    (result.judged.cases.into_iter().map(|case| (case.class, case.detail)).collect(), explained.len())
}

fn named(files: &[&str], class: ExceptionClass, detail: &str, explained: usize) {
    let found = judged(files);
    assert!(!found.0.is_empty() && found.0.iter().all(|(found, text)| *found == class && text.contains(detail)), "{found:?}");
    assert_eq!(found.1, explained, "{found:?}");
}

#[test]
fn good_statements_follow_each_other_in_any_order() {
    let (one, two) = (numbered(1, 23, 10_000, &[(1, 500)]), numbered(2, 24, 9_500, &[(2, 500)]));
    assert_eq!(judged(&[&two, &one]), (vec![], 2));
}

#[test]
fn a_gap_an_overlap_and_a_wrong_opening_are_named() {
    let one = numbered(1, 23, 10_000, &[(1, 500)]);
    named(&[&one, &numbered(3, 24, 9_000, &[(2, 500)])], ExceptionClass::Gap, "number 2 was expected", 2);
    named(
        &[&one, &numbered(2, 24, 9_400, &[(2, 500)])],
        ExceptionClass::Gap,
        "opens with 9400 minor units, and the statement before closed with 9500",
        1,
    );
    // A statement that begins before the one before ended has its entries again: they are linked, and the balance says so.
    named(&[&one, &numbered(2, 24, 10_000, &[(1, 500), (2, 500)])], ExceptionClass::Gap, "opens with 10000", 1);
}

#[test]
fn the_same_day_twice_is_set_aside_or_refused() {
    let one = numbered(1, 24, 10_000, &[(1, 500)]);
    let (found, explained) = judged(&[&one, &one]);
    assert_eq!((found.len(), found[0].0, explained), (1, ExceptionClass::DuplicateStatement, 1));
    let (result, _) = run(&[one.as_bytes(), one.as_bytes()], &terms(), &items());
    assert!(!result.judged.cases[0].is_open());
    // With one entry more, neither can be trusted.
    let more = numbered(1, 24, 10_000, &[(1, 500), (2, 500)]);
    named(&[&one, &more], ExceptionClass::DuplicateStatement, "says something else; neither was matched", 0);
}

#[test]
fn another_account_currency_or_a_future_day_is_named() {
    let one = numbered(1, 24, 10_000, &[(1, 500)]);
    named(&[&one.replace(ACCOUNT, "DE02120300000000202051")], ExceptionClass::Totals, "of another account than the expected ones", 0);
    named(&[&one.replace("EUR", "USD")], ExceptionClass::Totals, "it is in USD, and the account in EUR", 0);
    named(
        &[&numbered(1, 25, 10_000, &[(1, 500)])],
        ExceptionClass::Totals,
        "entries or balances of 2026-11-25, and today is 2026-11-24",
        0,
    );
    let booked = one.replace("<BookgDt><Dt>2026-11-24", "<BookgDt><Dt>2026-12-01");
    named(&[&booked], ExceptionClass::Totals, "of 2026-12-01, and today is", 0);
}

#[test]
fn sums_that_do_not_add_up_and_broken_files_are_named() {
    let one = numbered(1, 24, 10_000, &[(1, 500)]);
    named(&[&one.replace("95.00", "95.01")], ExceptionClass::Totals, "differs by 1 minor units", 0);
    named(&[&one.replace("</Document>", "")], ExceptionClass::Totals, "the document ends early", 0);
    named(&["no bank writes this"], ExceptionClass::Totals, "is none of", 0);
    named(&[""], ExceptionClass::Totals, "is empty", 0);
    let bytes: Vec<u8> = one.replace("Ada", "A\u{1}a").bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
    let (result, explained) = run(&[&bytes], &terms(), &items());
    assert!(explained.is_empty() && result.judged.cases[0].detail.contains("utf-8"), "{:?}", result.judged.cases);
    let bai = "01,BANK,US,261124,2130,1,,,2/\n02,US,BANK,1,261124,2359,EUR,2/\n03,DE89370400440532013000,EUR,010,100000,,,015,99400,,/\n16,495,500,0,BK1,X,wire /\n49,199900,3/\n98,199900,1,5/\n99,199900,1,7/\n";
    named(&[bai], ExceptionClass::Totals, "give a closing ledger balance of 99500, but the account states 99400", 0);
}

#[test]
fn a_file_that_can_not_be_read_is_a_case_and_a_changed_one_an_error() {
    use crate::world::store;
    use reconciliation::{OpenFile, reconcile};
    use std::{cell::Cell, io};
    let gone = || -> io::Result<Box<dyn io::Read>> { Err(io::Error::new(io::ErrorKind::NotFound, "no such file")) };
    let files: [&OpenFile<'_>; 1] = [&gone];
    let result = reconcile(&files, &terms(), store(&items()), &[], &mut |_| {}).unwrap();
    assert!(result.judged.cases[0].detail.contains("could not be read: no such file"));
    let versions = [numbered(1, 24, 10_000, &[(1, 500)]), numbered(1, 24, 10_000, &[(2, 500)])];
    let reads = Cell::new(0);
    let changing = || -> io::Result<Box<dyn io::Read + '_>> {
        reads.set(reads.get() + 1);
        Ok(Box::new(versions[reads.get() - 1].as_bytes()))
    };
    let files: [&OpenFile<'_>; 1] = [&changing];
    assert_eq!(reconcile(&files, &terms(), store(&items()), &[], &mut |_| {}).unwrap_err(), RunError::Changed { file: 1 });
}

#[test]
fn virtual_accounts_must_come_to_their_physical_account() {
    let physical = numbered(1, 24, 10_000, &[(1, 500)]);
    let leaf = |account: &str, opening, debits: &[(u64, i64)]| numbered(1, 24, opening, debits).replace(ACCOUNT, account);
    let (one, two) = (leaf("VAN1", 7_000, &[(1, 500)]), leaf("VAN2", 3_000, &[]));
    let mut terms = terms();
    terms.add_structure(ACCOUNT, &["van 1", "VAN2"]);
    let named = |files: &[&str]| {
        let files: Vec<&[u8]> = files.iter().map(|file| file.as_bytes()).collect();
        let (result, explained) = run(&files, &terms, &items());
        // Entries of virtual accounts are those of the physical one, and are not matched again.
        assert_eq!(explained.len(), 1);
        assert!(result.reconciled.cases.iter().all(|case| case.places.is_empty()));
        result.judged.cases.into_iter().map(|case| (case.class, case.detail)).collect::<Vec<_>>()
    };
    assert_eq!(named(&[&physical, &one, &two]), []);
    let wrong = |files: &[&str], detail: &str| {
        let found = named(files);
        assert!(matches!(&found[..], [(ExceptionClass::VirtualNePhysical, text)] if text.contains(detail)), "{found:?}");
    };
    wrong(&[&physical, &one], "1 of 2 virtual accounts have no statement of 2026-11-24");
    wrong(
        &[&physical, &one, &leaf("VAN2", 3_001, &[])],
        "open with 10001 and close with 9501 minor units, the physical account with 10000 and 9500",
    );
    // What moved in one of them and not in the other.
    wrong(&[&physical, &leaf("VAN1", 7_000, &[(1, 499)]), &two], "close with 9501");
}

#[test]
fn an_entry_that_a_statement_has_twice_is_booked_once() {
    let text = statement(&[entry(1, 500), entry(1, 500)], -1_000);
    let (result, explained) = run(&[text.as_bytes()], &terms(), &items());
    let twice: Vec<_> = result.reconciled.cases.iter().filter(|case| case.class == ExceptionClass::DuplicateDebit).collect();
    assert_eq!((explained.len(), twice.len(), twice[0].items.as_slice()), (1, 1, &["P1".to_owned()][..]));
}

#[test]
fn payments_that_share_the_banks_reference_are_told_apart_at_once() {
    // One reference for all payments of a file, as some banks give: nothing may search through all of them.
    const COUNT: u64 = 1_000;
    let entries: Vec<String> = (1..=COUNT).map(|at| entry(at, 500).replace(&format!("BK{at}<"), "BK<")).collect();
    let items: Vec<Item> = (1..=COUNT)
        .map(|at| {
            let mut item = payout(&format!("P{at}"), 500);
            item.expected.end_to_end_id = Some(end_to_end(1, at, 0));
            item
        })
        .collect();
    let text = statement(&entries, -500 * 1_000);
    let (result, explained) = run(&[text.as_bytes(), text.replace("camt.053.001.08", "camt.053.001.04").as_bytes()], &terms(), &items);
    assert_eq!((explained.len(), result.reconciled.cases.len()), (1_000, 0));
}

#[test]
fn entries_of_an_earlier_run_are_linked_and_not_booked() {
    use crate::world::store;
    use matching::{LineStanding, SeenEntry};
    use reconciliation::{Explained, OpenFile, reconcile};
    let text = numbered(1, 24, 10_000, &[(1, 500)]);
    let identity = matching::read(text.as_bytes(), 1).lines[0].identity().unwrap();
    let seen = [SeenEntry { id: "E1".to_owned(), identity, standing: LineStanding::Booked }];
    let open = || -> std::io::Result<Box<dyn std::io::Read + '_>> { Ok(Box::new(text.as_bytes())) };
    let files: [&OpenFile<'_>; 1] = [&open];
    let mut lines = Vec::new();
    reconcile(&files, &terms(), store(&items()), &seen, &mut |line| lines.push(line)).unwrap();
    assert_eq!(lines[0].explained, Explained::SameEntryAgain { of: matching::EarlierEntry::Recorded("E1".to_owned()) });
}

#[test]
fn too_many_lines_that_agree_with_nothing_end_the_run() {
    let text = numbered(1, 24, 10_000, &[(7, 500), (8, 500), (1, 500)]);
    let of = |open_lines_max| {
        let mut terms = terms();
        terms.open_lines_max = open_lines_max;
        try_run(&[text.as_bytes()], &terms, &items()).map(|(result, explained)| (result.reconciled.cases.len(), explained.len()))
    };
    assert_eq!(of(2), Ok((7, 1)));
    assert_eq!(of(1), Err(RunError::TooManyOpen { max: 1 }));
    assert!(RunError::TooManyOpen { max: 1 }.to_string().starts_with("more than 1 lines settle no item at once; nothing was decided"));
}
