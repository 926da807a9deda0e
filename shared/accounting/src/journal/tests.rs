//! Tests of `journal`.
#![allow(clippy::unwrap_used)]
use super::*;
use jiff::civil::date;

pub(crate) const MAPPING: &str = r#"
intercompany = "1900"
[[entity]]
id = "main"
company = "C100"
[[account]]
code = "1000"
name = "=Cash, at banks"
type = "asset"
[[account]]
code = "1900"
name = "Between companies"
type = "asset"
[[account]]
code = "2000"
name = "Deferred revenue"
type = "liability"
[[account]]
code = "2100"
name = "Creators"
type = "liability"
[[rule]]
ledger = "house/bank_cash/*"
account = "1000"
[[rule]]
ledger = "house/in_transit/*"
account = "2100"
[[rule]]
ledger = "creator/*/payable/*"
account = "2100"
[[rule]]
ledger = "house/deferred_revenue/*"
account = "2000"
"#;

pub(crate) fn mapping() -> Mapping {
    Mapping::read(MAPPING).unwrap()
}

pub(crate) const TITLE: DayTitle<'static> = DayTitle { book: "app", entity: "main", day: date(2026, 12, 1), closed: true };

fn line(account: &str, unit: &str, event_day: Date, (debits, credits): (i64, i64)) -> JournalLine {
    let sums = DayLineSums { debits, credits, entries: 1 };
    JournalLine { account: account.to_owned(), unit: unit.to_owned(), kind: "payout.settle".to_owned(), event_day, sums }
}

/// The columns of a row that say something about amounts, and the first.
fn shown(csv: &str) -> Vec<String> {
    let rows = csv.lines().skip(1);
    rows.map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        let from = cells.len() - 7;
        format!("{} {} {}", cells[0], cells[6], cells[from..from + 6].join(" "))
    })
    .collect()
}

#[test]
fn a_day_is_debits_and_credits_of_the_general_ledger_with_equal_totals() {
    let (own, late) = (date(2026, 12, 1), date(2026, 11, 30));
    let lines = [
        line("house/in_transit/USD", "USD", own, (1_250, 0)),
        line("house/bank_cash/USD", "USD", own, (0, 1_250)),
        line("creator/*/payable/USD", "USD", own, (500, 20)),
        line("between/acme/USD", "USD", own, (0, 480)),
        line("house/in_transit/JPY", "JPY", late, (7, 0)),
        line("house/bank_cash/JPY", "JPY", late, (0, 7)),
        line("viewer/*/coins", "COIN", own, (9, 0)),
    ];
    let csv = journal_csv(TITLE, &mapping(), &lines).unwrap();
    assert_eq!(
        shown(&csv),
        [
            "line 2026-11-30 JPY 0 7 0 7 1",
            "line 2026-11-30 JPY 7 0 7 0 1",
            "line 2026-12-01 USD 0 1250 0.00 12.50 1",
            "line 2026-12-01 USD 0 480 0.00 4.80 1",
            "line 2026-12-01 USD 1750 0 17.50 0.00 2",
            "line 2026-12-01 USD 0 20 0.00 0.20 2",
            "total  JPY 7 7 7 7 2",
            "total  USD 1750 1750 17.50 17.50 4",
        ]
    );
    assert!(csv.contains("line,app,main,C100,2026-12-01,closed,2026-11-30,yes,payout.settle,1000,\"'=Cash, at banks\",JPY,"), "{csv}");
    assert_eq!(journal_csv(TITLE, &mapping(), &lines).unwrap(), csv, "the same bytes");
    let memo = memo_csv(TITLE, &lines).unwrap();
    assert_eq!(
        memo.lines().skip(1).collect::<Vec<_>>(),
        [
            "line,app,main,2026-12-01,closed,2026-12-01,no,payout.settle,viewer/*/coins,COIN,9,0",
            "total,app,main,2026-12-01,closed,,,,,COIN,9,0",
        ]
    );
}

#[test]
fn what_no_rule_covers_is_named_and_nothing_is_written() {
    let day = date(2026, 12, 1);
    let lines = [
        line("house/revenue/USD", "USD", day, (0, 5)),
        line("house/future/USD", "USD", day, (5, 0)),
        line("house/coins/issued", "COIN", day, (5, 0)),
    ];
    let fault = journal_csv(TITLE, &mapping(), &lines).unwrap_err();
    assert!(matches!(&fault, MappedFault::Unmapped(all) if *all == ["main house/future/USD", "main house/revenue/USD"]), "{fault}");
    let other = DayTitle { entity: "acme", ..TITLE };
    assert!(matches!(journal_csv(other, &mapping(), &[]).unwrap_err(), MappedFault::Entity(entity) if entity == "acme"));
}

#[test]
fn a_day_that_is_not_balanced_is_not_exported() {
    let lines = [line("house/bank_cash/USD", "USD", date(2026, 12, 1), (5, 0))];
    assert!(matches!(journal_csv(TITLE, &mapping(), &lines).unwrap_err(), MappedFault::Unbalanced(_, 5)));
}
