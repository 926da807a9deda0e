//! Debit limits in force must be those that the journal set last.

use super::{BookCheck, PAGE, VerifyFault, bad};
use crate::store::LimitPlace;

impl BookCheck<'_> {
    /// Rows are written with their events and never removed. A limit set since the replay is recognised by its place in the
    /// journal.
    pub(super) async fn limit_rows(&mut self) -> Result<(), VerifyFault> {
        let mut expected = std::mem::take(&mut self.replayed.limits);
        let mut from = LimitPlace::default();
        loop {
            let page = self.store.debit_limits(self.book.key, from, PAGE).await?;
            let Some(last) = page.last() else { break };
            from = LimitPlace { account: last.account, window: last.window.code() + 1 };
            for row in page {
                let there = expected.remove(&(row.account, row.window.code()));
                if row.seq <= self.at.last_seq && there.as_ref() != Some(&row) {
                    return bad(row.seq, format!("the {} limit of account {} is not what this event set", row.window.name(), row.account));
                }
            }
        }
        match expected.into_values().min_by_key(|missing| missing.seq) {
            Some(missing) => bad(missing.seq, format!("the {} limit of account {} has no row", missing.window.name(), missing.account)),
            None => Ok(()),
        }
    }
}
