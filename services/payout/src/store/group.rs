//! On SQLite, writes of many payouts in one commit and with the same few statements. A commit waits for the disk and the next one for it, and a statement for the
//! database's thread, so that a payout's dozen of writes, each on its own, would bound what a process pays in a second. PostgreSQL commits transactions of many
//! connections together by itself.
//!
//! A write whose caller is dropped before its group begins is left out; one that has begun is carried out, as a commit that was sent is. Every write names the
//! version or state that it replaces, so it changes nothing when it comes too late or twice.

use super::{
    Error, Store, attempts,
    messages::{self, BankMessage, LoggedMessage},
    payouts, sent_payees,
    steps::PayoutStep,
};
use crate::{domain::Payout, vault::Vault};
use db::{
    WriteQueue,
    requests::{self, KeptAnswer, RequestKey},
};
use money::RequestId;
use sqlx::AnyConnection;
use std::{collections::HashSet, time::SystemTime};
use tokio::sync::{mpsc, oneshot};

/// Most writes of one commit: others wait no longer than for so many.
const GROUP_MAX: usize = 128;
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
    /// How its attempt ended; see [`attempts::end_all`].
    AttemptEnd {
        ended_at_ms: i64,
    },
    /// The answer to the request that created it, unless that has one; see [`requests::finish_all`].
    Answer {
        rpc: &'static str,
        answer: KeptAnswer,
        at: SystemTime,
    },
    /// A message to the bank or from it, with what it is compared by; see [`messages::insert_all`].
    Message {
        vault: Vault,
        message: BankMessage,
        content: Option<String>,
    },
    /// A message by which an attempt is sent, and whom it pays if it is the attempt's first; see [`sent_payees::insert_all`].
    Sending {
        vault: Vault,
        message: BankMessage,
        payee: Option<Vec<u8>>,
    },
}

/// Carries out writes, those of different payouts with the same statements; what was written of each, in their order. May be repeated: each replaces a version
/// that it names.
pub(crate) async fn carry_out(tx: &mut AnyConnection, writes: &[&PayoutWrite]) -> Result<Vec<Option<Payout>>, Error> {
    let mut written: Vec<Option<Payout>> = writes.iter().map(|_| None).collect();
    let mut left: Vec<usize> = (0..writes.len()).collect();
    while !left.is_empty() {
        let mut keys = HashSet::new();
        // Two of one payout are carried out one after the other, and only one of them changes anything.
        let (now, later): (Vec<usize>, Vec<usize>) = left.into_iter().partition(|at| keys.insert(writes[*at].payout.key()));
        let updates = now.iter().map(|at| (writes[*at].payout.clone(), writes[*at].step.as_ref())).collect();
        let saved = payouts::update_all(tx, updates).await?;
        let done: Vec<(&PayoutWrite, &Payout)> =
            now.iter().zip(&saved).filter_map(|(at, saved)| Some((writes[*at], saved.as_ref()?))).collect();
        write_beside(tx, &done).await?;
        for (at, saved) in now.into_iter().zip(saved) {
            written[at] = saved;
        }
        left = later;
    }
    Ok(written)
}

