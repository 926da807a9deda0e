//! The records of the catalogues that gifts are sold from.
use crate::fixture::{self, Fixture, rose};
use gift::{
    Config, GiftCatalogue,
    prices::RecordedCatalogue,
    store::{SERVED_GAP_MAX, Store},
};
use money::time::from_unix_ms;
use std::time::SystemTime;
use testbed::both;

/// A moment, in milliseconds since the Unix epoch.
const START: i64 = 1_790_000_000_000;
const MINUTE: i64 = 60_000;

fn catalogue(cost: i64) -> RecordedCatalogue {
    let text = format!("version = \"1\"\ngifts = [{{ id = 1, name = \"a\", cost_coins = {cost} }}]");
    RecordedCatalogue::of(&GiftCatalogue::parse("gifts.toml", &text).unwrap(), 10_000)
}

async fn times(store: &Store) -> Vec<(String, i64, i64)> {
    let served = store.served().await.unwrap().into_iter();
    served.map(|served| (served.hash, (served.from_ms - START) / MINUTE, (served.until_ms - START) / MINUTE)).collect()
}

#[tokio::test]
async fn a_catalogue_is_served_from_its_first_to_its_last_confirmation_and_a_break_begins_anew() {
    for storage in both() {
        let store = Store::open(&storage.database).await.unwrap();
        let (cheap, dear) = (catalogue(1), catalogue(2));
        let at = |minute: i64| from_unix_ms(START + minute * MINUTE);
        let gap = i64::try_from(SERVED_GAP_MAX.as_secs() / 60).unwrap();
        store.serve(&cheap, at(0)).await.unwrap();
        store.serve(&cheap, at(5)).await.unwrap();
        store.serve(&cheap, at(5 + gap)).await.unwrap();
        let whole = (cheap.hash.clone(), 0, 5 + gap);
        assert_eq!(times(&store).await, std::slice::from_ref(&whole));
        // Two prices at once, while processes are replaced.
        store.serve(&dear, at(10)).await.unwrap();
        // A clock that was set back moves no end back; one set back before the beginning starts a new record.
        store.serve(&cheap, at(7)).await.unwrap();
        assert_eq!(times(&store).await, [whole.clone(), (dear.hash.clone(), 10, 10)]);
        let late = 5 + gap + gap + 1;
        store.serve(&cheap, at(late)).await.unwrap();
        store.serve(&cheap, at(-1)).await.unwrap();
        assert_eq!(
            times(&store).await,
            [(cheap.hash.clone(), -1, -1), whole, (dear.hash.clone(), 10, 10), (cheap.hash.clone(), late, late)]
        );
        assert!(store.served().await.unwrap().iter().all(|served| served.prices.is_ok()));
    }
}

#[tokio::test]
async fn two_processes_that_begin_at_once_make_one_record() {
    for storage in both() {
        let (one, two) = (Store::open(&storage.database).await.unwrap(), Store::open(&storage.database).await.unwrap());
        let (cheap, now) = (catalogue(1), from_unix_ms(START));
        let (first, second) = tokio::join!(one.serve(&cheap, now), two.serve(&cheap, now));
        first.unwrap();
        second.unwrap();
        assert_eq!(times(&one).await, [(cheap.hash, 0, 0)]);
    }
}

#[tokio::test]
async fn whatever_is_sold_from_was_recorded_before() {
    let before = SystemTime::now();
    let fixture = Fixture::start(Config::default()).await;
    let store = Store::open(&fixture.bed.database).await.unwrap();
    let at_start = store.served().await.unwrap();
    assert_eq!(at_start.len(), 1);
    assert_eq!(at_start[0].hash, RecordedCatalogue::of(&GiftCatalogue::embedded(), 10_000).hash);
    assert!(from_unix_ms(at_start[0].from_ms + 1) >= before);
    fixture.fund("ann", 100).await;
    let cost = fixture.send("ann", rose()).await.unwrap().cost_coins;
    let mut next = GiftCatalogue::embedded();
    assert!(next.withdraw(fixture::ROSE));
    fixture.gift.replace_catalogue(next.clone()).await.unwrap();
    assert_eq!(fixture.no("ann", rose()).await, "GIFT_UNKNOWN");
    let served = store.served().await.unwrap();
    assert!(served.iter().any(|served| served.hash == RecordedCatalogue::of(&next, 10_000).hash));
    assert_eq!((served.len(), cost), (2, 1));
}
