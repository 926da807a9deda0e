//! What every account of the treasury's book had at the end of each day, read from its journal: a past day's balances of any node are then found without
//! reading the entries of the days since.
use crate::{
    domain::{
        Structure,
        statement::{day_of_us, start_us},
    },
    error::Error,
    store::{ClosingBatch, ClosingPosition},
    treasury::{Balances, Treasury, account_name},
};
use chart::Purpose;
use jiff::civil::Date;
use ledger_client::{JournalNews, JournalPart, JournalPlace, LedgerReason, NotPosted};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Closings that are written at once, at most.
const BATCH_MAX: usize = 2_000;
/// How long what was read waits to be written, at most, while more comes.
const WRITE_AFTER: Duration = Duration::from_secs(1);
/// How long a list waits until the journal is read as far as it needs.
const CATCH_UP_MAX: Duration = Duration::from_secs(5);
/// How long until the journal is read again that could not be.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Treasury {
    /// What was in the leaves and at the banks at the end of a day; nothing of it is pending. Without a sequence number.
    pub async fn balances_on(&self, structure: &Structure, on: Date) -> Result<Balances, Error> {
        let tomorrow = on.tomorrow().map_or(i64::MAX, start_us);
        if let Some(needed_us) = self.last_commit_before(structure, tomorrow).await? {
            let read = tokio::time::timeout(CATCH_UP_MAX, self.read_journal(Some(needed_us))).await;
            match read {
                Ok(Err(Error::Ledger(not_read))) if not_read.is_other_journal() => return Err(Error::ClosingsBehind),
                Ok(read) => read?,
                Err(_) => return Err(Error::ClosingsBehind),
            }
        }
        let closings = self.store.closings(self.book.as_str(), on).await?;
        let of = |entity: &str, id: &str, purpose, currency| {
            account_name(entity, id, purpose, currency).and_then(|name| closings.get(&name)).copied().unwrap_or_default()
        };
        let mut balances = Balances::default();
        for node in structure.nodes.values().filter(|node| node.leaf().is_some()) {
            let Some(root) = structure.root(&node.id) else { continue };
            let booked = of(&node.entity, &node.id, Purpose::VirtualAccount, root.currency);
            balances.leaves.insert(node.id.clone(), crate::domain::LeafSums { booked, ..Default::default() });
        }
        for account in structure.accounts.values() {
            let cash = of(&account.entity, &account.id, Purpose::PhysicalCash, account.currency);
            balances.cash.insert(account.id.clone(), cash.checked_neg().ok_or(Error::Overflow)?);
        }
        Ok(balances)
    }

    /// The time of the book's last commit before a time. The ledger says it of any account.
    async fn last_commit_before(&self, structure: &Structure, end_us: i64) -> Result<Option<i64>, Error> {
        for account in structure.accounts.values() {
            let Some(name) = account_name(&account.entity, &account.id, Purpose::PhysicalCash, account.currency) else { continue };
            if let Some(at) = self.ledger.last_commit_until(&self.book, name, end_us.saturating_sub(1)).await? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Reads the journal from where it was left: until a commit of this time, or else until the stream ends.
    async fn read_journal(&self, until_us: Option<i64>) -> Result<(), Error> {
        let book = self.book.as_str();
        let position = self.store.closing_position(book).await?.unwrap_or_default();
        let enough = |position: &ClosingPosition| until_us.is_some_and(|until| position.committed_us >= until);
        if enough(&position) {
            return Ok(());
        }
        let mut journal = match self.ledger.read_journal(&self.book, &position.after).await {
            // There is no structure yet.
            Err(NotPosted::Refused(refusal)) if matches!(refusal.reason, LedgerReason::BookUnknown) => return Ok(()),
            begun => begun?,
        };
        let mut batch = ClosingBatch { position, ..ClosingBatch::default() };
        let mut since = Instant::now();
        while let Some(news) = journal.next_news().await? {
            let idle = matches!(news, JournalNews::Idle);
            if let JournalNews::Part(part) = news {
                batch.add(part)?;
            }
            let done = enough(&batch.position);
            if done || idle || batch.closings.len() >= BATCH_MAX || since.elapsed() >= WRITE_AFTER {
                self.store.write_closings(book, &batch).await?;
                batch.closings.clear();
                since = Instant::now();
            }
            if done {
                return Ok(());
            }
        }
        Ok(self.store.write_closings(book, &batch).await?)
    }

    /// Reads the journal as it grows, until `shutdown`.
    pub(crate) async fn follow_closings(self, shutdown: CancellationToken) {
        let following = async {
            loop {
                match self.read_journal(None).await {
                    Ok(()) => {}
                    Err(Error::Ledger(not_read)) if not_read.is_other_journal() => {
                        tracing::warn!(book = %self.book, "the journal is not the one whose closings were kept, as after a restore; reading it from its beginning");
                        if let Err(error) = self.store.forget_closings(self.book.as_str()).await {
                            tracing::warn!(%error, "the closings of another journal can't be deleted; trying again");
                        }
                    }
                    Err(error) => tracing::warn!(%error, "the treasury's journal can't be read for closings; trying again"),
                }
                tokio::time::sleep(RETRY_AFTER).await;
            }
        };
        let _stopped = shutdown.run_until_cancelled(following).await;
    }
}

impl ClosingBatch {
    /// Adds a part of the journal that follows.
    pub(crate) fn add(&mut self, part: JournalPart) -> Result<(), Error> {
        let day = day_of_us(part.committed_us);
        for account in part.after {
            let balance = account.credits_posted.checked_sub(account.debits_posted).ok_or(Error::Overflow)?;
            self.closings.insert((account.account, day), (balance, account.seq));
        }
        // Of a commit that is not complete, the time is not reached yet.
        if let Some(place) = part.whole {
            self.position = ClosingPosition { after: JournalPlace { seq: 0, ..place }, committed_us: part.committed_us };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
