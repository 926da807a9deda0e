//! Pretend counterparts of external systems that use their real formats. For TEST books only.
//!
//! - [`bank`]: a bank with books of its own that takes ISO 20022 messages over HTTP.
//! - [`store`]: an app store that signs StoreKit 2 transactions.

pub mod bank;
mod page;
pub mod store;
