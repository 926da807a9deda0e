//! The handlers of refunds that are started here, and what purchases show of refunds.

use std::collections::HashMap;
use std::time::SystemTime;

use api::purchase::{
    ApproveRefundRequest, ApproveRefundResponse, GetRefundRequest, GetRefundResponse, ListRefundsRequest, ListRefundsResponse,
    Purchase as ShownPurchase, RefundPurchaseRequest, RefundPurchaseResponse, RejectRefundRequest, RejectRefundResponse,
    RequestRefundRequest, RequestRefundResponse,
};
use db::requests::SentFields;
use identity::Role;
use identity::access::Reach;
use money::{BookName, Money, RequestId, UserKey};
use rpc::{Caller, Violations, page};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::domain::Purchase;
use crate::error::Error;
use crate::purchases::Purchases;
use crate::refund_orders::order::{RefundOrder, RefundStarter};
use crate::refund_orders::refusal::RefundRefusal;
use crate::refund_orders::{RefundAsk, RefundCaller, RefundVerdict};
use crate::store::refund_orders::RefundFilter;
use crate::wire::refunds as wire;

fn uuid(field: &'static str, text: &str) -> Result<Uuid, Status> {
    Uuid::try_parse(text).map_err(|_| rpc::malformed(field, "must be a UUID"))
}

fn request_id(text: &str) -> Result<RequestId, Status> {
    RequestId::parse(text).map_err(|error| rpc::malformed("request_id", &error.must()))
}

/// The fields of a request to start a refund.
fn sent(user_id: &str, purchase_id: Uuid, amount: Option<Money>) -> SentFields {
    let fields = SentFields::new().with("user_id", user_id).with("purchase_id", purchase_id);
    match amount {
        Some(amount) => fields.with("amount.currency_code", amount.currency()).with("amount.minor_units", amount.minor_units()),
        None => fields,
    }
}

/// A purchase, for whoever may see it.
async fn purchase_of(purchases: &Purchases, book: &BookName, id: Uuid, visible: impl Fn(&Purchase) -> bool) -> Result<Purchase, Error> {
    let found = purchases.store.purchase(book, id).await?.filter(visible);
    found.ok_or_else(|| Error::PurchaseUnknown(id.to_string()))
}

pub(super) async fn request(
    purchases: &Purchases,
    request: Request<RequestRefundRequest>,
) -> Result<Response<RequestRefundResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(&request.request_id));
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let purchase_id = wrong.take(uuid("purchase_id", &request.purchase_id));
    let amount = wrong.take(wire::amount(request.amount.clone()));
    let (Some(id), Some((book, user)), Some(purchase_id), Some(amount)) = (id, who, purchase_id, amount) else {
        return Err(wrong.into_status());
    };
    let of = purchase_of(purchases, &book, purchase_id, |purchase| purchase.user == user).await?;
    let fields = sent(&request.user_id, purchase_id, amount);
    // A member of staff who asks for a buyer decides as one of staff; a service passes on what its user asked for.
    let started_by = match caller.principal.role {
        Role::Viewer | Role::Creator | Role::Service => RefundStarter::Buyer,
        Role::Support | Role::Finance | Role::Auditor | Role::Admin => RefundStarter::Staff,
    };
    let person = if started_by == RefundStarter::Staff { caller.principal.subject.clone() } else { user.clone() };
    // Scoped to the buyer, also if somebody else calls.
    let by = RefundCaller { book, subject: user, person, request_id: id, rpc: "RequestRefund", fields };
    let (order, replayed) =
        purchases.start_refund(&by, &of, RefundAsk { started_by, by_right: true, amount, is_approved: false }, SystemTime::now()).await?;
    Ok(Response::new(RequestRefundResponse { refund: Some(wire::refund(&order, of.store, is_staff(&caller))), replayed }))
}

pub(super) async fn by_staff(
    purchases: &Purchases,
    request: Request<RefundPurchaseRequest>,
) -> Result<Response<RefundPurchaseResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(&request.request_id));
    let book = wrong.take(caller.book(&request.book));
    let purchase_id = wrong.take(uuid("purchase_id", &request.purchase_id));
    let amount = wrong.take(wire::amount(request.amount.clone()));
    let (Some(id), Some(book), Some(purchase_id), Some(amount)) = (id, book, purchase_id, amount) else { return Err(wrong.into_status()) };
    let of = purchase_of(purchases, &book, purchase_id, |_| true).await?;
    let subject = caller.principal.subject.clone();
    let fields = sent("", purchase_id, amount);
    let by = RefundCaller { book, person: subject.clone(), subject, request_id: id, rpc: "RefundPurchase", fields };
    let ask = RefundAsk { started_by: RefundStarter::Staff, by_right: false, amount, is_approved: false };
    let (order, replayed) = purchases.start_refund(&by, &of, ask, SystemTime::now()).await?;
    Ok(Response::new(RefundPurchaseResponse { refund: Some(wire::refund(&order, of.store, true)), replayed }))
}

/// The refund that a second person decides, as the request names it.
struct DecidedRefund<'a> {
    book: &'a str,
    request_id: &'a str,
    refund_id: &'a str,
}

