//! Unit tests of `kept`.
use super::*;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};
use tokio::{sync::Notify, task::yield_now, time::advance};

const BOUNDS: KeptBounds =
    KeptBounds { age_max: Duration::from_secs(3_600), reread: Duration::from_secs(30), retry: Duration::from_secs(10) };

fn kept() -> KeptValue<u32> {
    KeptValue::new(BOUNDS)
}

async fn seconds(seconds: u64) {
    advance(Duration::from_secs(seconds)).await;
}

const AWAY: Result<u32, String> = Err(String::new());

#[tokio::test(start_paused = true)]
async fn a_failure_is_remembered_and_nothing_is_read_meanwhile() {
    let (kept, reads) = (kept(), Arc::new(AtomicU32::new(0)));
    let away = || {
        let reads = reads.clone();
        async move {
            reads.fetch_add(1, Ordering::Relaxed);
            AWAY
        }
    };
    for _ in 0..100 {
        assert_eq!(kept.get(away).await, AWAY);
        assert_eq!(kept.reread(away).await, AWAY);
    }
    assert_eq!(reads.load(Ordering::Relaxed), 1);
    seconds(10).await;
    assert_eq!(kept.get(away).await, AWAY);
    assert_eq!(reads.load(Ordering::Relaxed), 2);
    seconds(10).await;
    assert_eq!(kept.get(async || Ok(7)).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn who_has_a_good_value_does_not_wait_for_one_who_reads() {
    let kept = kept();
    kept.get(async || Ok(1)).await.unwrap();
    seconds(31).await;
    let hangs = Arc::new(Notify::new());
    let mut rereading = Box::pin(kept.reread(|| slow(hangs.clone(), 2)));
    assert!(futures_pending(&mut rereading).await);
    assert_eq!(kept.get(async || panic!("it is known")).await, Ok(1));
    // Half as old as it may be it is read again, and those who come meanwhile use what is there.
    seconds(1_800).await;
    assert_eq!(kept.get(async || panic!("somebody reads already")).await, Ok(1));
    hangs.notify_one();
    assert_eq!(rereading.await, Ok(2));
    assert_eq!(kept.get(async || panic!("it was just read")).await, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn an_old_value_is_read_again_and_used_until_it_is_too_old() {
    let kept = kept();
    kept.get(async || Ok(1)).await.unwrap();
    assert_eq!(kept.reread(async || panic!("read just now")).await, Ok(1));
    seconds(1_800).await;
    assert_eq!(kept.get(async || AWAY).await, Ok(1));
    assert_eq!(kept.reread(async || panic!("it failed just now")).await, AWAY);
    seconds(1_800).await;
    assert_eq!(kept.get(async || AWAY).await, AWAY, "a withdrawn key would count for ever");
    seconds(10).await;
    assert_eq!(kept.get(async || Ok(3)).await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn one_who_goes_away_while_reading_does_not_break_it_off() {
    let (kept, hangs) = (kept(), Arc::new(Notify::new()));
    let mut reading = Box::pin(kept.get(|| slow(hangs.clone(), 1)));
    assert!(futures_pending(&mut reading).await);
    let mut waiting = Box::pin(kept.get(async || panic!("somebody reads already")));
    assert!(futures_pending(&mut waiting).await);
    drop(reading);
    assert!(futures_pending(&mut waiting).await);
    hangs.notify_one();
    assert_eq!(waiting.await, Ok(1), "one read serves all who wait");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_ends_without_an_answer_causes_no_further_read() {
    let kept = kept();
    let why = kept.get(async || panic!("as a bug would")).await.unwrap_err();
    assert_eq!(why, "reading it was broken off");
    assert_eq!(kept.get(async || panic!("the next read is too early")).await.unwrap_err(), why);
    seconds(10).await;
    assert_eq!(kept.get(async || Ok(1)).await, Ok(1));
}

/// A read that ends with this value once it is notified.
async fn slow(hangs: Arc<Notify>, value: u32) -> Result<u32, String> {
    hangs.notified().await;
    Ok(value)
}

/// Whether a future is not ready when it is polled.
async fn futures_pending<T>(future: &mut (impl Future<Output = T> + Unpin)) -> bool {
    yield_now().await;
    tokio::select! {
        biased;
        _ = future => false,
        () = std::future::ready(()) => true,
    }
}
