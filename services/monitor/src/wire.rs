//! The domain and the protobuf messages.
//!
//! [`payments`], [`listing`], [`figures`]: payments live, lists of them, and figures. `find`: ids, cases, activity and work. `links`: which person users are.
pub mod figures;
pub(crate) mod find;
pub(crate) mod links;
pub mod listing;
pub mod payments;
