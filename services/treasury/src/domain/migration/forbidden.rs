//! What old accounts forbid a structure file.
use super::{BTreeMap, ImportedAccount, LeafState, OldState};
use crate::domain::{Change, Plan, Problem, Rule, StructureFile};

/// Entries of a structure file that old accounts forbid: their ids, which are ledger accounts too, and their leaves, which must be able to take what comes.
#[must_use]
pub fn forbidden(plan: &Plan, file: &StructureFile, old: &BTreeMap<String, ImportedAccount>) -> Vec<Problem> {
    let problem = |id: &str, rule, why: String| Problem { line: file.line_of(id), id: id.to_owned(), rule, why };
    let found = plan.changes.iter().filter_map(|change| match change {
        Change::AddAccount(account) if old.contains_key(&account.id) => {
            Some(problem(&account.id, Rule::Duplicate, "is the id of an old account".to_owned()))
        }
        Change::Add(node) if old.contains_key(&node.id) => {
            Some(problem(&node.id, Rule::Duplicate, "is the id of an old account".to_owned()))
        }
        Change::SetState { id, state: LeafState::Closed, .. } => {
            let one = old.values().find(|one| one.account.leaf == *id && one.state != OldState::Closed)?;
            Some(problem(id, Rule::Money, format!("can't be closed: the old account {} still goes to it", one.account.id)))
        }
        _ => None,
    });
    found.collect()
}
