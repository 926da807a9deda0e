//! Tests of `line`.
#![allow(clippy::unwrap_used)]
use super::*;
use jiff::civil::date;
use proptest::prelude::*;

fn transfer<'a>(debit: &'a str, credit: &'a str, amount: i64) -> BookedTransfer<'a> {
    BookedTransfer { debit, credit, unit: "USD", amount, kind: "adjustment", event_day: date(2026, 11, 30) }
}

#[test]
fn users_are_summed_and_late_events_keep_their_own_day() {
    let mut lines = DayLines::default();
    let closed = BTreeMap::from([("main".to_owned(), date(2026, 11, 30))]);
    for user in ["u1", "u2"] {
        let account = format!("creator/{user}/payable/USD");
        lines.add(transfer("house/accrued_creator_liability/USD", &account, 7), &closed).unwrap();
    }
    let found: Vec<_> = lines.sums().iter().collect();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].0.account.as_str(), found[0].0.day, found[0].0.event_day),
        ("creator/*/payable/USD", date(2026, 12, 1), date(2026, 11, 30))
    );
    assert_eq!(*found[0].1, DayLineSums { debits: 0, credits: 14, entries: 2 });
    assert_eq!(*found[1].1, DayLineSums { debits: 14, credits: 0, entries: 2 });
}

#[test]
fn a_transfer_between_entities_is_balanced_in_the_accounts_of_each() {
    let mut lines = DayLines::default();
    let closed = BTreeMap::from([("acme".to_owned(), date(2026, 12, 5))]);
    lines.add(transfer("house/in_transit/USD", "house/acme/bank_cash/one/USD", 40), &closed).unwrap();
    let shown: Vec<_> =
        lines.sums().iter().map(|(key, sums)| (key.entity.as_str(), key.day, key.account.as_str(), sums.debits, sums.credits)).collect();
    assert_eq!(
        shown,
        [
            ("acme", date(2026, 12, 6), "between/main/USD", 40, 0),
            ("acme", date(2026, 12, 6), "house/acme/bank_cash/one/USD", 0, 40),
            ("main", date(2026, 11, 30), "between/acme/USD", 0, 40),
            ("main", date(2026, 11, 30), "house/in_transit/USD", 40, 0),
        ]
    );
}

#[test]
fn sums_beyond_the_range_are_refused() {
    let mut lines = DayLines::default();
    let none = BTreeMap::new();
    lines.add(transfer("house/in_transit/USD", "house/bank_cash/USD", i64::MAX), &none).unwrap();
    assert_eq!(lines.add(transfer("house/in_transit/USD", "house/bank_cash/USD", 1), &none), Err(Overflow));
}

/// Accounts of three entities in two currencies, and coins.
const ACCOUNTS: [&str; 9] = [
    "creator/u1/payable/USD",
    "creator/u2/payable/USD",
    "house/deferred_revenue/USD",
    "house/bank_cash/USD",
    "house/acme/bank_cash/one/USD",
    "house/acme/revenue/USD",
    "house/deferred_revenue/EUR",
    "house/third/revenue/EUR",
    "house/third/in_transit/EUR",
];
const ENTITIES: [&str; 3] = ["main", "acme", "third"];

/// What happens to a book, and to its accounts.
#[derive(Debug, Clone)]
enum Step {
    /// A transfer between two of [`ACCOUNTS`], so many days before the day it is booked.
    Post { debit: usize, credit: usize, amount: i64, days_late: i64 },
    /// A day passes.
    NextDay,
    /// An entity's days are closed, so many days before today's.
    Close { entity: usize, days_ago: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..9_usize, 0..9_usize, 1..1_000_i64, 0..20_i64).prop_map(|(debit, credit, amount, days_late)| Step::Post { debit, credit, amount, days_late }),
        2 => Just(Step::NextDay),
        1 => (0..3_usize, 1..5_i64).prop_map(|(entity, days_ago)| Step::Close { entity, days_ago }),
    ]
}

fn before(day: Date, days: i64) -> Date {
    day.checked_sub(jiff::Span::new().days(days)).unwrap()
}

proptest! {
    /// Sums of all days are the trial balance, every entity's day is balanced in every currency, and what was closed never changes.
    #[test]
    fn all_days_add_up_to_the_trial_balance_and_closed_ones_stay(steps in prop::collection::vec(step(), 1..120)) {
        let mut lines = DayLines::default();
        let (mut closed, mut kept) = (BTreeMap::<String, Date>::new(), BTreeMap::<DayLineKey, DayLineSums>::new());
        let mut today = date(2026, 11, 1);
        let mut trial: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for step in steps {
            match step {
                Step::NextDay => today = today.tomorrow().unwrap(),
                Step::Close { entity, days_ago } => {
                    let through = before(today, days_ago);
                    let last = closed.entry(ENTITIES[entity].to_owned()).or_insert(through);
                    *last = (*last).max(through);
                    let of_closed = lines.sums().iter().filter(|(key, _)| closed.get(&key.entity).is_some_and(|last| key.day <= *last));
                    kept = of_closed.map(|(key, sums)| (key.clone(), *sums)).collect();
                }
                Step::Post { debit, credit, amount, days_late } => {
                    let (debit, credit) = (ACCOUNTS[debit], ACCOUNTS[credit]);
                    let unit = &debit[debit.len() - 3..];
                    if debit == credit || !credit.ends_with(unit) {
                        continue;
                    }
                    let event_day = before(today, days_late);
                    lines.add(BookedTransfer { debit, credit, unit, amount, kind: "adjustment", event_day }, &closed).unwrap();
                    trial.entry(chart::group(debit)).or_default().0 += amount;
                    trial.entry(chart::group(credit)).or_default().1 += amount;
                }
            }
            for (key, sums) in &kept {
                prop_assert_eq!(lines.sums().get(key), Some(sums), "a closed day changed");
            }
            let late = lines.sums().keys().filter(|key| closed.get(&key.entity).is_some_and(|last| key.day <= *last) && !kept.contains_key(key));
            prop_assert_eq!(late.count(), 0, "a line was added to a closed day");
        }
        let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        let (mut days, mut between) = (BTreeMap::<(String, Date, String), i64>::new(), BTreeMap::<String, i64>::new());
        for (key, line) in lines.sums() {
            prop_assert!(key.event_day <= key.day);
            *days.entry((key.entity.clone(), key.day, key.unit.clone())).or_default() += line.debits - line.credits;
            if crate::account::is_between(&key.account) {
                *between.entry(key.unit.clone()).or_default() += line.debits - line.credits;
                continue;
            }
            let sum = sums.entry(key.account.clone()).or_default();
            *sum = (sum.0 + line.debits, sum.1 + line.credits);
        }
        prop_assert_eq!(sums, trial);
        prop_assert!(days.values().chain(between.values()).all(|difference| *difference == 0));
    }
}
