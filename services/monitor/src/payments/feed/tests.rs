//! Unit tests of feeds.
use super::*;
use crate::payments::figures::TallyBySteps;
use tokio::sync::Semaphore;

fn place(commit_no: i64) -> JournalPlace {
    JournalPlace { commit_no, hash: format!("{commit_no:064}"), seq: commit_no * 10 }
}

fn slice(after: i64, last: i64) -> PaymentSlice {
    PaymentSlice {
        after: place(after),
        place: place(last),
        seconds: TallyBySteps::new(),
        house_seconds: TallyBySteps::new(),
        rows: Vec::new(),
        committed_us: None,
    }
}

fn feed() -> Arc<BookFeed> {
    let feed = BookFeed::new(BookName::try_new("demo").unwrap());
    feed.begin(place(10), PaymentFigures::after(None, TallyBySteps::new()));
    feed
}

fn seat() -> Arc<ViewerSeat> {
    ViewerSeat::new(Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap())
}

/// The first and the last commit of the slices that a viewer is shown which joins after a commit.
fn shown(feed: &BookFeed, place: &JournalPlace) -> Option<Vec<(i64, i64)>> {
    let joined = feed.join(place, &seat())?;
    Some(joined.kept.iter().map(|slice| (slice.after.commit_no, slice.place.commit_no)).collect())
}

#[test]
fn a_viewer_joins_where_a_slice_begins_and_nowhere_else() {
    let feed = feed();
    assert_eq!(shown(&feed, &place(10)), Some(Vec::new()), "where the follower began");
    feed.publish(slice(10, 13));
    feed.publish(slice(13, 16));
    assert_eq!(shown(&feed, &place(10)), Some(vec![(10, 13), (13, 16)]));
    assert_eq!(shown(&feed, &place(13)), Some(vec![(13, 16)]));
    assert_eq!(shown(&feed, &place(16)), Some(Vec::new()));
    for within in [9, 11, 12, 14, 15, 17] {
        assert_eq!(shown(&feed, &place(within)), None, "{within}");
        assert!(!feed.is_boundary(&place(within)), "{within}");
    }
    let of_another = JournalPlace { hash: "ab".repeat(32), ..place(13) };
    assert_eq!(shown(&feed, &of_another), None, "a commit of another journal");
    // What is kept is bounded, and older cursors lead to the journal.
    for commit_no in 16..300 {
        feed.publish(slice(commit_no, commit_no + 1));
    }
    assert_eq!(shown(&feed, &place(13)), None);
    assert_eq!(shown(&feed, &place(300 - 128)).map(|slices| slices.len()), Some(128));
    assert_eq!(shown(&feed, &place(300 - 129)), None);
}

#[test]
fn viewers_learn_of_another_journal_and_what_was_kept_of_this_one_is_gone() {
    let feed = feed();
    feed.publish(slice(10, 13));
    let seat = seat();
    let mut joined = feed.join(&place(13), &seat).unwrap();
    feed.reset();
    assert_eq!((joined.news.try_recv().unwrap_err(), seat.ended()), (mpsc::error::TryRecvError::Disconnected, Some(ViewerEnd::Diverged)));
    assert!(feed.place().is_none() && shown(&feed, &place(13)).is_none());
}
