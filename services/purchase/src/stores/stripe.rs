//! Stripe: cards and other payments on our own page, through Checkout sessions that we make for our orders.
//!
//! - [`merchant`]: our accounts there, with their keys. [`api`]: the calls, and what their failures prove. [`session`]: a session's form, and what one says.
//! - `payee`: what orders do with it. [`signature`]: who signed a webhook's body. [`event`]: what an event says, without what names people;
//!   [`dispute`]: of those about disputes; `listed`: those that its webhook did not deliver.
//! - [`refunds`]: refunds that we start; [`refund_document`]: what Stripe says about one. [`amounts`]: how Stripe counts each currency.
//!
//! Stripe's environment is the mode of the key: `live` for LIVE books, `test` for TEST books.

pub mod amounts;
pub mod api;
mod connector;
pub mod dispute;
pub mod event;
pub(crate) mod listed;
pub mod merchant;
mod payee;
pub mod refund_document;
pub mod refunds;
pub mod session;
pub mod signature;

/// Why an account can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read.
    #[error("purchase.stripe: {path}: {source}")]
    File {
        /// The file.
        path: String,
        /// The error.
        source: std::io::Error,
    },
    /// A key or secret does not have Stripe's form. Never says what it is.
    #[error("purchase.stripe: {account_id}: {what}")]
    Key {
        /// The account.
        account_id: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The CA file can't be used.
    #[error("purchase.stripe: {0}")]
    Roots(#[from] http_client::UnusableRoots),
    /// The client can't be made.
    #[error("purchase.stripe: {0}")]
    Client(#[from] reqwest::Error),
}

/// Stripe's words for the two modes.
pub(crate) fn environment(livemode: bool) -> &'static str {
    if livemode { "live" } else { "test" }
}
