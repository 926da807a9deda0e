//! The report as JSON, for programs.

use super::{
    BenchReport, ComparedRows,
    summary::{RoundsSummary, median, refused, rounded, volley},
};
use crate::{
    load::sample::CallVolley,
    measure::findings::{PayoutFacts, RestartTimes, StoredFacts},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl BenchReport {
    /// Every comparison is a number whose key contains `ratio`.
    pub fn to_json(&self) -> Value {
        let mut root = Map::new();
        let compared = self.compared();
        for ComparedRows { comparison, ratio, .. } in &compared {
            root.insert(comparison.key.to_owned(), json!(rounded(*ratio)));
        }
        for (key, value) in self.figures() {
            root.insert(key.to_owned(), json!(rounded(value)));
        }
        let comparisons: Vec<Value> = compared.iter().map(side_by_side).collect();
        let goals = self.judged().into_iter();
        let goals: Vec<Value> = goals.map(|judged| json!({ "of": judged.key, judged.word: judged.bound, "met": judged.met })).collect();
        let proof = self.findings.proof.as_ref();
        let verified = proof.map(|proof| &proof.verified);
        let rest = json!({
            "database": self.database,
            "rounds": self.rounds,
            "seconds": self.slice_s,
            "measured": self.measured(),
            "comparisons": comparisons,
            "floors": goals,
            "hostile": self.findings.hostile.iter().map(|line| json!({
                "name": line.name, "goodput_ratio": rounded(median(line.ratios.clone())), "done": line.seen.done, "connections_ended": line.seen.ended,
                "resets": line.seen.resets, "answers": line.seen.answers, "server_memory_kib": line.memory_kib,
            })).collect::<Vec<_>>(),
            "stored": self.findings.stored.as_ref().map(stored_json),
            "payouts": self.findings.payouts.iter().map(payouts_json).collect::<Vec<_>>(),
            "gifts_accepted": self.findings.accepted,
            "gifts_in_trial_balance": proof.map_or(0, |proof| proof.gifts),
            "bytes_on_disk_per_gift": rounded(self.bytes_per_gift()),
            "server_peak_memory_kib": self.findings.server_peak_memory_kib,
            "verify": { "ok": verified.is_some_and(|report| report.problem.is_none()), "report": verified },
            "problem": self.problem(),
        });
        if let Value::Object(rest) = rest {
            root.extend(rest);
        }
        Value::Object(root)
    }

    fn measured(&self) -> BTreeMap<&'static str, Map<String, Value>> {
        let mut rows: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
        for ((row, slice), measured) in &self.findings.measured {
            let mut summary = RoundsSummary::of(measured).to_json();
            summary["told_overloaded_and_sent_again"] = json!(refused(measured));
            if let Some(volley) = volley(measured) {
                summary["open_loop"] = volley_json(&volley);
            }
            rows.entry(row.as_str()).or_default().insert(slice.name.to_owned(), summary);
        }
        rows
    }
}

fn side_by_side(compared: &ComparedRows) -> Value {
    let ComparedRows { comparison, value, against, ratio } = compared;
    json!({
        "key": comparison.key,
        "of": comparison.of.name,
        "to": comparison.to.name,
        "plus": comparison.plus.map(|slice| slice.name),
        "value": rounded(*value),
        "against": rounded(*against),
        "ratio": rounded(*ratio),
    })
}

fn volley_json(volley: &CallVolley) -> Value {
    json!({
        "meant": volley.meant,
        "meant_per_second": rounded(volley.meant as f64 / volley.meant_for.as_secs_f64().max(f64::MIN_POSITIVE)),
        "unsent": volley.unsent,
        "told_overloaded": volley.overloaded,
        "told_otherwise": volley.otherwise,
        "resolved_later": volley.resolved,
        "sent_late_p99_us": volley.late.value_at_quantile(0.99),
        "server_memory_kib": volley.server_memory_kib,
    })
}

fn payouts_json(facts: &PayoutFacts) -> Value {
    json!({
        "row": facts.row.as_str(),
        "settled": facts.settled,
        "lines_checked_in_s": rounded(facts.checked_in.as_secs_f64()),
        "peak_memory_kib": facts.peak_memory_kib,
        "problem": facts.problem,
    })
}

fn stored_json(facts: &StoredFacts) -> Value {
    let restarts = |part: fn(&RestartTimes) -> f64| rounded(median(facts.restarts.iter().map(part).collect()));
    json!({
        "accounts": facts.accounts,
        "transfers": facts.transfers,
        "cache_mib": facts.cache_mib,
        "fill": facts.fill.as_ref().map(|fill| json!({
            "transfers": fill.transfers,
            "seconds": rounded(fill.took.as_secs_f64()),
            "transfers_per_second": rounded(fill.transfers as f64 / fill.took.as_secs_f64()),
            "peak_memory_kib": fill.peak_memory_kib,
        })),
        "bytes_on_disk": facts.bytes,
        "restart_to_ready_s": restarts(|restart| restart.ready.as_secs_f64()),
        "restart_to_first_posting_s": restarts(|restart| restart.first_posting.as_secs_f64()),
        "restart_excuses": facts.restarts.iter().filter_map(|restart| restart.excuse.as_ref()).collect::<Vec<_>>(),
        "peak_memory_kib": facts.peak_memory_kib,
        "gifts_accepted": facts.accepted,
        "problem": facts.problem,
    })
}
