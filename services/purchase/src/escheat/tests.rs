//! Lots as they were at the end of a day, and owners by years without activity.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;

/// Noon of a day, in Unix milliseconds.
fn at(day: &str) -> i64 {
    let midnight: jiff::Timestamp = format!("{day}T12:00:00Z").parse().unwrap();
    midnight.as_millisecond()
}

fn lot(lot_no: i64, issued: &str, coins: i64, price: i64) -> Lot {
    Lot {
        lot_no,
        user_id: "ann".to_owned(),
        posting_id: String::new(),
        purchase_id: "p".to_owned(),
        origin: LotOrigin::Bought,
        store: "apple".to_owned(),
        market: "US".to_owned(),
        entity: "main".to_owned(),
        currency: "USD".to_owned(),
        price,
        tax: 0,
        commission: 0,
        coins,
        bonus: 0,
        spent: 0,
        removed: 0,
        refunded: 0,
        forfeited: 0,
        frozen: 0,
        suspended: 0,
        reversed: false,
        issued_at_ms: at(issued),
        broken: BrokenCoins::default(),
    }
}

fn taken(lot_no: i64, used: LotUse, coins: i64, day: &str) -> LotSpend {
    LotSpend {
        lot_no,
        spend_no: lot_no + 1,
        posting_id: String::new(),
        used,
        creator_id: String::new(),
        coins,
        revenue: 0,
        commission: 0,
        spent_at_ms: at(day),
    }
}

fn report(owned: &OwnedLots, last: &str) -> Vec<(i32, i64, i64)> {
    let mut sums = BTreeMap::new();
    add(&mut sums, owned, last.parse().unwrap()).unwrap();
    sums.into_iter().map(|(key, sums)| (key.years, sums.lots.paid, sums.lots.sold - sums.lots.revenue - sums.lots.breakage)).collect()
}

#[test]
fn a_lot_is_as_it_was_when_the_day_was_over() {
    let now = Lot { spent: 40, removed: 60, forfeited: 60, ..lot(64, "2022-03-01", 100, 1_000) };
    let spends = [taken(64, LotUse::Spent, 40, "2023-05-05"), taken(64, LotUse::Forfeited, 60, "2026-01-01")];
    let owned = OwnedLots { lots: vec![(now.clone(), spends.to_vec())] };
    assert_eq!(report(&owned, "2022-02-28"), []);
    assert_eq!(report(&owned, "2022-03-01"), [(0, 100, 1_000)]);
    assert_eq!(report(&owned, "2023-05-04"), [(1, 100, 1_000)]);
    assert_eq!(report(&owned, "2023-05-05"), [(0, 60, 600)], "a gift is activity");
    assert_eq!(report(&owned, "2025-12-31"), [(2, 60, 600)]);
    assert_eq!(report(&owned, "2026-01-01"), [], "forfeited");
    assert_eq!(as_of(&now, &spends, "2026-01-01".parse().unwrap()), Some(now), "as it is");
}

#[test]
fn an_owner_has_one_age_for_all_lots_and_what_staff_do_is_no_activity() {
    let owned = OwnedLots {
        lots: vec![
            (Lot { spent: 10, ..lot(64, "2020-02-29", 10, 100) }, vec![taken(64, LotUse::Spent, 10, "2020-03-01")]),
            (Lot { removed: 5, ..lot(128, "2021-02-28", 20, 100) }, vec![taken(128, LotUse::Removed, 5, "2024-01-01")]),
            (Lot { origin: LotOrigin::Promotional, currency: String::new(), ..lot(192, "2025-01-01", 7, 0) }, vec![]),
        ],
    };
    let mut sums = BTreeMap::new();
    add(&mut sums, &owned, "2026-02-27".parse().unwrap()).unwrap();
    let found: Vec<_> = sums.iter().map(|(key, sums)| (key.currency.as_str(), key.years, sums.owners, sums.lots.paid)).collect();
    assert_eq!(found, [("", 4, 1, 0), ("USD", 4, 1, 15)], "the last purchase was on 28 February 2021");
    assert_eq!(report(&owned, "2026-02-28").iter().map(|line| line.0).collect::<Vec<_>>(), [5, 5]);
    // Nor is what a refund took in the place of coins that were spent.
    let taken_instead = OwnedLots {
        lots: vec![(Lot { spent: 10, ..lot(64, "2020-02-29", 20, 100) }, vec![taken(64, LotUse::Replaced, 10, "2025-06-01")])],
    };
    assert_eq!(report(&taken_instead, "2026-03-01"), [(6, 10, 50)]);
    // Coins that were only ever given count from the first day.
    let given = OwnedLots { lots: vec![(Lot { origin: LotOrigin::Promotional, ..lot(64, "2023-01-01", 7, 0) }, vec![])] };
    assert_eq!(report(&given, "2026-01-01").iter().map(|line| line.0).collect::<Vec<_>>(), [3]);
}
