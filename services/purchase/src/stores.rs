//! The stores that sell our packages. Each has a module that decides whether what it is given was said by that store, and reads it into the domain's
//! terms; from there on a purchase is one thing, whichever store sold it.
//!
//! - [`apple`]: the App Store.

pub mod apple;

/// Longest ids of a store that are taken; Apple's transaction ids are decimal numbers.
pub const ID_BYTES_MAX: usize = 255;
