//! Summarizes a measurement over all rounds.

use crate::{load::sample::CallVolley, measure::findings::MeasuredRound};
use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The median rate, and latencies and processor time over all rounds.
pub(super) struct RoundsSummary {
    pub rate: f64,
    pub p50: u64,
    pub p99: u64,
    pub p999: u64,
    pub server_us: Option<f64>,
    pub client_us: Option<f64>,
    pub database_us: Option<f64>,
}

impl RoundsSummary {
    pub fn of(rounds: &[MeasuredRound]) -> Self {
        let mut latency: Option<Histogram<u64>> = None;
        for round in rounds {
            match &mut latency {
                None => latency = Some(round.sample.latency.clone()),
                Some(all) => *all += &round.sample.latency,
            }
        }
        let quantile = |at| latency.as_ref().map_or(0, |latency| latency.value_at_quantile(at));
        let items = rounds.iter().map(|round| round.sample.items).sum::<u64>().max(1) as f64;
        let each = |spent: fn(&MeasuredRound) -> Option<u64>| {
            let spent = rounds.iter().map(spent).collect::<Option<Vec<_>>>()?;
            Some(spent.into_iter().sum::<u64>() as f64 / items)
        };
        Self {
            rate: median(rounds.iter().map(MeasuredRound::rate).collect()),
            p50: quantile(0.5),
            p99: quantile(0.99),
            p999: quantile(0.999),
            server_us: each(|round| round.server_us),
            client_us: each(|round| round.client_us),
            database_us: each(|round| round.database_us),
        }
    }

    pub fn to_json(&self) -> Value {
        json!({
            "per_second": rounded(self.rate),
            "p50_us": self.p50,
            "p99_us": self.p99,
            "p999_us": self.p999,
            "server_processor_us_each": self.server_us.map(rounded),
            "client_processor_us_each": self.client_us.map(rounded),
            "database_processor_us_each": self.database_us.map(rounded),
        })
    }
}

/// The open loops of all rounds added up, if they were open.
pub(super) fn volley(rounds: &[MeasuredRound]) -> Option<CallVolley> {
    let mut volleys = rounds.iter().filter_map(|round| round.sample.volley.as_ref());
    let mut all = volleys.next()?.clone();
    volleys.for_each(|volley| all.add(volley));
    Some(all)
}

/// How often closed loops were refused because the server was overloaded.
pub(super) fn refused(rounds: &[MeasuredRound]) -> u64 {
    rounds.iter().map(|round| round.sample.refused).sum()
}

pub(super) fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The middle value; with an even count the mean of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}
