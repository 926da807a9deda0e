//! The calculation of an allocation as it is kept with it: JSON whose form never changes but by adding.
use super::AskedAllocation;
use crate::domain::allocation::{Division, LeafShare};
use serde::{Deserialize, Serialize};

/// An allocation's calculation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAllocation {
    /// The physical account.
    pub account: String,
    /// What the bank booked.
    pub kind: String,
    /// The first day, as YYYY-MM-DD.
    pub from: String,
    /// The last day.
    pub until: String,
    /// 0, or the number of a later amount for the same period.
    pub sequence: i32,
    /// What the bank booked, in minor units.
    pub amount: i64,
    /// By what it was divided.
    pub basis: String,
    /// The leaf that took the difference.
    pub residue_leaf: String,
    /// The difference, in minor units.
    pub residue: i64,
    /// The shares.
    pub shares: Vec<KeptShare>,
}

/// A leaf's share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptShare {
    /// The leaf.
    pub leaf: String,
    /// Its weight in digits: it may be more than 64 bits hold.
    pub weight: String,
    /// Its share in minor units.
    pub amount: i64,
    /// At rates: first day, number of days, balance, rate in millionths and days of the year of each run.
    pub runs: Vec<(String, i64, i64, i64, i64)>,
}

impl KeptAllocation {
    /// Of an allocation that is decided.
    pub(super) fn of(asked: &AskedAllocation, division: &Division, residue_leaf: &str) -> Self {
        let share = |share: &LeafShare| KeptShare {
            leaf: share.basis.leaf.clone(),
            weight: share.basis.weight.to_string(),
            amount: share.amount,
            runs: share.basis.runs.iter().map(|run| (run.from.to_string(), run.days, run.balance, run.rate, run.year_days)).collect(),
        };
        Self {
            account: asked.account.clone(),
            kind: asked.kind.name().to_owned(),
            from: asked.from.to_string(),
            until: asked.until.to_string(),
            sequence: asked.sequence,
            amount: asked.amount,
            basis: asked.basis.name().to_owned(),
            residue_leaf: residue_leaf.to_owned(),
            residue: division.residue,
            shares: division.shares.iter().map(share).collect(),
        }
    }

    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts are JSON")
    }
}