/// Writes what belongs to payouts that were written.
async fn write_beside(tx: &mut AnyConnection, done: &[(&PayoutWrite, &Payout)]) -> Result<(), Error> {
    let (mut ended, mut logged, mut payees, mut sealing) = (Vec::new(), Vec::new(), Vec::new(), None);
    let (mut answers, mut answered_at) = (Vec::new(), None);
    for (write, saved) in done {
        match &write.beside {
            WrittenBeside::Nothing => {}
            WrittenBeside::AttemptEnd { ended_at_ms } => ended.push((*saved, *ended_at_ms)),
            WrittenBeside::Answer { rpc, answer, at } => {
                let id = RequestId::parse(&saved.request_id.to_string()).map_err(|_| Error::Row("request id"))?;
                answers.push((*saved, *rpc, id, answer));
                answered_at = Some(*at);
            }
            WrittenBeside::Message { vault, message, content } => {
                sealing = Some(vault);
                logged.push(LoggedMessage { payout_key: saved.key(), message, content: content.as_deref() });
            }
            WrittenBeside::Sending { vault, message, payee } => {
                sealing = Some(vault);
                logged.push(LoggedMessage { payout_key: saved.key(), message, content: None });
                payees.extend(payee.as_ref().map(|payee| (*saved, payee.as_slice())));
            }
        }
    }
    attempts::end_all(tx, &ended).await?;
    if let Some(at) = answered_at {
        let answers: Vec<_> = answers
            .iter()
            .map(|(saved, rpc, id, answer)| (RequestKey { book: &saved.book, subject: &saved.user, rpc, request_id: id }, *answer))
            .collect();
        requests::finish_all(tx, &answers, at).await?;
    }
    match sealing {
        // All of a store are sealed with the same keys.
        Some(vault) => {
            sent_payees::insert_all(tx, vault, &payees).await?;
            messages::insert_all(tx, vault, &logged).await
        }
        None => Ok(()),
    }
}

impl Store {
    /// Carries out a write in a transaction of its own, or in one with others. None: another writer was first, and nothing changed.
    async fn write(&self, write: PayoutWrite) -> Result<Option<Payout>, Error> {
        if let Some(group) = &self.group {
            return group.write(write).await;
        }
        let mut tx = self.begin().await?;
        let mut written = carry_out(&mut tx, &[&write]).await?;
        tx.commit().await?;
        Ok(written.pop().flatten())
    }

    /// As [`payouts::update`], in a transaction of its own, or in one with others.
    pub async fn save(&self, payout: Payout, step: Option<&PayoutStep>) -> Result<Option<Payout>, Error> {
        self.write(PayoutWrite { payout, step: step.cloned(), beside: WrittenBeside::Nothing }).await
    }

    /// The same, and how the payout's attempt ended: when, or 0 if it was paid.
    pub async fn save_end(&self, payout: Payout, step: Option<&PayoutStep>, ended_at_ms: i64) -> Result<Option<Payout>, Error> {
        self.write(PayoutWrite { payout, step: step.cloned(), beside: WrittenBeside::AttemptEnd { ended_at_ms } }).await
    }

    /// The same as [`Self::save`], and a message to the bank or from it, with the content that it is compared by.
    pub async fn save_message(
        &self,
        payout: Payout,
        step: Option<&PayoutStep>,
        vault: &Vault,
        message: BankMessage,
        content: Option<String>,
    ) -> Result<Option<Payout>, Error> {
        let beside = WrittenBeside::Message { vault: vault.clone(), message, content };
        self.write(PayoutWrite { payout, step: step.cloned(), beside }).await
    }

    /// The same as [`Self::save`] of an attempt that is about to be sent, with the message, and whom it pays if it is the attempt's first.
    pub async fn save_sending(
        &self,
        payout: Payout,
        vault: &Vault,
        message: BankMessage,
        payee: Option<Vec<u8>>,
    ) -> Result<Option<Payout>, Error> {
        let beside = WrittenBeside::Sending { vault: vault.clone(), message, payee };
        self.write(PayoutWrite { payout, step: None, beside }).await
    }

    /// The same as [`Self::save`], and the answer to the request of this RPC that created the payout.
    pub async fn save_answer(
        &self,
        payout: Payout,
        step: Option<&PayoutStep>,
        rpc: &'static str,
        answer: KeptAnswer,
        at: SystemTime,
    ) -> Result<Option<Payout>, Error> {
        self.write(PayoutWrite { payout, step: step.cloned(), beside: WrittenBeside::Answer { rpc, answer, at } }).await
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
    let written = carry_out(&mut tx, group).await?;
    tx.commit().await?;
    Ok(written)
}
