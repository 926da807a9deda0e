//! What notifications lost at the stores that are paid for our orders: Stripe's events of 30 days are read from where the last reading ended ([`events`]), and of
//! each day the bills of Alipay and WeChat Pay ([`bills`]). What they have goes through the same inbox as what was delivered, so once. Beside the other sweeps: a
//! store that answers late must delay nothing else.

mod bills;
mod events;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::purchases::Purchases;

/// How long after the start of a process the first look is: what the process is started for comes first.
const FIRST_AFTER: Duration = Duration::from_secs(60);

/// Looks until `shutdown`, soon after the start and then after each `interval`.
pub(crate) async fn run(purchases: Arc<Purchases>, interval: Duration, shutdown: CancellationToken) {
    let mut ticks = tokio::time::interval_at(Instant::now() + FIRST_AFTER.min(interval), interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let looks = async {
        loop {
            ticks.tick().await;
            if let Err(error) = look(&purchases, SystemTime::now()).await {
                let status = tonic::Status::from(error);
                tracing::warn!(code = ?status.code(), message = status.message(), "a look for what notifications lost ended early");
            }
        }
    };
    shutdown.run_until_cancelled(looks).await;
}

/// One look as of `now`; returns how much was found.
pub(crate) async fn look(purchases: &Purchases, now: SystemTime) -> Result<usize, Error> {
    let (at_stripe, in_bills) = (purchases.look_at_stripe(now).await, purchases.look_at_bills(now).await);
    let found = at_stripe? + in_bills?;
    if found > 0 {
        tracing::warn!(found, "stores list what no notification of theirs said; it is read now");
        purchases.news.notify_one();
    }
    Ok(found)
}
