//! The domain and the protobuf messages.
//!
//! [`payments`], [`listing`], [`figures`], [`export`]: payments live, lists of them, figures, and the journal as a file. `find`: ids, cases, activity and work.
//! `links`: which person users are.
pub mod export;
pub mod figures;
pub(crate) mod find;
pub(crate) mod links;
pub mod listing;
pub mod payments;
