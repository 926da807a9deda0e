//! What a sweep may move at all: the leaves at its two ends.
use super::SweepFacts;
use crate::domain::{FundsClass, FundsUse, Leaf, LeafState, Node, PhysicalAccount, StandardLeaf};

/// The rules of a sweep, in the order in which they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepBan {
    /// Both ends are leaves of the structure.
    Leaf,
    /// They are in two physical accounts: within one it is a move.
    SameAccount,
    /// Both accounts have one currency.
    OtherCurrency,
    /// Standard leaves have their own ways to fill and to empty, and the receiving account has one for what comes in.
    StandardLeaf,
    /// The giver is open or about to close, the receiver open.
    State,
    /// Only the company's own money is swept, and to nothing but own money.
    Funds,
    /// The structure lets the giver be swept.
    Use,
    /// Both leaves are of one legal entity: anything else is a loan, which is moved within one account first.
    OtherEntity,
    /// The giver has that much, holds and its minimum left out.
    LeafAvailable,
    /// Its physical account has that much that is not on its way out.
    PhysicalAvailable,
    /// The receiver stays within its maximum.
    LeafMaximum,
    /// The rule's calendar covers the day.
    Calendar,
    /// The settings still have the rule of what goes back.
    Rule,
    /// The ledger accepts the posting.
    Ledger,
}

impl SweepBan {
    /// The spelling in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::SameAccount => "same_account",
            Self::OtherCurrency => "other_currency",
            Self::StandardLeaf => "standard_leaf",
            Self::State => "state",
            Self::Funds => "funds",
            Self::Use => "use",
            Self::OtherEntity => "other_entity",
            Self::LeafAvailable => "leaf_available",
            Self::PhysicalAvailable => "physical_available",
            Self::LeafMaximum => "leaf_maximum",
            Self::Calendar => "calendar",
            Self::Rule => "rule",
            Self::Ledger => "ledger",
        }
    }
}

/// Why nothing is swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRefusal {
    /// The rule.
    pub ban: SweepBan,
    /// What breaks it: a leaf, a physical account or a rule of the settings.
    pub id: String,
    /// What is wrong.
    pub why: String,
}

pub(crate) fn refused(ban: SweepBan, id: &str, why: impl Into<String>) -> SweepRefusal {
    SweepRefusal { ban, id: id.to_owned(), why: why.into() }
}

/// The two ends of a sweep that is allowed.
#[derive(Debug, Clone, Copy)]
pub struct SweepEnds<'a> {
    /// The leaf that gives.
    pub from: &'a Node,
    /// Its physical account.
    pub from_account: &'a PhysicalAccount,
    /// The leaf that receives.
    pub to: &'a Node,
    /// Its physical account.
    pub to_account: &'a PhysicalAccount,
}

/// The ends of a sweep from leaf to leaf, if it is allowed whatever its amount.
pub fn ends<'a>(facts: &SweepFacts<'a>, from: &str, to: &str) -> Result<SweepEnds<'a>, SweepRefusal> {
    let (from, from_leaf, from_account) = found(facts, from)?;
    let (to, to_leaf, to_account) = found(facts, to)?;
    if from_account.id == to_account.id {
        let why = format!("is in {} as well as {}: money within one account is moved, not swept", from_account.id, from.id);
        return Err(refused(SweepBan::SameAccount, &to.id, why));
    }
    if from_account.currency != to_account.currency {
        let why = format!("is in {}, and {} in {}: no sweep changes the currency", to_account.currency, from.id, from_account.currency);
        return Err(refused(SweepBan::OtherCurrency, &to.id, why));
    }
    usable(facts, from, from_leaf, to, to_leaf, to_account)?;
    for (node, leaf) in [(from, from_leaf), (to, to_leaf)] {
        if leaf.funds != FundsClass::Own {
            return Err(refused(SweepBan::Funds, &node.id, format!("holds {} funds, which are never swept", leaf.funds)));
        }
    }
    if !leaf_permits(from_leaf) {
        return Err(refused(SweepBan::Use, &from.id, "has not the use sweep in the structure"));
    }
    if from.entity != to.entity {
        let why = format!("is of {}, and {} of {}: lend it within one account first", to.entity, from.id, from.entity);
        return Err(refused(SweepBan::OtherEntity, &to.id, why));
    }
    Ok(SweepEnds { from, from_account, to, to_account })
}

fn leaf_permits(leaf: &Leaf) -> bool {
    leaf.funds.permits(FundsUse::Sweep) && leaf.uses.contains(&FundsUse::Sweep)
}

fn found<'a>(facts: &SweepFacts<'a>, id: &str) -> Result<(&'a Node, &'a Leaf, &'a PhysicalAccount), SweepRefusal> {
    let node = facts.structure.nodes.get(id);
    let leaf = node.and_then(|node| Some((node, node.leaf()?, facts.structure.root(&node.id)?)));
    leaf.ok_or_else(|| refused(SweepBan::Leaf, id, "is no leaf of the structure"))
}

fn usable(
    facts: &SweepFacts<'_>,
    from: &Node,
    from_leaf: &Leaf,
    to: &Node,
    to_leaf: &Leaf,
    to_account: &PhysicalAccount,
) -> Result<(), SweepRefusal> {
    for (node, leaf) in [(from, from_leaf), (to, to_leaf)] {
        if leaf.standard.is_some() {
            return Err(refused(SweepBan::StandardLeaf, &node.id, "is a standard leaf, and sweeps are between others"));
        }
    }
    let incoming = StandardLeaf::Incoming.id(&to_account.id);
    if facts.structure.nodes.get(&incoming).is_none_or(|node| node.standard() != Some(StandardLeaf::Incoming)) {
        let why = format!("has no standard leaf for what comes in, because {incoming} is another node; sweep to another account");
        return Err(refused(SweepBan::StandardLeaf, &to_account.id, why));
    }
    if !matches!(from_leaf.state, LeafState::Open | LeafState::PendingClose) {
        return Err(refused(SweepBan::State, &from.id, format!("is {}, and gives nothing", from_leaf.state.name())));
    }
    if to_leaf.state != LeafState::Open {
        return Err(refused(SweepBan::State, &to.id, format!("is {}, and takes nothing", to_leaf.state.name())));
    }
    Ok(())
}
