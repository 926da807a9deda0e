//! Finds what a store's events lost: asks about orders that are open for long, and ends those that nobody can pay any more.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use money::time::unix_ms;
use tokio_util::sync::CancellationToken;

use super::order::{Order, OrderState, PaymentStanding};
use super::read::AppliedFacts;
use crate::domain::PurchaseState;
use crate::error::Error;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;

/// How long after it was told to close an order a store is asked about it again, in milliseconds.
const CLOSED_CHECK_MS: i64 = 60_000;

/// Options of this sweep.
#[derive(Debug, Clone, Copy)]
pub struct OrderSweep {
    /// Time between two sweeps.
    pub interval: Duration,
    /// Orders per sweep: each is a call to the store, and stores limit calls.
    pub batch_max: u32,
}

/// Sweeps until `shutdown`. Beside the sweep of purchases: a store that answers late must not delay coins.
pub(crate) async fn run(purchases: Arc<Purchases>, options: OrderSweep, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval(options.interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => {}
            () = purchases.order_news.notified() => {}
        }
        let swept = tokio::select! {
            () = shutdown.cancelled() => return,
            swept = sweep(&purchases, options, SystemTime::now()) => swept,
        };
        if let Err(error) = swept {
            let status = tonic::Status::from(error);
            tracing::warn!(code = ?status.code(), message = status.message(), "a sweep of orders ended early");
        }
    }
}

/// One sweep as of `now`; returns how many purchases got their coins.
pub(crate) async fn sweep(purchases: &Purchases, options: OrderSweep, now: SystemTime) -> Result<usize, Error> {
    let mut credited = 0;
    for order in purchases.store.due_orders(unix_ms(now), i64::from(options.batch_max)).await? {
        // First: a process that is lost here asks again later and not at once, so that one order can't hold up the others.
        let rests_ms = put_off_ms(order.tries).max(purchases.orders.check_after_ms);
        purchases.store.check_order_at(&order, unix_ms(now).saturating_add(rests_ms), true).await?;
        let asked = match purchases.ask_store(&order, now).await {
            Ok(asked) => asked,
            Err(error) => Err(error.of_row("store_order")?),
        };
        match asked {
            Ok(Some(AppliedFacts::Paid(purchase))) if purchase.state == PurchaseState::Verified => {
                tracing::info!(order_id = %order.order_id, "an order was paid, and the sweep was the first to know");
                credited += usize::from(purchases.finish_later(&purchase, purchases.sweep_after_ms).await?);
            }
            Ok(_) => {}
            Err(why) => tracing::warn!(order_id = %order.order_id, why, "a store can't be asked about an order yet"),
        }
    }
    Ok(credited)
}

impl Purchases {
    /// Asks the store about an order and applies the answer; or why it can't be asked now.
    async fn ask_store(&self, order: &Order, now: SystemTime) -> Result<Result<Option<AppliedFacts>, String>, Error> {
        let account = self.orders.account(order.store, &order.book).filter(|account| account.account_id() == order.merchant);
        let Some(account) = account else { return Ok(Err(format!("no key of account {} is configured", order.merchant))) };
        let is_over = unix_ms(now) > order.expires_at_ms;
        Ok(match account.standing(order, now).await {
            Err(why) => Err(why),
            Ok(Some(facts)) if facts.order_id == Some(order.order_id) => {
                let applied = self.apply(order, &facts, now).await?;
                if is_over && facts.standing == PaymentStanding::Open {
                    // Then the store says that it has ended, or that it was paid after all.
                    if let Err(why) = account.close(order).await {
                        return Ok(Err(why));
                    }
                    self.store.check_order_at(order, unix_ms(now).saturating_add(CLOSED_CHECK_MS), false).await?;
                }
                Ok(Some(applied))
            }
            Ok(Some(_)) => {
                let why = "the store's session carries another order".to_owned();
                self.store.flag_order(order, &why).await?;
                Ok(Some(AppliedFacts::Flagged(why)))
            }
            // Until the order's end its own call may still make a session.
            Ok(None) if is_over => {
                self.store.move_order(order, OrderState::Expired, "the store has no session for it").await?;
                Ok(None)
            }
            Ok(None) => Ok(None),
        })
    }
}
