//! Tests of `balance`.
#![allow(clippy::unwrap_used)]
use super::*;
use crate::journal::tests::{TITLE, mapping};

fn line(account: &str, (debits, credits): (i64, i64)) -> BalanceLine {
    BalanceLine { account: account.to_owned(), unit: "USD".to_owned(), debits, credits }
}

#[test]
fn balances_are_on_the_side_where_they_are_and_both_sides_are_equal() {
    let lines = [
        line("house/bank_cash/USD", (1_000, 250)),
        line("house/in_transit/USD", (250, 250)),
        line("creator/*/payable/USD", (250, 1_000)),
        BalanceLine { unit: "COIN".to_owned(), ..line("viewer/*/coins", (5, 0)) },
    ];
    let csv = trial_balance_csv(TITLE, &mapping(), &lines).unwrap();
    let hash = mapping().hash().to_owned();
    assert_eq!(
        csv.lines().skip(1).map(|row| row.trim_end_matches(&hash)).collect::<Vec<_>>(),
        [
            "line,app,main,C100,2026-12-01,closed,1000,\"'=Cash, at banks\",asset,USD,1000,250,750,0,7.50,0.00,",
            "line,app,main,C100,2026-12-01,closed,2100,Creators,liability,USD,500,1250,0,750,0.00,7.50,",
            "total,app,main,C100,2026-12-01,closed,,,,USD,1500,1500,750,750,7.50,7.50,",
        ]
    );
    let wrong = trial_balance_csv(TITLE, &mapping(), &[line("house/bank_cash/USD", (1, 0))]).unwrap_err();
    assert!(matches!(wrong, MappedFault::Unbalanced(_, 1)));
}
