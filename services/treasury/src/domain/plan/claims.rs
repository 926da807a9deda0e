//! The rules for claims: an app's book has one leaf at each physical account, and a leaf that is to be closed covers none.
use super::{BrokenRules, Rule};
use crate::domain::{Change, ClaimKey, LeafState, Structure, StructureFile};
use std::collections::BTreeMap;

/// The claims that the file adds or ends. `after` has the file's accounts and nodes already.
pub(super) fn changes(after: &Structure, file: &StructureFile, problems: &mut BrokenRules) -> Vec<Change> {
    check_accounts(after, file, problems);
    let mut known = after.claims.clone();
    let mut changes = Vec::new();
    // First what ends, so that one file can give claims from one leaf to another.
    for wanted in &file.claims {
        let ended = known.iter().filter(|(key, leaf)| **leaf == wanted.leaf && !wanted.apps.contains(&key.app));
        changes.extend(ended.map(|(key, leaf)| Change::EndClaim { id: leaf.clone(), key: key.clone() }));
        known.retain(|key, leaf| *leaf != wanted.leaf || wanted.apps.contains(&key.app));
    }
    for wanted in &file.claims {
        let Some(root) = after.root(&wanted.leaf) else { continue };
        for app in &wanted.apps {
            let key = ClaimKey { account: root.id.clone(), app: app.clone() };
            match known.get(&key) {
                Some(leaf) if *leaf == wanted.leaf => {}
                Some(other) => {
                    let why = format!("can't cover what book {app} claims of {}: {other} does; end that in the same file", root.id);
                    problems.add(wanted.line, &wanted.leaf, Rule::Claim, why);
                }
                None => {
                    known.insert(key.clone(), wanted.leaf.clone());
                    changes.push(Change::Claim { id: wanted.leaf.clone(), key });
                }
            }
        }
    }
    let mut covers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    known.iter().for_each(|(key, leaf)| covers.entry(leaf).or_default().push(&key.app));
    for wanted in &file.nodes {
        let id = wanted.node.id.as_str();
        let (Some(leaf), Some(apps)) = (wanted.node.leaf(), covers.get(id)) else { continue };
        if !matches!(leaf.state, LeafState::Open | LeafState::PendingClose) {
            let why = format!("is {}, and covers what {} claims: give that to an open leaf", leaf.state.name(), apps.join(", "));
            problems.add(wanted.line, id, Rule::Claim, why);
        }
    }
    changes
}

/// A bank account of an app's book is a physical account by its id, or by its id and currency: never by both, or money would change its account.
fn check_accounts(after: &Structure, file: &StructureFile, problems: &mut BrokenRules) {
    for wanted in &file.accounts {
        let account = &wanted.account;
        let suffix = format!("-{}", account.currency.code().to_ascii_lowercase());
        let longer = format!("{}{suffix}", account.id);
        let others = [Some(longer.as_str()), account.id.strip_suffix(&suffix)];
        let same =
            |id: &&str| after.accounts.get(*id).is_some_and(|other| (other.currency, &other.entity) == (account.currency, &account.entity));
        if let Some(other) = others.into_iter().flatten().find(same) {
            let why = format!("would stand for the same bank account of an app's book as {other}: give one of them another id");
            problems.add(wanted.line, &account.id, Rule::Claim, why);
        }
    }
}

#[cfg(test)]
mod tests;
