//! Reads what stores reported and tells them what they must be told, finishes purchases that were verified but whose call never got the ledger's answer, and
//! deletes old refusals.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use db::requests;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;
use money::time::unix_ms;

/// Refusals deleted in one sweep.
const PRUNED_MAX: i64 = 1_000;

/// Options of the sweeper.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Time between two sweeps.
    pub interval: Duration,
    /// Purchases per sweep.
    pub batch_max: u32,
    /// Age at which refusals are deleted.
    pub refusal_retention: Duration,
    /// Age at which what stores reported is deleted that is over.
    pub store_event_retention: Duration,
    /// Age at which records of refused receipts are deleted.
    pub refused_receipt_retention: Duration,
}

/// Sweeps until `shutdown`. What needs a store's answer is done beside the rest: a store that answers late must delay no purchase of another.
pub(crate) async fn run(purchases: Arc<Purchases>, options: Options, shutdown: CancellationToken) {
    let of_stores = async {
        let mut ticks = ticks(options);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = purchases.news.notified() => {}
            }
            logged(with_stores(&purchases, options, SystemTime::now()).await);
        }
    };
    let of_ours = async {
        let mut ticks = ticks(options);
        loop {
            ticks.tick().await;
            logged(without_stores(&purchases, options, SystemTime::now()).await);
        }
    };
    let both = async {
        tokio::join!(of_stores, of_ours);
    };
    shutdown.run_until_cancelled(both).await;
}

fn ticks(options: Options) -> tokio::time::Interval {
    let mut ticks = tokio::time::interval(options.interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks
}

fn logged(swept: Result<usize, Error>) {
    if let Err(error) = swept {
        let status = tonic::Status::from(error);
        tracing::warn!(code = ?status.code(), message = status.message(), "a sweep of purchases ended early");
    }
}

/// One sweep as of `now`; returns how many purchases got their coins.
pub(crate) async fn sweep(purchases: &Purchases, options: Options, now: SystemTime) -> Result<usize, Error> {
    let credited = with_stores(purchases, options, now).await? + without_stores(purchases, options, now).await?;
    // What was credited just now is to be told as well.
    purchases.tell_stores(now, i64::from(options.batch_max)).await?;
    Ok(credited)
}

/// What stores reported, what they are asked again, and what they are to be told.
async fn with_stores(purchases: &Purchases, options: Options, now: SystemTime) -> Result<usize, Error> {
    let count_max = i64::from(options.batch_max);
    let credited = purchases.read_events(now, count_max).await? + purchases.ask_pending(now, count_max).await?;
    purchases.tell_stores(now, count_max).await?;
    purchases.look_for_lost(now).await?;
    purchases.send_refunds(now, count_max).await?;
    // Answers have an end.
    purchases.answer_stores(now, count_max).await?;
    purchases.look_at_app_store(now).await?;
    purchases.settle_refunds(now, count_max).await?;
    purchases.change_wallets(now, count_max).await?;
    Ok(credited)
}

/// Purchases whose calls were lost, and what is kept long enough.
async fn without_stores(purchases: &Purchases, options: Options, now: SystemTime) -> Result<usize, Error> {
    let mut credited = 0;
    for purchase in purchases.store.due(unix_ms(now), i64::from(options.batch_max)).await? {
        credited += usize::from(purchases.finish_later(&purchase, put_off_ms(purchase.tries)).await?);
    }
    purchases.settle_reports(now, i64::from(options.batch_max)).await?;
    if let Some(before) = now.checked_sub(options.refusal_retention) {
        requests::prune(&purchases.store.pool, before, PRUNED_MAX).await.map_err(crate::store::Error::from)?;
        purchases.store.forget_orders(unix_ms(before), PRUNED_MAX).await?;
    }
    if let Some(before) = now.checked_sub(options.store_event_retention) {
        purchases.store.forget_events(unix_ms(before), PRUNED_MAX).await?;
    }
    if let Some(before) = now.checked_sub(options.refused_receipt_retention) {
        purchases.store.forget_refused(unix_ms(before), PRUNED_MAX).await?;
    }
    Ok(credited)
}
