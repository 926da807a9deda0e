//! The cost of telemetry: a server with metrics, default sampling and export to a collector, compared with one without any telemetry.
//!
//! The collector is in this process: it counts what it receives, so that a row without any export fails.

use super::{fill::fund, findings::BenchFindings, place::BenchPlace, side::BenchSide};
use crate::{
    load::crowd::BenchCrowd,
    options::Options,
    plan::{BenchRow, SEND_GIFT_UNWATCHED, SEND_GIFT_WATCHED, SEND_GIFTS_UNWATCHED, SEND_GIFTS_WATCHED},
};
use runtime::command::UntypedError;
use testbed::collector::OtlpCollector;

/// Interval of metric exports, several in each measurement that is long enough; the default is fifteen times as long.
const METRICS_EVERY_MS: u64 = 1_000;

/// Measures telemetry, and removes the temporary files.
pub(crate) async fn run(options: &Options, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let (collector, endpoint) = OtlpCollector::start_counting().await?;
    let (dark, watched) = (BenchPlace::open(options, None).await?, BenchPlace::open(options, None).await?);
    let (dark_place, watched_place) = (dark.clone(), watched.clone());
    let ended = both(options, dark, watched, &endpoint, findings, tell).await;
    let closed = (dark_place.close().await, watched_place.close().await);
    ended.and(closed.0).and(closed.1)?;
    let (spans, metrics) = (collector.span_count(), collector.metric_count());
    tell(&format!("telemetry: the collector got {spans} spans and {metrics} metrics"));
    if spans == 0 || metrics == 0 {
        return Err(format!("the collector got {spans} spans and {metrics} metrics: nothing was measured").into());
    }
    Ok(())
}

async fn both(
    options: &Options,
    dark: BenchPlace,
    watched: BenchPlace,
    endpoint: &str,
    findings: &mut BenchFindings,
    tell: &impl Fn(&str),
) -> Result<(), UntypedError> {
    let nothing = ["telemetry.metrics=false".to_owned()];
    let everything = [format!("telemetry.otlp_endpoint={endpoint}"), format!("telemetry.metrics_every_ms={METRICS_EVERY_MS}")];
    let mut dark = BenchSide::start(dark, BenchCrowd::SMALL, &nothing).await?;
    let mut watched = BenchSide::start(watched, BenchCrowd::SMALL, &everything).await?;
    for side in [&dark, &watched] {
        fund(&side.house, &side.users, &|_| {}).await?;
    }
    for round in 0..=options.rounds {
        // The first round is only for warming up.
        tell(&format!("telemetry: round {round} of {}", options.rounds));
        for (of, to) in [(SEND_GIFT_WATCHED, SEND_GIFT_UNWATCHED), (SEND_GIFTS_WATCHED, SEND_GIFTS_UNWATCHED)] {
            // Each side is first in turn, because exports of one run into the other's time.
            let (with, without) = if round % 2 == 0 {
                let with = watched.measure(of, options.slice).await?;
                (with, dark.measure(to, options.slice).await?)
            } else {
                let without = dark.measure(to, options.slice).await?;
                (watched.measure(of, options.slice).await?, without)
            };
            if round > 0 {
                findings.add(BenchRow::Telemetry, of, with);
                findings.add(BenchRow::Telemetry, to, without);
            }
        }
    }
    let problem = watched.problem().await?.or(dark.problem().await?);
    // Stopping exports what is left.
    watched.house.stop().await?;
    dark.house.end().await?;
    problem.map_or(Ok(()), |problem| Err(problem.into()))
}
