//! Protobuf to domain and back.

use api::purchase::{self as pb, CoinPackage, RedeemPurchaseResponse};
use money::{BookName, UserKey, derive_id};
use rpc::wire::{money, timestamp_ms};
use uuid::Uuid;

use crate::domain::{Channel, Package, Purchase, PurchaseState};
use crate::error::Error;
use crate::purchases::Redeemed;
use crate::store::purchases::APPLE;

const PAGE_SIZE_DEFAULT: i64 = 50;
const PAGE_SIZE_MAX: i64 = 200;

pub(crate) fn package(package: &Package) -> CoinPackage {
    CoinPackage {
        product_id: package.product_id.clone(),
        market: package.market.clone(),
        channel: package.channel.as_str().to_owned(),
        coins: package.coins.get(),
        price: Some(money(package.price)),
    }
}

pub(crate) fn purchase(purchase: &Purchase) -> api::purchase::Purchase {
    let (state, posting_id) = match &purchase.state {
        PurchaseState::Verified => (pb::PurchaseState::Verified, String::new()),
        PurchaseState::Credited(credit) => (pb::PurchaseState::Credited, credit.posting_id.clone()),
    };
    api::purchase::Purchase {
        purchase_id: purchase.purchase_id.to_string(),
        user_id: purchase.user.to_string(),
        state: state.into(),
        store: APPLE.to_owned(),
        environment: purchase.environment.clone(),
        transaction_id: purchase.transaction_id.clone(),
        product_id: purchase.product_id.clone(),
        quantity: purchase.quantity,
        coins: purchase.value.coins.get(),
        price: Some(money(purchase.value.price)),
        posting_id,
        purchase_time: Some(timestamp_ms(purchase.purchased_at_ms)),
        create_time: Some(timestamp_ms(purchase.created_at_ms)),
    }
}

pub(crate) fn redeemed(redeemed: &Redeemed) -> RedeemPurchaseResponse {
    RedeemPurchaseResponse {
        purchase: Some(purchase(&redeemed.purchase)),
        coin_balance: redeemed.credit.coin_balance.get(),
        balance_seq: redeemed.credit.balance_seq.get(),
        replayed: redeemed.replayed,
    }
}

/// Empty: any.
pub(crate) fn channel(text: &str) -> Result<Option<Channel>, Error> {
    if text.is_empty() {
        return Ok(None);
    }
}
    let unknown = || Error::Malformed { field: "channel", why: "`app`, `web` or empty".to_owned() };
    Channel::from_name(text).map(Some).ok_or_else(unknown)

pub(crate) fn page_size(asked: i32) -> Result<i64, Error> {
    match asked {
        0 => Ok(PAGE_SIZE_DEFAULT),
        1.. => Ok(i64::from(asked).min(PAGE_SIZE_MAX)),
        _ => Err(Error::Malformed { field: "page_size", why: "not negative".to_owned() }),
    }
}

/// The last id shown, and a digest that binds it to the list: a token taken to another user's list is refused.
pub(crate) fn page_token(book: &BookName, user: &UserKey, last: Uuid) -> String {
    let bound = derive_id(last, &["ListPurchases", book.as_str(), user.as_str()]);
    format!("{}{}", last.simple(), bound.simple())
}

/// Empty: from the newest.
pub(crate) fn read_page_token(book: &BookName, user: &UserKey, token: &str) -> Result<Option<Uuid>, Error> {
    const ID: usize = uuid::fmt::Simple::LENGTH;
    if token.is_empty() {
        return Ok(None);
    }
    let last = token.get(..ID).and_then(|id| Uuid::try_parse(id).ok()).ok_or(Error::PageToken)?;
    if page_token(book, user, last) == token { Ok(Some(last)) } else { Err(Error::PageToken) }
}
