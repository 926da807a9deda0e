//! What readers may see of a book's journal: up to the last commit that the writer knows to be resolved, and news of each one as it comes.

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

/// Commits that may wait for a watcher; one that is further behind reads the store. Each may hold some megabytes.
const NEWS_MAX: usize = 16;

/// Names and units of accounts by key.
pub(crate) type AccountNames = HashMap<i64, (Arc<str>, Unit)>;

/// A book's published head, and who waits for it to move.
pub(crate) struct Journal {
    head: Mutex<Option<Commit>>,
    news: broadcast::Sender<Arc<PublishedCommit>>,
}

/// A published commit, shared by all who watch.
pub(crate) struct PublishedCommit {
    pub commit: Commit,
    rows: CommitEvents,
    names: AccountNames,
    /// What watchers are sent of it, see [`Self::shared_view`].
    view: OnceLock<Box<dyn Any + Send + Sync>>,
}

enum CommitEvents {
    /// As just written.
    Batch(Arc<Batch>),
    /// As read.
    Read(Vec<StoredEvent>),
    /// To be read from the store.
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

    /// What is sent of it, made by the first watcher who needs it and shared by all: hundreds of them cost one encoding. What a view is made of is the
    /// wire's business, so this does not know its type; every caller has to ask for the same.
    pub(crate) fn shared_view<T: Any + Send + Sync>(&self, make: impl FnOnce(&Self) -> T) -> &T {
        let view = self.view.get_or_init(|| Box::new(make(self)));
        view.downcast_ref().expect("there is one kind of view")
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
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<PublishedCommit>> {
        self.news.subscribe()
    }

    /// Tells of a batch that was published, if anybody watches. `state` still has its accounts.
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

    /// Tells that the book was loaded anew: others may have written to it.
    pub(crate) fn tell_loaded(&self, head: &Commit) {
        self.send(PublishedCommit { commit: head.clone(), rows: CommitEvents::Unread, names: AccountNames::new(), view: OnceLock::new() });
    }

    fn send(&self, news: PublishedCommit) {
        // Nobody there any more: nobody to tell.
        drop(self.news.send(Arc::new(news)));
    }
}

#[cfg(test)]
mod tests;
