//! A store that hangs or fails on command. Shared with the model test.
// Each of the two test binaries that share this uses a part of it.
#![allow(dead_code)]
use async_trait::async_trait;
use books::{
    domain::{
        account::BookAccount,
        event::{Checkpoint, Event, GuardState, Hold, Transfer},
        limit::Limit,
        standing::Settling,
    },
    store::{Batch, Book, CheckpointPlace, Commit, CommitError, Error, IdMeaning, LimitPlace, LogRow, Store, StoredEvent, Tail, Walk},
};
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// A fault of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and the store reports that.
    FailBefore,
    /// Nothing is written, and the outcome is unknown.
    LoseBefore,
    /// It is written, and the outcome is unknown.
    LoseAfter,
    /// The outcome is unknown, and it is not written yet: it arrives right before the next commit does.
    Zombie,
    /// As `Zombie`, but it arrives after the next commit, and must be fenced.
    LateZombie,
    /// A rival commits first.
    Rival,
}

/// Why the store refuses commits until the outage is lifted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// The disk is full.
    DiskFull,
    /// The medium is read-only.
    ReadOnly,
}

#[derive(Default)]
struct Plan {
    faults: VecDeque<Fault>,
    outage: Option<Outage>,
    /// Still in flight although its sender gave up on it; `true`: it arrives before the next.
    zombie: Option<(Arc<Batch>, bool)>,
}

pub struct Injected {
    inner: Arc<dyn Store>,
    plan: Mutex<Plan>,
    /// Each commit waits for a permit once this is set; `true`: only after it was written.
    gate: Mutex<Option<(Arc<Semaphore>, bool)>>,
    pub waiting: AtomicUsize,
    /// The same for reads; `true`: for accounts by name only, and after their rows were read.
    read_gate: Mutex<Option<(Arc<Semaphore>, bool)>>,
    waiting_reads: AtomicUsize,
    /// The number of next reads that fail.
    failing_reads: AtomicUsize,
    /// The number of reads that succeed before those.
    spared_reads: AtomicUsize,
    /// Queries of statements, and the rows they returned.
    pub queries: AtomicUsize,
    pub rows: AtomicUsize,
}

impl Injected {
    pub fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        let none = || AtomicUsize::new(0);
        let (waiting, waiting_reads, failing_reads) = (none(), none(), none());
        let (spared_reads, queries, rows) = (none(), none(), none());
        let (plan, gate, read_gate) = (Mutex::default(), Mutex::new(None), Mutex::new(None));
        Arc::new(Self { inner, plan, gate, waiting, read_gate, waiting_reads, failing_reads, spared_reads, queries, rows })
    }

    /// Plans a fault for the next commit that has none.
    pub fn fail_next(&self, fault: Fault) {
        self.plan.lock().unwrap().faults.push_back(fault);
    }

    pub fn outage(&self, outage: Option<Outage>) {
        self.plan.lock().unwrap().outage = outage;
    }

    pub fn fail_reads(&self, count: usize) {
        self.fail_reads_after(0, count);
    }

    /// The next `spared` reads succeed, `count` after them fail.
    pub fn fail_reads_after(&self, spared: usize, count: usize) {
        self.spared_reads.store(spared, Ordering::SeqCst);
        self.failing_reads.store(count, Ordering::SeqCst);
    }

    /// Removes all planned faults.
    pub fn heal(&self) {
        let mut plan = self.plan.lock().unwrap();
        plan.faults.clear();
        plan.outage = None;
        drop(plan);
        self.fail_reads(0);
    }

    /// From now on every commit waits for a permit.
    pub fn hang(&self) -> Arc<Semaphore> {
        self.hang_at(false)
    }

    /// From now on every commit waits for a permit after it was written: the store has it, and its writer does not know.
    pub fn hang_written(&self) -> Arc<Semaphore> {
        self.hang_at(true)
    }

    fn hang_at(&self, written: bool) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some((gate.clone(), written));
        gate
    }

    /// From now on every read waits for a permit.
    pub fn hang_reads(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.read_gate.lock().unwrap() = Some((gate.clone(), false));
        gate
    }

    /// From now on reads of accounts by name wait for a permit, and return the rows as they were before the wait.
    pub fn delay_accounts(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.read_gate.lock().unwrap() = Some((gate.clone(), true));
        gate
    }

    pub fn reads_that_hang(&self) -> usize {
        self.waiting_reads.load(Ordering::SeqCst)
    }

    pub async fn until_a_read_hangs(&self) {
        while self.waiting_reads.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Stops holding up commits, and lets the waiting ones continue.
    pub fn release(&self) {
        if let Some((gate, _)) = self.gate.lock().unwrap().take() {
            gate.add_permits(Semaphore::MAX_PERMITS / 2);
        }
    }

    /// Whether no commit is waiting.
    pub fn is_idle(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0
    }

    pub async fn until_a_commit_hangs(&self) {
        while self.is_idle() {
            tokio::task::yield_now().await;
        }
    }

    async fn readable(&self) -> Result<(), Error> {
        let gate = self.read_gate.lock().unwrap().clone();
        if let Some((gate, false)) = gate {
            wait(&gate, &self.waiting_reads).await;
        }
        let one_of = |count: &AtomicUsize| count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if !one_of(&self.spared_reads) && one_of(&self.failing_reads) { Err(Error::Injected("a read failed")) } else { Ok(()) }
    }

    fn counted<T>(&self, rows: Result<Vec<T>, Error>) -> Result<Vec<T>, Error> {
        self.queries.fetch_add(1, Ordering::SeqCst);
        self.rows.fetch_add(rows.as_ref().map_or(0, Vec::len), Ordering::SeqCst);
        rows
    }

    /// A commit whose sender gave up on it arrives: it is written, or the fence stops it.
    async fn arrive(&self, zombie: &Arc<Batch>) {
        match self.inner.commit(zombie).await {
            Ok(()) | Err(CommitError::Fenced) => {}
            Err(other) => panic!("a zombie met: {other}"),
        }
    }
}

