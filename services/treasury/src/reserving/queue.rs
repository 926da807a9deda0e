//! The calls that wait to be decided.
use crate::{
    domain::reservation::{AskedReservation, LeafReservation},
    error::Error,
};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};
use tokio::sync::oneshot;

/// Reservations decided together at most. The ledger takes a thousand postings in a batch; if another decision comes first, the whole batch is retried.
const TOGETHER_MAX: usize = 100;

/// A reservation, and whether an earlier call had recorded it. `None`: no physical account stands for the bank account.
pub(crate) type Reserved = (Option<LeafReservation>, bool);

/// One call that waits.
pub(super) struct WaitingCall {
    pub(super) asked: AskedReservation,
    pub(super) by: String,
    pub(super) answer: oneshot::Sender<Result<Reserved, Error>>,
}

/// The calls of this process that wait, and whose turn it is to decide.
#[derive(Default)]
pub(crate) struct ReservationQueue {
    waiting: Mutex<VecDeque<WaitingCall>>,
    pub(super) turn: tokio::sync::Mutex<()>,
}

impl ReservationQueue {
    fn waiting<T>(&self, look: impl FnOnce(&mut VecDeque<WaitingCall>) -> T) -> T {
        look(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn join(&self, asked: &AskedReservation, by: &str) -> oneshot::Receiver<Result<Reserved, Error>> {
        let (answer, answered) = oneshot::channel();
        self.waiting(|calls| calls.push_back(WaitingCall { asked: asked.clone(), by: by.to_owned(), answer }));
        answered
    }

    /// Those that wait longest, without those that nobody waits for any more, and each reservation once.
    pub(super) fn take(&self) -> Vec<WaitingCall> {
        self.waiting(|calls| {
            calls.retain(|call| !call.answer.is_closed());
            let (mut taken, mut left) = (Vec::<WaitingCall>::new(), VecDeque::new());
            for call in calls.drain(..) {
                let same =
                    |other: &WaitingCall| (&other.asked.app, other.asked.reservation_id) == (&call.asked.app, call.asked.reservation_id);
                if taken.len() < TOGETHER_MAX && !taken.iter().any(same) { taken.push(call) } else { left.push_back(call) }
            }
            *calls = left;
            taken
        })
    }
}
