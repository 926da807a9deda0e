//! Pretend counterparts of external systems that use their real formats. For TEST books only.
//!
//! - [`bank`]: a bank with books of its own that takes ISO 20022 messages over HTTP.
//! - [`globalbank`]: a bank with a JSON interface and callbacks, modelled after Global Payments v2; it also pays to wallets.
//! - [`store`]: an app store that signs StoreKit 2 transactions.

pub mod bank;
mod delivery;
pub mod globalbank;
mod page;
pub mod store;
mod vault;
