//! Finds what an id stands for.
use crate::{
    audit::ReadFault,
    explain::{
        SoughtId, StoryScope, StoryTables,
        summaries::{self, IdKindRow, ThingSummary},
        tellers,
    },
};
use identity::Role;

/// Maximum things that are found. An id has one or two; only ids that stores give are found more often.
const FOUND_MAX: usize = 100;

/// What an id stands for, and where it was looked for.
pub(crate) struct FoundThings {
    pub(crate) things: Vec<ThingSummary>,
    pub(crate) searched: Vec<&'static IdKindRow>,
}

/// Looks an id up in the books of the scope, for a caller in this role.
pub(crate) async fn find(tables: &StoryTables, sought: &SoughtId, scope: &StoryScope, role: Role) -> Result<FoundThings, ReadFault> {
    let mut things = Vec::new();
    for teller in tellers(tables, scope).await? {
        for thing in teller.seek(sought).await? {
            if things.len() >= FOUND_MAX {
                break;
            }
            let summary = teller.summary(&thing).await?;
            if summary.kind.is_for(role) {
                things.push(summary);
            }
        }
    }
    Ok(FoundThings { things, searched: summaries::searched(tables, sought, role) })
}
