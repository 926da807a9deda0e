//! LedgerService: who, decode, call, encode.

use crate::{
    answer::{Answer, Outcome, Posted},
    book::Handle,
    domain::request::{Action, Fields, Request as Asked},
    error::Error,
    ledger::Ledger,
    read, verify,
    wire::{self, Scope, malformed},
};
use api::ledger::{self as pb, ledger_service_server::LedgerServiceServer};
use identity::Role;
use money::{Amount, BookName};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Postings of one PostBatch.
const BATCH_MAX: usize = 1_000;
/// Entries of one page, and where none is asked for.
const PAGE_MAX: i32 = 200;
const PAGE_DEFAULT: i32 = 50;

/// The ledger over gRPC.
#[derive(Clone)]
pub struct Service {
    ledger: Arc<Ledger>,
}

/// A request's book and whose request ids it brings.
struct Place {
    handle: Arc<Handle>,
    book: BookName,
    subject: String,
}

impl Place {
    fn scope(&self) -> Scope<'_> {
        Scope { book: self.book.as_str(), subject: &self.subject }
    }
}

impl Service {
    /// A service on this ledger.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger }
    }

    /// To be put behind a stack.
    #[must_use]
    pub fn server(self) -> LedgerServiceServer<Self> {
        LedgerServiceServer::new(self).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX).max_encoding_message_size(rpc::MESSAGE_BYTES_MAX)
    }

    async fn place<T>(&self, request: &Request<T>, book: &str) -> Result<Place, Status> {
        let caller = rpc::caller(request)?;
        let book = caller.book(book)?;
        let handle = self.ledger.book(&book).await?;
        let principal = &caller.principal;
        let subject = if principal.role == Role::Service { String::new() } else { principal.subject.to_string() };
        Ok(Place { handle, book, subject })
    }
}

fn posting(outcome: Outcome) -> Result<(pb::Posting, bool), Error> {
    told(outcome, wire::posting)
}

fn told(outcome: Outcome, tell: fn(Posted) -> pb::Posting) -> Result<(pb::Posting, bool), Error> {
    match outcome? {
        Answer::Posted { posted, replayed } => Ok((tell(*posted), replayed)),
        Answer::Done => Err(Error::OutcomeUnknown),
    }
}

fn uuid(text: &str, field: &'static str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| malformed(field, "must be a UUID"))
}

fn transfer_no(no: i64) -> Result<i64, Error> {
    if no > 0 { Ok(no) } else { Err(malformed("transfer_no", "required")) }
}

#[tonic::async_trait]
impl pb::ledger_service_server::LedgerService for Service {
    async fn create_book(&self, request: Request<pb::CreateBookRequest>) -> Result<Response<pb::CreateBookResponse>, Status> {
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
        Ok(Response::new(pb::CreateBookResponse { book: Some(wire::book(book)) }))
    }

