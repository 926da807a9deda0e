//! The table of runs. Every write compares the version that was read.

use super::{Error, Store, book as read_book, money as read_money, uuid};
use crate::domain::run::{PayoutRun, RunState};
use ::money::BookName;
use sqlx::{AnyConnection, Row, any::AnyRow};
use uuid::Uuid;

pub(super) fn read(row: &AnyRow) -> Result<PayoutRun, Error> {
    let (text, number) = (|name: &str| row.try_get::<String, _>(name), |name: &str| row.try_get::<i64, _>(name));
    let above = match text("above_currency")?.as_str() {
        "" => None,
        code => Some(read_money(code, number("above_minor_units")?)?),
    };
    Ok(PayoutRun {
        book: read_book(&text("book")?)?,
        run_id: uuid(&text("run_id")?)?,
        request_id: uuid(&text("request_id")?)?,
        created_by: text("created_by")?,
        state: RunState::from_name(&text("state")?).ok_or(Error::Row("state of a run"))?,
        above,
        collected_to: text("collected_to")?,
        collected: number("collected")? != 0,
        lines: number("line_count")?,
        checked: number("checked_count")?,
        faults: number("fault_count")?,
        problem: text("problem")?,
        lines_hash: text("lines_hash")?,
        approved_by: text("approved_by")?,
        approved_at_ms: number("approved_at_ms")?,
        rejected_by: text("rejected_by")?,
        checked_at_ms: number("checked_at_ms")?,
        created_at_ms: number("created_at_ms")?,
        ended_at_ms: number("ended_at_ms")?,
        version: number("version")?,
    })
}

/// Stores a new run; false: it is there already.
pub async fn insert(tx: &mut AnyConnection, run: &PayoutRun) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO payout_run (book, run_id, request_id, created_by, state, above_currency, above_minor_units, created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
    )
    .bind(run.book.as_str().to_owned())
    .bind(run.run_id.to_string())
    .bind(run.request_id.to_string())
    .bind(run.created_by.clone())
    .bind(run.state.name())
    .bind(run.above.map_or_else(String::new, |above| above.currency().code().to_owned()))
    .bind(run.above.map_or(0, |above| above.minor_units()))
    .bind(run.created_at_ms)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, book: &BookName, run_id: Uuid) -> Result<Option<PayoutRun>, Error> {
    let query = sqlx::query("SELECT * FROM payout_run WHERE book = $1 AND run_id = $2");
    let query = query.bind(book.as_str().to_owned()).bind(run_id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Writes a run over the version that was read; `None`: another writer was first, and nothing changed.
pub async fn update(tx: &mut AnyConnection, run: &PayoutRun) -> Result<Option<PayoutRun>, Error> {
    let updated = sqlx::query(
        "UPDATE payout_run SET state = $4, collected_to = $5, collected = $6, line_count = $7, checked_count = $8, fault_count = $9, problem = $10,
             lines_hash = $11, approved_by = $12, approved_at_ms = $13, ended_at_ms = $14, rejected_by = $15,
             checked_at_ms = $16, version = version + 1
         WHERE book = $1 AND run_id = $2 AND version = $3",
    )
    .bind(run.book.as_str().to_owned())
    .bind(run.run_id.to_string())
    .bind(run.version)
    .bind(run.state.name())
    .bind(run.collected_to.clone())
    .bind(i64::from(run.collected))
    .bind(run.lines)
    .bind(run.checked)
    .bind(run.faults)
    .bind(run.problem.clone())
    .bind(run.lines_hash.clone())
    .bind(run.approved_by.clone())
    .bind(run.approved_at_ms)
    .bind(run.ended_at_ms)
    .bind(run.rejected_by.clone())
    .bind(run.checked_at_ms)
    .execute(tx)
    .await?;
    Ok((updated.rows_affected() == 1).then(|| PayoutRun { version: run.version + 1, ..run.clone() }))
}

impl Store {
    /// One by its id.
    pub async fn run(&self, book: &BookName, run_id: Uuid) -> Result<Option<PayoutRun>, Error> {
        let mut connection = self.pool().acquire().await?;
        get(&mut connection, book, run_id).await
    }

    /// Runs that have something to do, the oldest first, at most `limit`.
    pub async fn active_runs(&self, limit: i64) -> Result<Vec<PayoutRun>, Error> {
        let sql = "SELECT * FROM payout_run WHERE state IN ('checking', 'running') ORDER BY created_at_ms LIMIT $1";
        sqlx::query(sql).bind(limit).fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// Runs that wait for people, created before this time, oldest first, at most `limit`.
    pub async fn waiting_runs(&self, created_before_ms: i64, limit: i64) -> Result<Vec<PayoutRun>, Error> {
        let sql = "SELECT * FROM payout_run WHERE state IN ('open', 'awaiting_approval') AND created_at_ms <= $1
            AND checked_at_ms <= $1 ORDER BY created_at_ms LIMIT $2";
        sqlx::query(sql).bind(created_before_ms).bind(limit).fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// Users after this one who have a usable beneficiary in this currency, in the order of their keys, at most `limit`.
    pub async fn payees_after(&self, book: &BookName, currency: &str, after: &str, limit: i64) -> Result<Vec<String>, Error> {
        let sql = "SELECT DISTINCT user_id FROM beneficiary WHERE book = $1 AND currency = $2 AND deleted_at_ms = 0 AND user_id > $3
             ORDER BY user_id LIMIT $4";
        let query = sqlx::query_scalar(sql).bind(book.as_str().to_owned()).bind(currency.to_owned()).bind(after.to_owned()).bind(limit);
        Ok(query.fetch_all(self.pool()).await?)
    }
}
