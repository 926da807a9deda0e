//! The way to the ledger: gifts for one book that wait at the same time share one PostBatch. No timers: a lone gift goes at once, and what comes in
//! while calls are in flight goes with the next. Every item has its own outcome and deadline. The service posts as itself, so that one queue per
//! book is also one per principal.
use crate::config::Config;
use api::ledger::{PostRequest, PostResponse};
use ledger_client::{LedgerClient, NotPosted};
use money::BookName;
use prost::Message;
use rpc::{
    context::{self, CallContext},
    trace::BatchSpan,
};
use rustc_hash::FxHashMap;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};
use tonic::{Code, Status};

/// Named in the spans of batches.
const SERVICE: &str = "gift";
/// When a caller whom we couldn't serve should try again.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The ledger's client, with the calls of each book batched. Clones share the queues.
#[derive(Clone)]
pub struct Batcher(Arc<BatchQueues>);

struct BatchQueues {
    ledger: LedgerClient,
    limits: BatchLimits,
    queues: Mutex<FxHashMap<BookName, BookQueue>>,
}

/// What bounds the queues.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// Posts in one call.
    pub items_max: usize,
    /// Encoded bytes of the posts in one call; a larger post goes alone.
    pub bytes_max: usize,
    /// Calls in flight at once per book.
    pub calls_max: usize,
    /// Posts waiting, per call in flight, before another call is started.
    pub call_worth: usize,
    /// Posts waiting per book.
    pub waiting_max: usize,
}

impl From<&Config> for BatchLimits {
    fn from(config: &Config) -> Self {
        Self {
            items_max: config.batch_items_max,
            bytes_max: config.batch_bytes_max,
            calls_max: config.batches_in_flight_max,
            call_worth: config.batch_worth,
            waiting_max: config.waiting_max,
        }
    }
}

#[derive(Default)]
struct BookQueue {
    waiting: VecDeque<QueuedPost>,
    calls: usize,
}

struct QueuedPost {
    post: PostRequest,
    bytes: usize,
    /// When nobody waits any more, and the trace it belongs to.
    context: CallContext,
    answer: oneshot::Sender<Result<PostResponse, NotPosted>>,
}

impl Batcher {
    /// Over this client.
    #[must_use]
    pub fn new(ledger: LedgerClient, limits: BatchLimits) -> Self {
        Self(Arc::new(BatchQueues { ledger, limits, queues: Mutex::default() }))
    }

    /// Posts as LedgerService.Post would, in a batch. A post that is still waiting when its deadline (or the caller's) passes is never sent, and
    /// OVERLOADED is answered; one that nobody waits for any more is never sent either.
    pub fn post(&self, book: &BookName, post: PostRequest, deadline: Instant) -> BatchedPost {
        let (answer, answered) = oneshot::channel();
        let above = context::current();
        let deadline = above.deadline.map_or(deadline, |earlier| earlier.min(deadline));
        let context = CallContext { deadline: Some(deadline), ..above };
        let item = QueuedPost { bytes: post.encoded_len(), post, context, answer };
        match self.0.enqueue(book, item) {
            Ok(true) => BatchCall::start(Arc::clone(&self.0), book.clone()),
            Ok(false) => {}
            Err(status) => return BatchedPost(Err(Box::new(status.into()))),
        }
        BatchedPost(Ok(answered))
    }
}

/// A post that was taken, or turned away.
pub struct BatchedPost(Result<oneshot::Receiver<Result<PostResponse, NotPosted>>, Box<NotPosted>>);

impl BatchedPost {
    /// What became of it. Dropped before it is sent, it never is.
    pub async fn answer(self) -> Result<PostResponse, NotPosted> {
        match self.0 {
            Ok(answered) => answered.await.unwrap_or_else(|_| Err(NotPosted::lost("the call to the ledger was cut off"))),
            Err(status) => Err(*status),
        }
    }
}

