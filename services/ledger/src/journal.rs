//! What readers may see of a book's journal: all up to the last commit that the writer knows to be resolved, and each new one as it is published.

use crate::{
    domain::{
        chart::Unit,
        event::{Body, Event},
        state::BookState,
    },
    store::{Batch, Commit, StoredEvent},
};
use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};
use tokio::sync::broadcast;

/// Commits that may wait for a watcher; one that is further behind reads the store. Each may take some megabytes.
const NEWS_MAX: usize = 16;

/// Names and units of accounts by key.
pub(crate) type AccountNames = HashMap<i64, (Arc<str>, Unit)>;

/// A book's published head, and the watchers waiting for it to move.
pub(crate) struct Journal {
    head: Mutex<Option<Commit>>,
    news: broadcast::Sender<Arc<PublishedCommit>>,
}

/// A published commit, shared by all watchers.
pub(crate) struct PublishedCommit {
    pub commit: Commit,
    rows: CommitEvents,
    names: AccountNames,
    /// The messages sent to watchers, see [`Self::shared_view`].
    view: OnceLock<Box<dyn Any + Send + Sync>>,
}

enum CommitEvents {
    /// As the writer has just committed it.
    Batch(Arc<Batch>),
    /// As read from the store.
    Read(Vec<StoredEvent>),
    /// Still to be read from the store.
    Unread,
}

impl PublishedCommit {
    /// A commit that was read from the store.
    pub(crate) fn read(commit: Commit, events: Vec<StoredEvent>, names: AccountNames) -> Self {
        Self { commit, rows: CommitEvents::Read(events), names, view: OnceLock::new() }
    }

    /// Whether its events must be read from the store.
    pub(crate) fn is_unread(&self) -> bool {
        matches!(self.rows, CommitEvents::Unread)
    }

    pub(crate) fn events(&self) -> &[StoredEvent] {
        match &self.rows {
            CommitEvents::Batch(batch) => &batch.events,
            CommitEvents::Read(events) => events,
            CommitEvents::Unread => &[],
        }
    }

    pub(crate) fn named(&self, key: i64) -> (Arc<str>, Unit) {
        self.names[&key].clone()
    }

    /// The messages sent to watchers, made by the first watcher that needs them and shared by all: hundreds of watchers cost one encoding. The view's
    /// type is known to `wire` only; every caller has to ask for the same type.
    pub(crate) fn shared_view<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> &T {
        let view = self.view.get_or_init(|| Box::new(make(self)));
        view.downcast_ref().expect("there is one kind of view")
    }
}

/// Keys of the accounts whose names are needed to describe an event.
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

    /// Makes everything up to this commit visible.
    pub(crate) fn publish(&self, head: &Commit) {
        *self.head.lock().expect("nothing panics while it holds this") = Some(head.clone());
    }

    /// Receives every commit published from now on. A caller that reads the head after this misses none: any earlier commit is at or before that head.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<PublishedCommit>> {
        self.news.subscribe()
    }

    /// Announces a published batch, if there are watchers. `state` still has its accounts.
    pub(crate) fn tell(&self, batch: &Arc<Batch>, state: &BookState) {
        if self.news.receiver_count() == 0 {
            return;
        }
        let mut names = AccountNames::new();
        for key in batch.events.iter().flat_map(|stored| keys(&stored.event)) {
            names.entry(key).or_insert_with(|| {
                let account = state.account(key).expect("accounts of a batch in flight are not forgotten");
                (account.name.clone(), account.unit)
            });
        }
        self.send(PublishedCommit { commit: batch.commit.clone(), rows: CommitEvents::Batch(batch.clone()), names, view: OnceLock::new() });
    }

    /// Announces that the book was reloaded: others may have written to it.
    pub(crate) fn tell_loaded(&self, head: &Commit) {
        self.send(PublishedCommit { commit: head.clone(), rows: CommitEvents::Unread, names: AccountNames::new(), view: OnceLock::new() });
    }

    fn send(&self, news: PublishedCommit) {
        // No watcher is left.
        drop(self.news.send(Arc::new(news)));
    }
}

#[cfg(test)]
mod tests;
