//! The first answer is the answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use db::Migration;
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::{BookName, RequestId, UserKey};
use sqlx::AnyPool;

use crate::engines::{self, Fresh};

const MIGRATIONS: [Migration; 1] = [Migration::expand(1, requests::TABLE)];

struct Names {
    book: BookName,
    subject: UserKey,
    other: UserKey,
    id: RequestId,
}

fn names() -> Names {
    Names {
        book: BookName::try_new("b").unwrap(),
        subject: UserKey::try_new("u1").unwrap(),
        other: UserKey::try_new("u2").unwrap(),
        id: RequestId::parse("018f3c1e-0000-7000-8000-000000000001").unwrap(),
    }
}

impl Names {
    fn key(&self) -> RequestKey<'_> {
        RequestKey { book: &self.book, subject: &self.subject, rpc: "Buy", request_id: &self.id }
    }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

async fn open(fresh: &Fresh) -> AnyPool {
    fresh.database.open("s", &MIGRATIONS).await.unwrap()
}

#[tokio::test]
async fn an_id_is_new_then_unfinished_then_replayed() {
    for fresh in engines::both() {
        let pool = open(&fresh).await;
        let mut connection = pool.acquire().await.unwrap();
        let names = names();
        let fields = SentFields::new().with("gift_id", "rose").with("quantity", 3);
        let begun = requests::begin(&mut connection, names.key(), &fields, now()).await.unwrap();
        assert_eq!(begun, RequestStanding::New);
        let begun = requests::begin(&mut connection, names.key(), &fields, now()).await.unwrap();
        assert_eq!(begun, RequestStanding::Unfinished { since: now() });
        let first = KeptAnswer { bytes: vec![0, 1, 255], refusal: false };
        let stands = requests::finish(&mut connection, names.key(), &first, now()).await.unwrap();
        assert_eq!(stands.as_ref(), Some(&first));
        let late = KeptAnswer { bytes: vec![9], refusal: true };
        let stands = requests::finish(&mut connection, names.key(), &late, now()).await.unwrap();
        assert_eq!(stands.as_ref(), Some(&first), "the first to finish wins");
        let begun = requests::begin(&mut connection, names.key(), &fields, now()).await.unwrap();
        assert_eq!(begun, RequestStanding::Replay(first));
    }
}

#[tokio::test]
async fn reuse_names_the_differing_fields_only() {
    for fresh in engines::both() {
        let pool = open(&fresh).await;
        let mut connection = pool.acquire().await.unwrap();
        let names = names();
        let fields = SentFields::new().with("a", 1).with("b", 2).with("c", 3);
        requests::begin(&mut connection, names.key(), &fields, now()).await.unwrap();
        let other = SentFields::new().with("a", 1).with("b", 5).with("d", 3);
        let begun = requests::begin(&mut connection, names.key(), &other, now()).await.unwrap();
        let differing = ["b", "c", "d"].map(str::to_owned).to_vec();
        assert_eq!(begun, RequestStanding::Reused { differing });
    }
}

#[tokio::test]
async fn the_same_id_of_another_subject_or_rpc_is_another_request() {
    for fresh in engines::both() {
        let pool = open(&fresh).await;
        let mut connection = pool.acquire().await.unwrap();
        let names = names();
        for key in [names.key(), RequestKey { subject: &names.other, ..names.key() }, RequestKey { rpc: "Sell", ..names.key() }] {
            let begun = requests::begin(&mut connection, key, &SentFields::new(), now()).await.unwrap();
            assert_eq!(begun, RequestStanding::New);
        }
    }
}

#[tokio::test]
async fn of_many_callers_one_begins() {
    for fresh in engines::both() {
        let pool = open(&fresh).await;
        let callers: Vec<_> = (0..16)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    let mut connection = pool.acquire().await.unwrap();
                    let names = names();
                    requests::begin(&mut connection, names.key(), &SentFields::new(), now()).await.unwrap()
                })
            })
            .collect();
        let mut new = 0;
        for caller in callers {
            new += usize::from(caller.await.unwrap() == RequestStanding::New);
        }
        assert_eq!(new, 1);
    }
}

#[tokio::test]
async fn a_forgotten_id_is_new_again_but_an_answer_stays() {
    for fresh in engines::both() {
        let pool = open(&fresh).await;
        let mut connection = pool.acquire().await.unwrap();
        let names = names();
        let fields = SentFields::new();
        requests::begin(&mut connection, names.key(), &fields, now()).await.unwrap();
        requests::forget(&mut connection, names.key()).await.unwrap();
        assert_eq!(requests::begin(&mut connection, names.key(), &fields, now()).await.unwrap(), RequestStanding::New);
        let answer = KeptAnswer { bytes: vec![1], refusal: false };
        requests::finish(&mut connection, names.key(), &answer, now()).await.unwrap();
        requests::forget(&mut connection, names.key()).await.unwrap();
        assert_eq!(requests::begin(&mut connection, names.key(), &fields, now()).await.unwrap(), RequestStanding::Replay(answer));
    }
}

#[tokio::test]
async fn only_old_refusals_are_pruned_and_only_so_many() {
    for fresh in engines::both() {
        let pool = open(&fresh).await;
        let mut connection = pool.acquire().await.unwrap();
        let names = names();
        for (rpc, refusal) in [("A", true), ("B", true), ("C", false)] {
            let key = RequestKey { rpc, ..names.key() };
            requests::begin(&mut connection, key, &SentFields::new(), now()).await.unwrap();
            let outcome = KeptAnswer { bytes: vec![1], refusal };
            requests::finish(&mut connection, key, &outcome, now()).await.unwrap();
        }
        drop(connection);
        assert_eq!(requests::prune(&pool, now(), 10).await.unwrap(), 0, "not older than now");
        let later = now() + Duration::from_secs(1);
        assert_eq!(requests::prune(&pool, later, 1).await.unwrap(), 1);
        assert_eq!(requests::prune(&pool, later, 10).await.unwrap(), 1);
        let mut connection = pool.acquire().await.unwrap();
        let kept = requests::begin(&mut connection, RequestKey { rpc: "C", ..names.key() }, &SentFields::new(), now()).await.unwrap();
        assert!(matches!(kept, RequestStanding::Replay(_)));
    }
}
