//! Which sources fail, for alerts.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Sources that fail, with the Unix milliseconds since when.
#[derive(Debug, Clone, Default)]
pub(crate) struct FailingSources(Arc<Mutex<BTreeMap<String, i64>>>);

impl FailingSources {
    pub(super) fn note(&self, source: &str, failed_at_ms: Option<i64>) {
        let mut failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match failed_at_ms {
            Some(now_ms) => {
                failing.entry(source.to_owned()).or_insert(now_ms);
            }
            None => {
                failing.remove(source);
            }
        }
    }

    /// How many fail, and since when the first of them does.
    pub(crate) fn count(&self) -> (u64, Option<i64>) {
        let failing = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (failing.len() as u64, failing.values().min().copied())
    }
}
