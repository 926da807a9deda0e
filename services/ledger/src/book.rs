//! A book's handle: the queue of requests for its writer, and the state that readers see.

use crate::{
    answer::AnswerResult,
    domain::{
        Micros,
        account::BookAccount,
        limit::{Limit, Window},
        request::{Action, BookRequest, RequestFields},
        state::BookState,
    },
    error::Error,
    journal::Journal,
    lease::Lease,
    store::{self, Book, Commit, LimitPlace, Store},
};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicI64, AtomicUsize, Ordering},
};
use std::time::Duration;
use submission::{Job, Reply};
use tokio::sync::mpsc;

mod reading;
pub(crate) mod submission;
pub(crate) mod watching;

/// Messages that may wait. Each contains one or more requests; the number of requests has a bound of its own.
const MESSAGES_MAX: usize = 65_536;

/// One in this many places of the queue is reserved for requests sent singly.
const RESERVED: usize = 8;

/// What the writer and the readers of a book share.
pub(crate) struct SharedBook {
    state: Mutex<BookState>,
    waiting: AtomicUsize,
    pub(crate) journal: Journal,
    lease: Arc<Lease>,
    /// The last commit that this process resolved.
    head: Mutex<Option<Commit>>,
    /// The time of the latest commit known, whether resolved here or read at the start.
    time: AtomicI64,
    too_new: Mutex<Option<String>>,
}

