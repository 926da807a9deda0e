//! Unit tests of `fetch`.
use super::*;
use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::{
    sync::Semaphore,
    task::{JoinSet, yield_now},
    time::Instant,
};

const WAIT: Duration = Duration::from_secs(5);

/// A server that answers when it is let, in this order, and counts what it is asked for.
struct Source {
    asked: AtomicU32,
    answers: Mutex<VecDeque<Result<u32, String>>>,
    let_go: Semaphore,
}

impl Source {
    fn new(answers: &[Result<u32, String>]) -> Arc<Self> {
        Arc::new(Self { asked: AtomicU32::new(0), answers: Mutex::new(answers.iter().cloned().collect()), let_go: Semaphore::new(0) })
    }

    fn answer(&self) {
        self.let_go.add_permits(1);
    }

    fn fetch(self: &Arc<Self>) -> impl Future<Output = Result<u32, String>> + Send + 'static {
        let source = self.clone();
        async move {
            source.asked.fetch_add(1, Ordering::Relaxed);
            source.let_go.acquire().await.unwrap().forget();
            lock(&source.answers).pop_front().unwrap()
        }
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::Relaxed)
    }
}

/// So many callers that wait at the same time.
fn callers(shared: &SharedFetch<u32>, source: &Arc<Source>, count: usize) -> JoinSet<Result<u32, Unfetched>> {
    let mut all = JoinSet::new();
    for _ in 0..count {
        let (shared, source) = (SharedFetch(shared.0.clone()), source.clone());
        all.spawn(async move { shared.get(|_| true, WAIT, || source.fetch()).await });
    }
    all
}

/// Whether it waits.
async fn waits(caller: &mut (impl Future + Unpin)) -> bool {
    timeout(Duration::ZERO, caller).await.is_err()
}

fn failure() -> Result<u32, String> {
    Err("HTTP 500".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_for_all_who_wait_and_the_next_one_asks_again() {
    let (shared, source) = (SharedFetch::<u32>::default(), Source::new(&[failure(), Ok(7)]));
    let get = || shared.get(|_| true, WAIT, || source.fetch());
    let mut all = callers(&shared, &source, 10);
    yield_now().await;
    source.answer();
    while let Some(answered) = all.join_next().await {
        assert_eq!(answered.unwrap(), Err(Unfetched::Failed("HTTP 500".to_owned())));
    }
    assert_eq!(source.asked(), 1);
    source.answer();
    assert_eq!(get().await, Ok(7));
    assert_eq!((get().await, source.asked()), (Ok(7), 2), "it is kept");
}

#[tokio::test(start_paused = true)]
async fn each_leaves_after_its_own_wait_and_the_fetch_goes_on_for_others() {
    let (shared, source) = (SharedFetch::<u32>::default(), Source::new(&[Ok(7)]));
    let began = Instant::now();
    let mut all = callers(&shared, &source, 10);
    while let Some(answered) = all.join_next().await {
        assert_eq!(answered.unwrap(), Err(Unfetched::Late));
    }
    assert!(began.elapsed() < 2 * WAIT && source.asked() == 1, "none waits for the waits of others");
    let (patient, _) = tokio::join!(shared.get(|_| true, 10 * WAIT, || source.fetch()), async { source.answer() });
    assert_eq!((patient, source.asked()), (Ok(7), 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_dropped_ends_no_fetch() {
    let (shared, source) = (SharedFetch::<u32>::default(), Source::new(&[Ok(7)]));
    let mut first = Box::pin(shared.get(|_| true, WAIT, || source.fetch()));
    assert!(waits(&mut first).await);
    drop(first);
    source.answer();
    assert_eq!((shared.get(|_| true, WAIT, || source.fetch()).await, source.asked()), (Ok(7), 1));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_do_any_more_is_replaced_once_and_a_fetch_that_panics_is_not_waited_for() {
    let (shared, source) = (SharedFetch::<u32>::default(), Source::new(&[Ok(7), Ok(8)]));
    source.answer();
    assert_eq!(shared.get(|_| true, WAIT, || source.fetch()).await, Ok(7));
    source.answer();
    for _ in 0..3 {
        assert_eq!(shared.get(|kept| *kept != 7, WAIT, || source.fetch()).await, Ok(8));
    }
    assert_eq!(source.asked(), 2);
    let broken = shared.get(|_| false, WAIT, || async { panic!("planted") }).await;
    assert_eq!(broken, Err(Unfetched::BrokenOff));
    source.answer();
    lock(&source.answers).push_back(Ok(9));
    assert_eq!(shared.get(|_| false, WAIT, || source.fetch()).await, Ok(9));
}
