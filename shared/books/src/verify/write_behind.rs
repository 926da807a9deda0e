//! Compares the log of accounts, and the rows that lack it, with the replay at the events they were written with.

use super::{BookCheck, VerifyFault, bad};
use crate::{
    domain::standing::Standing,
    store::{self, Error, READ_CHUNK},
};

impl BookCheck<'_> {
    /// Reads the log, and the rows of its accounts. Before the replay and after the head, so that log and rows together lack nothing before the
    /// head's tail.
    pub(super) async fn read_log(&mut self) -> Result<(), VerifyFault> {
        let behind = match store::read_log(self.store, self.book.key).await {
            Err(Error::Damaged(what)) => return bad(0, what),
            log => log?,
        };
        let keys: Vec<i64> = behind.standings().map(|standing| standing.key).collect();
        for chunk in keys.chunks(READ_CHUNK) {
            let rows = self.store.accounts_by_key(self.book.key, chunk).await?;
            for (name, standing) in rows.iter().filter_map(|row| Some((&row.name, Standing::of(row)?))) {
                let logged = behind.get(standing.key).filter(|logged| logged.last_transfer == standing.last_transfer);
                if logged.is_some_and(|logged| *logged != standing) {
                    return bad(standing.seq(), format!("the row of account {name} and the log differ about what this event left"));
                }
                self.replayed.old_rows.insert(standing.key, standing.last_transfer);
                self.replayed.watched.standings.insert((standing.key, standing.last_transfer), standing);
            }
        }
        self.replayed.watched.standings.extend(behind.standings().map(|standing| ((standing.key, standing.last_transfer), *standing)));
        self.replayed.behind = behind;
        Ok(())
    }

    /// Checks that the replay has matched everything read from the log, except what later commits wrote.
    pub(super) async fn log_was_met(&mut self) -> Result<(), VerifyFault> {
        if !self.replayed.watched.standings.is_empty() {
            self.catch_up().await?;
        }
        match self.replayed.watched.standings.values().min_by_key(|standing| standing.last_transfer) {
            Some(stray) => bad(stray.seq(), format!("the row or the log of account {} matches no state of the journal", stray.key)),
            None => Ok(()),
        }
    }
}
