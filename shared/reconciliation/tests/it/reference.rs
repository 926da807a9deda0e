//! The invented day of one account in three formats and its virtual accounts, in the directory that LARGESSE_REFERENCE_DATA names.
use crate::world::{classes, run, terms};
use iso20022::camt053::Direction;
use jiff::civil::date;
use matching::ExpectedItem;
use money::{Currency, Money};
use reconciliation::{
    BooksState, ExceptionClass, Explained, Item, ItemKind, ReconciliationRule,
    close::{AccountDay, close},
};
use std::path::PathBuf;

const EUROPEAN: &str = "DE89370400440532013000";
const AMERICAN: &str = "000123456789";
/// File, account, currency.
const FORMATS: [(&str, &str, &str); 3] = [
    ("camt/largesse-physical.camt.053.001.08.xml", EUROPEAN, "EUR"),
    ("mt940/largesse-physical.sta", EUROPEAN, "EUR"),
    ("bai2/largesse-physical-usd.bai", AMERICAN, "USD"),
];
const LEAVES: [&str; 3] = ["LGS-EU-PAYOUTS-01", "LGS-EU-UNALLOCATED-01", "LGS-EU-FEES-01"];

fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|path| PathBuf::from(path).join("reconciliation/fixtures"));
    if directory.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
    }
    directory
}

/// What our books know of the day: four payouts, of which the last was instructed with 7.50, a processor's payout, and the monthly fee.
fn books(account: &str, currency: &str) -> Vec<Item> {
    let day = date(2026, 11, 24);
    let expected = |key: &str, direction, minor| {
        ExpectedItem::new(key, account, direction, Money::try_new(Currency::try_new(currency).unwrap(), minor).unwrap())
    };
    let payout = |(end, minor): (&str, i64)| {
        let mut expected = expected(end, Direction::Debit, minor);
        expected.end_to_end_id = Some(format!("0192F0C0-A1B2-7C3D-8E4F-5A6B7C8D9E{end}"));
        Item { since: Some(day), state: BooksState::Submitted, ..Item::new(expected, ItemKind::Instant) }
    };
    let mut items: Vec<Item> = [("01", 12_550), ("02", 9_999), ("03", 200_000), ("04", 750)].map(payout).into();
    let processor = Item::new(expected("po", Direction::Credit, 500_000), ItemKind::Processor);
    items.push(Item { settlement: Some("po_1TEST".to_owned()), value_date: Some(day), ..processor });
    let mut fee = Item::new(expected("fee", Direction::Debit, 0), ItemKind::Charge);
    fee.amount_most = Some(Money::try_new(Currency::try_new(currency).unwrap(), 500).unwrap());
    items.push(fee);
    items
}

#[test]
fn reference_day_gives_the_same_entries_and_cases_in_three_formats() {
    let Some(directory) = directory() else { return };
    for (name, account, currency) in FORMATS {
        let bytes = std::fs::read(directory.join(name)).unwrap();
        let (result, explained) = run(&[&bytes], &terms(), &books(account, currency));
        assert!(result.judged.cases.is_empty(), "{name}: {:?}", result.judged.cases);
        let found: Vec<_> = explained
            .iter()
            .map(|line| match &line.explained {
                Explained::Settles { items, difference: 0 } => (line.place.entry, items.join(" "), line.rule),
                other => panic!("{name}: {other:?}"),
            })
            .collect();
        let rule = |rule| Some(rule);
        let settled = [
            (1, "01".to_owned(), rule(ReconciliationRule::EndToEndId)),
            (2, "02".to_owned(), rule(ReconciliationRule::EndToEndId)),
            (3, "03".to_owned(), rule(ReconciliationRule::EndToEndId)),
            (7, "po".to_owned(), rule(ReconciliationRule::Settlement)),
            (9, "fee".to_owned(), rule(ReconciliationRule::Settlement)),
        ];
        assert_eq!(found, settled, "{name}");
        let cases = classes(&result.reconciled.cases);
        let expected = [
            (Some(4), ExceptionClass::SettledThenReturned, vec!["03"]),
            (Some(5), ExceptionClass::UnderAmount, vec!["04"]),
            (Some(6), ExceptionClass::DuplicateDebit, vec!["02"]),
            (Some(8), ExceptionClass::UnknownCredit, vec![]),
        ];
        assert_eq!(cases, expected, "{name}");
        let differences: Vec<_> = result.reconciled.cases.iter().map(|case| (case.class, case.difference)).collect();
        let expected = [
            (ExceptionClass::DuplicateDebit, 9_999),
            (ExceptionClass::SettledThenReturned, -200_000),
            (ExceptionClass::UnderAmount, 700),
            (ExceptionClass::UnknownCredit, -12_345),
        ];
        assert_eq!(differences, expected, "{name}");
        assert!(result.reconciled.cases[1].detail.ends_with("reason AC04"), "{name}: {:?}", result.reconciled.cases[1].detail);
        closes(&result, account, currency);
    }
}

