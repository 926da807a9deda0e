//! The handlers of wallets that are closed or merged.

use std::time::SystemTime;

use api::purchase::{
    ApproveWalletChangeRequest, ApproveWalletChangeResponse, CloseWalletRequest, CloseWalletResponse, GetWalletChangeRequest,
    GetWalletChangeResponse, ListWalletChangesRequest, ListWalletChangesResponse, MergeWalletsRequest, MergeWalletsResponse,
    RejectWalletChangeRequest, RejectWalletChangeResponse, WalletChange as ShownChange, WalletEvent,
};
use db::requests::SentFields;
use money::{BookName, RequestId, UserKey};
use rpc::{Caller, Violations, page};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::error::Error;
use crate::purchases::Purchases;
use crate::store::wallet_changes::ChangeFilter;
use crate::wallet_changes::change::{WalletAct, WalletChange};
use crate::wallet_changes::refusal::WalletRefusal;
use crate::wallet_changes::{WalletCaller, WalletVerdict};
use crate::wire::wallet_changes as wire;

pub(super) fn uuid(text: &str) -> Result<Uuid, Status> {
    Uuid::try_parse(text).map_err(|_| rpc::malformed("change_id", "must be a UUID"))
}

pub(super) fn request_id(text: &str) -> Result<RequestId, Status> {
    RequestId::parse(text).map_err(|error| rpc::malformed("request_id", &error.must()))
}

fn user(field: &'static str, text: &str) -> Result<UserKey, Status> {
    UserKey::try_new(text).map_err(|error| rpc::malformed(field, &error.must()))
}

async fn shown(purchases: &Purchases, change: &WalletChange) -> Result<ShownChange, Error> {
    Ok(wire::change(change, &purchases.store.wallet_postings(&change.book, change.change_id).await?))
}

/// What happened to a user's wallet, for its owner.
pub(super) async fn events(purchases: &Purchases, book: &BookName, user: &UserKey) -> Result<Vec<WalletEvent>, Error> {
    Ok(purchases.store.changes_of_wallet(book, user).await?.iter().map(wire::event).collect())
}

pub(super) async fn close(purchases: &Purchases, request: Request<CloseWalletRequest>) -> Result<Response<CloseWalletResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(&request.request_id));
    let book = wrong.take(caller.book(&request.book));
    let user = wrong.take(user("user_id", &request.user_id));
    let (Some(request_id), Some(book), Some(user)) = (id, book, user) else { return Err(wrong.into_status()) };
    let fields = SentFields::new().with("user_id", &user);
    let by = WalletCaller { book, person: caller.principal.subject.clone(), request_id, rpc: "CloseWallet", fields };
    let (change, replayed) = purchases.change_wallet(&by, &user, WalletAct::Close, SystemTime::now()).await?;
    Ok(Response::new(CloseWalletResponse { change: Some(shown(purchases, &change).await?), replayed }))
}

pub(super) async fn merge(purchases: &Purchases, request: Request<MergeWalletsRequest>) -> Result<Response<MergeWalletsResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(&request.request_id));
    let book = wrong.take(caller.book(&request.book));
    let from = wrong.take(user("user_id", &request.user_id));
    let into = wrong.take(user("into_user_id", &request.into_user_id));
    if from.is_some() && from == into {
        wrong.add(rpc::malformed("into_user_id", "must be another user"));
    }
    let is_another = from != into;
    let (Some(request_id), Some(book), Some(from), Some(into), true) = (id, book, from, into, is_another) else {
        return Err(wrong.into_status());
    };
    let fields = SentFields::new().with("user_id", &from).with("into_user_id", &into);
    let by = WalletCaller { book, person: caller.principal.subject.clone(), request_id, rpc: "MergeWallets", fields };
    let (change, replayed) = purchases.change_wallet(&by, &from, WalletAct::MergeInto(into), SystemTime::now()).await?;
    Ok(Response::new(MergeWalletsResponse { change: Some(shown(purchases, &change).await?), replayed }))
}

