//! RPCs about books and accounts.

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
use rpc::{
    Violations,
    page::{InvalidPageToken, PagePosition, PagedList},
};
use tonic::{Code, Request, Status};

/// A place in the list of books: after the one of this name, which has at most 64 bytes.
struct BookPlace(String);

impl PagePosition for BookPlace {
    fn write(&self, token: &mut Vec<u8>) {
        token.extend_from_slice(self.0.as_bytes());
    }

    fn read(token: &mut &[u8]) -> Option<Self> {
        let name = std::str::from_utf8(std::mem::take(token)).ok()?;
        BookName::try_new(name).ok().map(|name| Self(name.to_string()))
    }
}

impl Service {
    pub(super) async fn create_book(&self, request: Request<pb::CreateBookRequest>) -> Result<pb::CreateBookResponse, Status> {
        let caller = rpc::caller(&request)?;
        let sent = request.into_inner();
        let mut wrong = Violations::default();
        let id = wrong.take(wire::request_id(&sent.request_id));
        let named = if sent.book.is_empty() { Err(rpc::malformed("book", "must be given")) } else { caller.book(&sent.book) };
        let (book, mode) = (wrong.take(named), wrong.take(wire::mode_from_pb(sent.mode)));
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let placed = !sent.region.is_empty() && sent.region.len() <= 32 && sent.region.bytes().all(fits);
        if !placed {
            wrong.add(rpc::malformed("region", "must match [a-z0-9-]{1,32}"));
        }
        let (Some(id), Some(book), Some(mode), true) = (id, book, mode, placed) else { return Err(wrong.into_status()) };
        let book = self.ledger.create_book(&book, mode, &sent.region).await?;
        Ok(pb::CreateBookResponse { book: Some(wire::book(book)), request_id: id.uuid().hyphenated().to_string() })
    }

    pub(super) async fn list_books(&self, request: Request<pb::ListBooksRequest>) -> Result<pb::ListBooksResponse, Status> {
        let caller = rpc::caller(&request)?;
        let sent = request.into_inner();
        let (size, list) = (wire::page_size(sent.page_size)?, PagedList::new("ListBooks", "", &[]));
        // The token is a book's place among all by name, so that it means the same whatever the caller's token covers.
        let after: Option<BookPlace> = list.position(&sent.page_token).map_err(|InvalidPageToken| Error::PageToken)?;
        let mut books = self.ledger.books().await?;
        books.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        let covered = |name: &str| BookName::try_new(name).is_ok_and(|name| caller.principal.books.covers(&name));
        let beyond = |name: &str| after.as_ref().is_none_or(|BookPlace(after)| name > after.as_str());
        let mut books: Vec<_> = books.into_iter().filter(|book| beyond(&book.name) && covered(&book.name)).take(size + 1).collect();
        let next_page_token = list.cut(&mut books, size, |book| BookPlace(book.name.clone()));
        Ok(pb::ListBooksResponse { books: books.into_iter().map(wire::book).collect(), next_page_token })
    }

    pub(super) async fn open_accounts(&self, request: Request<pb::OpenAccountsRequest>) -> Result<pb::OpenAccountsResponse, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let names = sent.accounts.clone();
        let mut wrong = Violations::default();
        let id = wrong.take(wire::event_id(&sent.request_id, "ledger.OpenAccounts", place.scope()));
        let accounts = wrong.take(match sent.accounts.len() {
            1..=wire::OPEN_MAX => sent.accounts.into_iter().map(|name| wire::account_name(name, "accounts")).collect::<Result<Vec<_>, _>>(),
            _ => Err(malformed("accounts", format!("must have 1 to {} accounts", wire::OPEN_MAX))),
        });
        let (Some(id), Some(accounts)) = (id, accounts) else { return Err(wrong.into_status()) };
        // Nothing is kept under this id: opening what is open is no error.
        let action = Action::Open { accounts };
        place.handle.submit(BookRequest::new(id, RequestFields::default(), String::new(), action)).await?;
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
        let mut wrong = Violations::default();
        let id = wrong.take(wire::event_id(&sent.request_id, "ledger.SetAccountState", place.scope()));
        let state = wrong.take(wire::state_from_pb(sent.state));
        let account = wrong.take(wire::account_name(sent.account, "account"));
        let (Some(id), Some(state), Some(account)) = (id, state, account) else { return Err(wrong.into_status()) };
        let name = account.text.clone();
        let fields = RequestFields::new(vec![("account".to_owned(), name.clone()), ("state".to_owned(), state.code().to_string())]);
        place.rights.for_id(&place.handle, id).await?.set_state(&name, state)?;
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
        place.rights.for_id(&place.handle, asked.id).await?.set_limit()?;
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

/// One person may limit what a viewer spends. A limit on anything else can stop a book or somebody's payouts, as a freeze can, and takes two people as
/// a freeze does: SupportService sends it with its own token once it is approved.
fn may_limit(caller: &rpc::Caller, account: &str) -> Result<(), Status> {
    if caller.principal.role == Role::Service || matches!(Account::parse(account), Some(Account::ViewerCoins(_))) {
        return Ok(());
    }
    let why = format!(
        "a debit limit on {account} takes two people, so nothing was changed; propose it: SupportService.Propose with limit_change"
    );
    Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &[("account", account.to_owned())]))
}