impl BatchQueues {
    fn queues(&self) -> MutexGuard<'_, FxHashMap<BookName, BookQueue>> {
        // Nothing panics while it is held; if something did, the queues are whole all the same.
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when the caller must start a call.
    fn enqueue(&self, book: &BookName, item: QueuedPost) -> Result<bool, Status> {
        let mut queues = self.queues();
        if !queues.contains_key(book) {
            queues.insert(book.clone(), BookQueue::default());
        }
        let queue = queues.get_mut(book).expect("put in above");
        if queue.waiting.len() >= self.limits.waiting_max {
            return Err(rpc::overload(RETRY_AFTER));
        }
        queue.waiting.push_back(item);
        // The first call goes at once. Another is worth its commit only when enough waits for it.
        let start = queue.calls < self.limits.calls_max && queue.waiting.len() > queue.calls * self.limits.call_worth;
        queue.calls += usize::from(start);
        Ok(start)
    }

    /// Everything waiting that fits into one call.
    fn take(&self, book: &BookName) -> Vec<QueuedPost> {
        let mut queues = self.queues();
        let Some(queue) = queues.get_mut(book) else { return Vec::new() };
        let mut bytes = 0;
        let mut fitting = 0;
        for item in queue.waiting.iter().take(self.limits.items_max) {
            bytes += item.bytes;
            if fitting > 0 && bytes > self.limits.bytes_max {
                break;
            }
            fitting += 1;
        }
        queue.waiting.drain(..fitting).collect()
    }

    async fn send(&self, book: &BookName, items: Vec<QueuedPost>) {
        let now = Instant::now();
        let mut posts = Vec::with_capacity(items.len());
        let mut waiting = Vec::with_capacity(items.len());
        let mut together = CallContext { service: SERVICE, ..CallContext::default() };
        let span = BatchSpan::start(SERVICE, "gift.batch", items.iter().filter_map(|item| item.context.trace));
        for item in items {
            if item.answer.is_closed() {
                continue;
            }
            if item.context.deadline.is_some_and(|deadline| deadline <= now) {
                let _gone = item.answer.send(Err(rpc::overload(RETRY_AFTER).into()));
                continue;
            }
            // The call may take as long as its most patient item. Without a span of its own it belongs to the trace of its first traced item.
            together.deadline = together.deadline.max(item.context.deadline);
            together.trace = together.trace.or(item.context.trace);
            posts.push(item.post);
            waiting.push(item.answer);
        }
        if posts.is_empty() {
            return;
        }
        together.trace = span.parent(together.trace);
        let answered = context::enter(together, self.ledger.post_batch(book, posts)).await;
        span.finish(answered.as_ref().map_or_else(NotPosted::code, |_| Code::Ok));
        answer(waiting, answered);
    }
}

/// Hands out the outcomes, which are in request order.
fn answer(
    waiting: Vec<oneshot::Sender<Result<PostResponse, NotPosted>>>,
    answered: Result<Vec<Result<PostResponse, NotPosted>>, NotPosted>,
) {
    match answered {
        Ok(outcomes) => {
            for (waiting, outcome) in waiting.into_iter().zip(outcomes) {
                // Whoever asked may be gone; a retry will find the answer in the ledger.
                let _gone = waiting.send(outcome);
            }
        }
        Err(not_posted) => {
            for waiting in waiting {
                let _gone = waiting.send(Err(not_posted.clone()));
            }
        }
    }
}

/// One of a book's calls in flight: sends until nothing waits. Counts itself out when dropped, also by a panic, and leaves nothing behind unsent.
struct BatchCall {
    shared: Arc<BatchQueues>,
    book: BookName,
}

impl BatchCall {
    fn start(shared: Arc<BatchQueues>, book: BookName) {
        let call = Self { shared, book };
        tokio::spawn(async move {
            loop {
                // Whoever is ready to run now may have a post to add; nobody is waited for.
                tokio::task::yield_now().await;
                let items = call.shared.take(&call.book);
                if items.is_empty() {
                    break;
                }
                call.shared.send(&call.book, items).await;
            }
        });
    }
}

impl Drop for BatchCall {
    fn drop(&mut self) {
        let mut queues = self.shared.queues();
        let Some(queue) = queues.get_mut(&self.book) else { return };
        // Something may have come in between the last look and now, and counted on this call.
        let more = !queue.waiting.is_empty() && tokio::runtime::Handle::try_current().is_ok();
        if !more {
            queue.calls -= 1;
            if queue.calls == 0 {
                queues.remove(&self.book);
            }
        }
        drop(queues);
        if more {
            Self::start(Arc::clone(&self.shared), self.book.clone());
        }
    }
}

#[cfg(test)]
mod tests;
