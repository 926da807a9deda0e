//! Compares every gift with the catalogues that were served: its price must be in one that was in force when it was committed, give or take ten minutes. And
//! its coins and diamonds must be those of the people that it names.
//!
//! Gifts are kept only until they are compared, which is after each read of the journal.
use super::{REPORTED_MAX, ReadFault, moves::MovesFold};
use books::{
    domain::event::{Body, Event},
    store::{Book, Store},
};
use chart::{Account, Owner, PostingKind};
use gift::tables::{PostedGift, ServedCatalogue};
use money::time::millis;
use std::time::Duration;
use uuid::Uuid;

/// How far clock differences between gift and ledger, and the time between two confirmations, may separate a gift from its catalogue.
const TOLERANCE: Duration = Duration::from_secs(600);
/// Versions that record no catalogues may sell gifts beside one that created the tables, for this long at most, while processes are replaced.
const UNRECORDED_MAX: Duration = Duration::from_secs(7 * 86_400);
const MICROS_PER_MS: i64 = 1_000;

/// A gift that was not compared yet.
struct WaitingGift {
    seq: i64,
    id: Uuid,
    gift: PostedGift,
    /// The problem, where it moves coins or diamonds of somebody whom it does not name.
    wrong: Option<&'static str>,
}

/// The catalogues that were served: their tables, and what was last read from them.
pub(super) struct Catalogues {
    tables: gift::tables::Store,
    read: ServedCatalogues,
}

impl Catalogues {
    pub async fn open(tables: gift::tables::Store) -> Result<Self, ReadFault> {
        let read = ServedCatalogues::read(&tables).await?;
        Ok(Self { tables, read })
    }

    /// Reads them again: another one may have been served since, and records may have been changed.
    pub async fn refresh(&mut self) -> Result<(), ReadFault> {
        self.read = ServedCatalogues::read(&self.tables).await?;
        Ok(())
    }

    /// Records that are no catalogue that was ever served.
    pub fn damaged(&self) -> &[String] {
        &self.read.damaged
    }
}

/// The catalogues as read at one moment.
struct ServedCatalogues {
    all: Vec<ServedCatalogue>,
    /// When the tables were created, in milliseconds since the Unix epoch.
    made_at_ms: i64,
    /// In a book that is older than the tables, gifts before this moment are of versions that recorded no catalogues; in microseconds since the Unix epoch.
    recorded_from: i64,
    damaged: Vec<String>,
}

impl ServedCatalogues {
    async fn read(tables: &gift::tables::Store) -> Result<Self, ReadFault> {
        let (made_at_ms, all) = (tables.made_at_ms().await?, tables.served().await?);
        let last_ms = made_at_ms.saturating_add(millis(UNRECORDED_MAX));
        let first_ms = all.iter().map(|served| served.from_ms).min().map_or(last_ms, |first_ms| first_ms.min(last_ms));
        let damaged = all.iter().filter_map(|served| {
            let why = served.prices.as_ref().err()?;
            Some(format!("the gift catalogue {} that was served can't be read: {why}", served.hash))
        });
        let mut damaged: Vec<String> = damaged.collect();
        damaged.dedup();
        Ok(Self { made_at_ms, recorded_from: first_ms.saturating_sub(millis(TOLERANCE)).saturating_mul(MICROS_PER_MS), damaged, all })
    }

    /// Gifts of a book before this moment may be of versions that recorded no catalogues, in microseconds since the Unix epoch. A book that was created after
    /// the tables has none, so whoever deletes the oldest records makes no gift look older than the records.
    fn recorded_from(&self, book: &Book) -> i64 {
        if book.create_time >= self.made_at_ms.saturating_mul(MICROS_PER_MS) { i64::MIN } else { self.recorded_from }
    }

    /// Whether a catalogue that was in force, within the tolerance, from one moment to another gives the gift its price.
    fn explain(&self, gift: &PostedGift, between: CommitSpan) -> bool {
        let tolerance = millis(TOLERANCE);
        self.all.iter().any(|served| {
            served.from_ms.saturating_sub(tolerance).saturating_mul(MICROS_PER_MS) <= between.first_us
                && between.last_us <= served.until_ms.saturating_add(tolerance).saturating_mul(MICROS_PER_MS)
                && served.prices.as_ref().is_ok_and(|prices| prices.explains(gift))
        })
    }
}

/// When the first and the last of some gifts were committed, in microseconds since the Unix epoch.
#[derive(Clone, Copy)]
struct CommitSpan {
    first_us: i64,
    last_us: i64,
}

/// The gifts of a book, while its journal is followed from the beginning.
#[derive(Default)]
pub(super) struct GiftFold {
    waiting: Vec<WaitingGift>,
    explained: usize,
    wrong: usize,
    /// Descriptions of the first wrong gifts.
    found: Vec<String>,
}

