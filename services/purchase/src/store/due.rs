//! Rows that sweeps take up. One that can't be read is named and counted, and keeps no other waiting.

use sqlx::any::AnyRow;

use super::{Error, Store};
use crate::meters;

impl Store {
    /// The rows of a statement that takes a time and how many rows at most, each read. As many more are asked for as can't be read, which are due for ever.
    pub(super) async fn due_rows<T>(
        &self,
        table: &'static str,
        sql: &'static str,
        now_ms: i64,
        count_max: i64,
        read: impl Fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut limit = count_max;
        loop {
            let rows = sqlx::query(sql).bind(now_ms).bind(limit).fetch_all(&self.pool).await?;
            let (found, damaged) = readable(&rows, &read)?;
            let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            let next = count_max.saturating_add(count(damaged.len()));
            if count(rows.len()) < limit || next <= limit {
                for damage in damaged {
                    meters::damaged(table, &damage);
                }
                return Ok(found);
            }
            limit = next;
        }
    }
}

/// What of some rows can be read, and what is wrong with the others.
pub(super) fn readable<T>(rows: &[AnyRow], read: impl Fn(&AnyRow) -> Result<T, Error>) -> Result<(Vec<T>, Vec<String>), Error> {
    let (mut found, mut damaged) = (Vec::new(), Vec::new());
    for row in rows {
        match read(row) {
            Ok(one) => found.push(one),
            Err(error) => damaged.push(error.damage().ok_or(error)?),
        }
    }
    Ok((found, damaged))
}
