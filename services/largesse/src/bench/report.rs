//! Numbers for people and for programs.

use super::{
    Options,
    load::Sample,
    plan::{By, Comparison, Group, Slice},
    proof::Proof,
};
use db::Engine;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt::Write as _};

/// One measurement of one round.
pub(super) struct Measured {
    pub sample: Sample,
    /// Processor time of the server, in microseconds.
    pub server_us: Option<u64>,
    /// Processor time of this process, in microseconds.
    pub client_us: Option<u64>,
}

impl Measured {
    fn rate(&self) -> f64 {
        self.sample.items as f64 / self.sample.elapsed.as_secs_f64()
    }

    fn by(&self, by: By) -> f64 {
        match by {
            By::Rate => self.rate(),
            By::Median => self.sample.latency.value_at_quantile(0.5) as f64,
        }
    }
}

/// What a run found.
pub struct Report {
    engine: Engine,
    database: String,
    groups: Vec<Group>,
    rounds: usize,
    slice_s: f64,
    measured: BTreeMap<(Group, Slice), Vec<Measured>>,
    /// Peak memory of the house's process in KiB, where the system says.
    pub server_peak_memory_kib: Option<u64>,
    accepted: u64,
    bytes: u64,
    gifts: u64,
    verified: Option<ledger::verify::Report>,
    problem: Option<String>,
}

impl Report {
    pub(super) fn new(options: &Options, engine: Engine, database: String) -> Self {
        Self {
            engine,
            database,
            groups: options.groups.clone(),
            rounds: options.rounds,
            slice_s: options.slice.as_secs_f64(),
            measured: BTreeMap::new(),
            server_peak_memory_kib: None,
            accepted: 0,
            bytes: 0,
            gifts: 0,
            verified: None,
            problem: None,
        }
    }

    pub(super) fn add(&mut self, group: Group, slice: Slice, measured: Measured) {
        self.measured.entry((group, slice)).or_default().push(measured);
    }

    pub(super) fn conclude(&mut self, accepted: u64, bytes: u64, proof: &Proof) {
        (self.accepted, self.bytes, self.gifts) = (accepted, bytes, proof.gifts);
        self.problem = proof.problem(accepted);
        self.verified = Some(proof.verified.clone());
    }

    /// What the stored book holds against this run. None: every accepted gift is there, once, and the book is sound.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Floors of this engine that were not reached: key, floor, measured.
    pub fn missed(&self) -> Vec<(&'static str, f64, f64)> {
        let floors = self.floors().into_iter();
        floors.filter(|(_, floor, ratio)| ratio < floor).collect()
    }

    fn floors(&self) -> Vec<(&'static str, f64, f64)> {
        if self.engine != Engine::Sqlite {
            return Vec::new();
        }
        let all = self.ratios().into_iter();
        all.filter_map(|(comparison, ratio)| Some((comparison.key, comparison.sqlite_floor?, ratio))).collect()
    }

    fn ratios(&self) -> Vec<(&'static Comparison, f64)> {
        let mut ratios = Vec::new();
        for group in &self.groups {
            for comparison in group.comparisons() {
                let side = |slice| self.measured.get(&(*group, slice)).map_or(&[][..], Vec::as_slice);
                // Round by round, so that both sides of a ratio were measured within the same seconds.
                let rounds = side(comparison.of).iter().zip(side(comparison.to));
                let rounds = rounds.map(|(of, to)| of.by(comparison.by) / to.by(comparison.by).max(f64::MIN_POSITIVE)).collect();
                ratios.push((comparison, median(rounds)));
            }
        }
        ratios
    }

    fn bytes_per_gift(&self) -> f64 {
        self.bytes as f64 / self.accepted.max(1) as f64
    }

