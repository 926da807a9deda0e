//! Numbers for people and for programs.

use super::{
    Options,
    floors::{self, Judged},
    hostile,
    load::Sample,
    plan::{By, Comparison, Row, SEND_GIFT_AT_HALF, SEND_GIFT_AT_TWICE, Slice},
    proof::Proof,
    stored,
};
use db::Engine;
use std::collections::BTreeMap;
use summary::median;

mod json;
mod summary;
mod text;

/// One measurement of one round.
pub(super) struct Measured {
    pub sample: Sample,
    /// Processor time of the server, in microseconds.
    pub server_us: Option<u64>,
    /// Processor time of this process, in microseconds.
    pub client_us: Option<u64>,
    /// Processor time of PostgreSQL's processes, in microseconds.
    pub database_us: Option<u64>,
}

impl Measured {
    pub fn rate(&self) -> f64 {
        self.sample.items as f64 / self.sample.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    fn by(&self, by: By) -> f64 {
        match by {
            By::Rate => self.rate(),
            By::Median => self.sample.latency.value_at_quantile(0.5) as f64,
            By::P99 => self.sample.latency.value_at_quantile(0.99) as f64,
        }
    }
}

/// A comparison with its numbers: medians over the rounds.
struct Compared {
    comparison: &'static Comparison,
    value: f64,
    against: f64,
    ratio: f64,
}

/// What a run found.
pub struct Report {
    engine: Engine,
    database: String,
    rows: Vec<Row>,
    rounds: usize,
    slice_s: f64,
    measured: BTreeMap<(Row, Slice), Vec<Measured>>,
    /// Peak memory of the house's process in KiB, where the system says.
    pub server_peak_memory_kib: Option<u64>,
    /// What those who meant harm came to, one way after another.
    pub(super) hostile: Vec<hostile::Line>,
    /// What was found beside the rates about a book with many accounts.
    pub(super) stored: Option<stored::Facts>,
    accepted: u64,
    bytes: u64,
    gifts: u64,
    verified: Option<ledger::verify::Report>,
    problem: Option<String>,
}

impl Report {
    pub(super) fn new(options: &Options, engine: Engine) -> Self {
        Self {
            engine,
            database: without_password(options.database.as_deref().unwrap_or("sqlite: a directory of its own")),
            rows: options.rows.clone(),
            rounds: options.rounds,
            slice_s: options.slice.as_secs_f64(),
            measured: BTreeMap::new(),
            server_peak_memory_kib: None,
            hostile: Vec::new(),
            stored: None,
            accepted: 0,
            bytes: 0,
            gifts: 0,
            verified: None,
            problem: None,
        }
    }

    pub(super) fn add(&mut self, row: Row, slice: Slice, measured: Measured) {
        self.measured.entry((row, slice)).or_default().push(measured);
    }

    pub(super) fn conclude(&mut self, accepted: u64, bytes: u64, proof: &Proof) {
        (self.accepted, self.bytes, self.gifts) = (accepted, bytes, proof.gifts);
        self.problem = self.problem.take().or_else(|| proof.problem(accepted));
        self.verified = Some(proof.verified.clone());
    }

    /// What the stored books hold against this run. None: every accepted gift is there, once, and the book is sound.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref().or_else(|| self.stored.as_ref().and_then(|stored| stored.problem.as_deref()))
    }

    /// Goals that were not reached.
    pub fn missed(&self) -> Vec<Judged> {
        self.judged().into_iter().filter(|judged| !judged.met).collect()
    }

    fn judged(&self) -> Vec<Judged> {
        let ratios = self.compared().into_iter().map(|compared| (compared.comparison.key, compared.ratio));
        ratios.chain(self.figures()).filter_map(|(key, value)| floors::judge(key, value, self.engine)).collect()
    }

    fn compared(&self) -> Vec<Compared> {
        let mut all = Vec::new();
        for row in &self.rows {
            for comparison in row.comparisons() {
                let side = |slice| {
                    let rounds = self.measured.get(&(*row, slice)).map_or(&[][..], Vec::as_slice);
                    rounds.iter().map(|round| round.by(comparison.by)).collect::<Vec<_>>()
                };
                let of = side(comparison.of);
                let mut to = side(comparison.to);
                if let Some(plus) = comparison.plus {
                    to.iter_mut().zip(side(plus)).for_each(|(to, plus)| *to += plus);
                }
                // Round by round, so that both sides of a ratio were measured within the same seconds.
                let ratio = median(of.iter().zip(&to).map(|(of, to)| of / to.max(f64::MIN_POSITIVE)).collect());
                all.push(Compared { comparison, value: median(of), against: median(to), ratio });
            }
        }
        all
    }

    /// What is judged and is no ratio.
    fn figures(&self) -> Vec<(&'static str, f64)> {
        let mut figures = Vec::new();
        let of = |row, slice| self.measured.get(&(row, slice)).and_then(|rounds| summary::volley(rounds));
        if let Some(volley) = of(Row::Half, SEND_GIFT_AT_HALF) {
            figures.push(("half_not_accepted", volley.not_accepted() as f64));
        }
        if let Some(volley) = of(Row::Overload, SEND_GIFT_AT_TWICE) {
            figures.push(("overload_told_otherwise", volley.told_otherwise() as f64));
            figures.extend(volley.server_memory_kib.map(|kib| ("overload_server_memory_mib", mib(kib))));
        }
        let worst = self.hostile.iter().map(|line| median(line.ratios.clone())).min_by(f64::total_cmp);
        figures.extend(worst.map(|ratio| ("hostile_goodput_ratio_min", ratio)));
        figures.extend(self.hostile.iter().filter_map(|line| line.memory_kib).max().map(|kib| ("hostile_server_memory_mib", mib(kib))));
        if let Some(stored) = &self.stored {
            let first = stored.restarts.iter().map(|restart| restart.first_posting.as_secs_f64()).collect();
            figures.push(("stored_restart_to_first_posting_s", median(first)));
            figures.extend(stored.peak_memory_kib.map(|kib| ("stored_peak_memory_mib", mib(kib))));
        }
        figures
    }

    fn bytes_per_gift(&self) -> f64 {
        self.bytes as f64 / self.accepted.max(1) as f64
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

fn without_password(address: &str) -> String {
    let Some((before, host)) = address.rsplit_once('@') else { return address.to_owned() };
    let user = before.split_once("://").map_or(before, |(_, user)| user);
    let user = user.split_once(':').map_or(user, |(user, _)| user);
    format!("postgres://{user}@{host}")
}

#[cfg(test)]
mod tests;
