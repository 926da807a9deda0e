//! The calls to the ledger: gifts for one book that wait at the same time share one PostBatch. No timers: a single gift is sent at once, and gifts that
//! arrive while calls are in flight go with the next call. Every item has its own outcome and deadline. The service posts under its own token, so that
//! one queue per book is also one per principal.
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

/// The service's name in the spans of batches.
const SERVICE: &str = "gift";
/// When a caller whom we couldn't serve should retry.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// The ledger's client, with the calls of each book batched. Clones share the queues.
#[derive(Clone)]
pub struct Batcher(Arc<BatchQueues>);

struct BatchQueues {
    ledger: LedgerClient,
    limits: BatchLimits,
    queues: Mutex<FxHashMap<BookName, BookQueue>>,
}

/// Bounds of the queues.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// Posts in one call.
    pub items_max: usize,
    /// Encoded bytes of the posts in one call; a larger post is sent alone.
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
    /// When the caller stops waiting, and the trace the post belongs to.
    context: CallContext,
    answer: oneshot::Sender<Result<PostResponse, NotPosted>>,
}

impl Batcher {
    /// A batcher over this client.
    #[must_use]
    pub fn new(ledger: LedgerClient, limits: BatchLimits) -> Self {
        Self(Arc::new(BatchQueues { ledger, limits, queues: Mutex::default() }))
    }

    /// Posts as LedgerService.Post would, in a batch. A post that is still waiting when its deadline (or the caller's) passes is answered OVERLOADED
    /// and never sent; one whose caller no longer waits is not sent either.
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

/// A post that was queued, or refused.
pub struct BatchedPost(Result<oneshot::Receiver<Result<PostResponse, NotPosted>>, Box<NotPosted>>);

impl BatchedPost {
    /// The outcome. A post that is dropped before it is sent is never sent.
    pub async fn answer(self) -> Result<PostResponse, NotPosted> {
        match self.0 {
            Ok(answered) => answered.await.unwrap_or_else(|_| Err(NotPosted::lost("the call to the ledger was cut off"))),
            Err(status) => Err(*status),
        }
    }
}

impl BatchQueues {
    fn queues(&self) -> MutexGuard<'_, FxHashMap<BookName, BookQueue>> {
        // No code panics while it is locked; should one do so, the queues are consistent all the same.
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

    /// All waiting posts that fit into one call.
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
                // The caller may be gone; a retry will find the answer in the ledger.
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

/// One of a book's calls in flight: sends until no post waits. Decrements the count when dropped, also by a panic, and leaves no post unsent.
struct BatchCall {
    shared: Arc<BatchQueues>,
    book: BookName,
}

impl BatchCall {
    fn start(shared: Arc<BatchQueues>, book: BookName) {
        let call = Self { shared, book };
        tokio::spawn(async move {
            loop {
                // Lets tasks that are ready to run add a post; waits for nothing else.
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
        // A post may have been added since the last check, relying on this call.
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
