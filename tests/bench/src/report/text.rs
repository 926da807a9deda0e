//! The report as text, for people. A line that begins with a key can also be parsed: key, value, and after the goal `met` or `MISSED`.

use super::floors::{self, JudgedGoal};
use super::{
    BenchReport, ComparedRows,
    summary::{RoundsSummary, median, refused, volley},
};
use crate::{
    load::sample::CallVolley,
    measure::findings::{PayoutFacts, StoredFacts},
    plan::ComparedBy,
};
use std::fmt::{Arguments, Write as _};

/// Lines of text.
#[derive(Default)]
struct TextLines(String);

impl TextLines {
    fn add(&mut self, line: Arguments<'_>) {
        writeln!(self.0, "{line}").expect("a String takes everything");
    }
}

impl BenchReport {
    /// The whole report.
    pub fn to_text(&self) -> String {
        let mut lines = TextLines::default();
        lines.add(format_args!("{} · {} alternations of {} s · medians", self.database, self.rounds, self.slice_s));
        self.measurements(&mut lines);
        self.comparisons(&mut lines);
        for ((row, slice), rounds) in self.findings.measured.iter().filter(|(_, rounds)| refused(rounds) > 0) {
            lines.add(format_args!("\n{} {}: refused with OVERLOADED {} times and retried", row.as_str(), slice.name, refused(rounds)));
        }
        for ((row, slice), rounds) in &self.findings.measured {
            if let Some(volley) = volley(rounds) {
                open_loop(&mut lines, &format!("{} {}", row.as_str(), slice.name), &volley);
            }
        }
        for line in &self.findings.hostile {
            let (ratio, seen) = (median(line.ratios.clone()), line.seen);
            let memory = line.memory_kib.map_or(0, |kib| kib / 1024);
            lines.add(format_args!(
                "hostile {:<36} goodput {ratio:.3} of undisturbed, {} done, {} connections ended, {} resets, {} answers, {memory} MiB",
                line.name, seen.done, seen.ended, seen.resets, seen.answers
            ));
        }
        if let Some(facts) = &self.findings.stored {
            stored_book(&mut lines, facts);
        }
        for facts in &self.findings.payouts {
            payouts(&mut lines, facts);
        }
        self.conclusion(&mut lines);
        lines.0
    }

    fn measurements(&self, lines: &mut TextLines) {
        lines.add(format_args!(
            "\n{:<12} {:<26} {:>10} {:>9} {:>9} {:>9} {:>10} {:>10} {:>11}",
            "row", "measured", "per s", "p50 µs", "p99 µs", "p999 µs", "server µs", "client µs", "database µs"
        ));
        for ((row, slice), measured) in &self.findings.measured {
            let RoundsSummary { rate, p50, p99, p999, server_us, client_us, database_us } = RoundsSummary::of(measured);
            lines.add(format_args!(
                "{:<12} {:<26} {rate:>10.0} {p50:>9} {p99:>9} {p999:>9} {:>10} {:>10} {:>11}",
                row.as_str(),
                slice.name,
                told(server_us),
                told(client_us),
                told(database_us)
            ));
        }
        lines.add(format_args!("µs of server, client and database: processor time for each gift or call"));
    }

    fn comparisons(&self, lines: &mut TextLines) {
        lines.add(format_args!("\n{:<48} {:>8}  {:>12}  {:>12}  goal", "comparison", "ratio", "here", "against"));
        for ComparedRows { comparison, value, against, ratio } in self.compared() {
            let side = |value: f64| match comparison.by {
                ComparedBy::Rate => format!("{value:.0}/s"),
                ComparedBy::Median | ComparedBy::P99 => format!("{value:.0} µs"),
            };
            let goal = goal(floors::judge(comparison.key, ratio, self.engine));
            lines.add(format_args!("{:<48} {ratio:>8.3}  {:>12}  {:>12}  {goal}", comparison.key, side(value), side(against)));
        }
        for (key, value) in self.figures() {
            lines.add(format_args!("{key:<48} {value:>8.3}  {:>12}  {:>12}  {}", "", "", goal(floors::judge(key, value, self.engine))));
        }
    }

