//! Wrong clocks, the callers' and our own: a refusal reports both times, and nothing promised is deleted early.
use crate::{
    book::{book_name, buy, config, databases, gift, posted, reason, start},
    calls::{Fixture, coins, on_both},
};
use api::ledger::{PostBatchRequest, PostRequest, Transfer, post_batch_outcome::Outcome};
use books::domain::{Micros, limit::rfc3339, request::BookRequest};
use ledger::{Config, Error, Ledger, clock::LedgerClock, ledger::forgetting::forget_old};
use money::derive_id;
use std::time::Duration;
use tokio::sync::watch;
use tonic::Code;
use uuid::Uuid;

const SECOND: Micros = 1_000_000;
const HOUR: Micros = 3_600 * SECOND;

/// A clock set to the system's time, which stands still until it is moved.
fn clock() -> (watch::Sender<Micros>, Config) {
    let (sender, receiver) = watch::channel(LedgerClock::System.now());
    (sender, Config { clock: LedgerClock::Manual(receiver), ..config() })
}

fn id_at(time: Micros) -> Uuid {
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(time / 1_000).unwrap(), &rand::random()).into_uuid()
}

/// A purchase of one coin with an id of this time.
fn buy_at(time: Micros) -> BookRequest {
    BookRequest { id: id_at(time), ..buy("ann", 1) }
}

fn text(time: Micros) -> String {
    money::time::rfc3339_ms(time / 1_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_some_minutes_ahead_is_taken_and_one_further_off_is_told_both_times_and_the_bound() {
    on_both(async |database, _| {
        let (at, config) = clock();
        let fixture = Fixture::start(database, config).await;
        let now = *at.borrow();
        let with = |time| PostRequest { request_id: id_at(time).to_string(), ..coins("ann", 1) };
        fixture.post(with(now + 4 * 60 * SECOND)).await;
        for (sent, bound_ms) in [(now + 6 * 60 * SECOND, 300_000), (now - 8 * 24 * HOUR, money::AGE_MAX_MS)] {
            let status = fixture.client().post(with(sent)).await.unwrap_err();
            assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::InvalidArgument, Some("REQUEST_ID_TIME")));
            let facts = rpc::facts(&status);
            let told = (facts["id_time"].clone(), facts["server_time"].clone(), facts["bound_ms"].clone());
            assert_eq!(told, (text(sent), text(now), bound_ms.to_string()));
            // The same as an item of a batch.
            let batch = PostBatchRequest { posts: vec![with(sent)], ..PostBatchRequest::default() };
            let batch = PostBatchRequest { book: crate::calls::BOOK.to_owned(), ..batch };
            let Some(Outcome::Refused(told)) = fixture.client().post_batch(batch).await.unwrap().into_inner().outcomes.remove(0).outcome
            else {
                panic!("taken")
            };
            assert_eq!(told.metadata, facts);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_is_ahead_of_a_clock_that_was_set_back_is_told_also_before_anybody_asks() {
    for database in &databases().all {
        let (at, config) = clock();
        let right = *at.borrow();
        at.send_replace(right + 14 * HOUR);
        let (ledger, book) = start(database, config.clone()).await;
        posted(book.submit(buy("ann", 100)).await);
        assert_eq!(ledger.ahead_of_clock(), []);
        at.send_replace(right);
        let ahead = vec![("demo".to_owned(), Duration::from_secs(14 * 3_600))];
        assert_eq!(ledger.ahead_of_clock(), ahead);
        // A book's time does not go back.
        assert_eq!(posted(book.submit(buy("ann", 1)).await).0.commit_time, right + 14 * HOUR);
        drop(book);
        ledger.shutdown().await;
        let (ledger, book) = start(database, config).await;
        assert_eq!(ledger.ahead_of_clock(), ahead);
        at.send_replace(right + 15 * HOUR);
        assert_eq!(ledger.ahead_of_clock(), []);
        drop(book);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_would_end_before_the_ledgers_own_time_is_told_that_time() {
    on_both(async |database, _| {
        let (at, config) = clock();
        let fixture = Fixture::start(database, config).await;
        let right = *at.borrow();
        at.send_replace(right + 14 * HOUR);
        fixture.post(coins("ann", 100)).await;
        at.send_replace(right);
        let end = prost_types::Timestamp { seconds: (right + HOUR) / SECOND, nanos: 0 };
        let transfer = Transfer {
            debit_account: "viewer/ann/coins".to_owned(),
            credit_account: "house/coins/redeemed".to_owned(),
            amount: 5,
            pending: true,
            expire_time: Some(end),
            ..Transfer::default()
        };
        let status = fixture.client().post(crate::calls::post("hold", vec![transfer])).await.unwrap_err();
        let facts = rpc::facts(&status);
        assert_eq!(rpc::reason(&status).as_deref(), Some("EXPIRY_OUT_OF_RANGE"));
        assert_eq!(facts["ledger_time"], rfc3339(right + 14 * HOUR));
        assert_eq!(facts["latest"], rfc3339(right + (14 + 400 * 24) * HOUR));
        assert!(status.message().contains(&facts["ledger_time"]), "{}", status.message());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_was_told_no_is_charged_because_the_no_was_forgotten_before_its_id_got_too_old() {
    for database in &databases().all {
        let (at, config) = clock();
        let begun = *at.borrow();
        let (ledger, book) = start(database, config.clone()).await;
        // A caller four minutes ahead is refused.
        let id = derive_id(id_at(begun + 4 * 60 * SECOND), &["gift"]);
        assert_eq!(reason(book.submit(gift(id, "ann", "bob", 5)).await), "INSUFFICIENT_FUNDS");
        posted(book.submit(buy("ann", 100)).await);
        // The clock is wrong for a moment: no refusal is deleted because of it.
        at.send_replace(begun + 30 * 24 * HOUR);
        forget_old(&**ledger.store(), &config).await.unwrap();
        at.send_replace(begun + 7 * 24 * HOUR + 60 * SECOND);
        posted(book.submit(buy_at(*at.borrow())).await);
        forget_old(&**ledger.store(), &config).await.unwrap();
        drop(book);
        ledger.shutdown().await;
        let ledger = Ledger::start(books::store::open_store(database).await.unwrap(), config.clone()).await.unwrap();
        let book = ledger.book(&book_name()).await.unwrap();
        assert_eq!(reason(book.submit(gift(id, "ann", "bob", 5)).await), "INSUFFICIENT_FUNDS");
        // Once the id is too old, the refusal may be deleted.
        at.send_replace(begun + 7 * 24 * HOUR + 6 * 60 * SECOND);
        posted(book.submit(buy_at(*at.borrow())).await);
        forget_old(&**ledger.store(), &config).await.unwrap();
        assert_eq!(ledger.store().ids(book.row.key, &[id]).await.unwrap(), []);
        drop(book);
        ledger.shutdown().await;
        let (_ledger, book) = start(database, config).await;
        assert!(matches!(book.submit(gift(id, "ann", "bob", 5)).await, Err(Error::RequestIdTime(_))));
    }
}
