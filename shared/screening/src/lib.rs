//! Screening of names against sanctions lists, pure and synchronous: files of a list and subjects in, hits with their reasons out. It
//! stores nothing and reads no clock.
//!
//! - [`import`]: the four files of an OFAC-style list become an [`Edition`], whole or not at all.
//! - [`edition`]: the entries, their fingerprints and the delta between two editions.
//! - [`remarks`]: dates of birth and countries out of the text of the remarks.
//! - [`names`]: a name becomes tokens that can be compared.
//! - [`similarity`]: Jaro-Winkler of two tokens, in millionths.
//! - [`compare`]: the best pairs of tokens of two names.
//! - [`policy`]: bands, weights and limits, dated and with their source.
//! - [`subject`]: whom to screen.
//! - [`screener`]: a list that is ready to be searched, and what it finds.
//! - [`clearance`]: false positives that a reviewer cleared, honoured while both sides are unchanged.
//! - [`rescreen`]: which subjects a new edition concerns.
//!
//! All scores are integers, so equal inputs give equal scores on every machine.

pub mod clearance;
pub mod compare;
pub mod edition;
mod error;
pub mod import;
mod index;
pub mod names;
pub mod policy;
pub mod remarks;
pub mod rescreen;
pub mod screener;
pub mod similarity;
pub mod subject;

pub use clearance::Clearance;
pub use edition::{Edition, EditionDelta, EditionId, EntryKind, ListEntry, ListedName, NameSource};
pub use error::{Error, LineProblem, ListFile};
pub use import::ListFiles;
pub use policy::{MatchBand, PolicyTable, ScreeningPolicy};
pub use rescreen::{RescreenCause, RescreenNeed, rescreen};
pub use screener::{ListHit, Screener, Screening};
pub use subject::{Birth, ScreeningSubject};

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod reference;
