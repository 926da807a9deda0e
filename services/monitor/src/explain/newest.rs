//! Accounts as the journal's last event left them, for whoever follows money over many accounts: what their rows lack is read once, and not for each.
use super::StoryTeller;
use crate::audit::ReadFault;
use books::{
    domain::{
        account::BookAccount,
        event::{Transfer, seq_of},
        standing::LoggedStandings,
    },
    store::read_log,
};
use std::collections::HashMap;

/// Transfers of the journal's tail read at once.
const TAIL_PAGE: i64 = 5_000;

/// What rows of accounts may lack: their newer states in the log, and the last transfer of each account after that.
pub(crate) struct NewestStates {
    log: Option<LoggedStandings>,
    tail: HashMap<i64, Transfer>,
}

impl NewestStates {
    /// Brings an account's row, read after this, to the journal's last event.
    pub(crate) fn apply(&self, account: &mut BookAccount) {
        if let Some(standing) = self.log.as_ref().and_then(|log| log.get(account.key)) {
            standing.apply(account);
        }
        if let Some(last) = self.tail.get(&account.key).filter(|last| last.no > account.last_transfer) {
            account.counters = if last.debit == account.key { last.debit_after } else { last.credit_after };
            account.last_transfer = last.no;
            account.seq = account.seq.max(seq_of(last.no));
        }
    }
}

impl StoryTeller {
    /// What the rows of the book's accounts lack.
    pub(crate) async fn newest_states(&self) -> Result<NewestStates, ReadFault> {
        let mut newest = NewestStates { log: None, tail: HashMap::new() };
        // The head first: rows and log then lack only transfers from its `replay_from` on.
        let Some(head) = self.store.head(self.book.key).await? else { return Ok(newest) };
        newest.log = Some(read_log(&*self.store, self.book.key).await?);
        let mut from = head.replay_from;
        loop {
            let page = self.store.transfers(self.book.key, from, TAIL_PAGE).await?;
            let Some(last) = page.last() else { return Ok(newest) };
            from = last.no + 1;
            for transfer in page {
                newest.tail.insert(transfer.debit, transfer.clone());
                newest.tail.insert(transfer.credit, transfer);
            }
        }
    }
}
