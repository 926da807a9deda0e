//! Statements that read an account's entries, valid on both engines. Each uses a primary key or an index, however long the account is.

use super::rows;
use crate::domain::event::LEG_BITS;

/// `$1` book, `$2` account, `$3` transfer, `$4` limit.
pub(super) fn checkpoints_sql() -> String {
    let columns = rows::CHECKPOINT_COLUMNS;
    format!("SELECT {columns} FROM checkpoint WHERE book = $1 AND (account, no) >= ($2, $3) ORDER BY account, no LIMIT $4")
}

/// How a walk finds its next entry.
pub(super) const STEP_SQLITE: &str = "JOIN transfer t ON t.book = $1 AND t.no = walk.back";
/// A plain join that was planned while the table was empty would read the whole book at every step, as long as the plan is cached.
pub(super) const STEP_POSTGRES: &str = "CROSS JOIN LATERAL (SELECT * FROM transfer WHERE book = $1 AND no = walk.back LIMIT 1) t";

/// `$1` book, `$2` account, `$3` first transfer, `$4` number to stay above, `$5` limit. One statement, each step by the primary key.
pub(super) fn walk_sql(step: &str) -> String {
    let back = "CASE WHEN t.debit = $2 THEN t.debit_prev ELSE t.credit_prev END";
    format!(
        "WITH RECURSIVE walk AS (\
           SELECT {own}, CAST(1 AS BIGINT) AS step, {back} AS back FROM transfer t \
             WHERE t.book = $1 AND t.no = $3 AND t.no > $4 AND (t.debit = $2 OR t.credit = $2) \
           UNION ALL \
           SELECT {own}, walk.step + 1, {back} FROM walk {step} \
             WHERE walk.step < $5 AND walk.back > $4\
         ) SELECT {columns} FROM walk ORDER BY no DESC",
        own = transfer_columns_of("t"),
        columns = rows::TRANSFER_COLUMNS,
    )
}

/// A transfer's columns, each with the table's name before it.
fn transfer_columns_of(table: &str) -> String {
    rows::TRANSFER_COLUMNS.split(',').map(|column| format!("{table}.{}", column.trim())).collect::<Vec<_>>().join(", ")
}

/// How the transfers of one event after the other are found; `LEGS` is how many numbers an event has.
pub(super) const LEGS_SQLITE: &str =
    "CROSS JOIN transfer t ON t.book = $1 AND t.no >= asked.value * LEGS AND t.no < asked.value * LEGS + LEGS";
/// As for a walk: the limit keeps the join from being planned as a scan while the table is empty.
pub(super) const LEGS_POSTGRES: &str = "CROSS JOIN LATERAL (SELECT * FROM transfer \
    WHERE book = $1 AND no >= asked.value * LEGS AND no < asked.value * LEGS + LEGS ORDER BY no LIMIT LEGS) t";

/// `$1` book; `asked` is a relation with a column `value`, the place of an event.
pub(super) fn transfers_of_sql(asked: &str, legs: &str) -> String {
    let join = legs.replace("LEGS", &(1_i64 << LEG_BITS).to_string());
    format!("SELECT {} FROM {asked} {join} ORDER BY t.no", transfer_columns_of("t"))
}

/// `$1` book, `$2` event.
pub(super) fn commit_of_sql() -> String {
    let columns = rows::COMMIT_COLUMNS;
    format!("SELECT {columns} FROM \"commit\" WHERE book = $1 AND last_seq >= $2 ORDER BY last_seq, commit_no LIMIT 1")
}

/// `$1` book, `$2` account, `$3` window, `$4` limit.
pub(super) fn debit_limits_sql() -> String {
    let columns = rows::LIMIT_COLUMNS;
    format!("SELECT {columns} FROM debit_limit WHERE book = $1 AND (account, span) >= ($2, $3) ORDER BY account, span LIMIT $4")
}

/// `$1` book, `$2` time.
pub(super) fn commit_at_sql() -> String {
    let columns = rows::COMMIT_COLUMNS;
    format!("SELECT {columns} FROM \"commit\" WHERE book = $1 AND time <= $2 ORDER BY time DESC, commit_no DESC LIMIT 1")
}

/// `$1` book; `asked` is a relation with a column `value`.
pub(super) fn commit_times_sql(asked: &str) -> String {
    let own = "SELECT time FROM \"commit\" WHERE book = $1 AND last_seq >= asked.value ORDER BY last_seq, commit_no LIMIT 1";
    format!("SELECT seq, time FROM (SELECT asked.value AS seq, ({own}) AS time FROM {asked}) AS found WHERE time IS NOT NULL")
}

/// `$1` book; `among` compares with the requested places.
pub(super) fn bodies_sql(among: &str) -> String {
    format!("SELECT {} FROM event WHERE book = $1 AND seq {among} ORDER BY seq", rows::EVENT_COLUMNS)
}

#[cfg(test)]
mod tests;