    /// For programs. Every comparison is a number whose key contains `ratio`.
    pub fn to_json(&self) -> Value {
        let mut root = Map::new();
        for (comparison, ratio) in self.ratios() {
            root.insert(comparison.key.to_owned(), json!(rounded(ratio)));
        }
        let mut groups: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for ((group, slice), measured) in &self.measured {
            groups.entry(group.as_str()).or_default().insert(slice.name.to_owned(), Summary::of(measured).to_json());
        }
        let floors = self.floors().into_iter();
        let floors: Vec<Value> = floors.map(|(key, floor, now)| json!({ "of": key, "floor": floor, "met": now >= floor })).collect();
        let verified = self.verified.as_ref();
        let rest = json!({
            "database": self.database,
            "rounds": self.rounds,
            "seconds": self.slice_s,
            "measured": groups,
            "floors": floors,
            "gifts_accepted": self.accepted,
            "gifts_in_trial_balance": self.gifts,
            "bytes_on_disk_per_gift": rounded(self.bytes_per_gift()),
            "server_peak_memory_kib": self.server_peak_memory_kib,
            "verify": { "ok": verified.is_some_and(|report| report.problem.is_none()), "report": verified },
            "problem": self.problem,
        });
        if let Value::Object(rest) = rest {
            root.extend(rest);
        }
        Value::Object(root)
    }

    /// For people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |arguments: std::fmt::Arguments<'_>| writeln!(text, "{arguments}").expect("a String takes everything");
        line(format_args!("{} · {} rounds of {} s · medians", self.database, self.rounds, self.slice_s));
        line(format_args!(
            "\n{:<12} {:<22} {:>10} {:>9} {:>9} {:>9} {:>10} {:>10}",
            "", "", "per s", "p50 µs", "p99 µs", "p999 µs", "server µs", "client µs"
        ));
        for ((group, slice), measured) in &self.measured {
            let Summary { rate, p50, p99, p999, server_us, client_us } = Summary::of(measured);
            line(format_args!(
                "{:<12} {:<22} {rate:>10.0} {p50:>9} {p99:>9} {p999:>9} {:>10} {:>10}",
                group.as_str(),
                slice.name,
                told(server_us),
                told(client_us)
            ));
        }
        line(format_args!(""));
        for (comparison, ratio) in self.ratios() {
            let floor = comparison.sqlite_floor.filter(|_| self.engine == Engine::Sqlite);
            let floor = floor.map_or(String::new(), |floor| format!("  floor {floor}: {}", if ratio >= floor { "met" } else { "MISSED" }));
            line(format_args!("{:<42} {ratio:>7.3}{floor}", comparison.key));
        }
        line(format_args!("\n{:.0} bytes on disk per gift", self.bytes_per_gift()));
        if let Some(kib) = self.server_peak_memory_kib {
            line(format_args!("{} MiB peak memory of the server", kib / 1024));
        }
        match &self.problem {
            None => {
                line(format_args!("{} gifts accepted, all of them in the ledger once after a kill; the journal verifies", self.accepted))
            }
            Some(problem) => line(format_args!("WRONG: {problem}")),
        }
        text
    }
}

/// A measurement over all rounds: the median rate, and latencies over everything.
struct Summary {
    rate: f64,
    p50: u64,
    p99: u64,
    p999: u64,
    server_us: Option<f64>,
    client_us: Option<f64>,
}

impl Summary {
    fn of(rounds: &[Measured]) -> Self {
        let mut latency: Option<Histogram<u64>> = None;
        for round in rounds {
            match &mut latency {
                None => latency = Some(round.sample.latency.clone()),
                Some(all) => *all += &round.sample.latency,
            }
        }
        let quantile = |at| latency.as_ref().map_or(0, |latency| latency.value_at_quantile(at));
        let items = rounds.iter().map(|round| round.sample.items).sum::<u64>().max(1) as f64;
        let each = |spent: fn(&Measured) -> Option<u64>| {
            let spent = rounds.iter().map(spent).collect::<Option<Vec<_>>>()?;
            Some(spent.into_iter().sum::<u64>() as f64 / items)
        };
        Self {
            rate: median(rounds.iter().map(Measured::rate).collect()),
            p50: quantile(0.5),
            p99: quantile(0.99),
            p999: quantile(0.999),
            server_us: each(|round| round.server_us),
            client_us: each(|round| round.client_us),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "per_second": rounded(self.rate),
            "p50_us": self.p50,
            "p99_us": self.p99,
            "p999_us": self.p999,
            "server_processor_us_each": self.server_us.map(rounded),
            "client_processor_us_each": self.client_us.map(rounded),
        })
    }
}

fn told(us: Option<f64>) -> String {
    us.map_or_else(|| "?".to_owned(), |us| format!("{us:.1}"))
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// The middle one; of two in the middle, their mean.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests;
