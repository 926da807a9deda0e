//! Money that rules move between physical accounts: when a rule is due, how much it moves, and what it never moves.
//!
//! - [`rule`]: a rule, and when it is due. [`check`]: what a sweep may move at all. [`record`]: a sweep that was decided, and how far it is.
pub mod check;
pub mod record;
pub mod rule;

use super::{Structure, moves::BookView, terms::TreasuryTerms};
use check::{SweepBan, SweepRefusal, ends, refused};
use jiff::civil::Date;
use rule::SweepRule;
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// What a rule decides on: the books at one moment.
#[derive(Debug, Clone, Copy)]
pub struct SweepFacts<'a> {
    /// The structure.
    pub structure: &'a Structure,
    /// The balances.
    pub view: &'a BookView,
    /// What leaves must keep, and how full they may be.
    pub terms: &'a TreasuryTerms,
    /// The day (UTC) for which that is asked.
    pub today: Date,
    /// What earlier sweeps still bring, by physical account, in minor units.
    pub coming: &'a BTreeMap<String, i64>,
}

/// What a rule moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepMove {
    /// The leaf that gives.
    pub from: String,
    /// The leaf that receives.
    pub to: String,
    /// How much, in minor units; at least 1.
    pub amount: i64,
    /// What is still missing to what the rule would move.
    pub short: i64,
}

impl SweepRule {
    /// What the rule moves now; `None`: the account is between its amounts, or has nothing to give.
    pub fn wanted(&self, facts: &SweepFacts<'_>) -> Result<Option<SweepMove>, SweepRefusal> {
        let own = ends(facts, &self.leaf, &self.other_leaf)?;
        if self.overnight || self.lower.is_some() {
            // What could never come back is not sent away, and a rule that could never fill an account says so before it is empty.
            ends(facts, &self.other_leaf, &self.leaf)?;
        }
        let at_bank = facts.view.at_bank(facts.structure, &own.from_account.id);
        let coming = facts.coming.get(&own.from_account.id).copied().unwrap_or_default();
        let has = at_bank.saturating_add(coming);
        if has > self.upper {
            let above = has.saturating_sub(self.upper).min(at_bank);
            let amount = above.min(free(facts, &self.leaf)).min(room(facts, &self.other_leaf));
            return Ok(moving(&self.leaf, &self.other_leaf, amount, above));
        }
        let missing = self.lower.map_or(0, |lower| lower.saturating_sub(has));
        if missing <= 0 {
            return Ok(None);
        }
        let (given, at_bank) = (free(facts, &self.other_leaf), facts.view.at_bank(facts.structure, &own.to_account.id));
        let amount = missing.min(given).min(at_bank).min(room(facts, &self.leaf));
        match moving(&self.other_leaf, &self.leaf, amount, missing) {
            Some(moved) => Ok(Some(moved)),
            None => Err(short(facts, &self.other_leaf, given, at_bank, missing)),
        }
    }
}

/// What goes back of an overnight sweep: all of it, or nothing yet.
pub fn returned(facts: &SweepFacts<'_>, from: &str, to: &str, amount: i64) -> Result<SweepMove, SweepRefusal> {
    let own = ends(facts, from, to)?;
    let (given, at_bank) = (free(facts, from), facts.view.at_bank(facts.structure, &own.from_account.id));
    if given.min(at_bank) < amount {
        return Err(short(facts, from, given, at_bank, amount));
    }
    if room(facts, to) < amount {
        return Err(refused(SweepBan::LeafMaximum, to, format!("can't take {amount} minor units within its maximum")));
    }
    Ok(SweepMove { from: from.to_owned(), to: to.to_owned(), amount, short: 0 })
}

fn moving(from: &str, to: &str, amount: i64, wanted: i64) -> Option<SweepMove> {
    (amount > 0).then(|| SweepMove { from: from.to_owned(), to: to.to_owned(), amount, short: wanted - amount })
}

/// Why a leaf gives nothing: it has too little itself, or its bank account has.
fn short(facts: &SweepFacts<'_>, leaf: &str, given: i64, at_bank: i64, wanted: i64) -> SweepRefusal {
    if given < wanted && given <= at_bank {
        return refused(SweepBan::LeafAvailable, leaf, format!("has {given} minor units for sweeps, and {wanted} are wanted"));
    }
    let account = facts.structure.root(leaf).map_or(leaf, |root| &root.id);
    let why = format!("has {at_bank} minor units at the bank that are not on their way out, and {wanted} are wanted");
    refused(SweepBan::PhysicalAvailable, account, why)
}

/// What a leaf may give: what is booked, without holds and its minimum.
fn free(facts: &SweepFacts<'_>, leaf: &str) -> i64 {
    let sums = facts.view.leaves.get(leaf).copied().unwrap_or_default();
    sums.booked.saturating_sub(sums.pending_debits).saturating_sub(facts.terms.bounds(leaf, facts.today).minimum)
}

/// What a leaf may take until it is at its maximum.
fn room(facts: &SweepFacts<'_>, leaf: &str) -> i64 {
    let booked = facts.view.leaves.get(leaf).map_or(0, |sums| sums.booked);
    facts.terms.bounds(leaf, facts.today).maximum.map_or(i64::MAX, |maximum| maximum.saturating_sub(booked).max(0))
}
