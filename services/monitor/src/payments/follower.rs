//! Follows the journal of one book: publishes what is committed, and stores the figures of hours with the place up to which they are counted.
use super::{feed::BookFeed, figures::PaymentFigures, slice::SliceReader};
use crate::{
    config::Config,
    error::Error,
    store::{FigurePlace, Store},
};
use ledger_client::LedgerClient;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// How long after a stream has ended the next one is opened: the ledger ends them from time to time, and may be away.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// The ledger says at least every ten seconds that it is there (`ledger.watch_heartbeat_ms`). One that says nothing for this long is lost.
const SILENCE_MAX: Duration = Duration::from_secs(90);

/// The follower of one book.
pub struct PaymentFollower {
    feed: Arc<BookFeed>,
    ledger: LedgerClient,
    store: Store,
    config: Config,
    /// When the figures are stored again.
    save_due: Instant,
}

impl PaymentFollower {
    /// Of the book of a feed.
    pub fn new(feed: Arc<BookFeed>, ledger: LedgerClient, store: Store, config: Config) -> Self {
        Self { feed, ledger, store, config, save_due: Instant::now() }
    }

    /// Follows until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let read = tokio::select! {
                () = shutdown.cancelled() => break,
                read = self.read() => read,
            };
            let book = &self.feed.book;
            match read {
                Ok(()) => {}
                Err(Error::JournalDiverged) => {
                    tracing::warn!(%book, "the journal is not the one that was followed, as after a restore; payments are counted from its beginning");
                    self.feed.reset();
                    if let Err(error) = self.store.forget_figures(book).await {
                        tracing::warn!(%book, %error, "the figures of another journal can't be deleted; trying again");
                    }
                }
                Err(error) => {
                    tracing::warn!(%book, error = %rpc::errors::chain(&error), "payments can't be followed; trying again");
                    self.feed.contact(false, SystemTime::now());
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = tokio::time::sleep(RETRY_AFTER) => {}
            }
        }
        self.save().await;
    }

    /// Reads the journal from where the feed is until the stream ends.
    async fn read(&mut self) -> Result<(), Error> {
        let place = match self.feed.place() {
            Some(place) => place,
            None => {
                let (place, last_hour) = self.store.figure_place(&self.feed.book).await?;
                self.feed.begin(place.journal.clone(), PaymentFigures::after(place.committed_us, last_hour));
                place.journal
            }
        };
        let mut reader = self.ledger.read_journal(&self.feed.book, &place).await.map_err(Error::of_journal)?;
        self.feed.contact(true, SystemTime::now());
        let mut slices = SliceReader::after(place);
        let every = Duration::from_millis(self.config.watch_every_ms);
        let mut due = Instant::now();
        loop {
            let now = Instant::now();
            if slices.is_whole() && (now >= due || slices.is_full()) {
                self.feed.publish(slices.take());
                due = now + every;
            }
            if now >= self.save_due {
                self.save().await;
            }
            let wait = if slices.is_whole() { due } else { now + SILENCE_MAX };
            let part = match timeout_at(wait, reader.next_events()).await {
                Ok(part) => part.map_err(Error::of_journal),
                Err(_) if slices.is_whole() => continue,
                Err(_) => Err(Error::LedgerLost(None)),
            };
            if let Ok(Some(part)) = part {
                slices.add(part);
                continue;
            }
            slices.drop_part();
            if slices.is_whole() {
                self.feed.publish(slices.take());
            }
            return part.map(drop);
        }
    }

    /// Stores what is counted and not stored, and says when to do so again.
    async fn save(&mut self) {
        self.save_due = Instant::now() + Duration::from_millis(self.config.figures_write_ms);
        let unsaved = self.feed.with_figures(|figures, place| {
            let (hours, changes) = figures.unsaved();
            let place = FigurePlace { journal: place.clone(), committed_us: figures.committed_us() };
            figures.is_changed().then_some((place, hours, changes))
        });
        let Some((place, hours, changes)) = unsaved.flatten() else { return };
        match self.store.save_figures(&self.feed.book, &place, &hours).await {
            // Where another monitor has stored more, its rows have everything that these have.
            Ok(_) => drop(self.feed.with_figures(|figures, _| figures.saved(changes))),
            Err(error) => tracing::warn!(book = %self.feed.book, %error, "figures can't be stored; trying again"),
        }
    }
}