impl SharedBook {
    pub(crate) fn new(lease: Arc<Lease>) -> Self {
        Self {
            state: Mutex::default(),
            waiting: AtomicUsize::new(0),
            journal: Journal::new(),
            lease,
            head: Mutex::default(),
            time: AtomicI64::new(0),
            too_new: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, BookState> {
        // A poisoned lock means that a decision panicked half way: the state can't be trusted, and the process must not continue with it.
        self.state.lock().expect("a decision panicked; the book must be reloaded")
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(crate) fn taken(&self, count: usize) {
        self.waiting.fetch_sub(count, Ordering::Relaxed);
    }

    /// Remembers that a newer program wrote to the book, to explain later why it can't be posted to.
    pub(crate) fn note_format(&self, why: &store::Error) {
        if matches!(why, store::Error::TooNew { .. }) {
            *self.too_new.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_string());
        }
    }

    /// Why this program is too old for the book, if it is.
    pub(crate) fn too_new(&self) -> Option<String> {
        self.too_new.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Records that a commit with this time exists.
    pub(crate) fn note_time(&self, time: Micros) {
        self.time.fetch_max(time, Ordering::Relaxed);
    }

    /// How far the book's last commit is ahead of `now`: zero, unless a clock was set back.
    pub(crate) fn ahead_of(&self, now: Micros) -> Duration {
        Duration::from_micros(u64::try_from(self.time.load(Ordering::Relaxed).saturating_sub(now)).unwrap_or_default())
    }

    /// Records a resolved commit.
    pub(crate) fn set_head(&self, commit: &Commit) {
        self.note_time(commit.time);
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(commit.clone());
    }

    /// The last commit that this process resolved; `None` before the first.
    pub(crate) fn head(&self) -> Option<Commit> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The process that holds the lease, if it is not this one.
    pub(crate) fn lease_owner(&self) -> Option<String> {
        self.lease.other_owner()
    }

    /// As [`SharedBook::lease_owner`], for readers: no fence would show them that memory is outdated.
    pub(crate) async fn sure_lease_owner(&self) -> Option<String> {
        self.lease.sure_owner().await
    }
}

/// A book that can be posted to and read.
pub struct BookHandle {
    /// As created.
    pub row: Book,
    pub(crate) shared: Arc<SharedBook>,
    pub(crate) store: Arc<dyn Store>,
    queue: mpsc::Sender<Vec<Job>>,
    queue_max: usize,
}

impl BookHandle {
    pub(crate) fn new(row: Book, shared: Arc<SharedBook>, store: Arc<dyn Store>, queue_max: usize) -> (Self, mpsc::Receiver<Vec<Job>>) {
        let (queue, receiver) = mpsc::channel(MESSAGES_MAX);
        (Self { row, shared, store, queue, queue_max }, receiver)
    }

    /// Number of requests waiting for the writer. Those it has taken are being decided or committed, and not counted.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.waiting()
    }

    /// Submits one request. Once queued it is decided whether or not the caller still waits.
    pub async fn submit(&self, request: BookRequest) -> AnswerResult {
        let (reply, answer) = Reply::one();
        self.send(self.queue_max, vec![Job { request, reply, trace: rpc::trace::member() }])?;
        answer.await.unwrap_or(Err(Error::OutcomeUnknown))
    }

    /// Submits many, each with its own outcome, in order.
    pub async fn submit_many(&self, requests: Vec<BookRequest>) -> Result<Vec<AnswerResult>, Error> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let (replies, answers) = Reply::many(requests.len());
        let mut trace = rpc::trace::member();
        let jobs = requests.into_iter().zip(replies).map(|(request, reply)| Job { request, reply, trace: trace.take() });
        // Gifts come in batches: the last places are for single requests, such as something that somebody has paid for already.
        self.send(self.queue_max - self.queue_max / RESERVED, jobs.collect())?;
        answers.await.map_err(|_| Error::OutcomeUnknown)
    }

    fn send(&self, max: usize, jobs: Vec<Job>) -> Result<(), Error> {
        let count = jobs.len();
        if self.shared.waiting.fetch_add(count, Ordering::Relaxed) + count > max {
            self.shared.taken(count);
            // No request was queued: the replies must not claim an unknown outcome.
            jobs.into_iter().for_each(|job| job.reply.send(Err(Error::Overload)));
            return Err(Error::Overload);
        }
        self.queue.try_send(jobs).map_err(|error| {
            self.shared.taken(count);
            // The writer crashed or is stopping: waiting will not help.
            if matches!(error, mpsc::error::TrySendError::Closed(_)) { Error::CommitFailed } else { Error::Overload }
        })
    }

    /// Whether the book's writer ended without being stopped: then only a new process can write the book.
    pub(crate) fn has_crashed(&self) -> bool {
        self.queue.is_closed()
    }

    /// An account as of the last resolved commit.
    pub async fn account(&self, name: &str) -> Result<BookAccount, Error> {
        if let Some(owner) = self.shared.sure_lease_owner().await {
            return Err(Error::NotTheWriter(owner));
        }
        let unknown = || Error::AccountUnknown(name.to_owned());
        if let Some(known) = self.shared.state().committed(name) {
            return known.cloned().ok_or_else(unknown);
        }
        // Not in memory, so its row or the log is current: dirty accounts stay in memory. Unless the book was never loaded here.
        self.ensure_loaded().await?;
        loop {
            let settled = {
                let state = self.shared.state();
                if let Some(known) = state.committed(name) {
                    return known.cloned().ok_or_else(unknown);
                }
                state.behind().settled()
            };
            let row = self.store.accounts_by_name(self.row.key, &[name.to_owned()]).await?.into_iter().next();
            let mut account = row.ok_or_else(unknown)?;
            let state = self.shared.state();
            if let Some(standing) = state.behind().get(account.key) {
                standing.apply(&mut account);
                return Ok(account);
            }
            // The row may have been brought up to date after it was read.
            if !state.behind().settled_since(settled, account.key) {
                return Ok(account);
            }
        }
    }

    /// The last commit that readers may see.
    pub(crate) async fn published(&self) -> Result<Commit, Error> {
        if let Some(owner) = self.shared.lease_owner() {
            return Err(Error::NotTheWriter(owner));
        }
        self.ensure_loaded().await?;
        self.shared.journal.head().ok_or(Error::OutcomeUnknown)
    }

    /// The debit limits in force of an account, by its key, as of the last commit.
    pub async fn debit_limits(&self, account: i64) -> Result<Vec<Limit>, Error> {
        {
            let state = self.shared.state();
            if state.last_seq() >= 0 && state.limits().is_empty() {
                return Ok(Vec::new());
            }
        }
        let limits = self.store.debit_limits(self.row.key, LimitPlace { account, window: 0 }, Window::COUNT).await?;
        Ok(limits.into_iter().filter(|limit| limit.account == account && limit.max > 0).collect())
    }

    async fn ensure_loaded(&self) -> Result<(), Error> {
        if self.shared.state().last_seq() >= 0 {
            return Ok(());
        }
        // Opening no accounts makes the writer load the book and changes nothing. The id carries no time: the ledger's clock need not be the system's.
        let action = Action::Open { accounts: Vec::new() };
        let request = BookRequest::new(uuid::Uuid::new_v4(), RequestFields::default(), String::new(), action);
        self.submit(request).await.map(|_| ())
    }
}
