//! Which subjects a new edition concerns: those that a new or changed entry matches, and those with an earlier hit on an entry that changed
//! or is gone.

use crate::{
    Error,
    edition::{Edition, EditionDelta},
    policy::ScreeningPolicy,
    screener::Screener,
    subject::ScreeningSubject,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Why a subject must be screened again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RescreenCause {
    /// A new entry matches: its id.
    Added(u32),
    /// A changed entry matches: its id.
    Changed(u32),
    /// An entry changed on which the subject had a hit or a clearance: its id. It may no longer match.
    HitChanged(u32),
    /// An entry is gone on which the subject had a hit or a clearance: its id.
    HitRemoved(u32),
}

/// A subject that must be screened again, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescreenNeed {
    /// The subject's id.
    pub subject: String,
    /// The causes, sorted, without duplicates.
    pub causes: Vec<RescreenCause>,
}

/// The subjects that must be screened again after a new edition, in their order. `hits` are the earlier hits and clearances of this list:
/// ids of subjects and entries. A subject whose own data changed, and everybody after a change of policy, is screened anew by the caller.
///
/// # Errors
///
/// [`Error::Value`] if the delta names an added or changed entry that the edition does not have, or a removed one that it has.
pub fn rescreen(
    delta: &EditionDelta,
    later: &Arc<Edition>,
    policy: &ScreeningPolicy,
    subjects: &[ScreeningSubject],
    hits: &[(String, u32)],
) -> Result<Vec<RescreenNeed>, Error> {
    let present = delta.added.iter().chain(&delta.changed).all(|id| later.entry(*id).is_some());
    if !present || delta.removed.iter().any(|id| later.entry(*id).is_some()) {
        return Err(Error::Value { field: "delta", form: "the delta to this edition" });
    }
    let mut state = FxHashMap::default();
    for (ids, what) in [(&delta.added, EntryFate::Added), (&delta.changed, EntryFate::Changed), (&delta.removed, EntryFate::Removed)] {
        state.extend(ids.iter().map(|id| (*id, what)));
    }
    let screener = Screener::of_entries(Arc::clone(later), policy.clone(), |entry| state.contains_key(&entry.id));
    let mut by_subject: FxHashMap<&str, Vec<RescreenCause>> = FxHashMap::default();
    for (subject, entry) in hits {
        let cause = match state.get(entry) {
            // An id that was listed before, gone and listed again.
            Some(EntryFate::Added | EntryFate::Changed) => RescreenCause::HitChanged(*entry),
            Some(EntryFate::Removed) => RescreenCause::HitRemoved(*entry),
            None => continue,
        };
        by_subject.entry(subject).or_default().push(cause);
    }
    let mut needs = Vec::new();
    for subject in subjects {
        let mut causes = by_subject.get(subject.id()).cloned().unwrap_or_default();
        causes.extend(screener.screen(subject).hits.iter().map(|hit| match state.get(&hit.entry) {
            Some(EntryFate::Added) => RescreenCause::Added(hit.entry),
            _ => RescreenCause::Changed(hit.entry),
        }));
        causes.sort_unstable();
        causes.dedup();
        if !causes.is_empty() {
            needs.push(RescreenNeed { subject: subject.id().to_owned(), causes });
        }
    }
    Ok(needs)
}

#[derive(Clone, Copy)]
enum EntryFate {
    Added,
    Changed,
    Removed,
}

#[cfg(test)]
mod tests;
