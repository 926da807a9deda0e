//! The report, for people and for programs.

use crate::{
    measure::findings::{BenchFindings, MeasuredRound},
    options::Options,
    plan::{BenchRow, ComparedBy, Comparison, EXPLAIN_PAYOUT, PAYMENTS_BEHIND, PAYOUT_OWN_TIME, SEND_GIFT_AT_HALF, SEND_GIFT_AT_TWICE},
};
use db::Engine;
use floors::JudgedGoal;
use summary::median;

pub mod floors;
mod json;
mod summary;
mod text;

/// A comparison with its numbers: medians over the rounds.
struct ComparedRows {
    comparison: &'static Comparison,
    value: f64,
    against: f64,
    ratio: f64,
}

/// The findings of a run with their comparisons.
pub struct BenchReport {
    engine: Engine,
    database: String,
    rows: Vec<BenchRow>,
    rounds: usize,
    slice_s: f64,
    findings: BenchFindings,
}

impl BenchReport {
    pub(crate) fn new(options: &Options, engine: Engine, findings: BenchFindings) -> Self {
        Self {
            engine,
            database: without_password(options.database.as_deref().unwrap_or("sqlite: a directory of its own")),
            rows: options.rows.clone(),
            rounds: options.rounds,
            slice_s: options.slice.as_secs_f64(),
            findings,
        }
    }

    /// The problem with the stored books. `None`: every accepted gift is there, once, and the journal verifies.
    pub fn problem(&self) -> Option<String> {
        let small = self.findings.proof.as_ref().and_then(|proof| proof.problem(self.findings.accepted));
        let stored = self.findings.stored.as_ref().and_then(|stored| stored.problem.clone());
        small.or(stored).or_else(|| self.findings.payouts.iter().find_map(|facts| facts.problem.clone()))
    }

    /// Goals that were not reached.
    pub fn missed(&self) -> Vec<JudgedGoal> {
        self.judged().into_iter().filter(|judged| !judged.met).collect()
    }

    fn judged(&self) -> Vec<JudgedGoal> {
        let ratios = self.compared().into_iter().map(|compared| (compared.comparison.key, compared.ratio));
        ratios.chain(self.figures()).filter_map(|(key, value)| floors::judge(key, value, self.engine)).collect()
    }

    fn compared(&self) -> Vec<ComparedRows> {
        let mut all = Vec::new();
        for row in &self.rows {
            for comparison in row.comparisons() {
                let side = |slice| {
                    let rounds = self.findings.measured.get(&(*row, slice)).map_or(&[][..], Vec::as_slice);
                    rounds.iter().map(|round| of_round(round, comparison.by)).collect::<Vec<_>>()
                };
                let of = side(comparison.of);
                let mut to = side(comparison.to);
                if let Some(plus) = comparison.plus {
                    to.iter_mut().zip(side(plus)).for_each(|(to, plus)| *to += plus);
                }
                // Round by round, so that both sides of a ratio were measured within the same seconds.
                let ratio = median(of.iter().zip(&to).map(|(of, to)| of / to.max(f64::MIN_POSITIVE)).collect());
                all.push(ComparedRows { comparison, value: median(of), against: median(to), ratio });
            }
        }
        all
    }

    /// Figures with goals that are not ratios.
    fn figures(&self) -> Vec<(&'static str, f64)> {
        let mut figures = Vec::new();
        let of = |row, slice| self.findings.measured.get(&(row, slice)).and_then(|rounds| summary::volley(rounds));
        if let Some(volley) = of(BenchRow::Half, SEND_GIFT_AT_HALF) {
            figures.push(("half_not_accepted", volley.not_accepted() as f64));
        }
        if let Some(volley) = of(BenchRow::Overload, SEND_GIFT_AT_TWICE) {
            figures.push(("overload_told_otherwise", volley.told_otherwise() as f64));
            figures.extend(volley.server_memory_kib.map(|kib| ("overload_server_memory_mib", mib(kib))));
        }
        let worst = self.findings.hostile.iter().map(|line| median(line.ratios.clone())).min_by(f64::total_cmp);
        figures.extend(worst.map(|ratio| ("hostile_goodput_ratio_min", ratio)));
        figures.extend(
            self.findings.hostile.iter().filter_map(|line| line.memory_kib).max().map(|kib| ("hostile_server_memory_mib", mib(kib))),
        );
        for (row, slice, key) in [
            (BenchRow::Viewers, PAYMENTS_BEHIND, "payments_behind_p99_ms"),
            (BenchRow::Find, EXPLAIN_PAYOUT, "explain_first_page_p99_ms"),
            (BenchRow::Payouts, PAYOUT_OWN_TIME, "payout_own_time_p99_ms"),
        ] {
            if let Some(rounds) = self.findings.measured.get(&(row, slice)) {
                let p99_us = rounds.iter().map(|round| of_round(round, ComparedBy::P99)).collect();
                figures.push((key, median(p99_us) / 1_000.0));
            }
        }
        let slowest = BenchRow::Find.slices().iter().filter(|slice| **slice != EXPLAIN_PAYOUT).filter_map(|slice| {
            let rounds = self.findings.measured.get(&(BenchRow::Find, *slice))?;
            Some(median(rounds.iter().map(|round| of_round(round, ComparedBy::P99)).collect()))
        });
        figures.extend(slowest.max_by(f64::total_cmp).map(|p99_us| ("find_p99_ms", p99_us / 1_000.0)));
        for (row, key) in
            [(BenchRow::PayoutRun, "payout_run_server_memory_mib"), (BenchRow::PayoutRunBulk, "payout_run_bulk_server_memory_mib")]
        {
            let run = self.findings.payouts.iter().find(|facts| facts.row == row);
            figures.extend(run.and_then(|run| run.peak_memory_kib).map(|kib| (key, mib(kib))));
        }
        if let Some(stored) = &self.findings.stored {
            let first = stored.restarts.iter().map(|restart| restart.first_posting.as_secs_f64()).collect();
            figures.push(("stored_restart_to_first_posting_s", median(first)));
            figures.extend(stored.peak_memory_kib.map(|kib| ("stored_peak_memory_mib", mib(kib))));
        }
        figures
    }

    fn bytes_per_gift(&self) -> f64 {
        self.findings.bytes as f64 / self.findings.accepted.max(1) as f64
    }
}

/// The figure of a measurement that is compared.
fn of_round(round: &MeasuredRound, by: ComparedBy) -> f64 {
    match by {
        ComparedBy::Rate => round.rate(),
        ComparedBy::Median => round.sample.latency.value_at_quantile(0.5) as f64,
        ComparedBy::P99 => round.sample.latency.value_at_quantile(0.99) as f64,
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
