//! Callers that are dropped at any await. The pool has one connection, so the next caller gets it in the state they left it in; another session counts
//! the rows that caller reports as written.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use db::{Engine, Migration};
use sqlx::{AnyConnection, AnyPool, Executor as _, any::AnyPoolOptions};

use crate::engines::{self, Fresh};

const MIGRATIONS: [Migration; 1] = [Migration::expand(1, "CREATE TABLE thing (id BIGINT PRIMARY KEY)")];

/// More polls than any path needs here.
const POLLS_MAX: i64 = 1_000;

/// Polls a future so many times, then drops it. `None`: it had not ended.
async fn dropped_after<F: Future>(polls: i64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn pool_of_one(fresh: &Fresh) -> AnyPool {
    fresh.database.open("things", &MIGRATIONS).await.unwrap().close().await;
    let (url, setup) = match fresh.database.engine() {
        Engine::Sqlite => (format!("sqlite:{}/things.db", fresh.database.sqlite_dir().unwrap().display()), "PRAGMA busy_timeout = 10000"),
        Engine::Postgres => (fresh.database.postgres_url().unwrap().to_owned(), "SET search_path TO things"),
    };
    let options = AnyPoolOptions::new().max_connections(1);
    options
        .after_connect(move |connection, _| Box::pin(async move { connection.execute(setup).await.map(drop) }))
        .connect(&url)
        .await
        .unwrap()
}

async fn insert(connection: &mut AnyConnection, id: i64) {
    let inserted = sqlx::query("INSERT INTO thing (id) VALUES ($1)").bind(id).execute(connection).await.unwrap();
    assert_eq!(inserted.rows_affected(), 1);
}

async fn is_there(pool: &AnyPool, id: i64) -> bool {
    let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM thing WHERE id = $1").bind(id).fetch_one(pool).await.unwrap();
    count == 1
}

/// Runs `path` on the pool and an id and drops it after its first poll, its second, and so on until it ends. After each the connection must be usable for
/// a plain statement and for a transaction. `kept`: whether the path's row exists once it has ended.
async fn dropped_everywhere<F: Future<Output = ()>>(name: &str, kept: bool, path: impl Fn(AnyPool, i64) -> F) {
    for fresh in engines::both() {
        let (pool, other) = (pool_of_one(&fresh).await, pool_of_one(&fresh).await);
        let mut ended = false;
        for polls in 1..POLLS_MAX {
            let (dropped, plain, within) = (3 * polls, 3 * polls + 1, 3 * polls + 2);
            ended = dropped_after(polls, path(pool.clone(), dropped)).await.is_some();
            insert(&mut pool.acquire().await.unwrap(), plain).await;
            assert!(is_there(&other, plain).await, "{name} on {:?}: lost after a drop at poll {polls}", fresh.database.engine());
            let mut tx = db::begin(&pool).await.unwrap();
            insert(&mut tx, within).await;
            tx.commit().await.unwrap();
            assert!(is_there(&other, within).await, "{name} on {:?}: lost after a drop at poll {polls}", fresh.database.engine());
            if ended {
                assert_eq!(is_there(&other, dropped).await, kept, "{name}");
                break;
            }
        }
        assert!(ended, "{name}");
    }
}

#[tokio::test]
async fn a_dropped_begin_leaves_no_transaction_open() {
    dropped_everywhere("begin", false, |pool, _| async move { drop(db::begin(&pool).await.unwrap()) }).await;
}

#[tokio::test]
async fn a_dropped_commit_or_rollback_leaves_no_transaction_open() {
    let commit = |pool: AnyPool, id| async move {
        let mut tx = db::begin(&pool).await.unwrap();
        insert(&mut tx, id).await;
        tx.commit().await.unwrap();
    };
    dropped_everywhere("commit", true, commit).await;
    let rollback = |pool: AnyPool, id| async move {
        let mut tx = db::begin(&pool).await.unwrap();
        insert(&mut tx, id).await;
        tx.rollback().await.unwrap();
    };
    dropped_everywhere("rollback", false, rollback).await;
}

#[tokio::test]
async fn a_dropped_statement_leaves_its_connection_whole() {
    let statements = |pool: AnyPool, id| async move {
        let mut connection = pool.acquire().await.unwrap();
        insert(&mut connection, id).await;
        let _rows: Vec<(i64,)> = sqlx::query_as("SELECT id FROM thing ORDER BY id").fetch_all(&mut *connection).await.unwrap();
    };
    dropped_everywhere("statements", true, statements).await;
}
