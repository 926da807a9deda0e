//! What an event of a store that is paid for our orders says, in terms that are the same for each of them.

use super::order::EventNews;
use crate::domain::StoreKind;
use crate::domain::event::StoreEvent;
use crate::stores::{alipay, stripe, wechat};

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
