//! Writers of one SQLite database in this process take turns, first come, first served, and share commits.
//!
//! SQLite itself lets a writer that finds another one sleep and try again, for longer each time, whoever came first: under load some wait for tenths of a second
//! while others pass, and each of them holds one of the few connections meanwhile, which readers then lack. Other processes are still waited for that way.
//!
//! A commit waits for the disk, and the next one for it. So writers that wait while one has its turn write in the same transaction, each in a savepoint, and one
//! commit serves them all: nobody is answered before it, nobody else reads anything before it, and one that gives up takes back only its own. One that only read
//! what others of its commit had written waits for it, too ([`WriteQueue::settled`]). PostgreSQL's writers lock rows and need no turns, and it commits transactions
//! of many connections together by itself.

use crate::{Engine, SQLITE_BUSY_TIMEOUT, begin, engine};
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use std::{
    io,
    ops::{Deref, DerefMut},
    sync::Arc,
};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

/// Most writers of one commit: the others of it wait for the last one, and other processes for the lock.
const SHARED_MAX: usize = 64;

/// Begins transactions that will write, in the order in which they were asked for. All clones share the turns.
#[derive(Debug, Clone)]
pub struct WriteQueue {
    pool: AnyPool,
    /// On SQLite.
    turn: Option<Arc<Mutex<SharedCommit>>>,
}

/// A transaction that has its turn until it ends. What it wrote is taken back on drop.
#[derive(Debug)]
pub struct QueuedTransaction {
    /// None after it has ended.
    writer: Option<Writer>,
}

#[derive(Debug)]
enum Writer {
    /// With a transaction of its own.
    Alone(Transaction<'static, Any>),
    /// With its turn in one that others write in, too.
    InTurn(OwnedMutexGuard<SharedCommit>, Arc<Mutex<SharedCommit>>),
}

/// The transaction that writers share, one after the other. While nobody has the turn, it is there only if somebody waits for its commit, and then a task waits
/// for the turn to commit it.
#[derive(Debug, Default)]
struct SharedCommit {
    tx: Option<Transaction<'static, Any>>,
    /// Who is answered by the commit.
    waiting: Vec<oneshot::Sender<Result<(), sqlx::Error>>>,
    /// Whether the savepoint exists: the first writer needs none, since there is nothing beside its own.
    savepoint: bool,
    /// A writer gave up after others had written, and what it wrote has to be taken back.
    given_up: bool,
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
        let Some(queue) = &self.turn else { return Ok(QueuedTransaction { writer: Some(Writer::Alone(begin(&self.pool).await?)) }) };
        let taken = tokio::time::timeout(SQLITE_BUSY_TIMEOUT, queue.clone().lock_owned()).await;
        let mut turn = taken.map_err(|_| sqlx::Error::PoolTimedOut)?;
        if turn.waiting.len() >= SHARED_MAX {
            turn = whole(async move {
                turn.commit().await;
                turn
            })
            .await?;
        }
        if !turn.waiting.is_empty() {
            turn = whole(async move {
                turn.begin_part().await;
                turn
            })
            .await?;
        }
        if turn.tx.is_none() {
            turn.tx = Some(begin(&self.pool).await?);
        }
        Ok(QueuedTransaction { writer: Some(Writer::InTurn(turn, queue.clone())) })
    }

    /// Returns once everything is committed that an earlier transaction may have read. One that shares a commit sees what others have written before it, and whoever
    /// ends it without a commit, because of what it read, must wait for this before anybody is told. An error: what was read is lost.
    pub async fn settled(&self) -> Result<(), sqlx::Error> {
        let Some(queue) = &self.turn else { return Ok(()) };
        let mut turn = queue.clone().lock_owned().await;
        if turn.waiting.is_empty() {
            return Ok(());
        }
        let (done, committed) = oneshot::channel();
        turn.waiting.push(done);
        drop(turn);
        committed.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }
}

/// Carries something out to its end, also if the caller is dropped meanwhile.
async fn whole<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> Result<T, sqlx::Error> {
    // Fails only if the runtime shuts down before the task has ended.
    tokio::spawn(task).await.map_err(|lost| sqlx::Error::Io(io::Error::other(lost)))
}

impl SharedCommit {
    /// Makes room for one more writer. If that can't be done, the transaction is lost with all that was written in it, and those who wait are answered so.
    async fn begin_part(&mut self) {
        let Some(tx) = &mut self.tx else { return };
        // The savepoint of one that gave up serves the next.
        let statement = if self.given_up { "ROLLBACK TO part" } else { "SAVEPOINT part" };
        match sqlx::query(statement).execute(&mut **tx).await {
            Ok(_) => (self.savepoint, self.given_up) = (true, false),
            Err(error) => self.lose(&error),
        }
    }

