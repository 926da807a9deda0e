//! The handlers of owners who close their wallets.

use std::time::SystemTime;

use api::purchase::{
    CancelWalletClosureRequest, CancelWalletClosureResponse, GetWalletClosureRequest, GetWalletClosureResponse,
    RequestWalletClosureRequest, RequestWalletClosureResponse,
};
use db::requests::SentFields;
use money::time::unix_ms;
use rpc::Violations;
use tonic::{Request, Response, Status};

use super::wallet_changes::{request_id, uuid};
use crate::error::Error;
use crate::purchases::Purchases;
use crate::wallet_changes::WalletCaller;
use crate::wire::wallet_changes as wire;

/// What stands in the way, in words for the owner.
fn owners(error: Error) -> Status {
    match error {
        Error::Wallet(refusal) => refusal.to_owner(),
        other => other.into(),
    }
}

pub(super) async fn get(
    purchases: &Purchases,
    request: Request<GetWalletClosureRequest>,
) -> Result<Response<GetWalletClosureResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
    let now = SystemTime::now();
    let outlook = purchases.closure_outlook(&book, &user, now).await.map_err(owners)?;
    Ok(Response::new(wire::outlook(&outlook, unix_ms(now))))
}

pub(super) async fn ask(
    purchases: &Purchases,
    request: Request<RequestWalletClosureRequest>,
) -> Result<Response<RequestWalletClosureResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(&request.request_id));
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let (Some(request_id), Some((book, user))) = (id, who) else { return Err(wrong.into_status()) };
    // Scoped to the owner, also if a service passes it on.
    let fields = SentFields::new().with("user_id", &user);
    let by = WalletCaller { book, person: user, request_id, rpc: "RequestWalletClosure", fields };
    let now = SystemTime::now();
    let (change, replayed) = purchases.ask_closure(&by, now).await.map_err(owners)?;
    Ok(Response::new(RequestWalletClosureResponse { closure: Some(wire::closure(&change, unix_ms(now))), replayed }))
}

pub(super) async fn cancel(
    purchases: &Purchases,
    request: Request<CancelWalletClosureRequest>,
) -> Result<Response<CancelWalletClosureResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let id = wrong.take(request_id(&request.request_id));
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let change_id = wrong.take(uuid(&request.change_id));
    let (Some(request_id), Some((book, user)), Some(change_id)) = (id, who, change_id) else { return Err(wrong.into_status()) };
    let fields = SentFields::new().with("change_id", change_id);
    let by = WalletCaller { book, person: user, request_id, rpc: "CancelWalletClosure", fields };
    let now = SystemTime::now();
    let (change, replayed) = purchases.take_back_closure(&by, change_id, now).await.map_err(owners)?;
    Ok(Response::new(CancelWalletClosureResponse { closure: Some(wire::closure(&change, unix_ms(now))), replayed }))
}
