//! Work that a clock which was ahead had put off, and that is due again: reported, since nothing but a wrong clock puts work off for longer than its rules do.
use crate::meter;
use opentelemetry::KeyValue;
use std::{fmt::Display, future::Future, time::Duration};

/// How often the tables are looked at.
const EVERY: Duration = Duration::from_secs(60);

/// Makes work due that a wrong clock has put off, with `end`, which returns tables and how many rows of each that were: at once and every minute. Runs until it is
/// dropped.
pub async fn watch<F, E>(service: &'static str, end: impl Fn() -> F + Send)
where
    F: Future<Output = Result<Vec<(&'static str, u64)>, E>> + Send,
    E: Display,
{
    let counter = meter().map(|meter| {
        let counter = meter.u64_counter("largesse.clock.put_off").with_unit("{row}");
        counter.with_description("Rows that a clock which was ahead had put off, and that were made due.").build()
    });
    let attributes = [KeyValue::new("largesse.service", service)];
    let count = |rows| counter.iter().for_each(|counter| counter.add(rows, &attributes));
    // An alert sees an increase only of what is there.
    count(0);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match end().await {
            Ok(ended) => {
                for (table, rows) in ended {
                    count(rows);
                    tracing::warn!(
                        service,
                        table,
                        rows,
                        "rows waited until a time that no rule sets: a clock was ahead when they were written; they are due now"
                    );
                }
            }
            Err(error) => tracing::warn!(service, %error, "what a wrong clock may have put off can't be looked at; trying again"),
        }
    }
}
