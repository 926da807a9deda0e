//! The real LedgerService behind a fault injector.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use api::ledger::ledger_service_server::LedgerService;
use api::ledger::*;
use futures::{StreamExt as _, future, stream};
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

/// The fault injected into the next posts.
#[derive(Debug, Clone, Default)]
pub enum Fault {
    /// No fault.
    #[default]
    None,
    /// Nothing is posted, and the caller can't know that.
    Down,
    /// It is posted, and the answer is lost.
    AnswerLost,
    /// Nothing is posted, and this is the answer, also to reads.
    Answer(Status),
    /// Nothing is posted, and this is the answer; reads are answered.
    Posting(Status),
    /// Nothing is posted, and no answer ever comes.
    Silent,
}

/// LedgerService, as services reach it.
#[derive(Clone)]
pub struct FaultyLedger {
    real: ledger::Service,
    fault: Arc<Mutex<Fault>>,
    /// Postings that were answered with [`Fault::Posting`], or never.
    denied: Arc<AtomicUsize>,
    /// Whether streams of journals are broken.
    broken: watch::Sender<bool>,
}

impl FaultyLedger {
    /// Puts the fault injector before this ledger.
    #[must_use]
    pub fn new(real: ledger::Service) -> FaultyLedger {
        FaultyLedger { real, fault: Arc::default(), denied: Arc::default(), broken: watch::channel(false).0 }
    }

    /// Sets the fault from now on.
    pub fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// Breaks every stream of a journal and refuses new ones, as if the process that sends them were killed; or lets them be opened again.
    pub fn break_journals(&self, broken: bool) {
        self.broken.send_replace(broken);
    }

    /// How many postings were answered with [`Fault::Posting`].
    #[must_use]
    pub fn denied(&self) -> usize {
        self.denied.load(Ordering::SeqCst)
    }

    fn fault(&self) -> Fault {
        self.fault.lock().unwrap().clone()
    }

    /// The fault's answer for a call that changes nothing.
    fn unread(&self) -> Result<(), Status> {
        match self.fault() {
            Fault::Answer(status) => Err(status),
            Fault::None | Fault::Down | Fault::AnswerLost | Fault::Posting(_) | Fault::Silent => Ok(()),
        }
    }

    async fn changing<T>(&self, call: impl Future<Output = FaultyAnswer<T>>) -> FaultyAnswer<T> {
        match self.fault() {
            Fault::None => call.await,
            Fault::Down => Err(rpc::outcome_unknown("the ledger is down")),
            Fault::AnswerLost => {
                call.await?;
                Err(rpc::outcome_unknown("the connection broke"))
            }
            Fault::Answer(status) => Err(status),
            Fault::Posting(status) => {
                self.denied.fetch_add(1, Ordering::SeqCst);
                Err(status)
            }
            Fault::Silent => {
                self.denied.fetch_add(1, Ordering::SeqCst);
                std::future::pending().await
            }
        }
    }
}

type FaultyAnswer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl LedgerService for FaultyLedger {
    async fn post(&self, request: Request<PostRequest>) -> FaultyAnswer<PostResponse> {
        self.changing(self.real.post(request)).await
    }

    async fn list_books(&self, request: Request<ListBooksRequest>) -> FaultyAnswer<ListBooksResponse> {
        self.unread()?;
        self.real.list_books(request).await
    }
    async fn get_account(&self, request: Request<GetAccountRequest>) -> FaultyAnswer<GetAccountResponse> {
        self.unread()?;
        self.real.get_account(request).await
    }
    async fn get_balance_at(&self, request: Request<GetBalanceAtRequest>) -> FaultyAnswer<GetBalanceAtResponse> {
        self.real.get_balance_at(request).await
    }
    async fn create_book(&self, request: Request<CreateBookRequest>) -> FaultyAnswer<CreateBookResponse> {
        self.changing(self.real.create_book(request)).await
    }
    async fn open_accounts(&self, request: Request<OpenAccountsRequest>) -> FaultyAnswer<OpenAccountsResponse> {
        self.real.open_accounts(request).await
    }
    async fn set_account_state(&self, request: Request<SetAccountStateRequest>) -> FaultyAnswer<SetAccountStateResponse> {
        self.changing(self.real.set_account_state(request)).await
    }
    async fn set_debit_limit(&self, request: Request<SetDebitLimitRequest>) -> FaultyAnswer<SetDebitLimitResponse> {
        self.changing(self.real.set_debit_limit(request)).await
    }
    async fn import_batch(&self, request: Request<ImportBatchRequest>) -> FaultyAnswer<ImportBatchResponse> {
        self.real.import_batch(request).await
    }
    async fn post_batch(&self, request: Request<PostBatchRequest>) -> FaultyAnswer<PostBatchResponse> {
        self.changing(self.real.post_batch(request)).await
    }
    async fn post_pending(&self, request: Request<PostPendingRequest>) -> FaultyAnswer<PostPendingResponse> {
        self.changing(self.real.post_pending(request)).await
    }
    async fn void_pending(&self, request: Request<VoidPendingRequest>) -> FaultyAnswer<VoidPendingResponse> {
        self.changing(self.real.void_pending(request)).await
    }
    async fn reverse(&self, request: Request<ReverseRequest>) -> FaultyAnswer<ReverseResponse> {
        self.changing(self.real.reverse(request)).await
    }
    async fn list_entries(&self, request: Request<ListEntriesRequest>) -> FaultyAnswer<ListEntriesResponse> {
        self.real.list_entries(request).await
    }
    async fn get_posting(&self, request: Request<GetPostingRequest>) -> FaultyAnswer<GetPostingResponse> {
        self.unread()?;
        self.real.get_posting(request).await
    }
    async fn get_trial_balance(&self, request: Request<GetTrialBalanceRequest>) -> FaultyAnswer<GetTrialBalanceResponse> {
        self.unread()?;
        self.real.get_trial_balance(request).await
    }
    type PostStreamStream = <ledger::Service as LedgerService>::PostStreamStream;
    async fn post_stream(&self, request: Request<Streaming<PostStreamRequest>>) -> FaultyAnswer<Self::PostStreamStream> {
        self.real.post_stream(request).await
    }
    type WatchJournalStream = <ledger::Service as LedgerService>::WatchJournalStream;
    async fn watch_journal(&self, request: Request<WatchJournalRequest>) -> FaultyAnswer<Self::WatchJournalStream> {
        let mut broken = self.broken.subscribe();
        let died = || Status::unavailable("the process was killed");
        if *broken.borrow() {
            return Err(died());
        }
        let seen = broken.clone();
        let real = self.real.watch_journal(request).await?.into_inner();
        let whole = real.take_until(Box::pin(async move { drop(broken.wait_for(|broken| *broken).await) }));
        let last = stream::once(future::lazy(move |_| *seen.borrow())).filter_map(move |broken| future::ready(broken.then(|| Err(died()))));
        Ok(Response::new(Box::pin(whole.chain(last))))
    }
    async fn verify_book(&self, request: Request<VerifyBookRequest>) -> FaultyAnswer<VerifyBookResponse> {
        self.real.verify_book(request).await
    }
}
