//! A leaf that moves takes its money from one node's statement to the other's.
use super::world::{Booking, both, line};
use crate::{CASH, COSTS, CREATORS, TREE, costs};

#[tokio::test]
async fn a_moved_leaf_leaves_with_its_balance_so_that_closing_is_the_next_opening() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.book(Booking::of(CASH, COSTS, 800)).await;
        fixture.book(Booking::of(CASH, CREATORS, 200)).await;
        fixture.days_later(1);
        fixture.change(&costs("bank-usd", "open")).await.unwrap();
        fixture.book(Booking::of(COSTS, CREATORS, 100)).await;
        fixture.days_later(1);
        fixture.change(&costs("us", "open")).await.unwrap();
        fixture.book(Booking::of(CREATORS, COSTS, 30)).await;
        fixture.days_later(1);
        // The first to ask asks for the last day.
        for days in [-1, -3, -2] {
            fixture.statement("us", &fixture.day(days)).await.unwrap();
        }
        let shown = async |days: i64| {
            let (statement, entries) = fixture.statement("us", &fixture.day(days)).await.unwrap();
            let lines = entries.iter().map(|entry| format!("{} {} {}", entry.kind, line(entry).0, line(entry).1)).collect::<Vec<_>>();
            (statement.number, statement.opening_minor_units, lines, statement.closing_minor_units)
        };
        let lines = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(shown(-3).await, (1, 0, lines(&["adjustment us-costs 800", "adjustment us-creators 200"]), 1_000));
        let left = lines(&["structure.moved_out us-costs -800", "adjustment us-creators 100"]);
        assert_eq!(shown(-2).await, (2, 1_000, left, 300));
        let back = lines(&["structure.moved_in us-costs 700", "adjustment us-creators -30", "adjustment us-costs 30"]);
        assert_eq!(shown(-1).await, (3, 300, back, 1_000));
        // The structure changed later; what was issued keeps its leaves.
        fixture.change(&costs("bank-usd", "open")).await.unwrap();
        assert_eq!(shown(-3).await.3, 1_000);
    }
}
