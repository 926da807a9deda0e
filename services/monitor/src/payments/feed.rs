//! What the follower of a book publishes, and the viewers that it is sent to.
use super::{figures::PaymentFigures, slice::PaymentSlice};
use crate::error::Error;
use ledger_client::JournalPlace;
use money::BookName;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

/// Slices that are kept for viewers that come back: half a minute at four a second. Whoever comes later reads the journal up to them.
const KEPT_MAX: usize = 128;
/// Slices that may wait for a viewer, some 16 seconds. One that is slower is dropped, and can come back with its cursor.
const WAITING_MAX: usize = 64;

/// What viewers are sent.
#[derive(Debug, Clone)]
pub enum FeedNews {
    /// The next slice.
    Slice(Arc<PaymentSlice>),
    /// The ledger was lost, or found.
    Contact,
}

/// Why a feed ended a viewer's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewerEnd {
    /// It read too slowly.
    TooSlow,
    /// The journal is another one.
    Diverged,
}

/// A viewer's place among the viewers. It is given up as soon as the stream ends, whichever side ends it.
#[derive(Debug)]
pub struct ViewerSeat {
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    end: Mutex<Option<ViewerEnd>>,
}

impl ViewerSeat {
    /// A seat that this permit is for.
    pub fn new(permit: OwnedSemaphorePermit) -> Arc<Self> {
        Arc::new(Self { permit: Mutex::new(Some(permit)), end: Mutex::default() })
    }

    /// Gives the seat up.
    pub fn leave(&self) {
        drop(locked(&self.permit).take());
    }

    fn end(&self, why: ViewerEnd) {
        *locked(&self.end) = Some(why);
        self.leave();
    }

    /// Why the feed ended the stream, if it did.
    pub fn ended(&self) -> Option<ViewerEnd> {
        *locked(&self.end)
    }
}

/// What a viewer that has joined receives.
#[derive(Debug)]
pub struct JoinedFeed {
    /// Slices that were published before, from the viewer's place on.
    pub kept: VecDeque<Arc<PaymentSlice>>,
    /// What comes.
    pub news: mpsc::Receiver<FeedNews>,
}

/// Where the follower of a book is.
#[derive(Debug, Default)]
struct FeedState {
    /// The last commit published, and the one with which memory began. `None` before the stored figures are read.
    place: Option<JournalPlace>,
    /// The last slices, one after the other.
    kept: VecDeque<Arc<PaymentSlice>>,
    viewers: Vec<(mpsc::Sender<FeedNews>, Arc<ViewerSeat>)>,
    /// Since when the ledger is lost.
    lost: Option<SystemTime>,
    figures: Option<PaymentFigures>,
}

/// A book's payments as they are published.
#[derive(Debug)]
pub struct BookFeed {
    /// The book.
    pub book: BookName,
    state: Mutex<FeedState>,
    /// Number of the last commit published; -1 before the stored figures are read.
    moved: watch::Sender<i64>,
}

impl BookFeed {
    /// Of a book whose follower has not begun.
    pub fn new(book: BookName) -> Arc<Self> {
        Arc::new(Self { book, state: Mutex::default(), moved: watch::channel(-1).0 })
    }

    fn state(&self) -> MutexGuard<'_, FeedState> {
        locked(&self.state)
    }

    /// Begins after a commit, with the figures up to it.
    pub fn begin(&self, place: JournalPlace, figures: PaymentFigures) {
        let commit_no = place.commit_no;
        {
            let mut state = self.state();
            (state.place, state.figures) = (Some(place), Some(figures));
        }
        self.moved.send_replace(commit_no);
    }

    /// The journal is another one than was followed: everything begins again, and viewers are sent away.
    pub fn reset(&self) {
        let viewers = {
            let mut state = self.state();
            (state.place, state.figures) = (None, None);
            state.kept.clear();
            std::mem::take(&mut state.viewers)
        };
        self.moved.send_replace(-1);
        viewers.iter().for_each(|(_, seat)| seat.end(ViewerEnd::Diverged));
    }

    /// The last commit published; `None` before the stored figures are read.
    pub fn place(&self) -> Option<JournalPlace> {
        self.state().place.clone()
    }

    /// Since when the ledger is lost.
    pub fn lost(&self) -> Option<SystemTime> {
        self.state().lost
    }

    /// Notes whether the ledger answers, and says so to the viewers if that is news.
    pub fn contact(&self, is_there: bool, now: SystemTime) {
        let mut state = self.state();
        if state.lost.is_some() == is_there {
            state.lost = (!is_there).then_some(now);
            state.send(&FeedNews::Contact);
        }
    }

    /// Publishes the next slice.
    pub fn publish(&self, slice: PaymentSlice) {
        let commit_no = slice.place.commit_no;
        {
            let mut state = self.state();
            if let Some(figures) = &mut state.figures {
                figures.add(&slice);
            }
            state.place = Some(slice.place.clone());
            let slice = Arc::new(slice);
            if state.kept.len() == KEPT_MAX {
                state.kept.pop_front();
            }
            state.kept.push_back(slice.clone());
            state.send(&FeedNews::Slice(slice));
        }
        self.moved.send_replace(commit_no);
    }

    /// Whether a slice that is kept begins after this commit, or the next one will.
    pub fn is_boundary(&self, place: &JournalPlace) -> bool {
        self.state().first_after(place).is_some()
    }

    /// Sends a viewer everything after a commit, if slices begin there.
    pub fn join(&self, place: &JournalPlace, seat: &Arc<ViewerSeat>) -> Option<JoinedFeed> {
        let mut state = self.state();
        let first = state.first_after(place)?;
        let kept = state.kept.iter().skip(first).cloned().collect();
        let (sender, news) = mpsc::channel(WAITING_MAX);
        // Those who left while nothing was committed.
        state.viewers.retain(|(viewer, _)| !viewer.is_closed());
        state.viewers.push((sender, seat.clone()));
        Some(JoinedFeed { kept, news })
    }

    /// Receives the number of the last commit published whenever it changes.
    pub fn moved(&self) -> watch::Receiver<i64> {
        self.moved.subscribe()
    }

    /// Reads or changes the figures; `None` before the stored ones are read.
    pub fn with_figures<T>(&self, work: impl FnOnce(&mut PaymentFigures, &JournalPlace) -> T) -> Option<T> {
        let mut state = self.state();
        let place = state.place.clone()?;
        state.figures.as_mut().map(|figures| work(figures, &place))
    }
}

impl FeedState {
    /// The index of the first kept slice after a commit: one past the last, where the next slice will be.
    fn first_after(&self, place: &JournalPlace) -> Option<usize> {
        if self.place.as_ref() == Some(place) {
            return Some(self.kept.len());
        }
        let index = self.kept.partition_point(|slice| slice.after.commit_no < place.commit_no);
        self.kept.get(index).filter(|slice| slice.after == *place).map(|_| index)
    }

    fn send(&mut self, news: &FeedNews) {
        self.viewers.retain(|(viewer, seat)| match viewer.try_send(news.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                seat.end(ViewerEnd::TooSlow);
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
    }
}

impl From<ViewerEnd> for Error {
    fn from(end: ViewerEnd) -> Self {
        match end {
            ViewerEnd::TooSlow => Self::ViewerTooSlow,
            ViewerEnd::Diverged => Self::JournalDiverged,
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
