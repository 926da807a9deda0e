//! What memory may know of an id.
use super::*;

/// Later than the ids of these tests, except those meant to be ahead.
const NOW_MS: u64 = 100_000;

fn at(ms: u64, n: u128) -> Uuid {
    money::derive_id(uuid::Builder::from_unix_timestamp_millis(ms, &n.to_be_bytes()[6..].try_into().unwrap()).into_uuid(), &[])
}

#[test]
fn an_evicted_id_is_never_called_new() {
    let mut ids = RecentIds::new(Vec::new(), 0, true, 3);
    let all: Vec<Uuid> = (1..=10).map(|n| at(1000 + n as u64, n)).collect();
    for (id, seq) in all.iter().zip(1..) {
        assert_eq!(ids.get(*id), IdLookup::New);
        ids.insert(*id, IdMeaning::Event(seq));
    }
    ids.evict(0, NOW_MS);
    for id in &all[..7] {
        assert_eq!(ids.get(*id), IdLookup::Ask);
    }
    for (id, seq) in all[7..].iter().zip(8..) {
        assert_eq!(ids.get(*id), IdLookup::Known(&IdMeaning::Event(seq)));
    }
    // Evicted ids of any order raise the floor to the highest of them.
    ids.insert(at(5, 99), IdMeaning::Event(11));
    ids.evict(0, NOW_MS);
    assert_eq!(ids.get(at(1007, 100)), IdLookup::Ask);
}

#[test]
fn ids_under_way_are_never_forgotten() {
    let mut ids = RecentIds::new(Vec::new(), 0, true, 3);
    let all: Vec<Uuid> = (1..=10).map(|n| at(1000 + n as u64, n)).collect();
    for (id, seq) in all.iter().zip(1..) {
        ids.insert(*id, IdMeaning::Event(seq));
    }
    ids.evict(6, NOW_MS);
    let known = all.iter().filter(|id| matches!(ids.get(**id), IdLookup::Known(_))).count();
    assert_eq!(known, 6);
    assert_eq!(ids.get(all[4]), IdLookup::Known(&IdMeaning::Event(5)));
}

#[test]
fn an_id_without_a_time_is_always_asked_for() {
    let ids = RecentIds::new(Vec::new(), 0, true, 3);
    assert_eq!(ids.get(money::derive_id(Uuid::from_u128(7), &["x"])), IdLookup::Ask);
}

#[test]
fn an_incomplete_load_claims_only_what_it_saw() {
    let loaded = vec![(at(2000, 1), IdMeaning::Event(1)), (at(2005, 2), IdMeaning::Event(2))];
    let ids = RecentIds::new(loaded, 1000, false, 10);
    assert_eq!(ids.get(at(1500, 3)), IdLookup::Ask);
    assert_eq!(ids.get(at(2000, 4)), IdLookup::Ask);
    assert_eq!(ids.get(at(2001, 5)), IdLookup::New);
}

#[test]
fn an_id_that_is_ahead_does_not_make_the_store_be_asked_for_everybody_elses() {
    let mut ids = RecentIds::new(Vec::new(), 0, true, 8);
    let early = at(NOW_MS + 240_000, 1);
    ids.insert(early, IdMeaning::Event(1));
    for n in 2..30 {
        ids.insert(at(NOW_MS - 100 + n as u64, n), IdMeaning::Event(i64::try_from(n).unwrap()));
        ids.evict(0, NOW_MS);
        assert_eq!(ids.get(at(NOW_MS, 1_000)), IdLookup::New);
        assert_eq!(ids.get(early), IdLookup::Known(&IdMeaning::Event(1)));
    }
    assert_eq!(ids.known.len(), 8);
    // Once the floor is above it, it is evicted, and has to be looked up in the store.
    for n in 0..20 {
        ids.insert(at(NOW_MS + 240_001 + n as u64, 100 + n), IdMeaning::Event(100));
        ids.evict(0, NOW_MS + 300_000);
    }
    assert_eq!(ids.get(early), IdLookup::Ask);
    assert_eq!((ids.known.len(), ids.ahead.len()), (8, 0));
}

#[test]
fn more_that_are_ahead_than_there_is_room_for_are_never_called_new() {
    let mut ids = RecentIds::new(Vec::new(), 0, true, 8);
    let all: Vec<Uuid> = (0..100).map(|n| at(NOW_MS + 1_000 * (n as u64 % 7), n)).collect();
    for id in &all {
        ids.insert(*id, IdMeaning::Event(1));
        ids.evict(2, NOW_MS);
        assert!(ids.known.len() <= 8, "{}", ids.known.len());
    }
    assert!(all.iter().all(|id| ids.get(*id) != IdLookup::New));
}
