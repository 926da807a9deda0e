//! The trees in order, with balances rolled up.
use super::{Node, PhysicalAccount, Structure};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// What is in a leaf, in minor units of its physical account's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeafSums {
    /// Credits minus debits that are posted.
    pub booked: i64,
    /// Debits that are held.
    pub pending_debits: i64,
    /// Credits that are held.
    pub pending_credits: i64,
}

/// A physical account or node, at its place in the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedAccount<'a> {
    /// The physical account that its tree belongs to.
    pub account: &'a PhysicalAccount,
    /// The node; `None`: the physical account itself.
    pub node: Option<&'a Node>,
    /// Steps from the physical account.
    pub depth: usize,
    /// Its own sums, or those of all leaves below.
    pub sums: LeafSums,
}

impl LeafSums {
    /// Whether nothing is in it, and nothing on its way.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.booked == 0 && self.pending_debits == 0 && self.pending_credits == 0
    }

    /// Both together; `None`: more than the ledger can count.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            booked: self.booked.checked_add(other.booked)?,
            pending_debits: self.pending_debits.checked_add(other.pending_debits)?,
            pending_credits: self.pending_credits.checked_add(other.pending_credits)?,
        })
    }
}

/// Every physical account, each followed by its tree from the root down, siblings by id; `None`: the sums are more than the ledger can count.
#[must_use]
pub fn list<'a>(structure: &'a Structure, sums: &BTreeMap<String, LeafSums>) -> Option<Vec<ListedAccount<'a>>> {
    let mut children: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    // By id, so siblings are in order.
    for node in structure.nodes.values() {
        children.entry(node.parent.as_str()).or_default().push(node);
    }
    let mut listed = Vec::with_capacity(structure.accounts.len() + structure.nodes.len());
    for account in structure.accounts.values() {
        let place = ListedAccount { account, node: None, depth: 0, sums: LeafSums::default() };
        add(place, &children, sums, &mut listed)?;
    }
    Some(listed)
}

/// Adds a node and all that is below it; returns their sums. As deep as a tree may be.
fn add<'a>(
    place: ListedAccount<'a>,
    children: &BTreeMap<&str, Vec<&'a Node>>,
    sums: &BTreeMap<String, LeafSums>,
    listed: &mut Vec<ListedAccount<'a>>,
) -> Option<LeafSums> {
    let at = listed.len();
    listed.push(place);
    let id = place.node.map_or(place.account.id.as_str(), |node| node.id.as_str());
    let own = place.node.filter(|node| node.leaf().is_some()).and_then(|node| sums.get(&node.id));
    let mut total = own.copied().unwrap_or_default();
    for child in children.get(id).into_iter().flatten() {
        let below = ListedAccount { node: Some(child), depth: place.depth + 1, ..place };
        total = total.checked_add(add(below, children, sums, listed)?)?;
    }
    listed[at].sums = total;
    Some(total)
}
