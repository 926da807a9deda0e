//! What each entry of a file changes, and whether that may change.
use super::{BrokenRules, PlanFacts, Rule};
use crate::domain::{
    Change, LeafState, Node, NodeKind, PhysicalAccount, StandardLeaf, Structure, StructureFile, WantedNode, node::DEPTH_MAX,
};
use std::collections::BTreeMap;

/// Ids that occur twice, in the file or as something else in the structure, and those of standard leaves.
pub(super) fn check_ids(structure: &Structure, file: &StructureFile, problems: &mut BrokenRules) {
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    let accounts = file.accounts.iter().map(|wanted| (wanted.account.id.as_str(), wanted.line));
    let nodes = file.nodes.iter().map(|wanted| (wanted.node.id.as_str(), wanted.line));
    for (id, line) in accounts.chain(nodes) {
        if let Some(first) = lines.insert(id, line) {
            problems.add(line, id, Rule::Duplicate, format!("is on line {first} already"));
        }
    }
    let new: Vec<String> =
        file.accounts.iter().flat_map(|wanted| StandardLeaf::ALL.map(|standard| standard.id(&wanted.account.id))).collect();
    let standard = |id: &str| structure.nodes.get(id).is_some_and(|node| node.standard().is_some()) || new.iter().any(|own| own == id);
    for wanted in &file.nodes {
        let (line, id) = (wanted.line, wanted.node.id.as_str());
        if standard(id) {
            problems.add(
                line,
                id,
                Rule::StandardLeaf,
                "is made with its physical account and can't be renamed, moved or closed: leave it out",
            );
        } else if structure.accounts.contains_key(id) {
            problems.add(line, id, Rule::Duplicate, "is a physical account");
        }
    }
    for wanted in &file.accounts {
        let (line, account) = (wanted.line, &wanted.account);
        let taken = |id: &str| structure.nodes.contains_key(id) && !structure.accounts.contains_key(&account.id);
        if structure.nodes.contains_key(&account.id) {
            problems.add(line, &account.id, Rule::Duplicate, "is a node");
        }
        if let Some(id) = StandardLeaf::ALL.map(|standard| standard.id(&account.id)).into_iter().find(|id| taken(id)) {
            problems.add(line, &account.id, Rule::Duplicate, format!("needs the id {id} for a standard leaf, and a node has it"));
        }
        let others = structure.accounts.values().chain(file.accounts.iter().map(|wanted| &wanted.account));
        let same = |other: &&PhysicalAccount| {
            let key = |one: &PhysicalAccount| (one.branch.clone(), one.currency, one.number.clone());
            other.id != account.id && key(other) == key(account)
        };
        if let Some(other) = others.into_iter().find(same) {
            problems.add(line, &account.id, Rule::Duplicate, format!("is the same account at the bank as {}", other.id));
        }
    }
}

/// The changes of accounts, names, parents, states and uses.
pub(super) fn changes(structure: &Structure, file: &StructureFile, facts: &PlanFacts<'_>, problems: &mut BrokenRules) -> Vec<Change> {
    let mut changes = Vec::new();
    for wanted in &file.accounts {
        let account = &wanted.account;
        let Some(before) = structure.accounts.get(&account.id) else {
            changes.push(Change::AddAccount(account.clone()));
            continue;
        };
        if (PhysicalAccount { name: account.name.clone(), ..before.clone() }) != *account {
            let why = "is there, and only its name can change: another account at the bank, holder or currency needs another id";
            problems.add(wanted.line, &account.id, Rule::Fixed, why);
        }
        if before.name != account.name {
            let (before, name) = (before.name.clone(), account.name.clone());
            changes.push(Change::RenameAccount { id: account.id.clone(), before, name });
        }
    }
    // Parents first, so that the store never has a node without its parent. The order of one depth is the file's.
    let mut added = Vec::new();
    for wanted in &file.nodes {
        match structure.nodes.get(&wanted.node.id) {
            None => added.push(wanted),
            Some(before) => change(before, wanted, facts, problems, &mut changes),
        }
    }
    let depths: BTreeMap<&str, usize> = depths(&added);
    added.sort_by_key(|wanted| depths.get(wanted.node.id.as_str()).copied().unwrap_or_default());
    for wanted in &added {
        if let Some(leaf) = wanted.node.leaf().filter(|leaf| !matches!(leaf.state, LeafState::PendingOpen | LeafState::Open)) {
            let why = format!("is new, so its state is pending_open or open, not {}", leaf.state.name());
            problems.add(wanted.line, &wanted.node.id, Rule::State, why);
        }
    }
    // After the accounts, and before the moves, which may be to new nodes.
    let at = changes.iter().take_while(|change| matches!(change, Change::AddAccount(_) | Change::RenameAccount { .. })).count();
    changes.splice(at..at, added.into_iter().map(|wanted| Change::Add(wanted.node.clone())));
    changes
}

