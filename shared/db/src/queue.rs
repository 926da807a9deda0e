//! Writers of one SQLite database in this process take turns, first come, first served.
//!
//! SQLite itself lets a writer that finds another one sleep and try again, for longer each time, whoever came first: under load some wait for tenths of a second
//! while others pass, and each of them holds one of the few connections meanwhile, which readers then lack. Other processes are still waited for that way.
//! PostgreSQL's writers lock rows and need no turns.

use crate::{Engine, SQLITE_BUSY_TIMEOUT, begin, engine};
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Begins transactions that will write, in the order in which they were asked for. All clones share the turns.
#[derive(Debug, Clone)]
pub struct WriteQueue {
    pool: AnyPool,
    turn: Option<Arc<Mutex<()>>>,
}

/// A transaction that has its turn until it ends. Rolled back on drop.
#[derive(Debug)]
pub struct QueuedTransaction {
    // Dropped before the turn is passed on.
    tx: Transaction<'static, Any>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl WriteQueue {
    /// The queue of this pool's database.
    #[must_use]
    pub fn new(pool: AnyPool) -> Self {
        let turn = (engine(&pool) == Engine::Sqlite).then(Arc::default);
        Self { pool, turn }
    }

    /// The pool, for reading.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Waits for its turn, as long as SQLite would wait for a lock, and begins. `PoolTimedOut`: it waited for too long; nothing was begun.
    pub async fn transaction(&self) -> Result<QueuedTransaction, sqlx::Error> {
        let turn = match &self.turn {
            Some(turn) => {
                let taken = tokio::time::timeout(SQLITE_BUSY_TIMEOUT, turn.clone().lock_owned()).await;
                Some(taken.map_err(|_| sqlx::Error::PoolTimedOut)?)
            }
            None => None,
        };
        Ok(QueuedTransaction { tx: begin(&self.pool).await?, _turn: turn })
    }
}

impl QueuedTransaction {
    /// Commits, and passes the turn on.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.tx.commit().await
    }

    /// Rolls back, and passes the turn on.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.tx.rollback().await
    }
}

impl Deref for QueuedTransaction {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.tx
    }
}

impl DerefMut for QueuedTransaction {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }
}
