//! Reads books' journals into lots. What was read is stored with the place in the journal in one transaction, so a crash repeats at most one batch.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use chart::{Account, BookKind};
use futures::FutureExt as _;
use ledger_client::{JournalPlace, JournalReader, NotPosted, TrialRead};
use money::BookName;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::read::{CoinTransfer, coin_transfers};
use super::revenue::last_day_over;
use super::{Lots, LotsError};
use crate::domain::Purchase;
use crate::store::lots::LotPlace;

/// Events that are followed in memory before they are stored. A commit is never divided, however large it is.
const BATCH_EVENTS_MAX: usize = 2_000;
/// How long until a journal is read again that could not be.
const RETRY_AFTER: Duration = Duration::from_secs(5);
/// How often new books are searched for.
const BOOKS_EVERY: Duration = Duration::from_secs(5);
/// How often days that are over are searched for.
const DAYS_EVERY: Duration = Duration::from_secs(600);

/// Whole commits that were read.
#[derive(Debug)]
struct LotBatch {
    transfers: Vec<CoinTransfer>,
    place: JournalPlace,
}

impl Lots {
    /// Follows every book's journal, and posts the revenue of days that are over, until `shutdown`.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let mut followed: BTreeSet<BookName> = BTreeSet::new();
        let (mut books, mut days) = (tokio::time::interval(BOOKS_EVERY), tokio::time::interval(DAYS_EVERY));
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = books.tick() => match self.books().await {
                    Ok(found) => for book in found {
                        if followed.insert(book.clone()) {
                            let one = self.clone();
                            tokio::spawn(shutdown.clone().run_until_cancelled_owned(async move { one.follow(&book).await }));
                        }
                    },
                    Err(error) => tracing::warn!(%error, "the list of books can't be read for coin lots; trying again"),
                },
                _ = days.tick() => self.recognise_all(&followed, SystemTime::now()).await,
            }
        }
    }

    async fn recognise_all(&self, books: &BTreeSet<BookName>, now: SystemTime) {
        for book in books {
            if let Err(error) = self.recognise(book, last_day_over(now), now).await {
                tracing::warn!(%book, %error, "the revenue of days that are over is not posted yet; trying again");
            }
        }
    }

    async fn books(&self) -> Result<Vec<BookName>, NotPosted> {
        let (test, live) = (self.ledger.books_of(BookKind::Test).await?, self.ledger.books_of(BookKind::Live).await?);
        Ok([test, live].concat())
    }

    async fn follow(&self, book: &BookName) {
        loop {
            match self.read(book, None).await {
                Ok(_) => {}
                Err(LotsError::Ledger(not_read)) if not_read.is_other_journal() => {
                    tracing::warn!(%book, "the journal is not the one that coin lots were read from, as after a restore; reading it from its beginning");
                    if let Err(error) = self.store.forget_journal(book).await {
                        tracing::warn!(%error, "the lots of another journal can't be deleted; trying again");
                    }
                }
                Err(error) => {
                    tracing::warn!(%book, %error, "the journal can't be read for coin lots; trying again");
                }
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
    }

    /// Reads everything that is in a book's journal by now.
    pub async fn catch_up(&self, book: &BookName) -> Result<LotPlace, LotsError> {
        match self.ledger.trial_balance(book).await? {
            TrialRead::NoBook => Ok(LotPlace::default()),
            TrialRead::Changing => Err(LotsError::Changing),
            TrialRead::Lines(_, seq) => self.read(book, Some(seq)).await,
        }
    }

    /// Reads the journal from where it was left: until this event at least, or else until the stream ends.
    async fn read(&self, book: &BookName, until: Option<i64>) -> Result<LotPlace, LotsError> {
        let enough = |place: &LotPlace| until.is_some_and(|seq| place.journal.seq >= seq);
        let (mut place, mut stop) = self.broken_so_far(book).await?;
        'opened: while !enough(&place) {
            let mut reader = self.ledger.read_journal(book, &place.journal).await?;
            while let Some(batch) = gather(&mut reader, book, stop).await? {
                if !self.store_batch(book, &place, &batch).await? {
                    // Another process stored it, or the lots were forgotten: from where the tables are now.
                    (place, stop) = self.broken_so_far(book).await?;
                    continue 'opened;
                }
                place.journal = batch.place;
                if stop.is_some_and(|seq| place.journal.seq >= seq) {
                    (place, stop) = self.broken_so_far(book).await?;
                    continue 'opened;
                }
                if enough(&place) {
                    return Ok(place);
                }
            }
            if until.is_none() {
                break;
            }
        }
        Ok(place)
    }
}

impl Lots {
    /// Stores what a batch changes, with its place. False: the tables are no longer where they were. What is read before the transaction is still so in it if
    /// the place is: nothing else changes lots.
    async fn store_batch(&self, book: &BookName, from: &LotPlace, batch: &LotBatch) -> Result<bool, LotsError> {
        let mut working = self.store.load_lots(book, &batch.transfers).await?;
        for transfer in &batch.transfers {
            let purchase = self.purchase_of(book, transfer).await?;
            working.apply(transfer, purchase.as_ref())?;
        }
        let is_stored = self.store.save_lots(book, from, &batch.place, &working).await?;
        if is_stored && batch.transfers.iter().any(CoinTransfer::is_of_purchase) {
            self.news.notify_one();
        }
        Ok(is_stored)
    }

    /// The purchase whose coins a transfer issues. Imported postings name those of another installation.
    async fn purchase_of(&self, book: &BookName, transfer: &CoinTransfer) -> Result<Option<Purchase>, LotsError> {
        let is_sale = transfer.is_sale() && !transfer.imported && transfer.debit == Account::CoinsIssued.name();
        match Uuid::try_parse(&transfer.purchase_id) {
            Ok(purchase_id) if is_sale => Ok(self.store.purchase(book, purchase_id).await?),
            _ => Ok(None),
        }
    }
}

/// Waits for a whole commit, and takes those after it that are there already, none beyond the one that has the event `stop`; `None` once the stream has ended.
async fn gather(reader: &mut JournalReader, book: &BookName, stop: Option<i64>) -> Result<Option<LotBatch>, NotPosted> {
    let mut batch: Option<LotBatch> = None;
    let (mut events, mut begun, mut is_inside) = (0, Vec::new(), false);
    loop {
        let part = match &batch {
            Some(_) if !is_inside && events >= BATCH_EVENTS_MAX => return Ok(batch),
            Some(read) if !is_inside && stop.is_some_and(|seq| read.place.seq >= seq) => return Ok(batch),
            Some(_) if !is_inside => match reader.next_events().now_or_never() {
                Some(part) => part?,
                None => return Ok(batch),
            },
            _ => reader.next_events().await?,
        };
        let Some(part) = part else { return Ok(batch) };
        if part.idle {
            continue;
        }
        events += part.events.len();
        begun.extend(part.events.iter().flat_map(|event| coin_transfers(event, book.as_str())));
        is_inside = part.whole.is_none();
        if let Some(place) = part.whole {
            let mut transfers = batch.map_or_else(Vec::new, |batch| batch.transfers);
            transfers.append(&mut begun);
            batch = Some(LotBatch { transfers, place });
        }
    }
}
