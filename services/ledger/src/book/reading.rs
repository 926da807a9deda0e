//! What readers of a live book see: the store as far as its commits are published.

use super::BookHandle;
use crate::{
    domain::{Micros, decide::reversal_guard},
    error::Error,
    read::{self, BalanceAt, EntryListing, EntryPage, NamedPosting, TrialBalance},
};
use uuid::Uuid;

impl BookHandle {
    /// A posting by its id, if readers may see it yet.
    pub async fn posting(&self, id: Uuid) -> Result<NamedPosting, Error> {
        let event = self.store.event_by_id(self.row.key, id).await?;
        let head = self.published().await?;
        let event = event.filter(|event| event.seq <= head.last_seq).ok_or_else(|| Error::PostingUnknown(id.to_string()))?;
        read::named(&*self.store, self.row.key, event).await?.ok_or_else(|| Error::PostingUnknown(id.to_string()))
    }

    /// The posting under one of these ids, if readers may see it yet.
    pub async fn posting_under(&self, ids: &[Uuid]) -> Result<Option<NamedPosting>, Error> {
        for id in ids {
            match self.posting(*id).await {
                Err(Error::PostingUnknown(_)) => {}
                found => return found.map(Some),
            }
        }
        Ok(None)
    }

    /// Whether a posting was reversed. Its guard is written with the commit that reverses it.
    pub async fn is_reversed(&self, posting: Uuid) -> Result<bool, Error> {
        let guards = self.store.guards(self.row.key, &[reversal_guard(posting)]).await?;
        Ok(guards.iter().any(|(_, guard)| guard.value > 0))
    }

    /// Sums all accounts as of the last published commit.
    pub async fn trial_balance(&self) -> Result<TrialBalance, Error> {
        self.published().await?;
        let (last_seq, mut accounts) = read::all_accounts(&*self.store, self.row.key).await?;
        let state = self.shared.state();
        let published = self.shared.journal.head().map_or(0, |head| head.last_seq);
        let mut gone = false;
        // The store may have a commit whose outcome its writer does not know yet: memory has the accounts as before it.
        accounts.retain_mut(|account| {
            if account.seq <= published {
                return true;
            }
            match state.committed(&account.name) {
                Some(Some(before)) => *account = before.clone(),
                Some(None) => return false,
                None => gone = true,
            }
            true
        });
        drop(state);
        if gone {
            return Err(Error::NotTheWriter("another process".to_owned()));
        }
        Ok((read::summed(&accounts), last_seq.min(published)))
    }

    /// An account as of the last published commit up to `time`.
    pub async fn balance_at(&self, name: &str, time: Micros) -> Result<BalanceAt, Error> {
        let head = self.published().await?;
        // Read after the head, so that the account is at least as new.
        let account = self.account(name).await?;
        Ok(read::balance_at(&*self.store, self.row.key, account, head, time).await?)
    }

    /// Entries of an account as of the last published commit. A page may be short; its place says whether more can follow.
    pub async fn entries(&self, name: &str, listing: &EntryListing) -> Result<EntryPage, Error> {
        let account = self.account(name).await?;
        listing.check_place(&account)?;
        let counterparty = match &listing.filter.counterparty {
            None => None,
            Some(name) => match self.account(name).await {
                Ok(account) => Some(account.key),
                Err(Error::AccountUnknown(_)) => return Ok(EntryPage::default()),
                Err(error) => return Err(error),
            },
        };
        Ok(read::entries(&*self.store, self.row.key, &account, counterparty, listing).await?)
    }
}
