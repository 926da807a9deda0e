//! What an event of a store that is paid for our orders says, in terms that are the same for each of them.

use uuid::Uuid;

use super::order::PaymentFacts;
use crate::domain::StoreKind;
use crate::domain::event::StoreEvent;
use crate::stores::{alipay, stripe, wechat};

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventNews {
    /// A payment, with our order in it or not.
    Payment(PaymentFacts),
    /// A payment succeeded, and what the store made for the order decides: the order is to be asked about.
    AskAbout(Option<Uuid>),
    /// A refund, a dispute or a warning, for people to read.
    MoneyBack(String),
    /// Nothing that changes anything.
    Nothing,
    /// A type that this program does not know.
    Unknown,
}

/// What a kept event says; `None` where it can't be read.
#[must_use]
pub fn news(event: &StoreEvent) -> Option<EventNews> {
    match event.store {
        StoreKind::Stripe => stripe::event::news(event),
        StoreKind::Alipay => alipay::notification::news(event),
        StoreKind::Wechat => wechat::notification::news(event),
        StoreKind::Apple | StoreKind::Google => None,
    }
}
