//! Unit tests of how long an ending process waits.
use super::*;
use std::{
    sync::mpsc,
    time::{Duration, Instant},
};

#[tokio::test]
async fn a_collector_that_hangs_keeps_nobody_waiting() {
    let (release, hangs) = mpsc::channel::<()>();
    let begun = Instant::now();
    let told = within(Duration::from_millis(20), move || _ = hangs.recv()).await;
    assert!(told.unwrap_err().contains("did not take the rest"));
    assert!(begun.elapsed() < FLUSH_MAX);
    drop(release);
    assert_eq!(within(Duration::from_secs(60), || ()).await, Ok(()));
    assert!(within(Duration::from_secs(60), || panic!("planted")).await.is_err());
}
