//! A very long account: reading a page, a past balance or a watch does not get slower as it grows. 100,000 entries; LARGESSE_ENTRIES overrides it.
use crate::{
    book::{book_name, config},
    calls::{BOOK, Fixture, on_both, post, transfer},
    injected::Injected,
};
use api::ledger::{Entry, EntrySide, GetBalanceAtRequest, ListEntriesRequest, PostBatchRequest};
use books::store::open_store;
use prost_types::Timestamp;
use std::sync::{Arc, atomic::Ordering};

const STAR: &str = "creator/star/diamonds";

async fn fill(fixture: &Fixture, entries: usize) {
    let leg = transfer("house/diamonds/issued", STAR, 1);
    let mut left = entries;
    while left > 0 {
        let posts = (0..100).map_while(|_| {
            let legs = left.min(64);
            left -= legs;
            (legs > 0).then(|| post("gift", vec![leg.clone(); legs]))
        });
        let batch = PostBatchRequest { book: BOOK.to_owned(), posts: posts.collect(), brief: true };
        fixture.client().post_batch(batch).await.unwrap();
    }
}

/// The queries and rows that a call needed.
async fn cost<T>(store: &Injected, call: impl Future<Output = T>) -> (T, usize, usize) {
    let before = (store.queries.load(Ordering::SeqCst), store.rows.load(Ordering::SeqCst));
    let answer = call.await;
    (answer, store.queries.load(Ordering::SeqCst) - before.0, store.rows.load(Ordering::SeqCst) - before.1)
}

fn all() -> ListEntriesRequest {
    ListEntriesRequest { book: BOOK.to_owned(), account: STAR.to_owned(), page_size: 200, ..Default::default() }
}

async fn page(fixture: &Fixture, store: &Injected, asked: ListEntriesRequest) -> (Vec<Entry>, String) {
    let filtered = ListEntriesRequest { page_size: 200, page_token: String::new(), oldest_first: false, ..asked.clone() } != all();
    let oldest_first = asked.oldest_first;
    let (answer, queries, rows) = cost(store, async { fixture.client().list_entries(asked).await.unwrap().into_inner() }).await;
    // A filtered page may examine 2,000 entries and their bodies.
    let bound = if filtered { (60, 7_000) } else { (if oldest_first { 12 } else { 6 }, 1_500) };
    assert!(queries <= bound.0 && rows <= bound.1, "{queries} queries, {rows} rows");
    (answer.entries, answer.next_page_token)
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_a_long_account_stay_short() {
    let entries = std::env::var("LARGESSE_ENTRIES").map_or(100_000, |count| count.parse().unwrap());
    on_both(async |database, _| {
        let store = Injected::over(open_store(database).await.unwrap());
        let fixture = Arc::new(Fixture::over(store.clone(), config()).await);
        fill(&fixture, entries).await;
        let expected = i64::try_from(entries).unwrap();
        let (newest, token) = page(&fixture, &store, all()).await;
        assert_eq!((newest.len(), newest[0].balance_after), (200, expected));
        let (next, _) = page(&fixture, &store, ListEntriesRequest { page_token: token, ..all() }).await;
        assert_eq!(next[0].balance_after, expected - 200);
        let first = ListEntriesRequest { oldest_first: true, ..all() };
        let (oldest, token) = page(&fixture, &store, first.clone()).await;
        assert_eq!(oldest.iter().map(|entry| entry.balance_after).collect::<Vec<_>>(), (1..=200).collect::<Vec<_>>());
        let (next, _) = page(&fixture, &store, ListEntriesRequest { page_token: token, ..first.clone() }).await;
        assert_eq!(next[0].balance_after, 201);
        // In the middle, by time, in both directions; then a filter that finds nothing.
        let key = fixture.ledger.book(&book_name()).await.unwrap().row.key;
        let head = fixture.ledger.store().head(key).await.unwrap().unwrap();
        let some_time = fixture.ledger.store().commits(key, head.commit_no / 2, 1).await.unwrap().remove(0).time;
        let (some_time, just_after) = (timestamp(some_time), timestamp(some_time + 1));
        let (at, as_of) = balance(&fixture, &store, some_time).await;
        assert_eq!(as_of, some_time);
        let (before, _) = page(&fixture, &store, ListEntriesRequest { booked_from: Some(some_time), ..first.clone() }).await;
        assert!(before[0].balance_after <= at);
        let (last, _) = page(&fixture, &store, ListEntriesRequest { booked_until: Some(just_after), ..all() }).await;
        assert_eq!(last[0].balance_after, at);
        for oldest_first in [false, true] {
            let nothing = ListEntriesRequest { oldest_first, side: EntrySide::Debit.into(), ..all() };
            let (found, token) = page(&fixture, &store, nothing).await;
            assert!(found.is_empty() && !token.is_empty());
        }
    })
    .await;
}

fn timestamp(micros: i64) -> Timestamp {
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos: i32::try_from(micros.rem_euclid(1_000_000)).unwrap() * 1_000 }
}

async fn balance(fixture: &Fixture, store: &Injected, time: Timestamp) -> (i64, Timestamp) {
    let time = Some(time);
    let request = GetBalanceAtRequest { book: BOOK.to_owned(), account: STAR.to_owned(), time };
    let (answer, queries, rows) = cost(store, async { fixture.client().get_balance_at(request).await.unwrap().into_inner() }).await;
    assert!(queries <= 4 && rows <= 260, "{queries} queries, {rows} rows");
    (answer.balance, answer.as_of.unwrap())
}
