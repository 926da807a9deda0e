//! Payments as they are committed, and the figures of charts, from one follower for each book.
//!
//! - [`follower`]: reads a book's journal. [`slice`], [`tally`], [`row`]: what was committed, counted exactly and shown in part.
//! - [`feed`]: hands it to all viewers, and drops those that are too slow. [`viewer`]: one viewer's stream, from its cursor on. [`cursor`], [`filter`]: what it asks for.
//! - [`figures`]: sums by second, minute and hour.
//!
//! A payment costs the ledger nothing more for being watched: a commit is published to watchers after its callers were answered, in a channel that never waits for
//! them, and it is encoded once for all. What viewers cost is paid here.
use crate::{config::Config, error::Error, store::Store};
use chart::BookKind;
use feed::{BookFeed, ViewerSeat};
use figures::{FigureRange, HOUR_S, StepLength, TallyBySteps, beginning};
use follower::PaymentFollower;
use ledger_client::{JournalPlace, LedgerClient, NotPosted};
use money::BookName;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::{sync::Semaphore, time::timeout};
use tokio_util::sync::CancellationToken;
use viewer::PaymentViewer;

pub mod cursor;
pub mod feed;
pub mod figures;
pub mod filter;
pub mod follower;
pub mod row;
pub mod slice;
pub mod tally;
pub mod viewer;

/// How often new books are looked for. A book that a call names is looked for at once.
const BOOKS_EVERY: Duration = Duration::from_secs(10);
/// How long a call waits for the stored figures of a book whose follower has just begun.
const BEGIN_MAX: Duration = Duration::from_secs(5);

/// The books that are followed.
pub struct Payments {
    ledger: LedgerClient,
    store: Store,
    config: Config,
    feeds: Mutex<BTreeMap<BookName, Arc<BookFeed>>>,
    viewers: Arc<Semaphore>,
    shutdown: CancellationToken,
}

/// Sums of a book.
#[derive(Debug)]
pub struct FiguresRead {
    /// By step.
    pub steps: TallyBySteps,
    /// The first complete step, in Unix seconds.
    pub complete_from_s: i64,
    /// The last commit that is counted.
    pub place: JournalPlace,
    /// Commit time of the last posting, in Unix microseconds.
    pub committed_us: Option<i64>,
    /// Since when the ledger is lost.
    pub lost: Option<SystemTime>,
}

impl Payments {
    /// Follows no book yet.
    pub fn new(ledger: LedgerClient, store: Store, config: Config, shutdown: CancellationToken) -> Arc<Self> {
        let viewers = Arc::new(Semaphore::new(config.viewers_max));
        Arc::new(Self { ledger, store, config, feeds: Mutex::default(), viewers, shutdown })
    }

    /// Follows every book of the ledger, also new ones, until shutdown.
    pub async fn follow_books(self: Arc<Self>) {
        loop {
            match self.books().await {
                Ok(books) => books.iter().for_each(|book| drop(self.follow(book))),
                Err(error) => tracing::warn!(error = %rpc::errors::chain(&error), "the books to follow can't be listed; trying again"),
            }
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = tokio::time::sleep(BOOKS_EVERY) => {}
            }
        }
    }

    async fn books(&self) -> Result<Vec<BookName>, NotPosted> {
        let (test, live) = (self.ledger.books_of(BookKind::Test).await?, self.ledger.books_of(BookKind::Live).await?);
        Ok([test, live].concat())
    }

    fn followed(&self, book: &BookName) -> Option<Arc<BookFeed>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner).get(book).cloned()
    }

    /// The feed of a book, whose follower is started if there is none.
    fn follow(&self, book: &BookName) -> Arc<BookFeed> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        let start = || {
            let feed = BookFeed::new(book.clone());
            let follower = PaymentFollower::new(feed.clone(), self.ledger.clone(), self.store.clone(), self.config.clone());
            tokio::spawn(follower.run(self.shutdown.clone()));
            feed
        };
        feeds.entry(book.clone()).or_insert_with(start).clone()
    }

    /// The feed of a book and the last commit that it has published.
    async fn feed(&self, book: &BookName) -> Result<(Arc<BookFeed>, JournalPlace), Error> {
        let feed = match self.followed(book) {
            Some(feed) => feed,
            None => match self.ledger.book(book).await {
                Ok(Some(_)) => self.follow(book),
                Ok(None) => return Err(Error::BookUnknown(book.clone())),
                Err(error) => return Err(Error::LedgerLost(Some(error))),
            },
        };
        let mut moved = feed.moved();
        let begun = timeout(BEGIN_MAX, moved.wait_for(|commit_no| *commit_no >= 0)).await.is_ok();
        let place = feed.place().filter(|_| begun).ok_or(Error::LedgerLost(None))?;
        Ok((feed, place))
    }

    /// A viewer's stream after a commit, or from now on, for this long at most.
    pub async fn watch(&self, book: &BookName, after: Option<JournalPlace>, left: Duration) -> Result<PaymentViewer, Error> {
        let (feed, now_at) = self.feed(book).await?;
        let viewers_max = self.config.viewers_max;
        let permit = self.viewers.clone().try_acquire_owned().map_err(|_| Error::TooManyViewers { viewers_max })?;
        let seat = ViewerSeat::new(permit);
        let after = after.unwrap_or_else(|| now_at.clone());
        let resume_commits_max = self.config.resume_commits_max;
        if now_at.commit_no.saturating_sub(after.commit_no) > i64::from(resume_commits_max) {
            return Err(Error::CursorTooOld { resume_commits_max });
        }
        let heartbeat = Duration::from_millis(self.config.watch_heartbeat_ms);
        let age_max = Duration::from_millis(self.config.watch_age_max_ms).min(left);
        PaymentViewer::open(feed, seat, self.ledger.clone(), after, heartbeat, age_max).await
    }

    /// How many streams are open.
    pub(crate) fn open_viewers(&self) -> usize {
        self.config.viewers_max.saturating_sub(self.viewers.available_permits())
    }

    /// The sums of the steps of a range.
    pub async fn figures(&self, book: &BookName, length: StepLength, range: FigureRange) -> Result<FiguresRead, Error> {
        let FigureRange { from_s, to_s } = range;
        let (feed, _) = self.feed(book).await?;
        let lost = feed.lost();
        let read = feed.with_figures(|figures, place| {
            let (steps, complete_from_s) = figures.steps(length, from_s, to_s);
            FiguresRead { steps, complete_from_s, place: place.clone(), committed_us: figures.committed_us(), lost }
        });
        let mut read = read.ok_or(Error::LedgerLost(None))?;
        if length == StepLength::Hour
            && let Some(at) = read.committed_us
        {
            // After memory, where the hours are that are not stored and the one that still grows: what is stored of the others never changes.
            let until_s = to_s.min(beginning(at.div_euclid(1_000_000), HOUR_S));
            for (hour, tally) in self.store.hours(book, from_s, until_s).await? {
                read.steps.entry(hour).or_insert(tally);
            }
        }
        Ok(read)
    }
}
