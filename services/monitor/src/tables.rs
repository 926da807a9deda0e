//! The monitor's own tables, for those who migrate, back up or compare them. They have nothing of users, and can be counted again.
pub use crate::store::{FigurePlace, Store};
