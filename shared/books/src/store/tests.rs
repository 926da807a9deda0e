//! Tests that both stores pass.
use super::*;
use std::{future::poll_fn, pin::pin, task::Poll};

/// More polls than any read needs here.
const POLLS_MAX: usize = 1_000;

/// Books made after each drop: enough that every open connection writes one.
const BOOKS_EACH: usize = 6;

/// Polls a future so many times, then drops it. Returns whether it had ended.
async fn dropped_after(polls: usize, future: impl Future) -> bool {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// A connection left in a snapshot would read outdated data for ever, and on PostgreSQL accept no writes.
#[tokio::test]
async fn a_dropped_read_leaves_no_snapshot_behind() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), pgtest::Cluster::start().unwrap());
    for address in [format!("sqlite:{}", dir.path().display()), cluster.create_database().unwrap()] {
        let store = open_store(&Database::parse(&address).unwrap()).await.unwrap();
        let (mut ended, mut count) = (false, 0);
        for polls in 1..POLLS_MAX {
            ended = dropped_after(polls, store.tail(1)).await;
            for _ in 0..BOOKS_EACH {
                count += 1;
                let book = Book { key: 0, name: format!("b{count}"), mode: Mode::Test, region: "test".to_owned(), create_time: 0 };
                let made = store.create_book(&book).await;
                assert!(made.is_ok(), "{address}: after a drop at poll {polls}: {made:?}");
                assert_eq!(store.books().await.unwrap().len(), count, "{address}: a reader has an old snapshot");
            }
            if ended {
                break;
            }
        }
        assert!(ended, "{address}");
    }
}

/// Whoever has it wrongly can't commit: the number of each commit is unique.
#[tokio::test]
async fn a_lease_that_a_clock_which_was_ahead_has_written_is_honoured_no_longer_than_any_other() {
    let (dir, cluster) = (tempfile::tempdir().unwrap(), pgtest::Cluster::start().unwrap());
    let (hold_ms, ahead_ms) = (30_000, 14 * 3_600_000);
    for address in [format!("sqlite:{}", dir.path().display()), cluster.create_database().unwrap()] {
        let store = open_store(&Database::parse(&address).unwrap()).await.unwrap();
        let taken = async |owner, hold_ms| store.lease(owner, hold_ms, None).await.unwrap();
        assert_eq!(taken("first", hold_ms).await, "first");
        assert_eq!(taken("second", hold_ms).await, "first", "{address}: it is valid");
        // As if it had been written while the clock was ahead.
        assert_eq!(taken("first", hold_ms + ahead_ms).await, "first");
        assert_eq!(taken("second", hold_ms).await, "second", "{address}: nobody waits for that time");
        assert_eq!(taken("first", hold_ms).await, "second", "{address}: it is valid");
        // Who gives back what another has takes nothing from it.
        assert_eq!(taken("second", hold_ms + ahead_ms).await, "second");
        assert_eq!(taken("first", 0).await, "second", "{address}");
        assert_eq!(taken("second", 0).await, "second");
        assert_eq!(taken("third", hold_ms).await, "third", "{address}: it was given back");
    }
}
