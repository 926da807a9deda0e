//! What readers may see of a book's journal: up to the last commit that the writer knows to be resolved, and news of each one as it comes.

use crate::{
    domain::{
        chart::Unit,
        event::{Body, Event},
        state::State,
    },
    store::{Batch, Commit, StoredEvent},
    wire,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};
use tokio::sync::broadcast;

/// Commits that may wait for a watcher; one that is further behind reads the store. Each may hold some megabytes.
const NEWS_MAX: usize = 16;

/// Names and units of accounts by key.
pub(crate) type Names = HashMap<i64, (Arc<str>, Unit)>;

/// A book's published head, and who waits for it to move.
pub(crate) struct Journal {
    head: Mutex<Option<Commit>>,
    news: broadcast::Sender<Arc<News>>,
}

/// A published commit, shared by all who watch.
pub(crate) struct News {
    pub commit: Commit,
    rows: Rows,
    names: Names,
    /// What is sent of it: made by the first who needs it.
    told: OnceLock<wire::Told>,
}

enum Rows {
    /// As just written.
    Batch(Arc<Batch>),
    /// As read.
    Read(Vec<StoredEvent>),
    /// To be read from the store.
    Unread,
}

impl News {
    /// A commit that was read from the store.
    pub(crate) fn read(commit: Commit, events: Vec<StoredEvent>, names: Names) -> Self {
        Self { commit, rows: Rows::Read(events), names, told: OnceLock::new() }
    }

    /// Whether its events must be read from the store.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.rows, Rows::Unread)
    }

    pub(crate) fn events(&self) -> &[StoredEvent] {
        match &self.rows {
            Rows::Batch(batch) => &batch.events,
            Rows::Read(events) => events,
            Rows::Unread => &[],
        }
    }

    pub(crate) fn named(&self, key: i64) -> (Arc<str>, Unit) {
        self.names[&key].clone()
    }

    /// What is sent of it.
    pub(crate) fn told(&self) -> &wire::Told {
        self.told.get_or_init(|| wire::journal(self))
    }
}

/// Keys of the accounts that must be named to tell of an event.
pub(crate) fn keys(event: &Event) -> impl Iterator<Item = i64> {
    let own = match &event.body {
        Body::AccountStateSet { key, .. } | Body::LimitSet { key, .. } => Some(*key),
        Body::AccountOpened { .. } | Body::Posting(_) | Body::HoldExpired => None,
    };
    event.transfers.iter().flat_map(|transfer| [transfer.debit, transfer.credit]).chain(own)
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self { head: Mutex::default(), news: broadcast::channel(NEWS_MAX).0 }
    }

    /// The last published commit; `None` before the book is loaded.
    pub(crate) fn head(&self) -> Option<Commit> {
        self.head.lock().expect("nothing panics while it holds this").clone()
    }

    /// Everything up to this commit may be seen.
    pub(crate) fn publish(&self, head: &Commit) {
        *self.head.lock().expect("nothing panics while it holds this") = Some(head.clone());
    }

    /// News from now on. Whoever reads the head after this misses nothing: what is not in the news was published before.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<News>> {
        self.news.subscribe()
    }

    /// Tells of a batch that was published, if anybody watches. `state` still has its accounts.
    pub(crate) fn tell(&self, batch: &Arc<Batch>, state: &State) {
        if self.news.receiver_count() == 0 {
            return;
        }
        let mut names = Names::new();
        for key in batch.events.iter().flat_map(|stored| keys(&stored.event)) {
            names.entry(key).or_insert_with(|| {
                let account = state.account(key).expect("accounts of a batch under way are not forgotten");
                (account.name.clone(), account.unit)
            });
        }
        self.send(News { commit: batch.commit.clone(), rows: Rows::Batch(batch.clone()), names, told: OnceLock::new() });
    }

    /// Tells that the book was loaded anew: others may have written to it.
    pub(crate) fn tell_loaded(&self, head: &Commit) {
        self.send(News { commit: head.clone(), rows: Rows::Unread, names: Names::new(), told: OnceLock::new() });
    }

    fn send(&self, news: News) {
        // Nobody there any more: nobody to tell.
        drop(self.news.send(Arc::new(news)));
    }
}
