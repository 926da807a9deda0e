//! Checkouts, to protobuf.

use api::purchase as pb;
use rpc::wire::{money, timestamp_ms};
use tonic::Status;

use crate::domain::{Channel, StoreKind};
use crate::error::Error;
use crate::orders::order::{Order, OrderState};
use crate::orders::paying::{OrderPaying, PayMethod};

/// A store's number in the contract.
pub(crate) fn store_kind(store: StoreKind) -> pb::StoreKind {
    match store {
        StoreKind::Apple => pb::StoreKind::Apple,
        StoreKind::Google => pb::StoreKind::Google,
        StoreKind::Stripe => pb::StoreKind::Stripe,
        StoreKind::Alipay => pb::StoreKind::Alipay,
        StoreKind::Wechat => pb::StoreKind::Wechat,
    }
}

/// The store of a request for a checkout: one for which we make orders.
pub(crate) fn order_store(asked: i32) -> Result<StoreKind, Error> {
    let named = pb::StoreKind::try_from(asked).ok();
    let found = StoreKind::ALL.into_iter().find(|store| store.takes_orders() && Some(store_kind(*store)) == named);
    let why = "must be a store that is paid for orders: STORE_KIND_STRIPE, STORE_KIND_ALIPAY or STORE_KIND_WECHAT";
    found.ok_or_else(|| Error::Malformed { field: "store_kind", why: why.to_owned() })
}

/// The channel of a request for a checkout.
pub(crate) fn order_channel(asked: i32) -> Result<Channel, Error> {
    match pb::SalesChannel::try_from(asked) {
        Ok(pb::SalesChannel::Web) => Ok(Channel::Web),
        _ => {
            Err(Error::Malformed { field: "sales_channel", why: "must be SALES_CHANNEL_WEB: app stores make their own orders".to_owned() })
        }
    }
}

fn pay_method(method: PayMethod) -> pb::PayMethod {
    match method {
        PayMethod::Usual => pb::PayMethod::Unspecified,
        PayMethod::Page => pb::PayMethod::Page,
        PayMethod::PhonePage => pb::PayMethod::PhonePage,
        PayMethod::Code => pb::PayMethod::Code,
        PayMethod::App => pb::PayMethod::App,
        PayMethod::InWallet => pb::PayMethod::InWallet,
    }
}

/// How a request for a checkout is to be paid.
pub(crate) fn order_paying(request: &pb::CreateCheckoutRequest) -> Result<OrderPaying, Error> {
    let named = pb::PayMethod::try_from(request.pay_method).ok();
    let method = PayMethod::ALL.into_iter().find(|method| Some(pay_method(*method)) == named);
    let why = || "must be one of the ways to pay that there are".to_owned();
    let method = method.ok_or_else(|| Error::Malformed { field: "pay_method", why: why() })?;
    Ok(OrderPaying { method, payer_id: request.payer_id.clone(), payer_address: request.client_address.clone() })
}

/// What the buyer needs to pay an order: an address or the text of a code, or what our app or page gives to the wallet.
fn needed(order: &Order) -> (String, String) {
    if order.paying.method.has_parameters() { (String::new(), order.pay_url.clone()) } else { (order.pay_url.clone(), String::new()) }
}

pub(crate) fn created(order: &Order, replayed: bool) -> pb::CreateCheckoutResponse {
    let (pay_url, pay_parameters) = needed(order);
    pb::CreateCheckoutResponse {
        checkout_id: order.order_id.to_string(),
        pay_url,
        pay_parameters,
        expire_time: Some(timestamp_ms(order.expires_at_ms)),
        coins: order.value.coins.get(),
        price: Some(money(order.value.price)),
        replayed,
    }
}

pub(crate) fn checkout(order: &Order) -> pb::Checkout {
    let state = match order.state {
        OrderState::Open => pb::CheckoutState::Open,
        OrderState::Processing => pb::CheckoutState::Processing,
        OrderState::Paid => pb::CheckoutState::Paid,
        OrderState::Expired => pb::CheckoutState::Expired,
        OrderState::Failed => pb::CheckoutState::Failed,
        OrderState::Flagged => pb::CheckoutState::Flagged,
    };
    let sales_channel = match order.channel {
        Channel::App => pb::SalesChannel::App,
        Channel::Web => pb::SalesChannel::Web,
    };
    let (pay_url, pay_parameters) = if order.state == OrderState::Open { needed(order) } else { Default::default() };
    pb::Checkout {
        checkout_id: order.order_id.to_string(),
        user_id: order.user.to_string(),
        state: state.into(),
        store_kind: store_kind(order.store).into(),
        product_id: order.product_id.clone(),
        market: order.market.clone(),
        sales_channel: sales_channel.into(),
        coins: order.value.coins.get(),
        price: Some(money(order.value.price)),
        tax: Some(money(order.value.tax)),
        pay_url,
        pay_parameters,
        pay_method: pay_method(order.paying.method).into(),
        store_session_id: order.session_id.clone(),
        purchase_id: order.purchase_id.map(|id| id.to_string()).unwrap_or_default(),
        note: order.note.clone(),
        create_time: Some(timestamp_ms(order.created_at_ms)),
        expire_time: Some(timestamp_ms(order.expires_at_ms)),
    }
}

/// The store that a request names; none for any.
pub(crate) fn named_store(number: i32) -> Result<Option<StoreKind>, Status> {
    let named = pb::StoreKind::try_from(number).map_err(|_| rpc::malformed("store_kind", "must be one of the stores that there are"))?;
    Ok(StoreKind::ALL.into_iter().find(|store| store_kind(*store) == named))
}
