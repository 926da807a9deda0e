//! A store that hangs or fails when told to.
use async_trait::async_trait;
use ledger::{
    domain::{
        account::Account,
        event::{Checkpoint, Event, GuardState, Hold, Transfer},
    },
    store::{Batch, Book, Commit, CommitError, Error, Known, Store, StoredEvent, Tail, Walk},
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What becomes of the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the store knows it.
    FailBefore,
    /// Nothing is written, and nobody knows it.
    LoseBefore,
    /// It is written, and nobody knows it.
    LoseAfter,
    /// A rival is faster.
    Rival,
}

pub struct Injected {
    inner: Arc<dyn Store>,
    next: Mutex<Option<Fault>>,
    /// Commits wait for a permit each once this is set.
    gate: Mutex<Option<Arc<Semaphore>>>,
    pub waiting: AtomicUsize,
}

impl Injected {
    pub fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { inner, next: Mutex::new(None), gate: Mutex::new(None), waiting: AtomicUsize::new(0) })
    }

    pub fn fail_next(&self, fault: Fault) {
        *self.next.lock().unwrap() = Some(fault);
    }

    /// From now on every commit waits for a permit.
    pub fn hang(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some(gate.clone());
        gate
    }

    pub async fn until_a_commit_hangs(&self) {
        while self.waiting.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Store for Injected {
    async fn create_book(&self, book: &Book) -> Result<Book, Error> {
        self.inner.create_book(book).await
    }
    async fn books(&self) -> Result<Vec<Book>, Error> {
        self.inner.books().await
    }
    async fn head(&self, book: i64) -> Result<Option<Commit>, Error> {
        self.inner.head(book).await
    }
    async fn commits(&self, book: i64, from: i64, limit: i64) -> Result<Vec<Commit>, Error> {
        self.inner.commits(book, from, limit).await
    }
    async fn commit_time(&self, book: i64, seq: i64) -> Result<Option<i64>, Error> {
        self.inner.commit_time(book, seq).await
    }
    async fn accounts_by_name(&self, book: i64, names: &[String]) -> Result<Vec<Account>, Error> {
        self.inner.accounts_by_name(book, names).await
    }
    async fn accounts_by_key(&self, book: i64, keys: &[i64]) -> Result<Vec<Account>, Error> {
        self.inner.accounts_by_key(book, keys).await
    }
    async fn accounts_after(&self, book: i64, key: i64, limit: i64) -> Result<Vec<Account>, Error> {
        self.inner.accounts_after(book, key, limit).await
    }
    async fn guards(&self, book: i64, keys: &[String]) -> Result<Vec<(String, GuardState)>, Error> {
        self.inner.guards(book, keys).await
    }
    async fn guards_after(&self, book: i64, key: &str, limit: i64) -> Result<Vec<(String, GuardState)>, Error> {
        self.inner.guards_after(book, key, limit).await
    }
    async fn holds_from(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Hold>, Error> {
        self.inner.holds_from(book, from_no, limit).await
    }
    async fn holds(&self, book: i64, numbers: &[i64]) -> Result<Vec<Hold>, Error> {
        self.inner.holds(book, numbers).await
    }
    async fn hold_ends(&self, book: i64, limit: i64) -> Result<Vec<(i64, i64)>, Error> {
        self.inner.hold_ends(book, limit).await
    }
    async fn ids(&self, book: i64, ids: &[Uuid]) -> Result<Vec<(Uuid, Known)>, Error> {
        self.inner.ids(book, ids).await
    }
    async fn ids_from(&self, book: i64, from: Uuid, limit: i64) -> Result<Vec<(Uuid, Known)>, Error> {
        self.inner.ids_from(book, from, limit).await
    }
    async fn events(&self, book: i64, from_seq: i64, limit: i64) -> Result<Vec<StoredEvent>, Error> {
        self.inner.events(book, from_seq, limit).await
    }
    async fn event_by_id(&self, book: i64, id: Uuid) -> Result<Option<Event>, Error> {
        self.inner.event_by_id(book, id).await
    }
    async fn transfers(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Transfer>, Error> {
        self.inner.transfers(book, from_no, limit).await
    }
    async fn tail(&self, book: i64) -> Result<Option<Tail>, Error> {
        self.inner.tail(book).await
    }
    async fn checkpoints(&self, book: i64, from: (i64, i64), limit: i64) -> Result<Vec<Checkpoint>, Error> {
        self.inner.checkpoints(book, from, limit).await
    }
    async fn walk(&self, book: i64, account: i64, walk: Walk) -> Result<Vec<Transfer>, Error> {
        self.inner.walk(book, account, walk).await
    }
    async fn commit_at(&self, book: i64, time: i64) -> Result<Option<Commit>, Error> {
        self.inner.commit_at(book, time).await
    }
    async fn commit_times(&self, book: i64, seqs: &[i64]) -> Result<Vec<(i64, i64)>, Error> {
        self.inner.commit_times(book, seqs).await
    }
    async fn bodies(&self, book: i64, seqs: &[i64]) -> Result<Vec<StoredEvent>, Error> {
        self.inner.bodies(book, seqs).await
    }
    async fn commit(&self, batch: &Arc<Batch>) -> Result<(), CommitError> {
        let gate = self.gate.lock().unwrap().clone();
        if let Some(gate) = gate {
            self.waiting.fetch_add(1, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
        let fault = self.next.lock().unwrap().take();
        match fault {
            None => self.inner.commit(batch).await,
            Some(Fault::FailBefore) => Err(CommitError::Failed("disk full (injected)".to_owned())),
            Some(Fault::LoseBefore) => Err(CommitError::Unknown("connection lost (injected)".to_owned())),
            Some(Fault::LoseAfter) => {
                self.inner.commit(batch).await?;
                Err(CommitError::Unknown("connection lost (injected)".to_owned()))
            }
            Some(Fault::Rival) => {
                let commit = Commit { epoch: batch.commit.epoch + 7, hash: [9; 32], ..batch.commit.clone() };
                let empty = Batch {
                    commit,
                    events: Vec::new(),
                    refusals: Vec::new(),
                    guards: Vec::new(),
                    holds: Vec::new(),
                    opened: Vec::new(),
                    checkpoints: Vec::new(),
                    flushed: Vec::new(),
                    ..(**batch).clone()
                };
                self.inner.commit(&Arc::new(empty)).await?;
                self.inner.commit(batch).await
            }
        }
    }
    async fn settle(&self) -> Result<(), Error> {
        self.inner.settle().await
    }
    async fn forget_refusals(&self, book: i64, before: i64, limit: i64) -> Result<u64, Error> {
        self.inner.forget_refusals(book, before, limit).await
    }
    async fn lease(&self, owner: &str, hold_ms: i64, gone: Option<&str>) -> Result<String, Error> {
        self.inner.lease(owner, hold_ms, gone).await
    }
}
