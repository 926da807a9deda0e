//! LedgerService: authenticate, decode, call, encode. Each RPC is in the file of its topic; this file implements the generated trait.

use crate::{
    book::{BookHandle, watching::READS_MAX},
    error::Error,
    ledger::Ledger,
    posters::PosterRights,
    wire::{self, IdScope, malformed},
};
use api::ledger::{self as pb, ledger_service_server::LedgerServiceServer};
use identity::Role;
use money::BookName;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming, service::Routes};
use uuid::Uuid;

mod books;
mod importing;
mod posting;
mod reading;
mod streaming;
mod watching;

/// The ledger over gRPC.
#[derive(Clone)]
pub struct Service {
    ledger: Arc<Ledger>,
    /// Permits of watchers that read the store.
    journal_reads: Arc<Semaphore>,
    /// Cancelled when the process is about to stop.
    shutdown: CancellationToken,
}

/// A request's book, and the scope of its request ids.
struct BookCall {
    handle: Arc<BookHandle>,
    book: BookName,
    subject: String,
    /// What the caller may post here.
    rights: PosterRights,
}

impl BookCall {
    fn scope(&self) -> IdScope<'_> {
        IdScope { book: self.book.as_str(), subject: &self.subject }
    }
}

impl Service {
    /// A service on this ledger.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger, journal_reads: Arc::new(Semaphore::new(READS_MAX)), shutdown: CancellationToken::new() }
    }

    /// Stops reading streams once this is cancelled.
    #[must_use]
    pub fn until(self, shutdown: CancellationToken) -> Self {
        Self { shutdown, ..self }
    }

    /// The gRPC server, to be put behind a middleware stack.
    #[must_use]
    pub fn server(self) -> LedgerServiceServer<Self> {
        // Answers are bounded by their content and never refused for their size: what they report has happened.
        LedgerServiceServer::new(self).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX)
    }

    /// The same as routes.
    #[must_use]
    pub fn routes(self) -> Routes {
        Routes::new(self.server())
    }

    async fn place<T>(&self, request: &Request<T>, book: &str) -> Result<BookCall, Status> {
        self.place_of(&rpc::caller(request)?, book).await
    }

    async fn place_of(&self, caller: &rpc::Caller, book: &str) -> Result<BookCall, Status> {
        let book = caller.book(book)?;
        let handle = self.ledger.book(&book).await?;
        let principal = &caller.principal;
        let subject = if principal.role == Role::Service { wire::SERVICE.to_owned() } else { principal.subject.to_string() };
        let rights = self.ledger.posters().rights(caller, &book, handle.row.mode);
        Ok(BookCall { handle, book, subject, rights })
    }
}

/// An account with its debit limits.
async fn limited_account(handle: &BookHandle, name: &str) -> Result<pb::Account, Error> {
    let account = handle.account(name).await?;
    let limits = handle.debit_limits(account.key).await?;
    Ok(pb::Account { limits: limits.into_iter().map(wire::debit_limit).collect(), ..wire::account(&account) })
}

fn uuid(text: &str, field: &'static str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| malformed(field, "must be a UUID"))
}

#[tonic::async_trait]
impl pb::ledger_service_server::LedgerService for Service {
    async fn create_book(&self, request: Request<pb::CreateBookRequest>) -> Result<Response<pb::CreateBookResponse>, Status> {
        self.create_book(request).await.map(Response::new)
    }

    async fn list_books(&self, request: Request<pb::ListBooksRequest>) -> Result<Response<pb::ListBooksResponse>, Status> {
        self.list_books(request).await.map(Response::new)
    }

    async fn open_accounts(&self, request: Request<pb::OpenAccountsRequest>) -> Result<Response<pb::OpenAccountsResponse>, Status> {
        self.open_accounts(request).await.map(Response::new)
    }

    async fn set_account_state(
        &self,
        request: Request<pb::SetAccountStateRequest>,
    ) -> Result<Response<pb::SetAccountStateResponse>, Status> {
        self.set_account_state(request).await.map(Response::new)
    }

    async fn set_debit_limit(&self, request: Request<pb::SetDebitLimitRequest>) -> Result<Response<pb::SetDebitLimitResponse>, Status> {
        self.set_debit_limit(request).await.map(Response::new)
    }

    async fn post(&self, request: Request<pb::PostRequest>) -> Result<Response<pb::PostResponse>, Status> {
        self.post(request).await.map(Response::new)
    }

    async fn post_batch(&self, request: Request<pb::PostBatchRequest>) -> Result<Response<pb::PostBatchResponse>, Status> {
        self.post_batch(request).await.map(Response::new)
    }

    type PostStreamStream = streaming::PostStreamStream;

    async fn post_stream(&self, request: Request<Streaming<pb::PostStreamRequest>>) -> Result<Response<Self::PostStreamStream>, Status> {
        self.post_stream(request).map(Response::new)
    }

    async fn import_batch(&self, request: Request<pb::ImportBatchRequest>) -> Result<Response<pb::ImportBatchResponse>, Status> {
        self.import_batch(request).await.map(Response::new)
    }

    async fn post_pending(&self, request: Request<pb::PostPendingRequest>) -> Result<Response<pb::PostPendingResponse>, Status> {
        self.post_pending(request).await.map(Response::new)
    }

    async fn void_pending(&self, request: Request<pb::VoidPendingRequest>) -> Result<Response<pb::VoidPendingResponse>, Status> {
        self.void_pending(request).await.map(Response::new)
    }

    async fn reverse(&self, request: Request<pb::ReverseRequest>) -> Result<Response<pb::ReverseResponse>, Status> {
        self.reverse(request).await.map(Response::new)
    }

    async fn get_account(&self, request: Request<pb::GetAccountRequest>) -> Result<Response<pb::GetAccountResponse>, Status> {
        self.get_account(request).await.map(Response::new)
    }

    async fn list_entries(&self, request: Request<pb::ListEntriesRequest>) -> Result<Response<pb::ListEntriesResponse>, Status> {
        self.list_entries(request).await.map(Response::new)
    }

    async fn get_balance_at(&self, request: Request<pb::GetBalanceAtRequest>) -> Result<Response<pb::GetBalanceAtResponse>, Status> {
        self.get_balance_at(request).await.map(Response::new)
    }

    async fn get_posting(&self, request: Request<pb::GetPostingRequest>) -> Result<Response<pb::GetPostingResponse>, Status> {
        self.get_posting(request).await.map(Response::new)
    }

    type WatchJournalStream = watching::WatchJournalStream;

    async fn watch_journal(&self, request: Request<pb::WatchJournalRequest>) -> Result<Response<Self::WatchJournalStream>, Status> {
        self.watch_journal(request).await.map(Response::new)
    }

    async fn get_trial_balance(
        &self,
        request: Request<pb::GetTrialBalanceRequest>,
    ) -> Result<Response<pb::GetTrialBalanceResponse>, Status> {
        self.get_trial_balance(request).await.map(Response::new)
    }

    async fn verify_book(&self, request: Request<pb::VerifyBookRequest>) -> Result<Response<pb::VerifyBookResponse>, Status> {
        self.verify_book(request).await.map(Response::new)
    }
}