impl GiftFold {
    /// Adds the next event of the journal that was not imported; `moves` has seen it before.
    pub fn event(&mut self, event: &Event, moves: &MovesFold) {
        let Body::Posting(posting) = &event.body else { return };
        // The end of a streak moves nothing.
        if posting.kind != PostingKind::Gift.name() || event.transfers.is_empty() {
            return;
        }
        let read = PostedGift::read(|name| posting.field(name));
        let wrong = read.is_none().then_some("does not say which gift was sent");
        let mut waiting = WaitingGift { seq: event.seq, id: event.id, gift: read.unwrap_or_default(), wrong };
        for transfer in &event.transfers {
            if moves.is(transfer.credit, &Account::CoinsRedeemed.name()) {
                waiting.gift.coins = waiting.gift.coins.saturating_add(transfer.amount);
                let sender = waiting.gift.sender.as_deref();
                if sender.is_some_and(|sender| !owns(sender, |owner| moves.is(transfer.debit, &Account::ViewerCoins(owner).name()))) {
                    waiting.wrong = waiting.wrong.or(Some("takes coins from somebody other than its sender"));
                }
            } else {
                waiting.gift.diamonds = waiting.gift.diamonds.saturating_add(transfer.amount);
                if !owns(&waiting.gift.creator, |owner| moves.is(transfer.credit, &Account::CreatorDiamonds(owner).name())) {
                    waiting.wrong = waiting.wrong.or(Some("gives diamonds to somebody other than its creator"));
                }
            }
        }
        self.waiting.push(waiting);
    }

    /// Compares the waiting gifts. The journal was followed just before.
    pub async fn compare(&mut self, catalogues: &mut Catalogues, store: &dyn Store, book: &Book) -> Result<(), ReadFault> {
        let (Some(first), Some(last)) = (self.waiting.first(), self.waiting.last()) else { return Ok(()) };
        let between = CommitSpan { first_us: time(store, book, first.seq).await?, last_us: time(store, book, last.seq).await? };
        // A gift's catalogue was recorded before the gift, so a later read has every catalogue that matters.
        if self.waiting.iter().any(|waiting| waiting.wrong.is_none() && !catalogues.read.explain(&waiting.gift, between)) {
            catalogues.refresh().await?;
        }
        let mut waiting = std::mem::take(&mut self.waiting).into_iter();
        while let Some(gift) = waiting.next() {
            match compared(&gift, &catalogues.read, between, store, book).await {
                Ok(None) => self.explained += 1,
                Ok(Some(Compared::Unrecorded)) => {}
                Ok(Some(Compared::Wrong(why))) => {
                    self.wrong += 1;
                    if self.found.len() < REPORTED_MAX {
                        self.found.push(why);
                    }
                }
                Err(fault) => {
                    // What could not be read is compared in the next run.
                    self.waiting = std::iter::once(gift).chain(waiting).collect();
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// Drops the waiting gifts: without the tables there is nothing to compare with.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    /// The number of gifts whose price is in a catalogue.
    pub fn explained(&self) -> usize {
        self.explained
    }

    /// Gifts that differ from how they were sold.
    pub fn problems(&self) -> Vec<String> {
        let more = self.wrong - self.found.len();
        let more = (more > 0).then(|| format!("and {more} more gifts that no catalogue explains"));
        self.found.iter().cloned().chain(more).collect()
    }
}

/// The result for a gift whose price is in no catalogue.
enum Compared {
    /// Older than the records of catalogues.
    Unrecorded,
    Wrong(String),
}

async fn compared(
    waiting: &WaitingGift,
    served: &ServedCatalogues,
    between: CommitSpan,
    store: &dyn Store,
    book: &Book,
) -> Result<Option<Compared>, ReadFault> {
    let WaitingGift { seq, id, gift, wrong } = waiting;
    if wrong.is_none() && served.explain(gift, between) {
        return Ok(None);
    }
    let at = time(store, book, *seq).await?;
    if let Some(why) = wrong {
        return Ok(Some(Compared::Wrong(format!("event {seq}, gift {id}, {why}"))));
    }
    if served.explain(gift, CommitSpan { first_us: at, last_us: at }) {
        return Ok(None);
    }
    if at < served.recorded_from(book) {
        return Ok(Some(Compared::Unrecorded));
    }
    let taps = gift.repeat_count.map_or_else(String::new, |count| format!(" in taps up to {count}"));
    let PostedGift { gift_id, quantity, coins, diamonds, .. } = gift;
    Ok(Some(Compared::Wrong(format!(
        "event {seq}, gift {id}, cost {coins} coins and gave {diamonds} diamonds for {quantity} of gift {gift_id}{taps}, which no catalogue served at the time says"
    ))))
}

/// When an event was committed, in microseconds since the Unix epoch.
async fn time(store: &dyn Store, book: &Book, seq: i64) -> Result<i64, ReadFault> {
    let time = store.commit_time(book.key, seq).await?;
    time.ok_or_else(|| format!("event {seq} of {} is in no commit", book.name).into())
}

/// Whether the owner of the named account is the one that is meant.
fn owns(name: &str, is: impl Fn(Owner<'_>) -> bool) -> bool {
    Owner::try_new(name).is_some_and(is)
}
