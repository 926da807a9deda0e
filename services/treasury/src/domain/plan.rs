//! The changes that a file makes of a structure, or every rule that it breaks. What was planned is what is applied: the hash covers the revision, the day, the
//! file and the changes.
//!
//! - `nodes`: what an entry of the file changes, and whether that one thing may change. `trees`: the rules for the trees that result.
//! - `numbers`: the rules for numbers.
use super::{Change, LeafSums, Structure, StructureFile};
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

mod claims;
mod nodes;
mod numbers;
#[cfg(test)]
pub(crate) mod tests;
mod trees;

/// Most nodes of a structure, leaves and summary nodes of all trees: it is held in memory while it is planned or listed, some 300 bytes for each.
pub const NODES_MAX: usize = 20_000;
/// Most numbers of a structure, for the same reason. Where each customer needs a number, one dynamic registration has room for all.
pub const NUMBERS_MAX: usize = 50_000;
/// Faults that one answer names; who has more corrects these first.
pub const PROBLEMS_MAX: usize = 64;

/// A rule that files can break. Its name is for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// An id, or a bank's account, occurs twice.
    Duplicate,
    /// A standard leaf is named.
    StandardLeaf,
    /// Something is changed that never changes.
    Fixed,
    /// There is no such parent, or it is a leaf.
    Parent,
    /// A node would be below itself.
    Cycle,
    /// A tree would be too deep.
    Depth,
    /// A node would move to a tree of another currency.
    Currency,
    /// A node would move to the tree of another physical account.
    OtherAccount,
    /// A node would be under one that stands for something narrower.
    Level,
    /// A class of funds is not allowed there, or a use is not allowed for it.
    Funds,
    /// Clients' money needs a physical account of its own, or such an account would hold other money.
    ClientMoney,
    /// A leaf's state can't change like this.
    State,
    /// A leaf to be closed has money, or something on its way.
    Money,
    /// A number belongs to another leaf, or is not allowed there.
    Number,
    /// A leaf can't cover these claims, or is to be closed and still does.
    Claim,
    /// The day lies in the future, or before the last change.
    Effective,
    /// The structure would be too large.
    Size,
}

/// A rule that an entry of a file breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the entry, from 1.
    pub line: usize,
    /// The id that the entry has.
    pub id: String,
    /// The rule.
    pub rule: Rule,
    /// What is wrong, as the rest of a sentence that begins with the id.
    pub why: String,
}

/// What rules need to know besides structure and file.
#[derive(Debug, Clone, Copy)]
pub struct PlanFacts<'a> {
    /// The day of the plan, in UTC.
    pub today: Date,
    /// What is in each leaf; a leaf without an entry is empty.
    pub sums: &'a BTreeMap<String, LeafSums>,
    /// Countries whose law demands a physical account of its own for clients' money.
    pub client_money_markets: &'a BTreeSet<String>,
}

/// The changes that a file makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The revision on which they were planned.
    pub base: i64,
    /// The day from which they are in force.
    pub effective: Date,
    /// The changes in the order in which they are made.
    pub changes: Vec<Change>,
}

impl Rule {
    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::StandardLeaf => "standard_leaf",
            Self::Fixed => "fixed",
            Self::Parent => "parent",
            Self::Cycle => "cycle",
            Self::Depth => "depth",
            Self::Currency => "currency",
            Self::OtherAccount => "other_account",
            Self::Level => "level",
            Self::Funds => "funds",
            Self::ClientMoney => "client_money",
            Self::State => "state",
            Self::Money => "money",
            Self::Number => "number",
            Self::Claim => "claim",
            Self::Effective => "effective",
            Self::Size => "size",
        }
    }
}

impl Plan {
    /// SHA-256 over what the plan was made of and what it does, in hexadecimal digits. The file is hashed too, because a change's text leaves out holders.
    #[must_use]
    pub fn hash(&self, file: &str) -> String {
        let mut hasher = Sha256::new();
        let text = |change: &Change| change.text();
        let head = [format!("revision {}", self.base), format!("effective {}", self.effective), file.to_owned()];
        for part in head.into_iter().chain(self.changes.iter().map(text)) {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hex::encode(hasher.finalize())
    }
}

/// SHA-256 of a file, in hexadecimal digits.
#[must_use]
pub fn file_hash(file: &str) -> String {
    hex::encode(Sha256::digest(file))
}

/// What is wrong so far.
#[derive(Debug, Default)]
struct BrokenRules(Vec<Problem>);

impl BrokenRules {
    fn add(&mut self, line: usize, id: &str, rule: Rule, why: impl Into<String>) {
        self.0.push(Problem { line, id: id.to_owned(), rule, why: why.into() });
    }
}

/// The changes that `file` makes of `structure`; or every rule that it breaks, in the order of its lines.
pub fn plan(structure: &Structure, file: &StructureFile, facts: &PlanFacts<'_>) -> Result<Plan, Vec<Problem>> {
    let mut problems = BrokenRules::default();
    let effective = file.effective.unwrap_or(facts.today);
    let (line, id) = (file.effective_line, "effective");
    if effective > facts.today {
        problems.add(
            line,
            id,
            Rule::Effective,
            format!("must not be after today, {}: a change is planned on the day it is made", facts.today),
        );
    }
    if let Some(last) = structure.effective.filter(|last| effective < *last) {
        problems.add(
            line,
            id,
            Rule::Effective,
            format!("must not be before {last}, the day of the last change: what was so before stays so"),
        );
    }
    nodes::check_ids(structure, file, &mut problems);
    if !problems.0.is_empty() {
        return Err(ordered(problems));
    }
    let mut changes = nodes::changes(structure, file, facts, &mut problems);
    let mut after = structure.clone();
    changes.iter().for_each(|change| after.make(change));
    trees::check(structure, &after, file, facts, &mut problems);
    changes.extend(numbers::changes(&after, file, effective, &mut problems));
    changes.extend(claims::changes(&after, file, &mut problems));
    if problems.0.is_empty() { Ok(Plan { base: structure.revision, effective, changes }) } else { Err(ordered(problems)) }
}

fn ordered(BrokenRules(mut found): BrokenRules) -> Vec<Problem> {
    found.sort_by_key(|problem| problem.line);
    found.truncate(PROBLEMS_MAX);
    found
}
