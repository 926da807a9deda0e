//! The goals of a run for each engine, all in one table.

use db::Engine;

/// The goal of a figure on each engine.
#[derive(Debug, Clone, Copy)]
pub struct BenchGoal {
    /// The figure's key in the report.
    pub key: &'static str,
    sense: GoalSense,
    sqlite: f64,
    postgres: f64,
}

/// Whether a goal is a minimum or a maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GoalSense {
    AtLeast,
    AtMost,
}

/// Every goal. Ratios are within one run; seconds and MiB are absolute.
pub const GOALS: &[BenchGoal] = &[
    at_least("ratio_post_batch_to_echo", 1.8, 0.9),
    at_least("ratio_send_gifts_stream_to_echo", 1.5, 0.8),
    at_least("ratio_send_gift_unary_to_echo", 0.5, 0.35),
    at_least("ratio_send_gift_64_connections_to_echo", 0.4, 0.3),
    at_least("ratio_hot_to_uniform_post_batch", 0.95, 0.9),
    at_least("ratio_hot_to_uniform_send_gifts_stream", 0.95, 0.9),
    at_least("ratio_hot_to_uniform_send_gift_unary", 0.95, 0.9),
    at_least("ratio_hot_to_uniform_64_connections", 0.95, 0.9),
    at_most("ratio_lone_send_gift_to_fdatasync", 3.0, 5.0),
    at_most("ratio_p99_at_half_of_peak_to_echo_and_fdatasync", 3.0, 4.0),
    at_most("half_not_accepted", 0.0, 0.0),
    at_least("ratio_goodput_at_twice_the_peak_to_peak", 0.9, 0.9),
    // The excess must be refused with UNAVAILABLE OVERLOADED and RetryInfo, and nothing else.
    at_most("overload_told_otherwise", 0.0, 0.0),
    at_most("overload_server_memory_mib", 600.0, 600.0),
    at_least("ratio_telemetry_send_gift_unary", 0.95, 0.95),
    at_least("ratio_telemetry_send_gifts_stream", 0.95, 0.95),
    at_least("ratio_viewed_send_gifts_stream", 0.95, 0.95),
    at_most("payments_behind_p99_ms", 1_000.0, 1_000.0),
    // Of the kind that is found slowest.
    at_most("find_p99_ms", 50.0, 50.0),
    at_most("explain_first_page_p99_ms", 300.0, 300.0),
    at_least("hostile_goodput_ratio_min", 0.9, 0.9),
    at_most("hostile_server_memory_mib", 400.0, 400.0),
    at_most("payout_own_time_p99_ms", 100.0, 100.0),
    // With one payment a message.
    at_least("ratio_payout_run_to_send_gift_unary", 0.01, 0.01),
    at_least("ratio_payout_run_bulk_to_send_gift_unary", 0.05, 0.05),
    at_most("payout_run_server_memory_mib", 600.0, 600.0),
    at_most("payout_run_bulk_server_memory_mib", 600.0, 600.0),
    at_least("ratio_stored_skewed_to_empty_book", 0.8, 0.8),
    at_most("stored_restart_to_first_posting_s", 2.0, 2.0),
    at_most("stored_peak_memory_mib", 600.0, 600.0),
];

const fn at_least(key: &'static str, sqlite: f64, postgres: f64) -> BenchGoal {
    BenchGoal { key, sense: GoalSense::AtLeast, sqlite, postgres }
}

const fn at_most(key: &'static str, sqlite: f64, postgres: f64) -> BenchGoal {
    BenchGoal { key, sense: GoalSense::AtMost, sqlite, postgres }
}

/// A goal, and whether it was reached.
#[derive(Debug, Clone, Copy)]
pub struct JudgedGoal {
    /// The figure's key in the report.
    pub key: &'static str,
    /// The measured value.
    pub value: f64,
    /// The goal's bound.
    pub bound: f64,
    /// `floor` or `ceiling`.
    pub word: &'static str,
    /// Whether the value meets the bound.
    pub met: bool,
}

/// Compares a figure with its goal, if it has one. A value that is not a number meets no goal.
pub fn judge(key: &str, value: f64, engine: Engine) -> Option<JudgedGoal> {
    let goal = GOALS.iter().find(|goal| goal.key == key)?;
    let bound = match engine {
        Engine::Sqlite => goal.sqlite,
        Engine::Postgres => goal.postgres,
    };
    let (word, met) = match goal.sense {
        GoalSense::AtLeast => ("floor", value >= bound),
        GoalSense::AtMost => ("ceiling", value <= bound),
    };
    Some(JudgedGoal { key: goal.key, value, bound, word, met })
}

#[cfg(test)]
mod tests;
