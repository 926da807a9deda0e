//! What a caller gets, and the way it gets there.

use crate::{
    domain::{
        Micros,
        chart::Unit,
        event::{Body, Event, GuardSet, Posting, Transfer},
        request::{Fields, Request},
    },
    error::Error,
};
use rpc::trace::TraceParent;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use uuid::Uuid;

/// A transfer with its accounts' names.
#[derive(Debug, Clone)]
pub struct NamedTransfer {
    /// As it happened.
    pub transfer: Transfer,
    /// Readable id of the account that gave.
    pub debit: Arc<str>,
    /// Readable id of the account that received.
    pub credit: Arc<str>,
    /// Of both.
    pub unit: Unit,
}

/// A posting as it is told.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Unique in the book.
    pub id: Uuid,
    /// Place in the journal.
    pub seq: i64,
    /// Kind of business event.
    pub kind: String,
    /// In order.
    pub transfers: Vec<NamedTransfer>,
    /// Values after it.
    pub guards: Vec<GuardSet>,
    /// The caller's.
    pub fields: Fields,
    /// Microseconds since the Unix epoch.
    pub commit_time: Micros,
    /// As given.
    pub effective_time: Option<Micros>,
}

/// What became of a request.
#[derive(Debug)]
pub enum Answer {
    /// A posting.
    Posted {
        /// As it happened, now or at the first attempt.
        posted: Box<Posted>,
        /// Whether it was the first attempt.
        replayed: bool,
    },
    /// Accounts opened or set: read them.
    Done,
}

/// An answer or why there is none.
pub type Outcome = Result<Answer, Error>;

/// A request with the place its answer goes to.
pub(crate) struct Job {
    pub request: Request,
    pub reply: Reply,
    /// The call that brought it, where its trace is kept; of several that came together, the first has it.
    pub trace: Option<TraceParent>,
}

/// Where an answer goes. Dropped unanswered, it says that the outcome is unknown.
pub(crate) struct Reply(Option<Target>);

enum Target {
    One(oneshot::Sender<Outcome>),
    Many { at: usize, many: Arc<Many> },
}

struct Many {
    state: Mutex<Gathered>,
}

/// Answers that leave together once the last one is there.
struct Gathered {
    answers: Vec<Option<Outcome>>,
    missing: usize,
    sender: Option<oneshot::Sender<Vec<Outcome>>>,
}

impl Reply {
    pub(crate) fn one() -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(Target::One(sender))), receiver)
    }

    /// Replies whose answers arrive together, in order.
    pub(crate) fn many(count: usize) -> (Vec<Self>, oneshot::Receiver<Vec<Outcome>>) {
        let (sender, receiver) = oneshot::channel();
        let answers = (0..count).map(|_| None).collect();
        let many = Arc::new(Many { state: Mutex::new(Gathered { answers, missing: count, sender: Some(sender) }) });
        ((0..count).map(|at| Self(Some(Target::Many { at, many: many.clone() }))).collect(), receiver)
    }

    pub(crate) fn send(mut self, outcome: Outcome) {
        self.deliver(outcome);
    }

    fn deliver(&mut self, outcome: Outcome) {
        match self.0.take() {
            // Nobody listens any more: a retry with the same id gets the answer.
            Some(Target::One(sender)) => drop(sender.send(outcome)),
            Some(Target::Many { at, many }) => {
                let mut state = many.state.lock().expect("nothing panics while it holds this");
                state.answers[at] = Some(outcome);
                state.missing -= 1;
                if state.missing == 0
                    && let Some(sender) = state.sender.take()
                {
                    drop(sender.send(state.answers.drain(..).map(|answer| answer.expect("the count said all are there")).collect()));
                }
            }
            None => {}
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.deliver(Err(Error::OutcomeUnknown));
    }
}

/// The kind of a hold's end, which nobody asked for.
pub const HOLD_EXPIRED: &str = "ledger.hold_expired";

/// A posting event as it is told; `named` gives an account's name and unit.
pub(crate) fn posted(event: Event, commit_time: Micros, named: impl Fn(i64) -> (Arc<str>, Unit)) -> Option<Posted> {
    let posting = match event.body {
        Body::Posting(posting) => posting,
        // Told as a posting of the ledger's own, so that a statement has a line for it.
        Body::HoldExpired => Posting { kind: HOLD_EXPIRED.to_owned(), ..Posting::default() },
        Body::AccountOpened { .. } | Body::AccountStateSet { .. } | Body::LimitSet { .. } => return None,
    };
    let transfers = event
        .transfers
        .into_iter()
        .map(|transfer| {
            let ((debit, unit), (credit, _)) = (named(transfer.debit), named(transfer.credit));
            NamedTransfer { transfer, debit, credit, unit }
        })
        .collect();
    Some(Posted {
        id: event.id,
        seq: event.seq,
        kind: posting.kind,
        transfers,
        guards: posting.guards,
        fields: posting.fields,
        commit_time,
        effective_time: posting.effective_time,
    })
}
