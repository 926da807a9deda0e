//! Whether money may be moved from one leaf to another, and what that makes the two legal entities owe each other.
use super::{
    FundsClass, FundsUse, Leaf, LeafState, LeafSums, Node, PhysicalAccount, StandardLeaf, Structure,
    terms::{Pair, TreasuryTerms},
};
use jiff::civil::Date;
use money::Currency;
use std::collections::BTreeMap;

/// What is in a treasury book at one moment.
#[derive(Debug, Clone, Default)]
pub struct BookView {
    /// By leaf.
    pub leaves: BTreeMap<String, LeafSums>,
    /// What is at the bank, by physical account.
    pub cash: BTreeMap<String, i64>,
    /// What is owed, by pair. Where a pair and its reverse both owe, each is here.
    pub positions: BTreeMap<Pair, i64>,
}

impl BookView {
    /// What a physical account has at the bank, in minor units, without what is on its way out and what leaves of it hold.
    #[must_use]
    pub fn at_bank(&self, structure: &Structure, account: &str) -> i64 {
        let cash = self.cash.get(account).copied().unwrap_or_default();
        let taken =
            [StandardLeaf::InTransit, StandardLeaf::Blocked].map(|leaf| self.leaves.get(&leaf.id(account)).map_or(0, |sums| sums.booked));
        let free = taken.into_iter().fold(cash, i64::saturating_sub);
        let inside = self
            .leaves
            .iter()
            .filter(|(leaf, sums)| sums.pending_debits > 0 && structure.root(leaf).is_some_and(|root| root.id == account));
        inside.fold(free, |left, (_, sums)| left.saturating_sub(sums.pending_debits))
    }
}

/// A move as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedMove {
    /// The leaf that gives.
    pub from: String,
    /// The leaf that receives.
    pub to: String,
    /// How much, in minor units; at least 1.
    pub amount: i64,
    /// The currency that the caller means.
    pub currency: Currency,
}

/// A move that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedMove {
    /// The entity of the leaf that gives.
    pub giver: String,
    /// The entity of the leaf that receives.
    pub receiver: String,
    /// What of it the receiver owes the giver from now on.
    pub lent: i64,
    /// What of it repays what the giver owed the receiver.
    pub repaid: i64,
}

/// The rules of a move, in the order in which they are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveRule {
    /// Both are leaves of the structure.
    Leaf,
    /// They are two.
    SameLeaf,
    /// They are in one physical account: a move changes nothing at the bank.
    OtherAccount,
    /// The currency is the account's.
    OtherCurrency,
    /// Standard leaves have their own ways to fill and to empty.
    StandardLeaf,
    /// The giver is or was open, the receiver is open.
    State,
    /// Clients' money and blocked money stay what they are.
    Funds,
    /// The giver's money may be lent to other entities.
    Use,
    /// The giver has that much, holds and its minimum left out.
    LeafAvailable,
    /// The physical account has that much that is not on its way out.
    PhysicalAvailable,
    /// The receiver stays within its maximum.
    LeafMaximum,
    /// The borrower stays within what the pair agreed.
    PairLimit,
}

impl MoveRule {
    /// The spelling in refusals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Leaf => "leaf",
            Self::SameLeaf => "same_leaf",
            Self::OtherAccount => "other_account",
            Self::OtherCurrency => "other_currency",
            Self::StandardLeaf => "standard_leaf",
            Self::State => "state",
            Self::Funds => "funds",
            Self::Use => "use",
            Self::LeafAvailable => "leaf_available",
            Self::PhysicalAvailable => "physical_available",
            Self::LeafMaximum => "leaf_maximum",
            Self::PairLimit => "pair_limit",
        }
    }
}

/// Why money is not moved. Nothing was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveRefusal {
    /// The rule.
    pub rule: MoveRule,
    /// What breaks it: a leaf, a physical account or a legal entity.
    pub id: String,
    /// What is wrong, and what to do.
    pub why: String,
}

