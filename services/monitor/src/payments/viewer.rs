//! One viewer's stream: what was published before, from the viewer's cursor on, and then what comes.
//!
//! A viewer joins the book's feed where a slice of the feed begins. If its cursor is between two of them, because it is old or the monitor was restarted, it reads the
//! journal itself up to the next one. So nothing is shown twice, and nothing is left out.
use super::{
    feed::{BookFeed, FeedNews, JoinedFeed, ViewerSeat},
    slice::{PaymentSlice, SliceReader},
};
use crate::error::Error;
use ledger_client::{JournalPlace, JournalReader, LedgerClient};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::{Instant, timeout_at};

/// What a viewer is shown.
#[derive(Debug)]
pub struct ViewerNews {
    /// The last commit that was shown with it.
    pub place: JournalPlace,
    /// What happened; `None` in a heartbeat.
    pub slice: Option<Arc<PaymentSlice>>,
    /// Since when the ledger is lost.
    pub lost: Option<SystemTime>,
}

/// How a viewer gets its news.
enum ViewerSource {
    /// It reads the journal itself, up to the feed.
    Journal(Box<ViewerJournal>),
    /// It has joined the feed.
    Feed(JoinedFeed),
}

/// A journal that one viewer reads.
struct ViewerJournal {
    /// `None`: the ledger ended the stream, and the next one is not open yet.
    reader: Option<JournalReader>,
    slices: SliceReader,
}

/// A viewer's stream.
pub struct PaymentViewer {
    feed: Arc<BookFeed>,
    ledger: LedgerClient,
    seat: Arc<ViewerSeat>,
    source: ViewerSource,
    /// The last commit shown.
    at: JournalPlace,
    heartbeat: Duration,
    /// When the next heartbeat is due.
    quiet_until: Instant,
    ends: Instant,
    ended: bool,
}

enum ViewerStep {
    Slice(Arc<PaymentSlice>),
    Contact,
    /// The monitor stops.
    End,
}

impl PaymentViewer {
    /// Continues after a commit. Fails if the journal does not have it.
    pub async fn open(
        feed: Arc<BookFeed>,
        seat: Arc<ViewerSeat>,
        ledger: LedgerClient,
        at: JournalPlace,
        heartbeat: Duration,
        age_max: Duration,
    ) -> Result<Self, Error> {
        let source = match feed.join(&at, &seat) {
            Some(joined) => ViewerSource::Feed(joined),
            None => {
                let reader = ledger.read_journal(&feed.book, &at).await.map_err(Error::of_journal)?;
                ViewerSource::Journal(Box::new(ViewerJournal { reader: Some(reader), slices: SliceReader::after(at.clone()) }))
            }
        };
        let now = Instant::now();
        Ok(Self { feed, ledger, seat, source, at, heartbeat, quiet_until: now + heartbeat, ends: now + age_max, ended: false })
    }

    /// The next news; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<ViewerNews, Error>> {
        if self.ended {
            return None;
        }
        let due = self.quiet_until.min(self.ends);
        let slice = match timeout_at(due, self.step()).await {
            Ok(Ok(ViewerStep::Slice(slice))) => {
                self.at = slice.place.clone();
                Some(slice)
            }
            Ok(Ok(ViewerStep::Contact)) | Err(_) => None,
            Ok(Ok(ViewerStep::End)) => {
                self.ended = true;
                return None;
            }
            Ok(Err(error)) => {
                self.ended = true;
                return Some(Err(error));
            }
        };
        // The last message has the cursor to continue from.
        self.ended = self.ends <= Instant::now();
        Some(Ok(ViewerNews { place: self.at.clone(), slice, lost: self.feed.lost() }))
    }

    /// Notes that a message was sent.
    pub fn sent(&mut self) {
        self.quiet_until = Instant::now() + self.heartbeat;
    }

    /// May be dropped while it waits: nothing is lost.
    async fn step(&mut self) -> Result<ViewerStep, Error> {
        loop {
            let ViewerSource::Feed(joined) = &mut self.source else {
                if let Some(slice) = self.read().await? {
                    return Ok(ViewerStep::Slice(slice));
                }
                continue;
            };
            if let Some(slice) = joined.kept.pop_front() {
                return Ok(ViewerStep::Slice(slice));
            }
            return match joined.news.recv().await {
                Some(FeedNews::Slice(slice)) => Ok(ViewerStep::Slice(slice)),
                Some(FeedNews::Contact) => Ok(ViewerStep::Contact),
                None => self.seat.ended().map_or(Ok(ViewerStep::End), |why| Err(why.into())),
            };
        }
    }

    /// Reads on in the journal, or joins the feed.
    async fn read(&mut self) -> Result<Option<Arc<PaymentSlice>>, Error> {
        let ViewerSource::Journal(journal) = &mut self.source else { return Ok(None) };
        let ViewerJournal { reader, slices } = &mut **journal;
        if slices.is_whole() && (slices.is_full() || self.feed.is_boundary(slices.place())) {
            return Ok(Some(Arc::new(slices.take())));
        }
        if slices.is_empty()
            && let Some(joined) = self.feed.join(slices.place(), &self.seat)
        {
            self.source = ViewerSource::Feed(joined);
            return Ok(None);
        }
        let mut moved = self.feed.moved();
        let commit_no = slices.place().commit_no;
        // Never further than the feed: it would not end where one of the feed's slices begins.
        if moved.wait_for(|fed| *fed > commit_no).await.is_err() {
            return Ok(None);
        }
        let open = match reader {
            Some(open) => open,
            None => {
                slices.drop_part();
                reader.insert(self.ledger.read_journal(&self.feed.book, slices.place()).await.map_err(Error::of_journal)?)
            }
        };
        match open.next_events().await.map_err(Error::of_journal)? {
            Some(part) => drop(slices.add(part)),
            None => *reader = None,
        }
        Ok(None)
    }
}

impl Drop for PaymentViewer {
    fn drop(&mut self) {
        self.seat.leave();
    }
}
