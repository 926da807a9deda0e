//! One committer for all books: all batches that are ready go into one transaction, so that they share one fsync.
//!
//! Each book's batch succeeds or fails by itself: it is a savepoint.

use super::{
    checkpoint::LogGrowth,
    write::{Frame, Inserts},
};
use crate::store::{Batch, CommitError};
use sqlx::{Executor, SqliteConnection};
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};

/// The most batches of one transaction. A single fsync takes a fifth of a millisecond; further batches still have to be
/// written.
const GROUP_MAX: usize = 64;

type CommitResult = Result<(), CommitError>;

/// A batch and the sender for its outcome.
type WaitingBatch = (Arc<Batch>, oneshot::Sender<CommitResult>);

/// The queue to the committer, which ends when the last of these is dropped.
pub(super) struct Committer {
    queue: mpsc::UnboundedSender<WaitingBatch>,
}

impl Committer {
    /// Starts it on the store's writing connection. Each transaction is counted in `written`.
    pub(super) fn start(writer: Arc<Mutex<SqliteConnection>>, written: Arc<LogGrowth>) -> Self {
        // Bounded by the number of books: each has one batch in flight.
        let (queue, mut waiting) = mpsc::unbounded_channel::<WaitingBatch>();
        tokio::spawn(async move {
            let mut inserts = Inserts::new();
            while let Some(first) = waiting.recv().await {
                // Taken after the lock: batches that became ready while it was locked are included.
                let mut connection = writer.lock().await;
                let mut group = vec![first];
                while group.len() < GROUP_MAX
                    && let Ok(more) = waiting.try_recv()
                {
                    group.push(more);
                }
                let (batches, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
                let outcomes = inserts.commit(&mut connection, &batches).await;
                written.add(&batches);
                // Before the outcomes are sent: then the writers own their batches again.
                drop(batches);
                for (reply, outcome) in replies.into_iter().zip(outcomes) {
                    // The writer may be gone.
                    drop(reply.send(outcome));
                }
            }
            drop(writer);
            written.end();
        });
        Self { queue }
    }

    /// Writes a batch completely or not at all.
    pub(super) async fn commit(&self, batch: Arc<Batch>) -> CommitResult {
        let (reply, outcome) = oneshot::channel();
        let gone = || CommitError::Unknown("the committer is gone".to_owned());
        self.queue.send((batch, reply)).map_err(|_| CommitError::Failed("the committer is gone".to_owned()))?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Inserts {
    /// Writes batches of different books in one transaction; returns an outcome for each.
    async fn commit(&mut self, writer: &mut SqliteConnection, batches: &[Arc<Batch>]) -> Vec<CommitResult> {
        if let [only] = batches {
            return vec![self.write(writer, only, Frame::Alone).await];
        }
        if let Err(error) = writer.execute("BEGIN IMMEDIATE").await {
            return all(batches.len(), || CommitError::Failed(error.to_string()));
        }
        let mut outcomes = Vec::with_capacity(batches.len());
        for batch in batches {
            match self.write(writer, batch, Frame::Among).await {
                Err(CommitError::Unknown(why)) => {
                    // Its savepoint could not be undone: the whole transaction is lost.
                    let _rolled_back = writer.execute("ROLLBACK").await;
                    return all(batches.len(), || CommitError::Failed(why.clone()));
                }
                outcome => outcomes.push(outcome),
            }
        }
        if outcomes.iter().all(Result::is_err) {
            let _rolled_back = writer.execute("ROLLBACK").await;
            return outcomes;
        }
        if let Err(error) = writer.execute("COMMIT").await {
            let _rolled_back = writer.execute("ROLLBACK").await;
            for outcome in outcomes.iter_mut().filter(|outcome| outcome.is_ok()) {
                *outcome = Err(CommitError::Unknown(error.to_string()));
            }
        }
        outcomes
    }
}

fn all(count: usize, why: impl Fn() -> CommitError) -> Vec<CommitResult> {
    (0..count).map(|_| Err(why())).collect()
}
