//! Streaks: every tap is charged exactly once, in whatever order and however often it arrives.
use crate::fixture::{Fixture, tap};
use api::gift::{SendGiftRequest, SendGiftResponse};
use gift::Config;
use proptest::{prelude::*, test_runner::TestRunner};
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn taps_are_cumulative_and_an_end_charges_nothing() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 100).await;
    let mut costs = Vec::new();
    for (count, end) in [(1, false), (3, false), (2, false), (10, false), (10, true), (9, false), (10, false)] {
        costs.push(fixture.send("ann", tap("g", count, end)).await.unwrap().cost_coins);
    }
    assert_eq!(costs, [1, 2, 0, 7, 0, 0, 0]);
    assert_eq!(fixture.no("ann", tap("g", 11, false)).await, "STREAK_ENDED");
    assert_eq!(fixture.send("ann", tap("h", 11, false)).await.unwrap().cost_coins, 11, "another streak continues");
    fixture.verify().await;
}

#[tokio::test]
async fn a_tap_after_the_end_counts_up_to_its_count() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 100).await;
    let end = fixture.send("ann", tap("g", 5, true)).await.unwrap();
    assert_eq!((end.cost_coins, end.diamonds, end.coin_balance, end.balance_seq), (0, 0, None, None));
    assert_eq!(fixture.no("ann", tap("g", 6, false)).await, "STREAK_ENDED");
    assert_eq!(fixture.send("ann", tap("g", 5, false)).await.unwrap().cost_coins, 5);
    fixture.verify().await;
}

#[tokio::test]
async fn a_retry_keeps_its_first_answer_after_the_streak_went_on() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 100).await;
    let request = SendGiftRequest { quantity: 2, ..tap("g", 3, false) };
    let first = fixture.send("ann", request.clone()).await.unwrap();
    assert_eq!((first.cost_coins, first.coin_balance), (6, Some(94)));
    fixture.send("ann", SendGiftRequest { quantity: 2, ..tap("g", 9, false) }).await.unwrap();
    fixture.send("ann", tap("g", 9, true)).await.unwrap();
    assert_eq!(fixture.send("ann", request).await.unwrap(), SendGiftResponse { replayed: true, ..first });
    fixture.verify().await;
}

#[tokio::test]
async fn a_tap_that_could_not_be_paid_leaves_the_streak_where_it_was() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 4).await;
    assert_eq!(fixture.no("ann", tap("g", 5, false)).await, "INSUFFICIENT_FUNDS");
    fixture.fund("ann", 6).await;
    assert_eq!(fixture.send("ann", tap("g", 10, false)).await.unwrap().cost_coins, 10);
    fixture.verify().await;
}

/// Taps of one streak with an end marker at its highest count, some of them twice, in any order.
fn shuffled() -> impl Strategy<Value = (Vec<(i32, usize)>, usize)> {
    (prop::collection::vec((1..50_i32, 1..3_usize), 1..8), 1..3_usize)
}

/// Any shuffle and duplication of a streak's taps and end marker charges the highest count exactly once.
#[test]
fn any_order_charges_every_tap_once() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fixture = runtime.block_on(Fixture::start(Config::default()));
    runtime.block_on(fixture.fund("ann", 1_000_000));
    let case = AtomicUsize::new(0);
    let mut runner = TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() });
    let strategy = shuffled().prop_flat_map(|(taps, ends)| {
        let highest = taps.iter().map(|(count, _)| *count).max().unwrap_or(1);
        let mut requests: Vec<(i32, bool)> = taps.iter().flat_map(|(count, times)| vec![(*count, false); *times]).collect();
        requests.extend(vec![(highest, true); ends]);
        (Just(highest), Just(requests).prop_shuffle(), any::<bool>())
    });
    let ran = runner.run(&strategy, |(highest, order, same_id)| {
        let group = format!("p{}", case.fetch_add(1, Ordering::Relaxed));
        let cost = runtime.block_on(send_all(&fixture, &group, order, same_id));
        prop_assert_eq!(cost, i64::from(highest));
        Ok(())
    });
    ran.unwrap();
    runtime.block_on(fixture.verify());
}

/// Sends them, a duplicate either as a new tap or as a retry of the first one's id, and adds up the first-time charges.
async fn send_all(fixture: &Fixture, group: &str, order: Vec<(i32, bool)>, same_id: bool) -> i64 {
    let before = fixture.balance("viewer/ann/coins").await;
    let mut sent: Vec<((i32, bool), SendGiftRequest)> = Vec::new();
    let mut cost = 0;
    for step in order {
        let earlier = sent.iter().find(|(other, _)| same_id && *other == step).map(|(_, request)| request.clone());
        let request = earlier.unwrap_or_else(|| tap(group, step.0, step.1));
        let got = fixture.send("ann", request.clone()).await.unwrap();
        cost += if got.replayed { 0 } else { got.cost_coins };
        sent.push((step, request));
    }
    assert_eq!(before - fixture.balance("viewer/ann/coins").await, cost);
    cost
}
