//! A refusal as it is stored under a request id, so that a late duplicate gets the same answer: made of its parts, stored as
//! JSON.
use crate::errors;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, error::Error};
use tonic::{Code, Status};

/// A refusal that stays the answer of its request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StickyRefusal {
    code: i32,
    reason: String,
    message: String,
    facts: BTreeMap<String, String>,
}

impl StickyRefusal {
    /// With a reason (UPPER_SNAKE), a sentence that repeats neither reason nor facts, and facts by name.
    #[must_use]
    pub fn new(code: Code, reason: &str, message: impl Into<String>, facts: &[(&str, String)]) -> Self {
        let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { code: code.into(), reason: reason.to_owned(), message: message.into(), facts }
    }

    /// As [`errors::internal`], to be stored: retries get the trace of the first attempt.
    #[must_use]
    pub fn internal(error: &dyn Error) -> Self {
        Self::new(Code::Internal, "INTERNAL", errors::INTERNAL, &[("trace", errors::logged(error))])
    }

    /// The reason of the refusal.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The facts, by name.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.facts.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The message, a sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Encodes it for the table of requests.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and a number are JSON")
    }

    /// Decodes it from the table of requests; `None` for other bytes, or the form of an older program.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The status for the caller, the same on every retry.
    #[must_use]
    pub fn status(&self) -> Status {
        let facts: Vec<(&str, String)> = self.facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        errors::refused_as(Code::from_i32(self.code), &self.reason, &self.message, &facts)
    }
}

#[cfg(test)]
mod tests;