/// Steps from each new node to the first node that is not new.
fn depths<'a>(added: &[&'a WantedNode]) -> BTreeMap<&'a str, usize> {
    let parents: BTreeMap<&str, &str> = added.iter().map(|wanted| (wanted.node.id.as_str(), wanted.node.parent.as_str())).collect();
    let depth = |id: &&str| std::iter::successors(parents.get(*id), |parent| parents.get(**parent)).take(DEPTH_MAX + 1).count();
    parents.keys().map(|id| (*id, depth(id))).collect()
}

/// What changes of a node that is there.
fn change(before: &Node, wanted: &WantedNode, facts: &PlanFacts<'_>, problems: &mut BrokenRules, changes: &mut Vec<Change>) {
    let (line, node, id) = (wanted.line, &wanted.node, before.id.clone());
    let mut fixed =
        |what: &str| problems.add(line, &id, Rule::Fixed, format!("keeps its {what} for ever: another {what} needs another id"));
    if before.leaf().is_some() != node.leaf().is_some() {
        let (is, wanted) = if before.leaf().is_some() { ("leaf", "summary") } else { ("summary node", "leaf") };
        problems.add(line, &id, Rule::Fixed, format!("is a {is}, and can't become a {wanted}"));
        return;
    }
    if before.entity != node.entity {
        fixed("entity");
    }
    if before.level != node.level {
        fixed("level");
    }
    if before.funds() != node.funds() {
        fixed("funds class");
    }
    let closed = before.leaf().is_some_and(|leaf| leaf.state == LeafState::Closed);
    let same = before.name == node.name && before.parent == node.parent && before.kind == node.kind;
    if closed && !same {
        problems.add(line, &id, Rule::State, "is closed, which is final: nothing of it can change");
        return;
    }
    if before.name != node.name {
        changes.push(Change::Rename { id: id.clone(), before: before.name.clone(), name: node.name.clone() });
    }
    if before.parent != node.parent {
        changes.push(Change::Move { id: id.clone(), before: before.parent.clone(), parent: node.parent.clone() });
    }
    let (NodeKind::Leaf(old), NodeKind::Leaf(new)) = (&before.kind, &node.kind) else { return };
    if old.uses != new.uses {
        changes.push(Change::SetUses { id: id.clone(), uses: new.uses.clone() });
    }
    if old.state == new.state {
        return;
    }
    if !old.state.may_become(new.state) {
        let (from, to) = (old.state.name(), new.state.name());
        let hint = if new.state == LeafState::Closed { ": it must be pending_close first" } else { "" };
        problems.add(line, &id, Rule::State, format!("is {from}, and can't become {to}{hint}"));
    }
    let sums = facts.sums.get(&id).copied().unwrap_or_default();
    if new.state == LeafState::Closed && !sums.is_empty() {
        let why = format!(
            "can't be closed: it has {} booked, and {} and {} on its way out and in, in minor units; empty it first",
            sums.booked, sums.pending_debits, sums.pending_credits
        );
        problems.add(line, &id, Rule::Money, why);
    }
    changes.push(Change::SetState { id, before: old.state, state: new.state });
}
