//! What the tests share: files in memory, and a run over them.

use crate::generator::{ACCOUNT, TODAY};
use iso20022::camt053::Direction;
use matching::ExpectedItem;
use money::{Currency, Money};
use rails::RailBook;
use reconciliation::{
    Case, ExceptionClass, Explained, ExplainedLine, Item, ItemKind, ItemStore, OpenFile, Reconciliation, RunError, RunTerms, reconcile,
};
use std::{io, sync::LazyLock};

static RAILS: LazyLock<RailBook> = LazyLock::new(RailBook::built_in);

pub fn terms() -> RunTerms<'static> {
    RunTerms::new(TODAY, RAILS.calendars(), Some("EU-TARGET"))
}

pub fn store(items: &[Item]) -> ItemStore {
    let mut store = ItemStore::new();
    items.iter().for_each(|item| store.push(item).unwrap());
    store.ready().unwrap()
}

pub fn eur(minor: i64) -> Money {
    Money::try_new(Currency::try_new("EUR").unwrap(), minor).unwrap()
}

/// A payout of the day without any reference.
pub fn payout(key: &str, minor: i64) -> Item {
    Item { since: Some(TODAY), ..Item::new(ExpectedItem::new(key, ACCOUNT, Direction::Debit, eur(minor)), ItemKind::Instant) }
}

/// A receipt of the day without any reference.
pub fn receipt(key: &str, minor: i64) -> Item {
    let expected = ExpectedItem::new(key, ACCOUNT, Direction::Credit, eur(minor));
    Item { since: Some(TODAY), value_date: Some(TODAY), ..Item::new(expected, ItemKind::Receipt) }
}

pub fn try_run(files: &[&[u8]], terms: &RunTerms<'_>, items: &[Item]) -> Result<(Reconciliation, Vec<ExplainedLine>), RunError> {
    let opened: Vec<_> = files.iter().map(|bytes| move || -> io::Result<Box<dyn io::Read + '_>> { Ok(Box::new(*bytes)) }).collect();
    let opened: Vec<&OpenFile<'_>> = opened.iter().map(|open| open as &OpenFile<'_>).collect();
    let mut explained = Vec::new();
    let result = reconcile(&opened, terms, store(items), &[], &mut |line| explained.push(line))?;
    explained.sort_by_key(|line| line.place);
    Ok((result, explained))
}

pub fn run(files: &[&[u8]], terms: &RunTerms<'_>, items: &[Item]) -> (Reconciliation, Vec<ExplainedLine>) {
    try_run(files, terms, items).unwrap()
}

/// Place of the entry, class and items of each case.
pub fn classes(cases: &[Case]) -> Vec<(Option<usize>, ExceptionClass, Vec<&str>)> {
    let mut all: Vec<_> = cases
        .iter()
        .map(|case| (case.places.first().map(|place| place.entry), case.class, case.items.iter().map(String::as_str).collect()))
        .collect();
    all.sort();
    all
}

/// Entry and items of each line that settles something.
pub fn settled(lines: &[ExplainedLine]) -> Vec<(usize, Vec<&str>)> {
    let settles = lines.iter().filter_map(|line| match &line.explained {
        Explained::Settles { items, .. } => Some((line.place.entry, items.iter().map(String::as_str).collect())),
        _ => None,
    });
    settles.collect()
}
