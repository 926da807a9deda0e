//! A request in flight to its book's writer, and the way its answer returns.

use crate::{answer::AnswerResult, domain::request::BookRequest, error::Error};
use rpc::trace::TraceParent;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// A request and where its answer goes.
pub(crate) struct Job {
    pub request: BookRequest,
    pub reply: Reply,
    /// The trace of the call that sent it; of several requests in one call, only the first has it.
    pub trace: Option<TraceParent>,
}

/// Where an answer goes. Dropped unanswered, it reports an unknown outcome.
pub(crate) struct Reply(Option<ReplyTarget>);

enum ReplyTarget {
    One(oneshot::Sender<AnswerResult>),
    Many { at: usize, many: Arc<ManyReplies> },
}

struct ManyReplies {
    state: Mutex<GatheredAnswers>,
}

/// Answers that are sent together once the last one has arrived.
struct GatheredAnswers {
    answers: Vec<Option<AnswerResult>>,
    missing: usize,
    sender: Option<oneshot::Sender<Vec<AnswerResult>>>,
}

impl Reply {
    pub(crate) fn one() -> (Self, oneshot::Receiver<AnswerResult>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(ReplyTarget::One(sender))), receiver)
    }

    /// Replies whose answers arrive together, in order.
    pub(crate) fn many(count: usize) -> (Vec<Self>, oneshot::Receiver<Vec<AnswerResult>>) {
        let (sender, receiver) = oneshot::channel();
        let answers = (0..count).map(|_| None).collect();
        let many = Arc::new(ManyReplies { state: Mutex::new(GatheredAnswers { answers, missing: count, sender: Some(sender) }) });
        ((0..count).map(|at| Self(Some(ReplyTarget::Many { at, many: many.clone() }))).collect(), receiver)
    }

    pub(crate) fn send(mut self, outcome: AnswerResult) {
        self.deliver(outcome);
    }

    fn deliver(&mut self, outcome: AnswerResult) {
        match self.0.take() {
            // The caller no longer waits: a retry with the same id gets the answer.
            Some(ReplyTarget::One(sender)) => drop(sender.send(outcome)),
            Some(ReplyTarget::Many { at, many }) => {
                let mut state = many.state.lock().expect("nothing panics while it holds this");
                state.answers[at] = Some(outcome);
                state.missing -= 1;
                if state.missing == 0
                    && let Some(sender) = state.sender.take()
                {
                    drop(sender.send(state.answers.drain(..).map(|answer| answer.expect("all answers have arrived")).collect()));
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
