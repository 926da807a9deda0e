//! Decoders of what stores answer and report that are public only for the fuzz targets in `tests`.

use crate::domain::StoreKind;
use crate::domain::event::StoreEvent;
use crate::stores::{alipay, apple, google, stripe, wechat};

/// The signed payload of a request of the App Store.
#[must_use]
pub fn apple_payload(body: &[u8]) -> Option<String> {
    apple::notification::signed_payload(body)
}

/// Whether this is a page of one of the App Store's lists, under either name of the place where the next one begins.
#[must_use]
pub fn is_apple_page(body: &[u8]) -> bool {
    let Ok(page) = serde_json::from_slice(body) else { return false };
    ["paginationToken", "revision"].into_iter().all(|place| apple::lists::next(&page, place).is_ok())
}

/// Whether Alipay says in this answer that it did what it was asked.
#[must_use]
pub fn is_alipay_done(body: &[u8]) -> bool {
    alipay::gateway::read(body).is_ok()
}

/// Reads whatever a stored notification can be asked for; returns how much of it could be read.
#[must_use]
pub fn read_kept(event: &StoreEvent) -> usize {
    let refund = match event.store {
        StoreKind::Stripe => stripe::event::refund(event),
        StoreKind::Alipay => alipay::notification::refund(event),
        StoreKind::Wechat => wechat::notification::refund(event),
        StoreKind::Apple | StoreKind::Google => None,
    };
    let news = match event.store {
        StoreKind::Stripe => stripe::event::news(event).is_some(),
        StoreKind::Alipay => alipay::notification::news(event).is_some(),
        StoreKind::Wechat => wechat::notification::news(event).is_some(),
        StoreKind::Apple => apple::notification::receipt(&event.payload).is_some(),
        StoreKind::Google => google::notification::receipt(&event.payload).is_some(),
    };
    let more = match event.store {
        StoreKind::Stripe => stripe::dispute::read(event).is_ok(),
        StoreKind::Apple => {
            let part = apple::notification::refunded_milliunits(&event.payload).is_some();
            part | apple::notification::rescinded_download(event).is_some()
        }
        StoreKind::Google => {
            let tokens = [google::notification::voided_token(&event.payload), google::notification::pending_refund_token(&event.payload)];
            tokens.iter().any(|token| !token.is_empty())
        }
        StoreKind::Alipay | StoreKind::Wechat => false,
    };
    [refund.is_some(), news, more].into_iter().filter(|read| *read).count()
}
