//! Pretend counterparts of external systems that use their real formats. For TEST books only.
//!
//! - [`achbank`]: a bank that takes NACHA files, on a clock that can be moved.
//! - [`alipay`] and [`wechat`]: wallets that pay for orders, with what both do in [`wallet`].
//! - [`bank`]: a bank with books of its own that takes ISO 20022 messages over HTTP.
//! - [`globalbank`]: a bank with a JSON interface and callbacks, modelled after Global Payments v2; it also pays to wallets.
//! - [`google`]: a Google Play that sells consumables and pushes notifications.
//! - [`login`]: a login of staff, for the console.
//! - [`store`]: an app store that signs StoreKit 2 transactions.
//! - [`stripe`]: a card processor with Stripe's interface, webhooks and commands for what buyers and banks do.

pub mod achbank;
pub mod alipay;
pub mod bank;
mod delivery;
pub mod globalbank;
pub mod google;
pub mod login;
mod page;
mod records;
pub mod report;
pub mod store;
pub mod stripe;
mod vault;
pub mod wallet;
pub mod wechat;
