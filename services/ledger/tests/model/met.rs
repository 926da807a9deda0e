//! Which cases occurred: a model test that never has a certain refusal or fault proves nothing about it.
use crate::ask::{Answer, Call};
use std::{collections::BTreeMap, sync::Mutex};

/// How often each case occurred, over all seeds of a run.
#[derive(Default)]
pub struct Met(Mutex<BTreeMap<String, u64>>);

/// The cases that every run of [`ENOUGH`] seeds must have.
const EXPECTED: [&str; 39] = [
    "ACCOUNT_CLOSED",
    "ACCOUNT_FROZEN",
    "ACCOUNT_IN_FLIGHT",
    "ACCOUNT_NOT_EMPTY",
    "ACCOUNT_UNKNOWN",
    "ALREADY_REVERSED",
    "EXPIRY_FORBIDDEN",
    "EXPIRY_OUT_OF_RANGE",
    "GIFT_UNKNOWN",
    "GUARD_CAPPED",
    "GUARD_MISMATCH",
    "HOUSE_ACCOUNT",
    "INSUFFICIENT_FUNDS",
    "MALFORMED",
    "NOT_REVERSIBLE",
    "OVERFLOW",
    "PENDING_EXCEEDED",
    "PENDING_EXPIRED",
    "PENDING_RESOLVED",
    "PENDING_UNKNOWN",
    "POSTING_UNKNOWN",
    "REQUEST_ID_REUSED",
    "REQUEST_ID_TIME",
    "brief",
    "done",
    "dry run",
    "gave up",
    "hold expired",
    "leap",
    "nothing happened",
    "posted",
    "replayed",
    "restart",
    "trouble FailingReads",
    "trouble Fault",
    "trouble Hang",
    "trouble Killed",
    "trouble Outage",
    "trouble Rivals",
];

/// Seeds after which every case must have occurred.
const ENOUGH: usize = 150;

impl Met {
    pub fn note(&self, what: &str) {
        *self.0.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }

    pub fn call(&self, call: &Call) {
        if call.ask.is_dry_run() {
            self.note("dry run");
        }
        match &call.answer {
            Answer::Posted { replayed, brief, .. } => {
                self.note(if *replayed { "replayed" } else { "posted" });
                if *brief {
                    self.note("brief");
                }
            }
            Answer::Refused { reason, .. } => self.note(reason),
            Answer::Done(_) => self.note("done"),
        }
    }

    /// Prints the cases that occurred, and requires all of them after enough seeds.
    pub fn all(&self, seeds: usize) {
        let met = self.0.lock().unwrap();
        eprintln!("{seeds} seeds met: {met:?}");
        let missing: Vec<&&str> = EXPECTED.iter().filter(|what| !met.contains_key(**what)).collect();
        assert!(seeds < ENOUGH || missing.is_empty(), "{seeds} seeds never met {missing:?}");
    }
}
