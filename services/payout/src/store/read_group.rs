//! On SQLite, reads of single rows that are asked for at the same time, with one statement: the way to the database's thread and back is most of what each of them
//! costs. Nothing waits for more to come: what is asked for while a statement is carried out is read by the next one, so each reads rows as they are after it was
//! asked. On PostgreSQL, connections read beside each other.

use super::{Error, book, uuid};
use crate::domain::PayoutKey;
use db::{Engine, sets::SetValue};
use futures::future::BoxFuture;
use money::BookName;
use sqlx::{Any, AnyPool, Row as _, any::AnyRow, pool::PoolConnection};
use std::collections::{BTreeSet, HashMap};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Most rows of one statement.
const GROUP_MAX: usize = 128;
/// Most that wait; the next caller waits for a place.
const QUEUE_MAX: usize = 1_024;

/// A book and the id of a row in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RowKey {
    pub book: BookName,
    pub id: Uuid,
}

impl From<&PayoutKey> for RowKey {
    fn from(payout_key: &PayoutKey) -> Self {
        Self { book: payout_key.book.clone(), id: payout_key.payout_id }
    }
}

impl RowKey {
    /// Of a row that has the book and an id in a column of this name.
    pub fn of(row: &AnyRow, id: &str) -> Result<Self, Error> {
        Ok(Self { book: book(&row.try_get::<String, _>("book")?)?, id: uuid(&row.try_get::<String, _>(id)?)? })
    }

    /// As a row of a set.
    pub fn columns(&self) -> [SetValue; 2] {
        [self.book.as_str().into(), self.id.to_string().into()]
    }
}

/// Reads all rows of these keys.
pub(super) type ReadAll<T> =
    for<'a> fn(&'a mut PoolConnection<Any>, &'a BTreeSet<RowKey>) -> BoxFuture<'a, Result<HashMap<RowKey, T>, Error>>;

struct WaitingRead<T> {
    key: RowKey,
    done: oneshot::Sender<Result<Option<T>, Error>>,
}

/// Where reads of one kind wait for the next statement.
pub(super) struct ReadGroup<T> {
    pool: AnyPool,
    read_all: ReadAll<T>,
    /// On SQLite.
    waiting: Option<mpsc::Sender<WaitingRead<T>>>,
}

impl<T> Clone for ReadGroup<T> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), read_all: self.read_all, waiting: self.waiting.clone() }
    }
}

impl<T> std::fmt::Debug for ReadGroup<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadGroup").finish_non_exhaustive()
    }
}

impl<T: Clone + Send + 'static> ReadGroup<T> {
    /// Starts the task that reads. It ends with the last clone of what is returned.
    pub fn start(pool: AnyPool, read_all: ReadAll<T>) -> Self {
        if db::engine(&pool) != Engine::Sqlite {
            return Self { pool, read_all, waiting: None };
        }
        let (waiting, mut queue) = mpsc::channel::<WaitingRead<T>>(QUEUE_MAX);
        let read_from = pool.clone();
        tokio::spawn(async move {
            let mut group = Vec::new();
            while queue.recv_many(&mut group, GROUP_MAX).await > 0 {
                group.retain(|waiting| !waiting.done.is_closed());
                answer(&read_from, read_all, std::mem::take(&mut group)).await;
            }
        });
        Self { pool, read_all, waiting: Some(waiting) }
    }

    /// What there is under a key.
    pub async fn read(&self, key: RowKey) -> Result<Option<T>, Error> {
        let Some(waiting) = &self.waiting else {
            return Ok(read(&self.pool, self.read_all, &BTreeSet::from([key.clone()])).await?.remove(&key));
        };
        let (done, read) = oneshot::channel();
        // Only at the end of the runtime is there nobody who receives.
        let lost = || Error::Sqlx(sqlx::Error::WorkerCrashed);
        waiting.send(WaitingRead { key, done }).await.map_err(|_| lost())?;
        read.await.unwrap_or_else(|_| Err(lost()))
    }
}

/// Answers a group; if its rows can't be read together, each on its own, so that a damaged row fails nobody else.
async fn answer<T: Clone>(pool: &AnyPool, read_all: ReadAll<T>, group: Vec<WaitingRead<T>>) {
    let keys: BTreeSet<RowKey> = group.iter().map(|waiting| waiting.key.clone()).collect();
    if let Ok(found) = read(pool, read_all, &keys).await {
        for WaitingRead { key, done } in group {
            // A caller that is gone does not need it.
            let _ = done.send(Ok(found.get(&key).cloned()));
        }
        return;
    }
    for WaitingRead { key, done } in group {
        let found = read(pool, read_all, &BTreeSet::from([key.clone()])).await;
        let _ = done.send(found.map(|mut found| found.remove(&key)));
    }
}

async fn read<T>(pool: &AnyPool, read_all: ReadAll<T>, keys: &BTreeSet<RowKey>) -> Result<HashMap<RowKey, T>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    read_all(&mut pool.acquire().await?, keys).await
}
