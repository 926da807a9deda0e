//! All books of one process: each with its own writer, over one store.

use crate::{
    book::{BookHandle, SharedBook},
    clock::skew::ClockSkew,
    config::Config,
    domain::Micros,
    error::Error,
    lease::Lease,
    meters,
    posters::PosterTable,
    store::{self, Book, Mode, Store},
    writer::BookWriter,
};
use futures::{FutureExt as _, future::BoxFuture};
use head_keeper::HeadKeeper;
use money::BookName;
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, RwLock},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub mod forgetting;
mod head_keeper;

/// The ledger of an installation.
pub struct Ledger {
    store: Arc<dyn Store>,
    config: Config,
    posters: PosterTable,
    lease: Arc<Lease>,
    books: RwLock<HashMap<String, Arc<BookHandle>>>,
    writers: TaskTracker,
    forgetting: CancellationToken,
    heads: Option<Arc<HeadKeeper>>,
    stop: CancellationToken,
}

impl Ledger {
    /// Starts a writer for every existing book.
    pub fn start(store: Arc<dyn Store>, config: Config) -> BoxFuture<'static, Result<Arc<Self>, store::Error>> {
        // Boxed, so that it is compiled here, with the writers that it spawns, and not where it is awaited.
        Self::begin(store, config).boxed()
    }

    async fn begin(store: Arc<dyn Store>, config: Config) -> Result<Arc<Self>, store::Error> {
        let stop = CancellationToken::new();
        let lease = Lease::start(store.clone(), &config, stop.clone()).await;
        let heads = config.heads_dir.clone().map(HeadKeeper::new);
        let posters = PosterTable::new(config.own_posters(), config.unbounded.clone());
        let ledger = Arc::new(Self {
            store,
            config,
            posters,
            lease,
            books: RwLock::default(),
            writers: TaskTracker::new(),
            forgetting: CancellationToken::new(),
            heads,
            stop,
        });
        for book in ledger.store.books().await? {
            let key = book.key;
            let Some(handle) = ledger.add(book) else { break };
            // Known before the first request, so that a program that is too old serves none. If the head can't be read, the book's writer reports it.
            match ledger.store.head(key).await {
                Ok(head) => {
                    head.iter().for_each(|head| handle.shared.note_time(head.time));
                    // Before the first request, which may be long after the clock was set back.
                    ClockSkew::default().note(&handle.row.name, handle.shared.ahead_of(ledger.now()));
                }
                Err(why) => handle.shared.note_format(&why),
            }
        }
        if let Some(heads) = &ledger.heads {
            let every = Duration::from_millis(ledger.config.heads_every_ms);
            ledger.writers.spawn(heads.clone().run(every, ledger.forgetting.clone()));
        }
        ledger.writers.spawn(forgetting::run(ledger.store.clone(), ledger.config.clone(), ledger.forgetting.clone()));
        Ok(ledger)
    }

    /// The handle of a book, whose writer is started if there is none; `None` once the ledger is about to stop: nobody would end that writer.
    fn add(&self, book: Book) -> Option<Arc<BookHandle>> {
        let mut books = self.books.write().expect("nothing panics while it holds this");
        if self.forgetting.is_cancelled() {
            return None;
        }
        if let Some(there) = books.get(&book.name) {
            return Some(there.clone());
        }
        let shared = Arc::new(SharedBook::new(self.lease.clone()));
        if let Some(heads) = &self.heads {
            heads.follow(book.clone(), shared.clone());
        }
        meters::watch(&book.name, &shared, &self.config.clock);
        let (handle, queue) = BookHandle::new(book.clone(), shared.clone(), self.store.clone(), self.config.queue_max);
        self.writers.spawn(BookWriter::new(book.clone(), self.store.clone(), shared, self.config.clone()).run(queue));
        let handle = Arc::new(handle);
        books.insert(book.name, handle.clone());
        Some(handle)
    }

    /// Creates a book, or returns the existing one if it has this mode and region.
    pub async fn create_book(&self, name: &BookName, mode: Mode, region: &str) -> Result<Book, Error> {
        let book = Book { key: 0, name: name.as_str().to_owned(), mode, region: region.to_owned(), create_time: self.config.clock.now() };
        match self.store.create_book(&book).await {
            Ok(book) => self.add(book).map(|handle| handle.row.clone()).ok_or(Error::Stopping),
            Err(store::Error::BookExists(name)) => Err(Error::BookExists(name)),
            Err(error) => Err(error.into()),
        }
    }

    /// The ledger's clock, in microseconds since the Unix epoch.
    pub(crate) fn now(&self) -> Micros {
        self.config.clock.now()
    }

    /// Books whose last commit is ahead of the clock, and by how much: after a clock was set back, a book keeps its time until the clock has caught up.
    #[must_use]
    pub fn ahead_of_clock(&self) -> Vec<(String, Duration)> {
        let (now, books) = (self.now(), self.books.read().expect("nothing panics while it holds this"));
        let ahead = books.iter().map(|(name, handle)| (name.clone(), handle.shared.ahead_of(now)));
        ahead.filter(|(_, ahead)| !ahead.is_zero()).collect()
    }

    /// All books, by name.
    pub async fn books(&self) -> Result<Vec<Book>, Error> {
        Ok(self.store.books().await?)
    }

    /// A book by name, also one that another process has created since.
    pub async fn book(&self, name: &BookName) -> Result<Arc<BookHandle>, Error> {
        if let Some(there) = self.books.read().expect("nothing panics while it holds this").get(name.as_str()) {
            return Ok(there.clone());
        }
        let there = self.store.books().await?.into_iter().find(|book| book.name == name.as_str());
        let book = there.ok_or_else(|| Error::BookUnknown(name.to_string()))?;
        self.add(book).ok_or(Error::Stopping)
    }

    /// Whether this process holds the lease, so that its books can be posted to.
    #[must_use]
    pub fn is_writer(&self) -> bool {
        self.lease.other_owner().is_none()
    }

    /// As [`Self::is_writer`], with notice of each change.
    #[must_use]
    pub fn writes(&self) -> watch::Receiver<bool> {
        self.lease.holds()
    }

    /// The process that holds the lease, if it is another one.
    #[must_use]
    pub fn other_writer(&self) -> Option<String> {
        self.lease.other_owner()
    }

    /// Which service may post what.
    pub(crate) fn posters(&self) -> &PosterTable {
        &self.posters
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Cancelled when the ledger is about to stop.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.forgetting.clone()
    }

    /// Why this program is too old for one of its books, if it is.
    #[must_use]
    pub fn too_new(&self) -> Option<String> {
        let books = self.books.read().expect("nothing panics while it holds this");
        let why = books.iter().filter_map(|(name, handle)| Some((name, handle.shared.too_new()?))).min();
        why.map(|(name, why)| format!("book {name}: {why}"))
    }

    /// A book whose writer crashed, if there is one: this process can't write it any more.
    #[must_use]
    pub fn crashed(&self) -> Option<String> {
        let books = self.books.read().expect("nothing panics while it holds this");
        books.iter().find(|(_, handle)| handle.has_crashed()).map(|(name, _)| name.clone())
    }

    /// The store, for code that reads it whole.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Where heads of the books are written outside the database, if anywhere.
    #[must_use]
    pub fn heads_dir(&self) -> Option<&Path> {
        self.heads.as_ref().map(|heads| heads.dir())
    }

    /// Waits until every writer has answered the requests it had taken, and releases the lease.
    pub async fn shutdown(&self) {
        {
            let mut books = self.books.write().expect("nothing panics while it holds this");
            self.forgetting.cancel();
            books.clear();
        }
        self.writers.close();
        self.writers.wait().await;
        if let Some(heads) = &self.heads {
            heads.write().await;
        }
        // The lease comes last: a successor may write as soon as it is free.
        self.stop.cancel();
        self.lease.released().await;
    }
}
