//! What goes wrong with an upload on command, and what a receiver's name makes its bank do.

use bankfiles::nacha::{change_code, return_code};
use serde::Deserialize;

/// What happens to an upload. [`AchFault::effect`] describes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AchFault {
    /// Nothing.
    Take,
    /// Stored and worked on, but the connection is cut.
    CutAfterStoring,
    /// Not stored, connection cut.
    CutBeforeStoring,
    /// Stored and worked on, never answered.
    Silent,
    /// Acknowledged after this many seconds of the bank's clock.
    AcknowledgeLate(u32),
    /// Acknowledged with the hash of another file.
    AcknowledgeOtherHash,
    /// Refused, whatever it says.
    Refuse,
    /// Every file of answers to it comes twice.
    ReturnsTwice,
    /// Every sum of it is debited with this many cents too much.
    DebitMore(u16),
}

/// One name of every fault, as [`AchFault::parse`] reads it.
pub const ACH_FAULTS: [&str; 9] = [
    "take",
    "cut_after_storing",
    "cut_before_storing",
    "silent",
    "acknowledge_late:3600",
    "acknowledge_other_hash",
    "refuse",
    "returns_twice",
    "debit_more:1",
];

impl AchFault {
    /// What the bank does with such a file, in words.
    #[must_use]
    pub fn effect(&self) -> String {
        match self {
            Self::Take => "takes it as it should".to_owned(),
            Self::CutAfterStoring => "stores it and works on it, cuts the connection without an answer".to_owned(),
            Self::CutBeforeStoring => "does not store it, cuts the connection without an answer".to_owned(),
            Self::Silent => "stores it and works on it, never answers".to_owned(),
            Self::AcknowledgeLate(seconds) => format!("acknowledges it {seconds} seconds later, by its own clock"),
            Self::AcknowledgeOtherHash => "works on it, but its acknowledgement names another hash".to_owned(),
            Self::Refuse => "refuses it, whatever is in it".to_owned(),
            Self::ReturnsTwice => "sends every file of answers to it twice".to_owned(),
            Self::DebitMore(cents) => format!("debits every sum of it with {cents} cents too much"),
        }
    }

    /// Its name, and behind a colon the seconds, or the cents.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, detail) = text.split_once(':').map_or((text, None), |(name, detail)| (name, Some(detail)));
        Some(match (name, detail) {
            ("take", None) => Self::Take,
            ("cut_after_storing", None) => Self::CutAfterStoring,
            ("cut_before_storing", None) => Self::CutBeforeStoring,
            ("silent", None) => Self::Silent,
            ("acknowledge_late", Some(seconds)) => Self::AcknowledgeLate(seconds.parse().ok()?),
            ("acknowledge_other_hash", None) => Self::AcknowledgeOtherHash,
            ("refuse", None) => Self::Refuse,
            ("returns_twice", None) => Self::ReturnsTwice,
            ("debit_more", Some(cents)) => Self::DebitMore(cents.parse().ok()?),
            _ => return None,
        })
    }
}

/// What the bank of an entry's receiver does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverReply {
    /// `R03` or `C01`.
    pub code: String,
    /// How many banking days after settlement, at least 1.
    pub days: u32,
}

impl ReceiverReply {
    /// Reads a receiver's name, in any case; a payer that may not write a colon writes a blank or a hyphen. `None`: the entry is paid and nothing is said.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let upper = name.trim().to_ascii_uppercase().replace([':', '-'], " ");
        let mut words = upper.split_whitespace();
        let (Some("SANDBOX"), Some(kind), Some(detail), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return None;
        };
        let (code, days) = match detail.split_once('/') {
            Some((code, days)) => (code, days.parse().ok().filter(|days| (1..=500).contains(days))?),
            None => (detail, 1),
        };
        let known = match kind {
            "RETURN" => return_code(code).is_some(),
            // C08 is for international entries only.
            "NOC" => code != "C08" && change_code(code).is_some_and(|known| !known.refusal),
            _ => false,
        };
        known.then(|| Self { code: code.to_owned(), days })
    }

    /// Whether money comes back.
    #[must_use]
    pub fn is_return(&self) -> bool {
        self.code.starts_with('R')
    }
}

/// The body of `POST /scenarios`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AchScenarioRequest {
    /// Name of the file, or `*` for every file.
    pub file: String,
    /// Name of the fault.
    pub behaviour: String,
    /// For this many uploads; absent: all.
    pub times: Option<u32>,
}

impl AchScenarioRequest {
    /// Whether it can be stored.
    pub fn is_valid(&self) -> bool {
        (self.file == "*" || is_file_name(&self.file)) && AchFault::parse(&self.behaviour).is_some()
    }
}

/// 1 to 100 letters, digits, points, hyphens and underscores.
pub fn is_file_name(name: &str) -> bool {
    (1..=100).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[cfg(test)]
mod tests;