    fn conclusion(&self, lines: &mut TextLines) {
        let (judged, missed) = (self.judged(), self.missed());
        lines.add(format_args!("\n{} of {} goals met", judged.len() - missed.len(), judged.len()));
        if self.findings.proof.is_some() {
            lines.add(format_args!("{:.0} bytes on disk per gift", self.bytes_per_gift()));
        }
        if let Some(kib) = self.findings.server_peak_memory_kib {
            lines.add(format_args!("{} MiB peak memory of the server", kib / 1024));
        }
        match self.problem() {
            Some(problem) => lines.add(format_args!("WRONG: {problem}")),
            None if self.findings.proof.is_some() => {
                lines.add(format_args!(
                    "{} gifts accepted, all of them in the ledger once after a kill; the journal verifies",
                    self.findings.accepted
                ));
            }
            None => {}
        }
    }
}

fn open_loop(lines: &mut TextLines, name: &str, volley: &CallVolley) {
    let per_second = volley.meant as f64 / volley.meant_for.as_secs_f64().max(f64::MIN_POSITIVE);
    lines.add(format_args!(
        "\n{name}: {} calls meant at {per_second:.0}/s, sent at most {} µs late (p99), {} not sent (too many unanswered); {} refused with OVERLOADED and RetryInfo",
        volley.meant,
        volley.late.value_at_quantile(0.99),
        volley.unsent,
        volley.overloaded
    ));
    for (kind, count) in &volley.otherwise {
        lines.add(format_args!("{name}: {count} answered {kind}"));
    }
    if volley.told_otherwise() > 0 {
        lines.add(format_args!("{name}: {} of them accepted when retried", volley.resolved));
    }
    if let Some(kib) = volley.server_memory_kib {
        lines.add(format_args!("{name}: the server had {} MiB at the most", kib / 1024));
    }
}

fn stored_book(lines: &mut TextLines, facts: &StoredFacts) {
    lines.add(format_args!(
        "\nstored: {} accounts, {} transfers, {} MiB on disk, at most {} MiB of accounts in the ledger's cache",
        facts.accounts,
        facts.transfers,
        facts.bytes >> 20,
        facts.cache_mib
    ));
    match &facts.fill {
        Some(fill) => lines.add(format_args!(
            "stored: filled with {} transfers in {:.0} s, {:.0}/s",
            fill.transfers,
            fill.took.as_secs_f64(),
            fill.transfers as f64 / fill.took.as_secs_f64()
        )),
        None => lines.add(format_args!("stored: filled by an earlier run")),
    }
    let ready = median(facts.restarts.iter().map(|restart| restart.ready.as_secs_f64()).collect());
    lines.add(format_args!("stored: ready {ready:.3} s after a kill (median of {})", facts.restarts.len()));
    if let Some(excuse) = facts.restarts.iter().find_map(|restart| restart.excuse.as_ref()) {
        lines.add(format_args!("stored: after ready and before posting it refused with: {excuse}"));
    }
    if facts.problem.is_none() {
        lines.add(format_args!("stored: {} gifts accepted, all of them in the ledger after the last kill", facts.accepted));
    }
}

fn payouts(lines: &mut TextLines, facts: &PayoutFacts) {
    let (row, settled, memory) = (facts.row.as_str(), facts.settled, facts.peak_memory_kib.map_or(0, |kib| kib / 1_024));
    if !facts.checked_in.is_zero() {
        lines.add(format_args!(
            "\n{row}: {settled} lines stored and checked in {:.1} s, before they were approved",
            facts.checked_in.as_secs_f64()
        ));
    }
    match &facts.problem {
        None => lines.add(format_args!(
            "{row}: {settled} payouts, each decided once; every creator whole; the bank's books, its statement and our postings agree; {memory} MiB at the most"
        )),
        Some(problem) => lines.add(format_args!("{row}: {problem}")),
    }
}

fn goal(judged: Option<JudgedGoal>) -> String {
    judged.map_or_else(String::new, |judged| format!("{} {}: {}", judged.word, judged.bound, if judged.met { "met" } else { "MISSED" }))
}

fn told(us: Option<f64>) -> String {
    us.map_or_else(|| "?".to_owned(), |us| format!("{us:.1}"))
}
