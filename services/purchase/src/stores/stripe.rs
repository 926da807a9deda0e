//! Stripe: cards and other payments on our own page, through Checkout sessions that we make for our orders.
//!
//! - [`merchant`]: our accounts there, with their keys. [`api`]: the calls, and what their failures prove. [`session`]: a session's form, and what one says.
//! - `payee`: what orders do with it. [`signature`]: who signed a webhook's body. [`event`]: what an event says, without what names people;
//!   [`dispute`]: of those about disputes.
//! - [`refunds`]: refunds that we start. [`amounts`]: how Stripe counts each currency.
//!
//! Stripe's environment is the mode of the key: `live` for LIVE books, `test` for TEST books.

pub mod amounts;
pub mod api;
mod connector;
pub mod dispute;
pub mod event;
pub mod merchant;
mod payee;
pub mod refunds;
pub mod session;
pub mod signature;

/// Stripe's words for the two modes.
pub(crate) fn environment(livemode: bool) -> &'static str {
    if livemode { "live" } else { "test" }
}
