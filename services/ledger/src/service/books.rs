//! RPCs about books and accounts as such.

use super::Service;
use crate::{
    domain::request::{Action, BookRequest, RequestFields},
    error::Error,
    verify,
    wire::{self, malformed},
};
use api::ledger as pb;
use chart::Account;
use identity::Role;
use money::BookName;
use tonic::{Code, Request, Status};
use uuid::Uuid;

impl Service {
    pub(super) async fn create_book(&self, request: Request<pb::CreateBookRequest>) -> Result<pb::CreateBookResponse, Status> {
        let caller = rpc::caller(&request)?;
        let sent = request.into_inner();
        if sent.book.is_empty() {
            return Err(rpc::malformed("book", "required"));
        }
        let book = caller.book(&sent.book)?;
        let mode = wire::mode_from_pb(sent.mode)?;
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if sent.region.is_empty() || sent.region.len() > 32 || !sent.region.bytes().all(fits) {
            return Err(rpc::malformed("region", "must match [a-z0-9-]{1,32}"));
        }
        let book = self.ledger.create_book(&book, mode, &sent.region).await?;
        Ok(pb::CreateBookResponse { book: Some(wire::book(book)) })
    }

    pub(super) async fn list_books(&self, request: Request<pb::ListBooksRequest>) -> Result<pb::ListBooksResponse, Status> {
        let caller = rpc::caller(&request)?;
        let books = self.ledger.books().await?;
        let covered = |name: &str| BookName::try_new(name).is_ok_and(|name| caller.principal.books.covers(&name));
        let books = books.into_iter().filter(|book| covered(&book.name)).map(wire::book).collect();
        Ok(pb::ListBooksResponse { books })
    }

    pub(super) async fn open_accounts(&self, request: Request<pb::OpenAccountsRequest>) -> Result<pb::OpenAccountsResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        if sent.accounts.is_empty() || sent.accounts.len() > wire::OPEN_MAX {
            return Err(malformed("accounts", format!("1 to {}", wire::OPEN_MAX)).into());
        }
        let names = sent.accounts.clone();
        let accounts = sent.accounts.into_iter().map(|name| wire::account_name(name, "accounts")).collect::<Result<Vec<_>, _>>()?;
        // Nothing is kept under this id: opening what is open is no error.
        let action = Action::Open { accounts };
        place.handle.submit(BookRequest::new(Uuid::now_v7(), RequestFields::default(), String::new(), action)).await?;
        let mut accounts = Vec::with_capacity(names.len());
        for name in names {
            accounts.push(wire::account(&place.handle.account(&name).await?));
        }
        Ok(pb::OpenAccountsResponse { accounts })
    }

    pub(super) async fn set_account_state(
        &self,
        request: Request<pb::SetAccountStateRequest>,
    ) -> Result<pb::SetAccountStateResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let id = wire::event_id(&sent.request_id, "ledger.SetAccountState", place.scope())?;
        let state = wire::state_from_pb(sent.state)?;
        let account = wire::account_name(sent.account, "account")?;
        let name = account.text.clone();
        let fields = RequestFields::new(vec![("account".to_owned(), name.clone()), ("state".to_owned(), state.code().to_string())]);
        place.rights.set_state()?;
        let action = Action::SetState { account, state };
        place.handle.submit(BookRequest::new(id, fields, String::new(), action)).await?;
        let account = wire::account(&place.handle.account(&name).await?);
        Ok(pb::SetAccountStateResponse { account: Some(account) })
    }

    pub(super) async fn set_debit_limit(&self, request: Request<pb::SetDebitLimitRequest>) -> Result<pb::SetDebitLimitResponse, Status> {
        let caller = rpc::caller(&request)?;
        let place = self.place_of(&caller, &request.get_ref().book).await?;
        let asked = wire::set_debit_limit(request.into_inner(), place.scope())?;
        let Action::SetLimit { account, .. } = &asked.action else { return Err(Error::OutcomeUnknown.into()) };
        let name = account.text.clone();
        place.rights.set_limit()?;
        may_limit(&caller, &name)?;
        place.handle.submit(asked).await?;
        Ok(pb::SetDebitLimitResponse { account: Some(super::limited_account(&place.handle, &name).await?) })
    }

    pub(super) async fn verify_book(&self, request: Request<pb::VerifyBookRequest>) -> Result<pb::VerifyBookResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let report =
            verify::verify_against(&**self.ledger.store(), &place.handle.row, self.ledger.heads_dir()).await.map_err(Error::from)?;
        let (first_bad_seq, problem) = report.problem.map_or((0, String::new()), |problem| (problem.seq, problem.what));
        Ok(pb::VerifyBookResponse {
            ok: problem.is_empty(),
            events: report.events,
            transfers: report.transfers,
            head_commit_no: report.head_commit_no,
            head_hash: report.head_hash,
            first_bad_seq,
            problem,
            heads_compared: report.heads.unwrap_or_default(),
        })
    }
}

/// One person bounds what a viewer spends. A limit on anything else can stop a book or somebody's payouts as a freeze does, and takes two as that does:
/// SupportService brings it as itself once it is approved.
fn may_limit(caller: &rpc::Caller, account: &str) -> Result<(), Status> {
    if caller.principal.role == Role::Service || matches!(Account::parse(account), Some(Account::ViewerCoins(_))) {
        return Ok(());
    }
    let why = format!(
        "a debit limit on {account} takes two people, so nothing was changed; propose it: SupportService.Propose with limit_change"
    );
    Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &[("account", account.to_owned())]))
}
