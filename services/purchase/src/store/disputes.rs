//! The table `dispute_step`: what a store withdrew for disputes and gave back, as it is posted.

use money::{BookName, Currency};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::{Error, Store};
use crate::refunds::dispute::DisputeStep;
use crate::refunds::fact::FactStatus;
use db::text;

pub(super) fn step(row: &AnyRow) -> Result<DisputeStep, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let purchase_id = text("purchase_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: purchase_id.clone(), column };
    let read = DisputeStep {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("dispute_step.book"))?,
        purchase_id: Uuid::try_parse(&purchase_id).map_err(|_| damaged("dispute_step.purchase_id"))?,
        step_no: number("step_no")?,
        currency: Currency::try_new(&text("currency")?).map_err(|_| damaged("dispute_step.currency"))?,
        withdrawn: number("withdrawn_minor_units")?,
        fee: number("fee_minor_units")?,
        withdrawn_total: number("withdrawn_total_minor_units")?,
        fee_total: number("fee_total_minor_units")?,
        attempt: number("attempt")?,
        planned_at_ms: number("planned_at_ms")?,
        created_at_ms: number("created_at_ms")?,
        tries: number("tries")?,
        posting_id: text("posting_id")?,
    };
    if read.is_sound() { Ok(read) } else { Err(damaged("an amount of dispute_step")) }
}

/// Adds a step. False: there is one of its number.
pub(super) async fn insert(connection: &mut AnyConnection, new: &DisputeStep) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO dispute_step (book, purchase_id, step_no, currency, withdrawn_minor_units, fee_minor_units, withdrawn_total_minor_units,
             fee_total_minor_units, state, note, tries, next_attempt_at_ms, created_at_ms, attempt, planned_at_ms, posting_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, '', 0, 0, $9, 0, $10, '') ON CONFLICT DO NOTHING",
    )
    .bind(new.book.as_str())
    .bind(text(new.purchase_id))
    .bind(new.step_no)
    .bind(new.currency.code().to_owned())
    .bind(new.withdrawn)
    .bind(new.fee)
    .bind(new.withdrawn_total)
    .bind(new.fee_total)
    .bind(new.created_at_ms)
    .bind(new.planned_at_ms)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

impl Store {
    /// What was withdrawn for the disputes of a purchase and given back, in order.
    pub async fn dispute_steps(&self, book: &BookName, purchase_id: Uuid) -> Result<Vec<DisputeStep>, Error> {
        let sql = "SELECT * FROM dispute_step WHERE book = $1 AND purchase_id = $2 ORDER BY step_no";
        sqlx::query(sql).bind(book.as_str()).bind(text(purchase_id)).fetch_all(&self.pool).await?.iter().map(step).collect()
    }

    /// Steps that are due to be posted, those with the fewest tries first.
    pub(crate) async fn due_dispute_steps(&self, now_ms: i64, count_max: i64) -> Result<Vec<DisputeStep>, Error> {
        let sql = "SELECT * FROM dispute_step WHERE state = 1 AND next_attempt_at_ms <= $1 ORDER BY tries, created_at_ms LIMIT $2";
        self.due_rows("dispute_step", sql, now_ms, count_max, step).await
    }

    /// It is posted.
    pub(crate) async fn dispute_posted(&self, of: &DisputeStep, posting_id: &str) -> Result<(), Error> {
        let sql = "UPDATE dispute_step SET state = 2, posting_id = $4, note = ''
            WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state = 1";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.step_no).bind(posting_id);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Postpones a step, perhaps under another id: that of this attempt, planned at this time.
    pub(crate) async fn put_off_dispute(
        &self,
        of: &DisputeStep,
        attempt: i64,
        planned_at_ms: i64,
        note: &str,
        next_attempt_at_ms: i64,
    ) -> Result<(), Error> {
        let sql = "UPDATE dispute_step SET attempt = $4, planned_at_ms = $5, note = $6, next_attempt_at_ms = $7, tries = tries + 1
            WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state = 1 AND attempt = $8 AND planned_at_ms = $9";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.step_no).bind(attempt).bind(planned_at_ms);
        let query = query.bind(note).bind(next_attempt_at_ms).bind(of.attempt).bind(of.planned_at_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Disputes that nobody has decided, which are cases for staff, and what of their money is not posted.
    pub(super) async fn open_disputes(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let counted = |state, (count, since_ms): (i64, Option<i64>)| UnfinishedCount {
            what: "dispute",
            state,
            count: count.unsigned_abs(),
            since_ms,
        };
        let sql = "SELECT COUNT(*) FROM refund_fact WHERE status = 4 AND status = $1";
        // No age: a bank decides after months, and would hide the age of all else.
        let open: i64 = sqlx::query_scalar(sql).bind(FactStatus::Disputed.number()).fetch_one(&self.pool).await?;
        let sql = "SELECT COUNT(*), MIN(created_at_ms) FROM dispute_step WHERE state = 1";
        Ok(vec![counted("open", (open, None)), counted("not_posted", sqlx::query_as(sql).fetch_one(&self.pool).await?)])
    }
}
