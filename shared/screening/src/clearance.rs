//! False positives that a reviewer cleared. They are honoured only while both sides are as the reviewer saw them.

use crate::{edition::EditionId, screener::Screening};

/// A reviewer's decision that a subject is not the listed party. The caller stores it, with who decided and why.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clearance {
    /// The subject's id.
    pub subject: String,
    /// The subject's fingerprint when it was cleared.
    pub subject_fingerprint: String,
    /// The list and the edition that the reviewer saw.
    pub edition: EditionId,
    /// The entry's id.
    pub entry: u32,
    /// The entry's fingerprint in that edition.
    pub entry_fingerprint: String,
}

impl Screening {
    /// The clearance of one of the hits, or `None` if the entry is no hit.
    #[must_use]
    pub fn clearance(&self, entry: u32) -> Option<Clearance> {
        let hit = self.hits.iter().find(|hit| hit.entry == entry)?;
        Some(Clearance {
            subject: self.subject.clone(),
            subject_fingerprint: self.subject_fingerprint.clone(),
            edition: hit.edition.clone(),
            entry,
            entry_fingerprint: hit.entry_fingerprint.clone(),
        })
    }

    /// Marks the hits that clearances cover: of this subject and list, with the subject and the entry unchanged. A later edition with the
    /// same entry is covered; a changed entry counts again.
    #[must_use]
    pub fn with_clearances(mut self, clearances: &[Clearance]) -> Self {
        let of_subject = |clearance: &&Clearance| {
            clearance.subject == self.subject
                && clearance.subject_fingerprint == self.subject_fingerprint
                && clearance.edition.list == self.edition.list
        };
        let mut covered: Vec<(u32, &str)> =
            clearances.iter().filter(of_subject).map(|clearance| (clearance.entry, clearance.entry_fingerprint.as_str())).collect();
        covered.sort_unstable();
        for hit in &mut self.hits {
            hit.cleared = covered.binary_search(&(hit.entry, hit.entry_fingerprint.as_str())).is_ok();
        }
        self
    }
}

#[cfg(test)]
mod tests;