fn refused(rule: MoveRule, id: &str, why: impl Into<String>) -> MoveRefusal {
    MoveRefusal { rule, id: id.to_owned(), why: why.into() }
}

/// Whether a move is allowed on a day, and what it makes the entities owe each other.
pub fn check(
    structure: &Structure,
    view: &BookView,
    terms: &TreasuryTerms,
    today: Date,
    asked: &AskedMove,
) -> Result<AllowedMove, MoveRefusal> {
    let (from, from_leaf) = leaf(structure, &asked.from)?;
    let (to, to_leaf) = leaf(structure, &asked.to)?;
    let account = places(structure, from, to, asked)?;
    usable(from, from_leaf, to, to_leaf)?;
    funds(from, from_leaf, to, to_leaf)?;
    let (lent, repaid) = if from.entity == to.entity { (0, 0) } else { split(view, asked, from, to) };
    if lent > 0 && !from_leaf.uses.contains(&FundsUse::OnBehalfOf) {
        let why = "may not be lent to another legal entity; give it the use on_behalf_of in the structure";
        return Err(refused(MoveRule::Use, &from.id, why));
    }
    available(structure, view, terms, today, asked, account)?;
    if lent > 0 {
        let pair = Pair { lender: from.entity.clone(), borrower: to.entity.clone(), currency: asked.currency };
        within_limit(view, terms, today, &pair, lent)?;
    }
    Ok(AllowedMove { giver: from.entity.clone(), receiver: to.entity.clone(), lent, repaid })
}

fn leaf<'a>(structure: &'a Structure, id: &str) -> Result<(&'a Node, &'a Leaf), MoveRefusal> {
    let found = structure.nodes.get(id).and_then(|node| Some((node, node.leaf()?)));
    found.ok_or_else(|| {
        refused(MoveRule::Leaf, id, "is no leaf of the structure; summary nodes and physical accounts have no entries of their own")
    })
}

/// The one physical account of both leaves, in the currency that is meant.
fn places<'a>(structure: &'a Structure, from: &'a Node, to: &'a Node, asked: &AskedMove) -> Result<&'a PhysicalAccount, MoveRefusal> {
    if from.id == to.id {
        return Err(refused(MoveRule::SameLeaf, &to.id, "would give to itself"));
    }
    let nowhere = |node: &Node| refused(MoveRule::Leaf, &node.id, "is under no physical account");
    let account = structure.root(&from.id).ok_or_else(|| nowhere(from))?;
    let other = structure.root(&to.id).ok_or_else(|| nowhere(to))?;
    if account.id != other.id {
        let why = format!("is in {} and not in {}: money goes to another physical account by a payment", other.id, account.id);
        return Err(refused(MoveRule::OtherAccount, &to.id, why));
    }
    if account.currency != asked.currency {
        let why = format!("has {}, and a move never changes the currency to {}", account.currency, asked.currency);
        return Err(refused(MoveRule::OtherCurrency, &account.id, why));
    }
    Ok(account)
}

/// States, and that neither is a standard leaf but the one for rounding, whose cents are anybody's of its entity.
fn usable(from: &Node, from_leaf: &Leaf, to: &Node, to_leaf: &Leaf) -> Result<(), MoveRefusal> {
    let standard = |leaf: &Leaf| leaf.standard.is_some_and(|standard| standard != StandardLeaf::Rounding);
    for (node, leaf) in [(from, from_leaf), (to, to_leaf)] {
        if standard(leaf) {
            let why = "is a standard leaf: receipts, payments in transit, fees and unexplained entries are booked where they come from";
            return Err(refused(MoveRule::StandardLeaf, &node.id, why));
        }
    }
    // A closed leaf is empty, but for what came to it while it was being closed.
    if from_leaf.state == LeafState::PendingOpen {
        return Err(refused(MoveRule::State, &from.id, format!("is {}, and gives nothing", from_leaf.state.name())));
    }
    if to_leaf.state != LeafState::Open {
        return Err(refused(MoveRule::State, &to.id, format!("is {}, and takes nothing", to_leaf.state.name())));
    }
    Ok(())
}