/// The books had 10,000.00 and none of the day's money yet.
fn closes(result: &reconciliation::Reconciliation, account: &str, currency: &str) {
    let key = (account.to_owned(), currency.to_owned());
    let (balances, sums) = (&result.judged.balances[&key], result.reconciled.sums[&key]);
    let day = AccountDay {
        account,
        currency: Currency::try_new(currency).unwrap(),
        day: balances.day,
        opening: Some(balances.opening),
        closing: Some(balances.closing),
        moved: sums.moved,
        unexplained: 0,
        books: 1_000_000,
        to_post: sums.to_post,
        cases: &result.reconciled.cases,
        outstanding: &result.reconciled.outstanding,
    };
    let closed = close(&day).unwrap();
    assert_eq!((closed.closing, closed.books, closed.timing.len()), (1_478_747, 1_277_101, 4));
    assert!(close(&AccountDay { books: 1_000_001, ..day }).is_err());
}

#[test]
fn reference_day_in_all_formats_of_an_account_is_booked_once() {
    let Some(directory) = directory() else { return };
    let files = [0, 1].map(|at| std::fs::read(directory.join(FORMATS[at].0)).unwrap());
    for order in [[0, 1], [1, 0]] {
        let (result, explained) = run(&[&files[order[0]], &files[order[1]]], &terms(), &books(EUROPEAN, "EUR"));
        let again = explained.iter().filter(|line| matches!(line.explained, Explained::SameEntryAgain { .. })).count();
        assert_eq!((again, explained.len() - again, result.reconciled.cases.len()), (9, 5, 4));
        assert_eq!(result.reconciled.sums[&(EUROPEAN.to_owned(), "EUR".to_owned())].moved, 478_747);
    }
}

#[test]
fn reference_virtual_statements_come_to_the_physical_one() {
    let Some(directory) = directory() else { return };
    let read = |name: &str| std::fs::read(directory.join(format!("camt/largesse-{name}.camt.053.001.08.xml"))).unwrap();
    let files = ["physical", "virtual-payouts", "virtual-unallocated", "virtual-fees"].map(read);
    let mut terms = terms();
    terms.add_structure(EUROPEAN, &LEAVES);
    let cases = |files: &[&[u8]]| {
        let (result, _) = run(files, &terms, &books(EUROPEAN, "EUR"));
        (classes(&result.judged.cases).into_iter().map(|(_, class, _)| class).collect::<Vec<_>>(), result.reconciled.cases.len())
    };
    let all: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    assert_eq!(cases(&all), (vec![], 4));
    // Without one of them, and with another sum in one.
    assert_eq!(cases(&all[..3]).0, [ExceptionClass::VirtualNePhysical]);
    let more = String::from_utf8(files[3].clone())
        .unwrap()
        .replace(">0.00<", ">0.50<")
        .replace(">3.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt>", ">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt>");
    assert_eq!(cases(&[all[0], all[1], all[2], more.as_bytes()]).0, [ExceptionClass::VirtualNePhysical]);
}

#[test]
fn reference_samples_of_other_banks_are_read_or_refused_and_never_panic() {
    let Some(directory) = directory() else { return };
    for folder in ["bai2", "camt", "mt940"] {
        for entry in std::fs::read_dir(directory.join(folder)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let (result, explained) = run(&[&bytes], &terms(), &[]);
            let is_refused = result.judged.cases.iter().any(reconciliation::Case::is_open);
            assert!(is_refused || !result.files[0].1.statements.is_empty());
            assert!(explained.iter().all(|line| !matches!(line.explained, Explained::Settles { .. })));
        }
    }
}