    async fn list_books(&self, request: Request<pb::ListBooksRequest>) -> Result<Response<pb::ListBooksResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let books = self.ledger.books().await?;
        let covered = |name: &str| BookName::try_new(name).is_ok_and(|name| caller.principal.books.covers(&name));
        let books = books.into_iter().filter(|book| covered(&book.name)).map(wire::book).collect();
        Ok(Response::new(pb::ListBooksResponse { books }))
    }

    async fn open_accounts(&self, request: Request<pb::OpenAccountsRequest>) -> Result<Response<pb::OpenAccountsResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        if sent.accounts.is_empty() || sent.accounts.len() > wire::OPEN_MAX {
            return Err(malformed("accounts", format!("1 to {}", wire::OPEN_MAX)).into());
        }
        let names = sent.accounts.clone();
        let accounts = sent.accounts.into_iter().map(|name| wire::account_name(name, "accounts")).collect::<Result<Vec<_>, _>>()?;
        // Nothing is kept under this id: opening what is open is no error.
        let action = Action::Open { accounts };
        place
            .handle
            .submit(Asked { id: Uuid::now_v7(), fields: Fields::default(), kind: String::new(), effective_time: None, action })
            .await?;
        let mut accounts = Vec::with_capacity(names.len());
        for name in names {
            accounts.push(wire::account(&place.handle.account(&name).await?));
        }
        Ok(Response::new(pb::OpenAccountsResponse { accounts }))
    }

    async fn set_account_state(
        &self,
        request: Request<pb::SetAccountStateRequest>,
    ) -> Result<Response<pb::SetAccountStateResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let id = wire::event_id(&sent.request_id, "ledger.SetAccountState", place.scope())?;
        let state = wire::state_from_pb(sent.state)?;
        let account = wire::account_name(sent.account, "account")?;
        let name = account.text.clone();
        let fields = Fields::new(vec![("account".to_owned(), name.clone()), ("state".to_owned(), state.code().to_string())]);
        let action = Action::SetState { account, state };
        place.handle.submit(Asked { id, fields, kind: String::new(), effective_time: None, action }).await?;
        let account = wire::account(&place.handle.account(&name).await?);
        Ok(Response::new(pb::SetAccountStateResponse { account: Some(account) }))
    }

    async fn post(&self, request: Request<pb::PostRequest>) -> Result<Response<pb::PostResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let asked = wire::post(request.into_inner(), place.scope())?;
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(Response::new(pb::PostResponse { posting: Some(posting), replayed }))
    }

    async fn post_batch(&self, request: Request<pb::PostBatchRequest>) -> Result<Response<pb::PostBatchResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let pb::PostBatchRequest { posts: sent, brief, .. } = request.into_inner();
        if sent.is_empty() || sent.len() > BATCH_MAX {
            return Err(malformed("posts", format!("1 to {BATCH_MAX}")).into());
        }
        let mut asked = Vec::with_capacity(sent.len());
        // A malformed item is its own refusal; the rest is not touched by it.
        let mut wrong: Vec<Option<Error>> = Vec::with_capacity(sent.len());
        for post in sent {
            let here = post.book.is_empty() || post.book == place.book.as_str();
            let item = if here { wire::post(post, place.scope()) } else { Err(malformed("posts.book", "must be the batch's or empty")) };
            match item {
                Ok(item) => {
                    asked.push(item);
                    wrong.push(None);
                }
                Err(error) => wrong.push(Some(error)),
            }
        }
        let tell = if brief { wire::brief_posting } else { wire::posting };
        let mut outcomes = place.handle.submit_many(asked).await?.into_iter();
        let outcomes = wrong.into_iter().map(|wrong| {
            let outcome = match wrong {
                Some(error) => Err(error),
                None => outcomes.next().unwrap_or(Err(Error::OutcomeUnknown)),
            };
            let outcome = match told(outcome, tell) {
                Ok((posting, replayed)) => pb::post_batch_outcome::Outcome::Accepted(pb::PostResponse { posting: Some(posting), replayed }),
                Err(error) => pb::post_batch_outcome::Outcome::Refused(wire::batch_refusal(error)),
            };
            pb::PostBatchOutcome { outcome: Some(outcome) }
        });
        Ok(Response::new(pb::PostBatchResponse { outcomes: outcomes.collect() }))
    }

    async fn post_pending(&self, request: Request<pb::PostPendingRequest>) -> Result<Response<pb::PostPendingResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let id = wire::event_id(&sent.request_id, "ledger.PostPending", place.scope())?;
        let transfer_no = transfer_no(sent.transfer_no)?;
        let amount = match sent.amount {
            0 => None,
            amount => Some(Amount::try_new(amount).map_err(|why| malformed("amount", why.to_string()))?),
        };
        let own = || vec![("amount".to_owned(), sent.amount.to_string()), ("transfer_no".to_owned(), transfer_no.to_string())];
        let fields = wire::fields(sent.request_fields, own)?;
        let action = Action::PostPending { transfer_no, amount };
        let asked = Asked { id, fields, kind: wire::kind(sent.kind)?, effective_time: None, action };
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(Response::new(pb::PostPendingResponse { posting: Some(posting), replayed }))
    }

    async fn void_pending(&self, request: Request<pb::VoidPendingRequest>) -> Result<Response<pb::VoidPendingResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let id = wire::event_id(&sent.request_id, "ledger.VoidPending", place.scope())?;
        let transfer_no = transfer_no(sent.transfer_no)?;
        let fields = wire::fields(sent.request_fields, || vec![("transfer_no".to_owned(), transfer_no.to_string())])?;
        let asked = Asked { id, fields, kind: wire::kind(sent.kind)?, effective_time: None, action: Action::VoidPending { transfer_no } };
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(Response::new(pb::VoidPendingResponse { posting: Some(posting), replayed }))
    }

    async fn reverse(&self, request: Request<pb::ReverseRequest>) -> Result<Response<pb::ReverseResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let id = wire::event_id(&sent.request_id, "ledger.Reverse", place.scope())?;
        let source = uuid(&sent.posting_id, "posting_id")?;
        let own = || vec![("allow_debt".to_owned(), sent.allow_debt.to_string()), ("posting_id".to_owned(), source.to_string())];
        let fields = wire::fields(sent.request_fields, own)?;
        let action = Action::Reverse { posting: source, allow_debt: sent.allow_debt };
        let asked = Asked { id, fields, kind: wire::kind(sent.kind)?, effective_time: None, action };
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(Response::new(pb::ReverseResponse { posting: Some(posting), replayed }))
    }

    async fn get_account(&self, request: Request<pb::GetAccountRequest>) -> Result<Response<pb::GetAccountResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let name = wire::account_name(request.into_inner().account, "account")?;
        let account = wire::account(&place.handle.account(&name.text).await?);
        Ok(Response::new(pb::GetAccountResponse { account: Some(account) }))
    }

    async fn list_entries(&self, request: Request<pb::ListEntriesRequest>) -> Result<Response<pb::ListEntriesResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let sent = request.into_inner();
        let name = wire::account_name(sent.account, "account")?;
        let limit = match sent.page_size {
            ..0 => return Err(rpc::malformed("page_size", "must not be negative")),
            0 => PAGE_DEFAULT,
            size => size.min(PAGE_MAX),
        };
        let before = if sent.page_token.is_empty() { 0 } else { wire::page_place(&sent.page_token, &name.text)? };
        let limit = usize::try_from(limit).expect("between 1 and its bound");
        let (entries, next) = place.handle.entries(&name.text, before, limit).await?;
        let next_page_token = if next == 0 { String::new() } else { wire::page_token(&name.text, next) };
        Ok(Response::new(pb::ListEntriesResponse { entries: entries.into_iter().map(wire::entry).collect(), next_page_token }))
    }

    async fn get_posting(&self, request: Request<pb::GetPostingRequest>) -> Result<Response<pb::GetPostingResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let posted: Posted = place.handle.posting(uuid(&request.get_ref().posting_id, "posting_id")?).await?;
        Ok(Response::new(pb::GetPostingResponse { posting: Some(wire::posting(posted)) }))
    }

    async fn get_trial_balance(
        &self,
        request: Request<pb::GetTrialBalanceRequest>,
    ) -> Result<Response<pb::GetTrialBalanceResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let balance = read::trial_balance(&**self.ledger.store(), place.handle.row.key).await.map_err(Status::from)?;
        Ok(Response::new(wire::trial_balance(balance)))
    }

    async fn verify_book(&self, request: Request<pb::VerifyBookRequest>) -> Result<Response<pb::VerifyBookResponse>, Status> {
        let place = self.place(&request, &request.get_ref().book).await?;
        let report = verify::verify(&**self.ledger.store(), &place.handle.row).await.map_err(Error::from)?;
        let (first_bad_seq, problem) = report.problem.map_or((0, String::new()), |problem| (problem.seq, problem.what));
        Ok(Response::new(pb::VerifyBookResponse {
            ok: problem.is_empty(),
            events: report.events,
            transfers: report.transfers,
            head_commit_no: report.head_commit_no,
            head_hash: report.head_hash,
            first_bad_seq,
            problem,
        }))
    }
}