fn funds(from: &Node, from_leaf: &Leaf, to: &Node, to_leaf: &Leaf) -> Result<(), MoveRefusal> {
    let (given, taken) = (from_leaf.funds, to_leaf.funds);
    if let Some(node) = [(given, from), (taken, to)].into_iter().find(|(class, _)| *class == FundsClass::Blocked).map(|(_, node)| node) {
        return Err(refused(MoveRule::Funds, &node.id, "holds blocked funds, which only two people move, by an adjustment"));
    }
    if given == FundsClass::Client && taken != FundsClass::Client {
        return Err(refused(MoveRule::Funds, &from.id, "holds clients' funds, which never become the company's own by a move"));
    }
    let lends = from.entity != to.entity;
    if let Some((class, node)) = [(given, from), (taken, to)].into_iter().find(|(class, _)| lends && !class.permits(FundsUse::OnBehalfOf)) {
        let why = format!("holds {class} funds, which are never lent to, or by, another legal entity");
        return Err(refused(MoveRule::Funds, &node.id, why));
    }
    Ok(())
}

/// What of a move between entities is lent, and what repays.
fn split(view: &BookView, asked: &AskedMove, from: &Node, to: &Node) -> (i64, i64) {
    let owed = Pair { lender: to.entity.clone(), borrower: from.entity.clone(), currency: asked.currency };
    let repaid = asked.amount.min(view.positions.get(&owed).copied().unwrap_or_default().max(0));
    (asked.amount - repaid, repaid)
}

/// The two stages of the check of funds, and the receiver's maximum.
fn available(
    structure: &Structure,
    view: &BookView,
    terms: &TreasuryTerms,
    today: Date,
    asked: &AskedMove,
    account: &PhysicalAccount,
) -> Result<(), MoveRefusal> {
    let sums = |leaf: &str| view.leaves.get(leaf).copied().unwrap_or_default();
    let (from, amount) = (sums(&asked.from), i128::from(asked.amount));
    let minimum = terms.bounds(&asked.from, today).minimum;
    let free = i128::from(from.booked) - i128::from(from.pending_debits) - i128::from(minimum);
    if free < amount {
        let why = format!(
            "has {free} minor units for moves (booked {}, held {}, minimum {minimum}), and {amount} are asked for",
            from.booked, from.pending_debits
        );
        return Err(refused(MoveRule::LeafAvailable, &asked.from, why));
    }
    let at_bank = i128::from(view.at_bank(structure, &account.id));
    if at_bank < amount {
        let why = format!("has {at_bank} minor units at the bank that are not on their way out, and {amount} are asked for; fund it first");
        return Err(refused(MoveRule::PhysicalAvailable, &account.id, why));
    }
    let filled = i128::from(sums(&asked.to).booked) + amount;
    match terms.bounds(&asked.to, today).maximum {
        Some(maximum) if filled > i128::from(maximum) => {
            let why = format!("would have {filled} minor units, and at most {maximum} are allowed");
            Err(refused(MoveRule::LeafMaximum, &asked.to, why))
        }
        _ => Ok(()),
    }
}

fn within_limit(view: &BookView, terms: &TreasuryTerms, today: Date, pair: &Pair, lent: i64) -> Result<(), MoveRefusal> {
    let limit = terms.agreement(pair, today).map_or(0, |agreement| agreement.limit);
    let owed = i128::from(view.positions.get(pair).copied().unwrap_or_default()) + i128::from(lent);
    if owed > i128::from(limit) {
        let why = format!("would owe {owed} minor units of {} to {}, and {limit} were agreed", pair.currency, pair.lender);
        return Err(refused(MoveRule::PairLimit, &pair.borrower, why));
    }
    Ok(())
}
