//! What watchers share of a published commit.
use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn what_watchers_are_sent_of_a_commit_is_made_once_for_all_of_them() {
    let commit = Commit { commit_no: 7, epoch: 1, last_seq: 9, last_key: 2, time: 1, format: 1, hash: [7; 32], replay_from: 0 };
    let published = PublishedCommit::read(commit, Vec::new(), AccountNames::new());
    let made = AtomicUsize::new(0);
    let view = || {
        published.shared_view(|published| {
            made.fetch_add(1, Ordering::Relaxed);
            vec![published.commit.commit_no]
        })
    };
    std::thread::scope(|scope| {
        let watchers: Vec<_> = (0..8).map(|_| scope.spawn(view)).collect();
        for watcher in watchers {
            assert!(std::ptr::eq(watcher.join().unwrap(), view()));
        }
    });
    assert_eq!((made.load(Ordering::Relaxed), view().as_slice()), (1, &[7][..]));
}