    /// Ends the turn of a writer whose part stays.
    async fn keep_part(&mut self) -> Result<(), sqlx::Error> {
        let Some(tx) = &mut self.tx else { return Err(sqlx::Error::WorkerCrashed) };
        if std::mem::take(&mut self.savepoint)
            && let Err(error) = sqlx::query("RELEASE part").execute(&mut **tx).await
        {
            self.lose(&error);
            return Err(error);
        }
        Ok(())
    }

    /// Ends the turn of a writer whose part is taken back: by the end of the transaction where nobody else has written in it, else before the next part.
    fn give_up_part(&mut self) {
        if self.waiting.is_empty() {
            *self = Self::default();
        } else {
            self.given_up = true;
        }
    }

    /// Commits, and answers all who wait.
    async fn commit(&mut self) {
        if self.given_up {
            self.begin_part().await;
        }
        let SharedCommit { tx, waiting, .. } = std::mem::take(self);
        let Some(tx) = tx else { return };
        answer(waiting, tx.commit().await.err());
    }

    /// SQLite ended the transaction by itself, as it does when the disk is full.
    fn lose(&mut self, error: &sqlx::Error) {
        let waiting = std::mem::take(self).waiting;
        answer(waiting, Some(lost(error)));
    }
}

/// What those hear whose commit another one's failure took with it.
fn lost(error: &sqlx::Error) -> sqlx::Error {
    sqlx::Error::Io(io::Error::other(format!("the transaction was lost: {error}")))
}

/// Answers all writers of a commit. One that is gone finds out when it comes again.
fn answer(mut waiting: Vec<oneshot::Sender<Result<(), sqlx::Error>>>, error: Option<sqlx::Error>) {
    let Some(error) = error else { return waiting.into_iter().for_each(|writer| drop(writer.send(Ok(())))) };
    let last = waiting.pop();
    for writer in waiting {
        let _ = writer.send(Err(lost(&error)));
    }
    if let Some(writer) = last {
        let _ = writer.send(Err(error));
    }
}

impl QueuedTransaction {
    /// Commits, with those who write meanwhile, and passes the turn on.
    pub async fn commit(mut self) -> Result<(), sqlx::Error> {
        match self.writer.take() {
            Some(Writer::Alone(tx)) => tx.commit().await,
            Some(Writer::InTurn(turn, queue)) => {
                let committed = whole(keep(turn, queue)).await??;
                committed.await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
            }
            None => Ok(()),
        }
    }

    /// Takes back what it wrote, and passes the turn on.
    pub async fn rollback(mut self) -> Result<(), sqlx::Error> {
        match self.writer.take() {
            Some(Writer::Alone(tx)) => tx.rollback().await,
            Some(Writer::InTurn(mut turn, _)) => {
                turn.give_up_part();
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn open(&self) -> &Transaction<'static, Any> {
        match self.writer.as_ref() {
            Some(Writer::Alone(tx)) => tx,
            Some(Writer::InTurn(turn, _)) => turn.tx.as_ref().expect("it was begun, and nobody else has the turn"),
            None => unreachable!("only what ends it takes the writer"),
        }
    }

    fn open_mut(&mut self) -> &mut Transaction<'static, Any> {
        match self.writer.as_mut() {
            Some(Writer::Alone(tx)) => tx,
            Some(Writer::InTurn(turn, _)) => turn.tx.as_mut().expect("it was begun, and nobody else has the turn"),
            None => unreachable!("only what ends it takes the writer"),
        }
    }
}

/// Ends a writer's turn. Who receives on what is returned learns of the commit.
async fn keep(
    mut turn: OwnedMutexGuard<SharedCommit>,
    queue: Arc<Mutex<SharedCommit>>,
) -> Result<oneshot::Receiver<Result<(), sqlx::Error>>, sqlx::Error> {
    turn.keep_part().await?;
    let (done, committed) = oneshot::channel();
    turn.waiting.push(done);
    if turn.waiting.len() == 1 {
        // It gets the turn after those who wait for it by now.
        tokio::spawn(async move { queue.lock_owned().await.commit().await });
    }
    Ok(committed)
}

impl Drop for QueuedTransaction {
    fn drop(&mut self) {
        if let Some(Writer::InTurn(turn, _)) = &mut self.writer {
            turn.give_up_part();
        }
    }
}

impl Deref for QueuedTransaction {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        self.open()
    }
}

impl DerefMut for QueuedTransaction {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.open_mut()
    }
}
