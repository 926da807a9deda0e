//! Work that was begun and has not ended, such as payouts with an unknown outcome: how much of it there is, and how old it is.
use crate::meter;
use opentelemetry::KeyValue;
use std::{
    fmt::Display,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

/// How often the tables are queried.
const EVERY: Duration = Duration::from_secs(15);

/// Unfinished work of one kind and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedCount {
    /// The kind, such as `payout`.
    pub what: &'static str,
    /// Its state, such as `outcome_unknown`.
    pub state: &'static str,
    /// How many there are.
    pub count: u64,
    /// When the oldest of them began, in Unix milliseconds. `None` if there are none.
    pub since_ms: Option<i64>,
}

/// Polls `read` and exports its result. Without metrics `read` is never called. Runs until it is dropped.
pub async fn watch<F, E>(service: &'static str, read: impl Fn() -> F + Send)
where
    F: Future<Output = Result<Vec<UnfinishedCount>, E>> + Send,
    E: Display,
{
    let Some(meter) = meter() else { return };
    let known: Arc<Mutex<Vec<UnfinishedCount>>> = Arc::default();
    let (counted, aged) = (known.clone(), known.clone());
    let gauge = meter.u64_observable_gauge("largesse.unfinished").with_description("Unfinished work, by kind and state.");
    gauge.with_callback(move |gauge| lock(&counted).iter().for_each(|open| gauge.observe(open.count, &attributes(service, open)))).build();
    let gauge = meter.f64_observable_gauge("largesse.unfinished.age").with_unit("s");
    let gauge = gauge.with_description("Age of the oldest unfinished work; 0 if there is none.");
    gauge.with_callback(move |gauge| lock(&aged).iter().for_each(|open| gauge.observe(age(open), &attributes(service, open)))).build();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match read().await {
            Ok(found) => *lock(&known) = found,
            Err(error) => tracing::warn!(service, %error, "unfinished work can't be counted"),
        }
    }
}

fn lock(known: &Mutex<Vec<UnfinishedCount>>) -> MutexGuard<'_, Vec<UnfinishedCount>> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

fn attributes(service: &'static str, open: &UnfinishedCount) -> [KeyValue; 3] {
    [KeyValue::new("largesse.service", service), KeyValue::new("what", open.what), KeyValue::new("state", open.state)]
}

fn age(open: &UnfinishedCount) -> f64 {
    let Some(since_ms) = open.since_ms else { return 0.0 };
    let since = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(since_ms).unwrap_or(0));
    age_at(since, SystemTime::now()).as_secs_f64()
}

/// A time ahead of the clock was set by a clock that was wrong, and says nothing of the age. As far ahead as it is, it counts as old, so that alerts see such work: at
/// most as far as clocks differ anyway if they are right.
fn age_at(since: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(since).unwrap_or_else(|ahead| ahead.duration())
}

#[cfg(test)]
mod tests;
