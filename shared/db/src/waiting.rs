//! Rows that wait until a time of the clock, and clocks that were ahead when such a time was set. A row that would wait longer than its rule ever lets one wait has
//! its time from such a clock, and would stand still until the right clock is there as well.

use money::time::latest_wait_ms;
use sqlx::AnyPool;

/// The time of a row that waits for nothing.
const NEVER_MS: i64 = i64::MAX;

/// Rows of a table that wait until the time in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitingRows {
    /// The table.
    pub table: &'static str,
    /// The column with the time, in Unix milliseconds.
    pub until: &'static str,
    /// Which rows wait: a condition.
    pub only: &'static str,
    /// The longest that any rule lets one of them wait, in milliseconds.
    pub longest_ms: i64,
    /// How long one that would wait longer waits from now on, in milliseconds: 0 for work, which may be done too early, but not too late.
    pub then_ms: i64,
    /// The column that counts the writes of a row; empty: there is none.
    pub version: &'static str,
}

impl WaitingRows {
    /// Work that waits at most so long, and that is due at once if it would wait longer.
    #[must_use]
    pub const fn work(table: &'static str, until: &'static str, only: &'static str, longest_ms: i64) -> Self {
        Self { table, until, only, longest_ms, then_ms: 0, version: "" }
    }

    /// The same, where each write of a row is counted in this column.
    #[must_use]
    pub const fn counted_in(self, version: &'static str) -> Self {
        Self { version, ..self }
    }
}

/// Ends waits that are longer than their rule allows; of which tables, and how many rows of each. Repeating it changes nothing.
pub async fn end_impossible(pool: &AnyPool, waiting: &[WaitingRows], now_ms: i64) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
    let mut ended = Vec::new();
    for rows in waiting {
        let WaitingRows { table, until, only, longest_ms, then_ms, version } = *rows;
        let counted = if version.is_empty() { String::new() } else { format!(", {version} = {version} + 1") };
        let sql = format!("UPDATE {table} SET {until} = $1{counted} WHERE ({only}) AND {until} > $2 AND {until} < $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now_ms.saturating_add(then_ms)).bind(latest_wait_ms(now_ms, longest_ms));
        let count = query.bind(NEVER_MS).execute(pool).await?.rows_affected();
        if count > 0 {
            ended.push((table, count));
        }
    }
    Ok(ended)
}

/// When the oldest of some rows began, as SQL over the column with that time, with the present at `$1`: a time ahead of the clock counts as long ago as it is
/// ahead, since a clock that was wrong says nothing of a row's age, and a row whose age nobody knows must not be taken for a new one.
#[must_use]
pub fn oldest(column: &str) -> String {
    format!("MIN(CASE WHEN {column} > $1 THEN 2 * $1 - {column} ELSE {column} END)")
}