/// Carries out what a second person decided.
async fn decided(
    purchases: &Purchases,
    caller: &Caller,
    DecidedRefund { book, request_id: request_id_text, refund_id }: DecidedRefund<'_>,
    verdict: RefundVerdict,
) -> Result<(api::purchase::Refund, bool), Status> {
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(request_id_text));
    let book = wrong.take(caller.book(book));
    let refund_id = wrong.take(uuid("refund_id", refund_id));
    let (Some(id), Some(book), Some(refund_id)) = (id, book, refund_id) else { return Err(wrong.into_status()) };
    let subject = caller.principal.subject.clone();
    let rpc = match verdict {
        RefundVerdict::Approve => "ApproveRefund",
        RefundVerdict::Reject => "RejectRefund",
    };
    let fields = SentFields::new().with("refund_id", refund_id);
    let by = RefundCaller { book, person: subject.clone(), subject, request_id: id, rpc, fields };
    let (order, replayed) = purchases.decide_refund(&by, refund_id, verdict, SystemTime::now()).await?;
    Ok((shown_order(purchases, caller, &order).await?, replayed))
}

pub(super) async fn approve(
    purchases: &Purchases,
    request: Request<ApproveRefundRequest>,
) -> Result<Response<ApproveRefundResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let ApproveRefundRequest { request_id, book, refund_id } = request.into_inner();
    let asked = DecidedRefund { book: &book, request_id: &request_id, refund_id: &refund_id };
    let (refund, replayed) = decided(purchases, &caller, asked, RefundVerdict::Approve).await?;
    Ok(Response::new(ApproveRefundResponse { refund: Some(refund), replayed }))
}

pub(super) async fn reject(purchases: &Purchases, request: Request<RejectRefundRequest>) -> Result<Response<RejectRefundResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let RejectRefundRequest { request_id, book, refund_id } = request.into_inner();
    let asked = DecidedRefund { book: &book, request_id: &request_id, refund_id: &refund_id };
    let (refund, replayed) = decided(purchases, &caller, asked, RefundVerdict::Reject).await?;
    Ok(Response::new(RejectRefundResponse { refund: Some(refund), replayed }))
}

/// A refund with the store of its purchase.
async fn shown_order(purchases: &Purchases, caller: &Caller, order: &RefundOrder) -> Result<api::purchase::Refund, Error> {
    let of = purchase_of(purchases, &order.book, order.purchase_id, |_| true).await?;
    Ok(wire::refund(order, of.store, is_staff(caller)))
}

/// Whether it is not a user who asks: the store's words are for staff.
fn is_staff(caller: &Caller) -> bool {
    caller.reach != Reach::Own
}

pub(super) async fn get(purchases: &Purchases, request: Request<GetRefundRequest>) -> Result<Response<GetRefundResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let book = caller.book(&request.book)?;
    let refund_id = uuid("refund_id", &request.refund_id)?;
    // Another user's refund is answered as if there were none.
    let visible = |order: &RefundOrder| caller.acting_for(order.user.as_str()).is_ok();
    let order = purchases.store.refund_order(&book, refund_id).await.map_err(Error::from)?.filter(visible);
    let order = order.ok_or_else(|| Error::from(RefundRefusal::Unknown(refund_id.to_string())))?;
    Ok(Response::new(GetRefundResponse { refund: Some(shown_order(purchases, &caller, &order).await?) }))
}

/// Whose refunds are listed; `None`: all users'.
fn listed_user(caller: &Caller, request: &ListRefundsRequest) -> Result<Option<UserKey>, Status> {
    if !request.all_users {
        return caller.acting_for(&request.user_id).map(Some);
    }
    if caller.reach != Reach::OnBehalf {
        return Err(rpc::malformed("all_users", "must be false: it is for staff and services"));
    }
    if request.user_id.is_empty() { Ok(None) } else { Err(rpc::malformed("user_id", "must be empty with all_users")) }
}

pub(super) async fn list(purchases: &Purchases, request: Request<ListRefundsRequest>) -> Result<Response<ListRefundsResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let user = wrong.take(listed_user(&caller, &request));
    let purchase_id = match request.purchase_id.as_str() {
        "" => Ok(None),
        text => uuid("purchase_id", text).map(Some),
    };
    let purchase_id = wrong.take(purchase_id);
    let state = wrong.take(wire::named_state(request.state));
    let size = wrong.take(crate::wire::page_size(request.page_size));
    let (Some(book), Some(user), Some(purchase_id), Some(state), Some(size)) = (book, user, purchase_id, state, size) else {
        return Err(wrong.into_status());
    };
    let filter = RefundFilter { user: user.as_ref(), purchase_id, state };
    let list = wire::list(&book, filter);
    let before = crate::wire::before(&list, &request.page_token)?;
    let mut found = purchases.store.refund_orders(&book, filter, before, page::rows_to_read(size)).await.map_err(Error::from)?;
    let next_page_token = list.cut(&mut found, size, |order| order.refund_id);
    let mut refunds = Vec::new();
    for order in &found {
        refunds.push(shown_order(purchases, &caller, order).await?);
    }
    Ok(Response::new(ListRefundsResponse { refunds, next_page_token }))
}

/// A page of one user's purchases, each with the coins that are left of it and its refunds.
pub(super) async fn shown(purchases: &Purchases, page: &[Purchase]) -> Result<Vec<ShownPurchase>, Error> {
    let mut known = purchases.store.known_of(page).await?;
    let ids: Vec<Uuid> = page.iter().map(|of| of.purchase_id).collect();
    let mut over_limits = match page.first() {
        Some(first) => purchases.store.over_limits(&first.book, &ids).await?,
        None => HashMap::new(),
    };
    let shown = page.iter().map(|of| ShownPurchase {
        over_limit: over_limits.remove(&of.purchase_id).unwrap_or_default(),
        ..wire::purchase(of, &known.remove(&of.purchase_id).unwrap_or_default())
    });
    Ok(shown.collect())
}
