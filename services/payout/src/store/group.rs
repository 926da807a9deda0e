//! On SQLite, writes of many payouts in one commit. A commit waits for the disk and the next one for it, so that a payout's dozen of writes, each on its own,
//! would bound what a process pays in a second. PostgreSQL commits transactions of many connections together by itself.
//!
//! A write whose caller is dropped before its group begins is left out; one that has begun is carried out, as a commit that was sent is. Every write names the
//! version or state that it replaces, so it changes nothing when it comes too late or twice.

use super::{
    Error, attempts,
    messages::{self, BankMessage},
    payouts,
    steps::PayoutStep,
};
use crate::{domain::Payout, vault::Vault};
use db::WriteQueue;
use sqlx::AnyConnection;
use tokio::sync::{mpsc, oneshot};

/// Most writes of one commit: others wait no longer than for so many.
const GROUP_MAX: usize = 64;
/// Most writes that wait; the next caller waits for a place. More than there are handlers and drivers of payouts.
const QUEUE_MAX: usize = 1_024;

/// The payout as it was written; none: another writer was first, and nothing changed.
type Written = Result<Option<Payout>, Error>;

/// A payout over the version that was read, its visible step, if any, and what belongs to it.
pub(crate) struct PayoutWrite {
    pub payout: Payout,
    pub step: Option<PayoutStep>,
    pub beside: WrittenBeside,
}

/// What is written together with a payout, and only with it.
pub(crate) enum WrittenBeside {
    Nothing,
    /// How its attempt ended; see [`attempts::end`].
    AttemptEnd {
        ended_at_ms: i64,
    },
    /// A message to the bank or from it, with what it is compared by; see [`messages::insert`].
    Message {
        vault: Vault,
        message: BankMessage,
        content: Option<String>,
    },
}

impl PayoutWrite {
    /// May be repeated: it replaces a version that it names.
    pub async fn carry_out(&self, tx: &mut AnyConnection) -> Written {
        let Some(saved) = payouts::update(tx, self.payout.clone(), self.step.as_ref()).await? else { return Ok(None) };
        match &self.beside {
            WrittenBeside::Nothing => {}
            WrittenBeside::AttemptEnd { ended_at_ms } => attempts::end(tx, &saved, *ended_at_ms).await?,
            WrittenBeside::Message { vault, message, content } => {
                messages::insert(tx, vault, &saved.key(), message, content.as_deref()).await?;
            }
        }
        Ok(Some(saved))
    }
}

struct WaitingWrite {
    write: PayoutWrite,
    done: oneshot::Sender<Written>,
}

/// Where writes wait for the next commit.
#[derive(Clone)]
pub(crate) struct WriteGroup {
    waiting: mpsc::Sender<WaitingWrite>,
}

impl std::fmt::Debug for WriteGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteGroup").finish_non_exhaustive()
    }
}

impl WriteGroup {
    /// Starts the task that commits. It ends with the last clone of what is returned.
    pub fn start(writes: WriteQueue) -> Self {
        let (waiting, mut queue) = mpsc::channel::<WaitingWrite>(QUEUE_MAX);
        tokio::spawn(async move {
            let mut group = Vec::new();
            while queue.recv_many(&mut group, GROUP_MAX).await > 0 {
                group.retain(|waiting| !waiting.done.is_closed());
                commit(&writes, std::mem::take(&mut group)).await;
            }
        });
        Self { waiting }
    }

    /// Carries out a write with others.
    pub async fn write(&self, write: PayoutWrite) -> Written {
        let (done, written) = oneshot::channel();
        // Only at the end of the runtime is there nobody who receives.
        let lost = || Error::Sqlx(sqlx::Error::WorkerCrashed);
        self.waiting.send(WaitingWrite { write, done }).await.map_err(|_| lost())?;
        written.await.unwrap_or_else(|_| Err(lost()))
    }
}

/// Commits a group; if any of it fails, each write on its own, so that one can't fail the others.
async fn commit(writes: &WriteQueue, group: Vec<WaitingWrite>) {
    let all: Vec<&PayoutWrite> = group.iter().map(|waiting| &waiting.write).collect();
    if let Ok(written) = together(writes, &all).await {
        for (waiting, written) in group.into_iter().zip(written) {
            // A caller that is gone reads its payout again.
            let _ = waiting.done.send(Ok(written));
        }
        return;
    }
    for WaitingWrite { write, done } in group {
        let written = together(writes, &[&write]).await;
        let _ = done.send(written.map(|mut written| written.pop().flatten()));
    }
}

/// Carries out writes in one transaction.
async fn together(writes: &WriteQueue, group: &[&PayoutWrite]) -> Result<Vec<Option<Payout>>, Error> {
    let mut tx = writes.transaction().await?;
    let mut written = Vec::with_capacity(group.len());
    for write in group {
        written.push(write.carry_out(&mut tx).await?);
    }
    tx.commit().await?;
    Ok(written)
}