async fn wait(gate: &Semaphore, waiting: &AtomicUsize) {
    waiting.fetch_add(1, Ordering::SeqCst);
    gate.acquire().await.unwrap().forget();
    waiting.fetch_sub(1, Ordering::SeqCst);
}

/// An empty commit of another writer under a batch's number.
fn rival(batch: &Batch) -> Arc<Batch> {
    let commit = Commit { epoch: batch.commit.epoch + 7, hash: [9; 32], ..batch.commit.clone() };
    Arc::new(Batch {
        commit,
        events: Vec::new(),
        refusals: Vec::new(),
        guards: Vec::new(),
        holds: Vec::new(),
        opened: Vec::new(),
        checkpoints: Vec::new(),
        limits: Vec::new(),
        flushed: Vec::new(),
        logged: Vec::new(),
        settled: Settling::default(),
        ..batch.clone()
    })
}

#[async_trait]
impl Store for Injected {
    async fn create_book(&self, book: &Book) -> Result<Book, Error> {
        self.inner.create_book(book).await
    }
    async fn books(&self) -> Result<Vec<Book>, Error> {
        self.readable().await?;
        self.inner.books().await
    }
    async fn head(&self, book: i64) -> Result<Option<Commit>, Error> {
        self.readable().await?;
        self.inner.head(book).await
    }
    async fn commits(&self, book: i64, from: i64, limit: i64) -> Result<Vec<Commit>, Error> {
        self.readable().await?;
        self.counted(self.inner.commits(book, from, limit).await)
    }
    async fn commit_time(&self, book: i64, seq: i64) -> Result<Option<i64>, Error> {
        self.readable().await?;
        self.inner.commit_time(book, seq).await
    }
    async fn logged(&self, book: i64, from_commit: i64, limit: i64) -> Result<Vec<LogRow>, Error> {
        self.readable().await?;
        self.counted(self.inner.logged(book, from_commit, limit).await)
    }
    async fn accounts_by_name(&self, book: i64, names: &[String]) -> Result<Vec<BookAccount>, Error> {
        self.readable().await?;
        let rows = self.inner.accounts_by_name(book, names).await;
        let gate = self.read_gate.lock().unwrap().clone();
        if let Some((gate, true)) = gate {
            wait(&gate, &self.waiting_reads).await;
        }
        self.counted(rows)
    }
    async fn accounts_by_key(&self, book: i64, keys: &[i64]) -> Result<Vec<BookAccount>, Error> {
        self.readable().await?;
        self.counted(self.inner.accounts_by_key(book, keys).await)
    }
    async fn accounts_after(&self, book: i64, key: i64, limit: i64) -> Result<Vec<BookAccount>, Error> {
        self.readable().await?;
        self.inner.accounts_after(book, key, limit).await
    }
    async fn guards(&self, book: i64, keys: &[String]) -> Result<Vec<(String, GuardState)>, Error> {
        self.readable().await?;
        self.inner.guards(book, keys).await
    }
    async fn guards_after(&self, book: i64, key: &str, limit: i64) -> Result<Vec<(String, GuardState)>, Error> {
        self.readable().await?;
        self.inner.guards_after(book, key, limit).await
    }
    async fn holds_from(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Hold>, Error> {
        self.readable().await?;
        self.inner.holds_from(book, from_no, limit).await
    }
    async fn holds(&self, book: i64, numbers: &[i64]) -> Result<Vec<Hold>, Error> {
        self.readable().await?;
        self.inner.holds(book, numbers).await
    }
    async fn hold_ends(&self, book: i64, limit: i64) -> Result<Vec<(i64, i64)>, Error> {
        self.inner.hold_ends(book, limit).await
    }
    async fn debit_limits(&self, book: i64, from: LimitPlace, limit: i64) -> Result<Vec<Limit>, Error> {
        self.inner.debit_limits(book, from, limit).await
    }
    async fn ids(&self, book: i64, ids: &[Uuid]) -> Result<Vec<(Uuid, IdMeaning)>, Error> {
        self.readable().await?;
        self.inner.ids(book, ids).await
    }
    async fn ids_from(&self, book: i64, from: Uuid, limit: i64) -> Result<Vec<(Uuid, IdMeaning)>, Error> {
        self.readable().await?;
        self.inner.ids_from(book, from, limit).await
    }
    async fn events(&self, book: i64, from_seq: i64, limit: i64) -> Result<Vec<StoredEvent>, Error> {
        self.readable().await?;
        self.counted(self.inner.events(book, from_seq, limit).await)
    }
    async fn event_by_id(&self, book: i64, id: Uuid) -> Result<Option<Event>, Error> {
        self.readable().await?;
        self.inner.event_by_id(book, id).await
    }
    async fn transfers(&self, book: i64, from_no: i64, limit: i64) -> Result<Vec<Transfer>, Error> {
        self.readable().await?;
        self.counted(self.inner.transfers(book, from_no, limit).await)
    }
    async fn tail(&self, book: i64) -> Result<Option<Tail>, Error> {
        self.readable().await?;
        self.inner.tail(book).await
    }
    async fn checkpoints(&self, book: i64, from: CheckpointPlace, limit: i64) -> Result<Vec<Checkpoint>, Error> {
        self.readable().await?;
        self.counted(self.inner.checkpoints(book, from, limit).await)
    }
    async fn walk(&self, book: i64, account: i64, walk: Walk) -> Result<Vec<Transfer>, Error> {
        self.readable().await?;
        self.counted(self.inner.walk(book, account, walk).await)
    }
    async fn commit_of(&self, book: i64, seq: i64) -> Result<Option<Commit>, Error> {
        self.readable().await?;
        self.inner.commit_of(book, seq).await
    }
    async fn commit_at(&self, book: i64, time: i64) -> Result<Option<Commit>, Error> {
        self.readable().await?;
        self.inner.commit_at(book, time).await
    }
    async fn commit_times(&self, book: i64, seqs: &[i64]) -> Result<Vec<(i64, i64)>, Error> {
        self.readable().await?;
        self.counted(self.inner.commit_times(book, seqs).await)
    }
    async fn bodies(&self, book: i64, seqs: &[i64]) -> Result<Vec<StoredEvent>, Error> {
        self.readable().await?;
        self.counted(self.inner.bodies(book, seqs).await)
    }
    async fn transfers_of(&self, book: i64, seqs: &[i64]) -> Result<Vec<Transfer>, Error> {
        self.readable().await?;
        self.counted(self.inner.transfers_of(book, seqs).await)
    }
    async fn commit(&self, batch: &Arc<Batch>) -> Result<(), CommitError> {
        let gate = self.gate.lock().unwrap().clone();
        if let Some((gate, false)) = &gate {
            wait(gate, &self.waiting).await;
        }
        let (fault, outage, zombie) = {
            let mut plan = self.plan.lock().unwrap();
            (plan.faults.pop_front(), plan.outage, plan.zombie.take())
        };
        if let Some((zombie, true)) = &zombie {
            self.arrive(zombie).await;
        }
        let lost = || Err(CommitError::Unknown("connection lost (injected)".to_owned()));
        let outcome = match (outage, fault) {
            (Some(outage), _) => Err(CommitError::Failed(format!("{outage:?} (injected)"))),
            (None, None) => self.inner.commit(batch).await,
            (None, Some(Fault::FailBefore)) => Err(CommitError::Failed("disk full (injected)".to_owned())),
            (None, Some(Fault::LoseBefore)) => lost(),
            (None, Some(Fault::LoseAfter)) => match self.inner.commit(batch).await {
                Ok(()) => lost(),
                other => other,
            },
            (None, Some(fault @ (Fault::Zombie | Fault::LateZombie))) => {
                self.plan.lock().unwrap().zombie = Some((batch.clone(), fault == Fault::Zombie));
                lost()
            }
            (None, Some(Fault::Rival)) => match self.inner.commit(&rival(batch)).await {
                Ok(()) => self.inner.commit(batch).await,
                other => other,
            },
        };
        if let Some((zombie, false)) = &zombie {
            self.arrive(zombie).await;
        }
        if let Some((gate, true)) = &gate {
            wait(gate, &self.waiting).await;
        }
        outcome
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