/// The change that a second person decides, as the request names it.
struct DecidedChange<'a> {
    book: &'a str,
    request_id: &'a str,
    change_id: &'a str,
}

/// Carries out what a second person decided.
async fn decided(
    purchases: &Purchases,
    caller: &Caller,
    DecidedChange { book, request_id: id, change_id }: DecidedChange<'_>,
    verdict: WalletVerdict,
) -> Result<(ShownChange, bool), Status> {
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(id));
    let book = wrong.take(caller.book(book));
    let change_id = wrong.take(uuid(change_id));
    let (Some(request_id), Some(book), Some(change_id)) = (id, book, change_id) else { return Err(wrong.into_status()) };
    let rpc = match verdict {
        WalletVerdict::Approve => "ApproveWalletChange",
        WalletVerdict::Reject => "RejectWalletChange",
    };
    let fields = SentFields::new().with("change_id", change_id);
    let by = WalletCaller { book, person: caller.principal.subject.clone(), request_id, rpc, fields };
    let (change, replayed) = purchases.decide_wallet_change(&by, change_id, verdict, SystemTime::now()).await?;
    Ok((shown(purchases, &change).await?, replayed))
}

pub(super) async fn approve(
    purchases: &Purchases,
    request: Request<ApproveWalletChangeRequest>,
) -> Result<Response<ApproveWalletChangeResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let ApproveWalletChangeRequest { request_id, book, change_id } = request.into_inner();
    let asked = DecidedChange { book: &book, request_id: &request_id, change_id: &change_id };
    let (change, replayed) = decided(purchases, &caller, asked, WalletVerdict::Approve).await?;
    Ok(Response::new(ApproveWalletChangeResponse { change: Some(change), replayed }))
}

pub(super) async fn reject(
    purchases: &Purchases,
    request: Request<RejectWalletChangeRequest>,
) -> Result<Response<RejectWalletChangeResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let RejectWalletChangeRequest { request_id, book, change_id } = request.into_inner();
    let asked = DecidedChange { book: &book, request_id: &request_id, change_id: &change_id };
    let (change, replayed) = decided(purchases, &caller, asked, WalletVerdict::Reject).await?;
    Ok(Response::new(RejectWalletChangeResponse { change: Some(change), replayed }))
}

pub(super) async fn get(
    purchases: &Purchases,
    request: Request<GetWalletChangeRequest>,
) -> Result<Response<GetWalletChangeResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let book = caller.book(&request.book)?;
    let change_id = uuid(&request.change_id)?;
    let found = purchases.store.wallet_change(&book, change_id).await.map_err(Error::from)?;
    let change = found.ok_or_else(|| Error::from(WalletRefusal::ChangeUnknown(change_id.to_string())))?;
    Ok(Response::new(GetWalletChangeResponse { change: Some(shown(purchases, &change).await?) }))
}

pub(super) async fn list(
    purchases: &Purchases,
    request: Request<ListWalletChangesRequest>,
) -> Result<Response<ListWalletChangesResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let user = match request.user_id.as_str() {
        "" => Ok(None),
        text => user("user_id", text).map(Some),
    };
    let user = wrong.take(user);
    let state = wrong.take(wire::named_state(request.state));
    let size = wrong.take(crate::wire::page_size(request.page_size));
    let (Some(book), Some(user), Some(state), Some(size)) = (book, user, state, size) else { return Err(wrong.into_status()) };
    let filter = ChangeFilter { user: user.as_ref(), state };
    let list = wire::list(&book, filter);
    let before = crate::wire::before(&list, &request.page_token)?;
    let mut found = purchases.store.wallet_changes(&book, filter, before, page::rows_to_read(size)).await.map_err(Error::from)?;
    let next_page_token = list.cut(&mut found, size, |change| change.change_id);
    let mut changes = Vec::new();
    for change in &found {
        changes.push(shown(purchases, change).await?);
    }
    Ok(Response::new(ListWalletChangesResponse { changes, next_page_token }))
}
