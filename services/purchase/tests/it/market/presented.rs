//! One purchase that its buyer, its store and the sweeps present again and again, all at once, is credited once.

use std::sync::Arc;

use purchase::domain::StoreKind;
use testbed::Storage;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::{Market, Report, Sale, setting};
use crate::lots::{catch_up, ties};
use crate::notified::{kept, later};
use crate::refunds::hours;

/// How often each store's purchase is presented: with `LARGESSE_PRESENTATIONS=1000` a thousand times.
const PRESENTATIONS: u64 = 200;

/// What so many at once may be answered where they wait for too long: that nothing is known, or nothing happened.
fn in_time<T>(answer: Result<T, Status>) -> bool {
    let Err(status) = answer else { return true };
    assert!(matches!(status.code(), Code::DeadlineExceeded | Code::Unavailable | Code::ResourceExhausted), "{status:?}");
    false
}

/// Presents a sale so many times at once; how many of them were refused for their number, or not answered in time. What was not taken the store sends again.
async fn present(market: &Arc<Market>, sale: &Sale, reports: &[Report], times: u64) -> usize {
    let mut tasks = JoinSet::new();
    for number in 0..times {
        let (market, sale) = (market.clone(), sale.clone());
        let report = reports[usize::try_from(number).unwrap() % reports.len()].clone();
        tasks.spawn(async move {
            let report = match number % 25 {
                0 => return in_time(market.fixture.service.sweep(later()).await),
                1 => return in_time(market.fixture.service.sweep_orders(later()).await),
                2..12 => return in_time(market.call(&sale).await),
                // Some are repeated, some are others about the same sale.
                12..17 => market.again(&sale, &report),
                _ => report,
            };
            market.deliver(&report).await
        });
    }
    let answered = tasks.join_all().await;
    for report in reports {
        assert!(market.deliver(report).await);
    }
    answered.into_iter().filter(|in_time| !in_time).count()
}

async fn counted(market: &Market, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&market.fixture.pool().await).await.unwrap()
}

async fn credited_once(storage: Storage) {
    let (market, times) = (Arc::new(Market::on(storage).await), setting("LARGESSE_PRESENTATIONS", PRESENTATIONS));
    let mut users = Vec::new();
    for (store, coins) in StoreKind::ALL.into_iter().zip([70, 210, 70, 70, 70]) {
        let (sale, said) = market.buy(store, store.as_str()).await;
        let reports = market.heard([said]).await;
        let late = present(&market, &sale, &reports, times).await;
        println!("{store:?}: presented {times} times at once, of which {late} were not answered in time");
        // Each sweep reads a part of what was reported.
        for hour in 2..2 + times.div_ceil(100) {
            market.fixture.service.sweep(hours(hour)).await.unwrap();
        }
        users.push(store.as_str());
        assert_eq!(market.fixture.coins(&sale.user).await, coins, "{store:?}");
        assert_eq!(market.fixture.postings().await.len(), users.len(), "{store:?}");
        assert_eq!(counted(&market, "SELECT COUNT(*) FROM purchase").await, i64::try_from(users.len()).unwrap(), "{store:?}");
        assert!(market.acknowledged(&sale).await.is_none_or(|(asked, is_consumed)| asked >= 1 && is_consumed));
        let open: Vec<_> = kept(&market.fixture).await.into_iter().filter(|(_, state, _)| !state.is_over()).collect();
        assert!(open.is_empty(), "{store:?}: {open:?}");
    }
    assert_eq!(counted(&market, "SELECT COUNT(*) FROM store_order WHERE state = 3").await, 3, "every order is paid");
    assert_eq!(counted(&market, "SELECT COUNT(*) FROM purchase WHERE state <> 2").await, 0);
    assert_eq!(counted(&market, "SELECT COUNT(*) FROM store_outbox WHERE state <> 3").await, 0, "what Google is to know it knows");
    catch_up(&market.fixture).await;
    ties(&market.fixture, &users).await;
    market.fixture.bed.verify().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_presented_again_and_again_at_once_is_credited_once() {
    credited_once(Storage::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_presented_again_and_again_at_once_is_credited_once_on_postgres() {
    credited_once(Storage::postgres()).await;
}
