//! Where payments wait for others that can share their message: of one bank, account, currency and rail. Nothing waits for more to come: a message goes as soon
//! as it is its lane's turn, with what waits by then.

use crate::{
    banks::connector::{ReceivedAnswer, UnwritableOrder},
    config::EntityConfig,
    domain::{Payout, payee::PayeeDetails},
};
use money::Currency;
use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};

/// How long a message has its lane for itself. A bank that takes longer to answer does not hold up the payments behind it: their message then goes beside it.
const TURN: Duration = Duration::from_secs(1);

/// What payments of one message have in common, but for its time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LaneKey {
    bank: String,
    bank_account: String,
    currency: Currency,
    rail: String,
}

/// All lanes of this process.
#[derive(Default)]
pub(crate) struct PaymentLanes(Mutex<HashMap<LaneKey, Arc<PaymentLane>>>);

/// What became of a payment that waited.
pub(crate) enum SharedSending {
    /// It was sent, and this is the answer about it.
    Answered {
        /// The payout as it was stored before it was sent.
        sent: Box<Payout>,
        /// When its message was made, in Unix milliseconds.
        sent_at_ms: i64,
        /// What was received about it.
        received: ReceivedAnswer,
    },
    /// It could not be written; it was not sent.
    Unwritable(UnwritableOrder),
    /// Another process has changed its payout; it was not sent from here.
    Changed,
}

/// Who is paid, and on whose behalf. Has no `Debug`: it names a person and an account.
pub(crate) struct PaymentParties {
    pub payee: PayeeDetails,
    /// The payee is the one of the attempt's first sending, as it was sent.
    pub is_repeated: bool,
    pub on_behalf_of: Option<EntityConfig>,
}

/// A payment that waits. Has no `Debug`: it names a person and an account.
pub(crate) struct WaitingPayment {
    number: u64,
    pub payout: Payout,
    pub parties: PaymentParties,
    pub done: oneshot::Sender<SharedSending>,
}

#[derive(Default)]
struct WaitingPayments {
    joined: u64,
    queue: VecDeque<WaitingPayment>,
}

/// One lane.
pub(crate) struct PaymentLane {
    turn: Semaphore,
    waiting: Mutex<WaitingPayments>,
}

impl PaymentLanes {
    /// The lane of a payout.
    pub fn of(&self, payout: &Payout) -> Arc<PaymentLane> {
        let attempt = &payout.attempt;
        let key = LaneKey {
            bank: attempt.bank.clone(),
            bank_account: attempt.bank_account.clone(),
            currency: payout.amount.currency(),
            rail: attempt.rail.clone(),
        };
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lanes.entry(key).or_insert_with(|| Arc::new(PaymentLane { turn: Semaphore::new(1), waiting: Mutex::default() })).clone()
    }
}

impl PaymentLane {
    fn waiting<T>(&self, look: impl FnOnce(&mut WaitingPayments) -> T) -> T {
        look(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits with the others; the number by which to look, and what becomes of it. Dropping the receiver takes the payment out.
    pub fn join(&self, payout: Payout, parties: PaymentParties) -> (u64, oneshot::Receiver<SharedSending>) {
        let (done, sending) = oneshot::channel();
        let number = self.waiting(|waiting| {
            waiting.joined += 1;
            waiting.queue.push_back(WaitingPayment { number: waiting.joined, payout, parties, done });
            waiting.joined
        });
        (number, sending)
    }

    /// Whether the payment was not taken yet.
    pub fn is_waiting(&self, number: u64) -> bool {
        self.waiting(|waiting| waiting.queue.front().is_some_and(|front| front.number <= number))
    }

    /// Takes those that wait longest, without those that nobody waits for any more.
    pub fn take(&self, payments_max: usize) -> Vec<WaitingPayment> {
        self.waiting(|waiting| {
            waiting.queue.retain(|payment| !payment.done.is_closed());
            let count = waiting.queue.len().min(payments_max);
            waiting.queue.drain(..count).collect()
        })
    }

    /// The turn to send, in the order of asking. Dropping it gives it to the next.
    pub async fn turn(&self) -> SemaphorePermit<'_> {
        self.turn.acquire().await.expect("lanes are never closed")
    }
}

/// Sends within the turn, which ends with the sending or after its time.
pub(crate) async fn in_turn<T>(turn: SemaphorePermit<'_>, sending: impl Future<Output = T>) -> T {
    tokio::pin!(sending);
    match tokio::time::timeout(TURN, &mut sending).await {
        Ok(sent) => sent,
        Err(_) => {
            drop(turn);
            sending.await
        }
    }
}
