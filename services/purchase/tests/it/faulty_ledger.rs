//! A LedgerService in memory: accounts open themselves, an id has one answer, and it fails when told to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use api::ledger::ledger_service_server::LedgerService;
use api::ledger::*;
use tonic::{Code, Request, Response, Status};

/// What happens to the next posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    #[default]
    None,
    /// Nothing is posted.
    Down,
    /// It is posted, and nobody is told.
    AnswerLost,
    /// The ledger's rules say no, for good under this id.
    Frozen,
}

#[derive(Debug, Default)]
struct Books {
    fault: Fault,
    /// Answer by (book, request id), refusals included.
    answers: HashMap<(String, String), Result<PostResponse, &'static str>>,
    balances: HashMap<(String, String), i64>,
    postings: Vec<(String, Posting)>,
    seq: i64,
}

#[derive(Debug, Clone, Default)]
pub struct FakeLedger(Arc<Mutex<Books>>);

impl FakeLedger {
    pub fn fail(&self, fault: Fault) {
        self.0.lock().unwrap().fault = fault;
    }

    pub fn postings(&self) -> Vec<Posting> {
        self.0.lock().unwrap().postings.iter().map(|(_, posting)| posting.clone()).collect()
    }

    pub fn balance(&self, book: &str, account: &str) -> i64 {
        self.0.lock().unwrap().balances.get(&(book.to_owned(), account.to_owned())).copied().unwrap_or(0)
    }
}

impl Books {
    fn post(&mut self, request: PostRequest) -> Result<PostResponse, Status> {
        let id = (request.book.clone(), request.request_id.clone());
        if self.fault == Fault::Down {
            return Err(rpc::outcome_unknown("the ledger is down"));
        }
        let frozen = |reason| rpc::refused(Code::FailedPrecondition, reason, "the account is frozen".to_owned(), &[]);
        if let Some(first) = self.answers.get(&id) {
            return first.clone().map(|first| PostResponse { replayed: true, ..first }).map_err(frozen);
        }
        if self.fault == Fault::Frozen {
            self.answers.insert(id, Err("ACCOUNT_FROZEN"));
            return Err(frozen("ACCOUNT_FROZEN"));
        }
        self.seq += 1;
        let seq = self.seq;
        let mut transfers = Vec::new();
        for transfer in request.transfers {
            let debit_after = self.add(&request.book, &transfer.debit_account, -transfer.amount, seq);
            let credit_after = self.add(&request.book, &transfer.credit_account, transfer.amount, seq);
            transfers.push(PostedTransfer {
                debit_account: transfer.debit_account,
                credit_account: transfer.credit_account,
                amount: transfer.amount,
                debit_after: Some(debit_after),
                credit_after: Some(credit_after),
                ..PostedTransfer::default()
            });
        }
        let posting = Posting {
            posting_id: uuid::Uuid::now_v7().to_string(),
            seq,
            kind: request.kind,
            transfers,
            request_fields: request.request_fields,
            effective_time: request.effective_time,
            ..Posting::default()
        };
        self.postings.push((request.book, posting.clone()));
        let answer = PostResponse { posting: Some(posting), replayed: false };
        self.answers.insert(id, Ok(answer.clone()));
        if self.fault == Fault::AnswerLost {
            return Err(rpc::outcome_unknown("the connection broke"));
        }
        Ok(answer)
    }

    fn add(&mut self, book: &str, account: &str, amount: i64, seq: i64) -> Account {
        let balance = self.balances.entry((book.to_owned(), account.to_owned())).or_default();
        *balance += amount;
        Account { account: account.to_owned(), balance: *balance, balance_seq: seq, ..Account::default() }
    }
}

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not part of these tests"))
}

#[tonic::async_trait]
impl LedgerService for FakeLedger {
    async fn list_books(&self, _: Request<ListBooksRequest>) -> Result<Response<ListBooksResponse>, Status> {
        let book = |name: &str, mode: BookMode| Book { name: name.to_owned(), mode: mode.into(), ..Book::default() };
        let books = vec![book("test-us", BookMode::Test), book("test-jp", BookMode::Test), book("live-us", BookMode::Live)];
        Ok(Response::new(ListBooksResponse { books }))
    }

    async fn post(&self, request: Request<PostRequest>) -> Result<Response<PostResponse>, Status> {
        self.0.lock().unwrap().post(request.into_inner()).map(Response::new)
    }

    async fn get_account(&self, request: Request<GetAccountRequest>) -> Result<Response<GetAccountResponse>, Status> {
        let request = request.into_inner();
        let books = self.0.lock().unwrap();
        let Some(balance) = books.balances.get(&(request.book, request.account.clone())) else {
            return Err(rpc::refused(Code::NotFound, "ACCOUNT_UNKNOWN", "no such account".to_owned(), &[]));
        };
        let account = Account { account: request.account, balance: *balance, balance_seq: books.seq, ..Account::default() };
        Ok(Response::new(GetAccountResponse { account: Some(account) }))
    }

    async fn create_book(&self, _: Request<CreateBookRequest>) -> Result<Response<CreateBookResponse>, Status> {
        not_here()
    }
    async fn open_accounts(&self, _: Request<OpenAccountsRequest>) -> Result<Response<OpenAccountsResponse>, Status> {
        not_here()
    }
    async fn set_account_state(&self, _: Request<SetAccountStateRequest>) -> Result<Response<SetAccountStateResponse>, Status> {
        not_here()
    }
    async fn post_batch(&self, _: Request<PostBatchRequest>) -> Result<Response<PostBatchResponse>, Status> {
        not_here()
    }
    async fn post_pending(&self, _: Request<PostPendingRequest>) -> Result<Response<PostPendingResponse>, Status> {
        not_here()
    }
    async fn void_pending(&self, _: Request<VoidPendingRequest>) -> Result<Response<VoidPendingResponse>, Status> {
        not_here()
    }
    async fn reverse(&self, _: Request<ReverseRequest>) -> Result<Response<ReverseResponse>, Status> {
        not_here()
    }
    async fn list_entries(&self, _: Request<ListEntriesRequest>) -> Result<Response<ListEntriesResponse>, Status> {
        not_here()
    }
    async fn get_posting(&self, _: Request<GetPostingRequest>) -> Result<Response<GetPostingResponse>, Status> {
        not_here()
    }
    async fn get_trial_balance(&self, _: Request<GetTrialBalanceRequest>) -> Result<Response<GetTrialBalanceResponse>, Status> {
        not_here()
    }
    async fn verify_book(&self, _: Request<VerifyBookRequest>) -> Result<Response<VerifyBookResponse>, Status> {
        not_here()
    }
}
