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
