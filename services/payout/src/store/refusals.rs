//! Deletes old refusals.

use super::{Error, Store};
use db::requests;
use money::time::unix_ms;
use std::time::SystemTime;

impl Store {
    /// Deletes at most `count_max` refusals from before `before`; returns how many.
    ///
    /// The rows of refused payouts are deleted first: while one exists its request's id must be known, or the id would be taken for new and its row for
    /// another's.
    pub async fn forget_refusals(&self, before: SystemTime, count_max: i64) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let old = "SELECT book, payout_id FROM payout WHERE phase = 'refused' AND created_at_ms < $1 ORDER BY created_at_ms LIMIT $2";
        let rows: Vec<(String, String)> = sqlx::query_as(old).bind(unix_ms(before)).bind(count_max).fetch_all(&mut *tx).await?;
        for (book, payout_id) in &rows {
            for sql in
                ["DELETE FROM payout_step WHERE book = $1 AND payout_id = $2", "DELETE FROM payout WHERE book = $1 AND payout_id = $2"]
            {
                sqlx::query(sql).bind(book.clone()).bind(payout_id.clone()).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
        if rows.is_empty() {
            return Ok(requests::prune(self.pool(), before, count_max).await?);
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }
}
