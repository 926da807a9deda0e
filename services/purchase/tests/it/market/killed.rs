//! Processes that are lost between any two writes, of their own or of anybody else's, while a sale and its refund are read, credited, told and taken back: every sale is
//! credited exactly once, Google knows of each at least once, and every refund is applied once.
//!
//! `LARGESSE_STORE_KILLS=200` loses that many for each store on SQLite and a tenth of it on PostgreSQL; `LARGESSE_STORE_KILLS_FROM=n` begins with that seed.

use std::collections::BTreeMap;
use std::future::Future;

use purchase::domain::StoreKind;
use testbed::{Storage, crash_at};

use super::writes::Writes;
use super::{Market, RefundPart, Report, Sale, setting};
use crate::fixture::new_id;
use crate::lots::{Seeded, catch_up, ties};
use crate::notified::kept;
use crate::refunds::hours;

/// Processes that are lost for each store.
const KILLS: u64 = 6;
/// What a sale goes through before it is left to come to its end.
const ACTS: u64 = 9;
/// Sales for each process that is to be lost: where more are needed, none is lost any more.
const SALES_MAX: u64 = 20;
/// No act writes more often.
const WRITES_MAX: u64 = 16;

/// The kills so far: in which act, and after how many writes of it.
#[derive(Debug, Default)]
struct Kills(BTreeMap<(&'static str, u64), u64>);

impl Kills {
    fn count(&self) -> u64 {
        self.0.values().sum()
    }
}

/// A sale whose reports are not all taken.
struct Underway {
    sale: Sale,
    sold: Vec<Report>,
    refunded: Vec<Report>,
    /// What of it is to be paid back in the end, in coins.
    coins_back: i64,
}

/// So many coins a sale has, and so many of them are a third of its price.
fn coins_of(store: StoreKind) -> (i64, i64) {
    match store {
        StoreKind::Google => (210, 70),
        StoreKind::Apple | StoreKind::Alipay | StoreKind::Wechat => (70, 23),
        // 24 of 74 cents.
        StoreKind::Stripe => (70, 22),
    }
}

/// Loses whatever does this after so many writes; its output if it came to its end before.
async fn lost<T>(writes: &mut Writes, after: u64, act: impl Future<Output = T>) -> Option<T> {
    writes.begin().await;
    crash_at(act, async || writes.look().await >= after).await
}

/// The buyer pays. What makes the order first, where there is one, is lost as well.
async fn begin(
    market: &mut Market,
    writes: &mut Writes,
    store: StoreKind,
    (user, dice): (&str, &mut Seeded),
    kills: &mut Kills,
) -> Underway {
    let (sale, said) = if store.takes_orders() {
        let (id, after) = (new_id(), 1 + dice.below(4));
        if lost(writes, after, market.order(store, user, &id)).await.is_none() {
            *kills.0.entry(("order", after)).or_default() += 1;
            market.restart().await;
        }
        let made = market.order(store, user, &id).await.unwrap();
        market.pay(store, user, (id, made)).await
    } else {
        market.buy(store, user).await
    };
    let sold = market.heard([said]).await;
    Underway { sale, sold, refunded: Vec::new(), coins_back: 0 }
}

/// Does one thing that the seed chooses; false if its process was lost.
async fn act(market: &Market, writes: &mut Writes, of: &mut Underway, (dice, hour): (&mut Seeded, u64), kills: &mut Kills) -> bool {
    let after = 1 + dice.below(WRITES_MAX);
    let service = &market.fixture.service;
    let (name, is_whole) = match dice.below(6) {
        0 => ("call", lost(writes, after, async { market.call(&of.sale).await.unwrap() }).await.is_some()),
        1 | 2 => {
            let reports = if of.refunded.is_empty() || dice.below(2) == 0 { &mut of.sold } else { &mut of.refunded };
            if reports.is_empty() {
                return true;
            }
            let at = usize::try_from(dice.below(reports.len() as u64)).unwrap();
            let taken = lost(writes, after, market.deliver_inside(&reports[at])).await;
            // What is not answered as taken is reported again, and some of the other reports are as well.
            if taken == Some(true) && dice.below(4) > 0 {
                reports.remove(at);
            }
            ("report", taken.is_some())
        }
        3 => ("sweep", lost(writes, after, async { service.sweep(hours(hour)).await.unwrap() }).await.is_some()),
        4 => ("sweep of orders", lost(writes, after, async { service.sweep_orders(hours(hour)).await.unwrap() }).await.is_some()),
        _ => ("lots", lost(writes, after, catch_up(&market.fixture)).await.is_some()),
    };
    if !is_whole {
        *kills.0.entry((name, after)).or_default() += 1;
    }
    is_whole
}

/// The store pays something back: all of it only once it is credited, because otherwise nothing has to be.
async fn refund(market: &Market, of: &mut Underway, dice: &mut Seeded) {
    let (coins, third) = coins_of(of.sale.store);
    let is_credited = market.fixture.coins(&of.sale.user).await == coins;
    let part = if is_credited && dice.below(2) == 0 { RefundPart::Rest } else { RefundPart::Third };
    of.coins_back = if part == RefundPart::Rest { coins } else { third };
    let said = market.refund(&of.sale, part, 0).await;
    of.refunded = market.heard([said]).await;
}

/// What is left is delivered, or never comes where sweeps find it; then everything comes to its end.
async fn finish(market: &Market, of: &mut Underway, (dice, mut hour): (&mut Seeded, u64)) {
    let store = of.sale.store;
    // Google lists no sales, and of WeChat Pay's payments with refunds only their reports say how much.
    let is_found = store != StoreKind::Google && !(store == StoreKind::Wechat && of.coins_back > 0);
    if !(is_found && dice.below(3) == 0) {
        for report in &of.sold {
            assert!(market.deliver(report).await);
        }
    }
    if store.takes_orders() || dice.below(3) > 0 {
        for report in &of.refunded {
            assert!(market.deliver(report).await);
        }
    }
    for _ in 0..6 {
        hour += 1;
        market.fixture.service.sweep(hours(hour)).await.unwrap();
        market.fixture.service.sweep_orders(hours(hour)).await.unwrap();
        catch_up(&market.fixture).await;
    }
}

async fn history(market: &mut Market, writes: &mut Writes, (store, seed): (StoreKind, u64), kills: &mut Kills) {
    // The stores' processes are not lost alike.
    let store_no = StoreKind::ALL.iter().position(|other| *other == store).unwrap();
    let (user, mut dice) = (format!("{}{seed}", store.as_str()), Seeded(seed * 8 + store_no as u64));
    market.restart().await;
    market.fixture.store.forget_history();
    let mut of = begin(market, writes, store, (&user, &mut dice), kills).await;
    let (refunded_at, mut hour) = (dice.below(2 * ACTS), 0);
    for step in 0..ACTS {
        if step == refunded_at {
            refund(market, &mut of, &mut dice).await;
        }
        hour += 1;
        if !act(market, writes, &mut of, (&mut dice, hour), kills).await {
            market.restart().await;
        }
    }
    finish(market, &mut of, (&mut dice, hour)).await;
    let again = format!("LARGESSE_STORE_KILLS_FROM={seed}, {store:?}");
    let (coins, _) = coins_of(store);
    assert_eq!(market.fixture.coins(&user).await, coins - of.coins_back, "{again}");
    assert_eq!(market.fixture.balance(&format!("viewer/{user}/debt")).await, 0, "{again}");
    if let Some((asked, is_consumed)) = market.acknowledged(&of.sale).await {
        // What was paid back wholly needs none any more.
        assert!(of.coins_back == coins || (asked >= 1 && is_consumed), "{again}: asked {asked} times");
    }
    let pool = market.fixture.pool().await;
    let sql = "SELECT COUNT(*), MIN(state), MAX(state) FROM purchase WHERE user_id = $1";
    let found: (i64, i64, i64) = sqlx::query_as(sql).bind(&user).fetch_one(&pool).await.unwrap();
    assert_eq!(found, (1, 2, 2), "{again}");
    let sql = "SELECT CAST(COALESCE(SUM(coins), 0) AS BIGINT), COUNT(*) FROM refund WHERE user_id = $1 AND state = 3";
    let found: (i64, i64) = sqlx::query_as(sql).bind(&user).fetch_one(&pool).await.unwrap();
    assert_eq!(found, (of.coins_back, i64::from(of.coins_back > 0)), "{again}");
    market.call(&of.sale).await.unwrap();
    assert_eq!(market.fixture.coins(&user).await, coins - of.coins_back, "{again}: the buyer asked again");
}

/// Loses so many processes for each store.
async fn credited_once(storage: Storage, kills_asked: u64) {
    let dir = storage.dir.path().to_owned();
    let mut market = Market::on(storage).await;
    let mut writes = Writes::of(&dir, &market.fixture.pool().await).await;
    let from = setting("LARGESSE_STORE_KILLS_FROM", 1);
    for store in StoreKind::ALL {
        let (mut seed, mut kills) = (from, Kills::default());
        while kills.count() < kills_asked {
            assert!(seed - from < SALES_MAX * kills_asked, "{store:?}: {seed} sales lost only {kills:?}");
            history(&mut market, &mut writes, (store, seed), &mut kills).await;
            seed += 1;
        }
        println!("{store:?}: {} processes lost while {} sales were read, each credited once: {:?}", kills.count(), seed - from, kills.0);
    }
    let open: Vec<_> = kept(&market.fixture).await.into_iter().filter(|(_, state, _)| !state.is_over()).collect();
    assert!(open.is_empty(), "{open:?}");
    let sql = "SELECT DISTINCT user_id FROM purchase";
    let users: Vec<String> = sqlx::query_scalar(sql).fetch_all(&market.fixture.pool().await).await.unwrap();
    ties(&market.fixture, &users.iter().map(String::as_str).collect::<Vec<_>>()).await;
    market.fixture.bed.verify().await;
}

#[tokio::test]
async fn a_process_lost_between_any_two_writes_credits_once() {
    credited_once(Storage::sqlite(), setting("LARGESSE_STORE_KILLS", KILLS)).await;
}

#[tokio::test]
async fn a_process_lost_between_any_two_writes_credits_once_on_postgres() {
    credited_once(Storage::postgres(), setting("LARGESSE_STORE_KILLS", 3 * KILLS).div_ceil(10)).await;
}
