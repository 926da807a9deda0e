//! The monitor's own tables, for those who migrate, back up, compare or erase them. What it counted can be counted again; which person users are, can't.
pub use crate::store::{FigurePlace, LinkedUser, Store};
