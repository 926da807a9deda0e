//! Checkpoints must match the journal: an account after every 256th of its entries, all of them and nothing else.

use super::{BookCheck, PAGE, VerifyFault, bad};
use crate::{
    domain::{
        account::BookAccount,
        event::{seq_of, transfer_no},
    },
    store::{CheckpointPlace, Walk},
};

impl BookCheck<'_> {
    /// A checkpoint is written with its transfer, so all those of the replayed events exist; newer ones are skipped.
    pub(super) async fn checkpoint_rows(&mut self) -> Result<(), VerifyFault> {
        let end = transfer_no(self.at.last_seq + 1, 0);
        let mut expected = std::mem::take(&mut self.replayed.checkpoints);
        let mut from = CheckpointPlace::default();
        loop {
            let page = self.store.checkpoints(self.book.key, from, PAGE).await?;
            let Some(last) = page.last() else { break };
            from = CheckpointPlace { account: last.account, no: last.no + 1 };
            for row in page.iter().filter(|row| row.no < end) {
                if expected.remove(&(row.account, row.no)).as_ref() != Some(row) {
                    return bad(seq_of(row.no), format!("the checkpoint of account {} is not what this event left", row.account));
                }
            }
        }
        match expected.into_values().min_by_key(|missing| missing.no) {
            Some(missing) => bad(seq_of(missing.no), format!("the checkpoint of account {} at this event is missing", missing.account)),
            None => Ok(()),
        }
    }

    /// The number of an account's entry: counted back from the checkpoint after it, or from the account's last entry.
    pub(super) async fn entry_no(&self, account: &BookAccount, no: i64) -> Result<i64, VerifyFault> {
        if no == 0 {
            return Ok(0);
        }
        let after = self.store.checkpoints(self.book.key, CheckpointPlace { account: account.key, no }, 1).await?.into_iter().next();
        let (mut from_no, mut entry_no) = match after {
            Some(row) if row.account == account.key && row.no <= account.last_transfer => (row.no, row.entry_no),
            _ => (account.last_transfer, account.entries),
        };
        while from_no > no {
            let walk = Walk { from_no, above_no: no - 1, limit: PAGE };
            let way = self.store.walk(self.book.key, account.key, walk).await?;
            let Some(last) = way.last() else { return bad(seq_of(from_no), "the chain of an account's entries ends early") };
            if way.len() < 2 {
                return bad(seq_of(from_no), format!("transfer {no} is not one of account {}", account.name));
            }
            (from_no, entry_no) = (last.no, entry_no - i64::try_from(way.len()).expect("a page") + 1);
        }
        Ok(entry_no)
    }
}
