//! Which posts share a call, which are refused, and the outcome of a refused item. The whole path is tested against the ledger in tests/it.
use super::*;
use api::ledger::Posting;

const LIMITS: BatchLimits = BatchLimits { items_max: 3, bytes_max: 1_000, calls_max: 1, call_worth: 2, waiting_max: 5 };

fn book() -> BookName {
    BookName::try_new("b").unwrap()
}

/// A client of an address where nothing listens; only the queues are tested.
fn batcher() -> Batcher {
    Batcher::new(LedgerClient::new(rpc::connect("http://127.0.0.1:1").unwrap()), LIMITS)
}

type Answered = oneshot::Receiver<Result<PostResponse, NotPosted>>;

fn item(bytes: usize) -> (QueuedPost, Answered) {
    let (answer, answered) = oneshot::channel();
    let context = CallContext { deadline: Some(Instant::now() + Duration::from_secs(60)), ..CallContext::default() };
    (QueuedPost { post: PostRequest::default(), bytes, context, answer }, answered)
}

#[tokio::test]
async fn only_so_many_calls_are_started_and_only_so_many_wait() {
    let shared = batcher().0;
    let mut held = Vec::new();
    let mut started = Vec::new();
    for _ in 0..LIMITS.waiting_max {
        let (item, answered) = item(10);
        started.push(shared.enqueue(&book(), item).unwrap());
        held.push(answered);
    }
    assert_eq!(started, [true, false, false, false, false]);
    let turned_away = shared.enqueue(&book(), item(10).0).unwrap_err();
    assert_eq!(rpc::reason(&turned_away).as_deref(), Some("OVERLOADED"));
    assert!(shared.enqueue(&BookName::try_new("other").unwrap(), item(10).0).unwrap(), "books don't wait for one another");
}

#[tokio::test]
async fn another_call_is_started_only_for_enough_posts() {
    let shared = Batcher::new(LedgerClient::new(rpc::connect("http://127.0.0.1:1").unwrap()), BatchLimits { calls_max: 2, ..LIMITS }).0;
    let mut started = Vec::new();
    let mut held = Vec::new();
    for _ in 0..4 {
        let (item, answered) = item(10);
        started.push(shared.enqueue(&book(), item).unwrap());
        held.push(answered);
    }
    assert_eq!(started, [true, false, true, false]);
}

#[tokio::test]
async fn a_call_is_bounded_by_items_and_bytes_and_a_large_post_goes_alone() {
    let shared = batcher().0;
    for bytes in [10, 10, 10, 990] {
        shared.enqueue(&book(), item(bytes).0).unwrap();
    }
    assert_eq!(shared.take(&book()).len(), 3, "items");
    shared.enqueue(&book(), item(20).0).unwrap();
    assert_eq!(shared.take(&book()).len(), 1, "990 and 20 are too many bytes");
    shared.enqueue(&book(), item(2_000).0).unwrap();
    assert_eq!(shared.take(&book()).len(), 1);
    assert_eq!(shared.take(&book()).len(), 1, "more than fits, but it must go some time");
    assert_eq!(shared.take(&book()).len(), 0);
}

#[tokio::test]
async fn a_late_item_is_never_sent() {
    let shared = batcher().0;
    let (mut late, answered) = item(10);
    late.context.deadline = Some(Instant::now());
    shared.send(&book(), vec![late]).await;
    let told = answered.await.unwrap().unwrap_err();
    assert_eq!(rpc::reason(&told.into()).as_deref(), Some("OVERLOADED"));
}

#[tokio::test]
async fn a_call_that_fails_fails_for_each_of_its_items_and_the_queue_is_gone_after_it() {
    let batcher = batcher();
    let deadline = Instant::now() + Duration::from_secs(60);
    let (book, post) = (book(), PostRequest::default());
    let both =
        futures::future::join(batcher.post(&book, post.clone(), deadline).answer(), batcher.post(&book, post.clone(), deadline).answer())
            .await;
    assert_eq!(both.0.unwrap_err().code(), tonic::Code::Unavailable);
    assert_eq!(both.1.unwrap_err().code(), tonic::Code::Unavailable);
    // The runtime of this test has one thread: the call's task, which yields once, ends before this one has yielded a few times.
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
    assert!(batcher.0.queues().is_empty());
}

#[tokio::test]
async fn outcomes_reach_their_own_items() {
    let (one, two) = (item(1), item(1));
    let posted = PostResponse { posting: Some(Posting { posting_id: "p".to_owned(), ..Posting::default() }), replayed: false };
    let refusal = rpc::refused(Code::FailedPrecondition, "OVERFLOW", "no".to_owned(), &[]);
    answer(vec![one.0.answer, two.0.answer], Ok(vec![Err(refusal.into()), Ok(posted.clone())]));
    assert_eq!(rpc::reason(&one.1.await.unwrap().unwrap_err().into()).as_deref(), Some("OVERFLOW"));
    assert_eq!(two.1.await.unwrap().unwrap(), posted);
}
