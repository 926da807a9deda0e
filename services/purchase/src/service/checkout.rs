//! The handlers of checkouts.

use api::purchase::{CreateCheckoutRequest, CreateCheckoutResponse, GetCheckoutRequest, GetCheckoutResponse};
use db::requests::SentFields;
use money::RequestId;
use rpc::Violations;
use sha2::{Digest as _, Sha256};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::error::Error;
use crate::orders::CheckoutRequest;
use crate::orders::order::Order;
use crate::orders::paying::OrderPaying;
use crate::orders::refusal::OrderRefusal;
use crate::purchases::Purchases;
use crate::stores::ID_BYTES_MAX;
use crate::wire::checkout as wire;

/// Longest address that a buyer is sent back to, in bytes; Stripe takes 5,000.
const RETURN_URL_BYTES_MAX: usize = 2_000;

fn plain(field: &'static str, text: &str, bytes_max: usize) -> Result<String, Status> {
    if (1..=bytes_max).contains(&text.len()) && money::text::is_plain(text) {
        return Ok(text.to_owned());
    }
    Err(rpc::malformed(field, &format!("must have 1 to {bytes_max} bytes and no control characters")))
}

/// What is compared of a text that names a person; nothing of none.
fn digest(request_id: &RequestId, text: &str) -> String {
    if text.is_empty() { String::new() } else { hex::encode(Sha256::digest(format!("{}/{text}", request_id.uuid()))) }
}

pub(super) async fn create(
    purchases: &Purchases,
    request: Request<CreateCheckoutRequest>,
) -> Result<Response<CreateCheckoutResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let request_id = wrong.take(RequestId::parse(&request.request_id).map_err(|error| rpc::malformed("request_id", &error.must())));
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let store = wrong.take(wire::order_store(request.store_kind));
    let channel = wrong.take(wire::order_channel(request.sales_channel));
    let product_id = wrong.take(plain("product_id", &request.product_id, ID_BYTES_MAX));
    let success_url = wrong.take(plain("success_url", &request.success_url, RETURN_URL_BYTES_MAX));
    let cancel_url = wrong.take(plain("cancel_url", &request.cancel_url, RETURN_URL_BYTES_MAX));
    let market = wrong.take(crate::wire::spending::market(request.market.clone()));
    let paying = wrong.take(wire::order_paying(&request).map_err(Status::from));
    let urls = success_url.zip(cancel_url);
    let (
        Some(request_id),
        Some((book, user)),
        Some((store, channel)),
        Some((product_id, market)),
        Some(paying),
        Some((success_url, cancel_url)),
    ) = (request_id, who, store.zip(channel), product_id.zip(market), paying, urls)
    else {
        return Err(wrong.into_status());
    };
    let mut fields = SentFields::new()
        .with("user_id", &request.user_id)
        .with("store_kind", request.store_kind)
        .with("sales_channel", request.sales_channel)
        .with("product_id", &product_id)
        .with("success_url", &success_url)
        .with("cancel_url", &cancel_url);
    // As it was compared before there were markets and other ways to pay.
    if !market.is_empty() {
        fields = fields.with("market", &market);
    }
    if paying != OrderPaying::default() {
        // A retry may come from another address. Requests stay when their user is erased, so they have a digest only.
        fields = fields.with("pay_method", request.pay_method).with("payer_id", digest(&request_id, &paying.payer_id));
    }
    let asked = CheckoutRequest { book, user, request_id, store, product_id, channel, market, paying, success_url, cancel_url, fields };
    let (order, replayed) = purchases.create_checkout(&asked).await?;
    Ok(Response::new(wire::created(&order, replayed)))
}

pub(super) async fn get(purchases: &Purchases, request: Request<GetCheckoutRequest>) -> Result<Response<GetCheckoutResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let book = caller.book(&request.book)?;
    let order_id = Uuid::try_parse(&request.checkout_id).map_err(|_| rpc::malformed("checkout_id", "must be a UUID"))?;
    // Another user's order is answered as if there were none.
    let visible = |order: &Order| caller.acting_for(order.user.as_str()).is_ok();
    let order = purchases.checkout(&book, order_id).await?.filter(visible);
    let order = order.ok_or_else(|| Error::from(OrderRefusal::Unknown(order_id.to_string())))?;
    Ok(Response::new(GetCheckoutResponse { checkout: Some(wire::checkout(&order)) }))
}
