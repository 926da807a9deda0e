//! How many streams browsers may have open: live views and exports, of one session and of all.
use crate::seal::hash;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Streams of one session. A browser has six connections to a host where there is no HTTP/2, and pages need some of them.
const OF_SESSION_MAX: usize = 4;
/// Streams of all sessions: a quarter of the connections that a listener has.
const STREAMS_MAX: usize = 256;
const KEY: &str = "largesse console stream";

/// Why there is no place for a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamsFull {
    /// The session has as many as it may have.
    Session,
    /// All sessions together have.
    Console,
}

impl StreamsFull {
    pub(crate) fn why(self) -> String {
        match self {
            Self::Session => format!("You have {OF_SESSION_MAX} live pages and exports open already; close one and try again."),
            Self::Console => {
                "As many live pages and exports as the console may have are open; try again when somebody has closed one.".to_owned()
            }
        }
    }
}

/// The streams that are open, by session.
#[derive(Debug, Default)]
pub(crate) struct StreamSeats(Mutex<HashMap<[u8; 32], usize>>);

/// A stream that is open, until this is dropped.
#[derive(Debug)]
pub(crate) struct StreamSeat {
    seats: Arc<StreamSeats>,
    session: [u8; 32],
}

impl StreamSeats {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are open now.
    pub(crate) fn open_now(&self) -> usize {
        self.lock().values().sum()
    }

    /// A place for one more stream of the session with this secret.
    pub(crate) fn take(self: &Arc<Self>, secret: &str) -> Result<StreamSeat, StreamsFull> {
        let session = hash(KEY, secret);
        let mut open = self.lock();
        if open.values().sum::<usize>() >= STREAMS_MAX {
            return Err(StreamsFull::Console);
        }
        let of_session = open.entry(session).or_default();
        if *of_session >= OF_SESSION_MAX {
            return Err(StreamsFull::Session);
        }
        *of_session += 1;
        Ok(StreamSeat { seats: self.clone(), session })
    }
}

impl Drop for StreamSeat {
    fn drop(&mut self) {
        let mut open = self.seats.lock();
        if let Some(of_session) = open.get_mut(&self.session) {
            *of_session = of_session.saturating_sub(1);
            if *of_session == 0 {
                open.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of the bounds.
    use super::*;

    #[test]
    fn streams_are_bounded_for_a_session_and_in_all_and_a_closed_one_makes_room() {
        let seats = Arc::new(StreamSeats::default());
        let mut open: Vec<_> = (0..OF_SESSION_MAX).map(|_| seats.take("one").unwrap()).collect();
        for _ in 0..100 {
            assert_eq!(seats.take("one").unwrap_err(), StreamsFull::Session);
        }
        open.pop();
        open.push(seats.take("one").unwrap());
        for session in 0..STREAMS_MAX - OF_SESSION_MAX {
            open.push(seats.take(&session.to_string()).unwrap());
        }
        assert_eq!((seats.take("another").unwrap_err(), seats.open_now()), (StreamsFull::Console, STREAMS_MAX));
        drop(open);
        assert!(seats.lock().is_empty(), "nothing is remembered of streams that have ended");
    }
}
