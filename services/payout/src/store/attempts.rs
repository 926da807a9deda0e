//! The table of attempts, and the counter of short references.

use super::{Error, Store, book as read_book, payouts::PayoutKey, uuid};
use crate::domain::{
    Payout,
    attempt::{Attempt, ReferenceNumbering},
};
use ::money::BookName;
use sqlx::AnyConnection;
use uuid::Uuid;

/// Ids looked up in one query.
const IDS_READ_MAX: usize = 500;

/// An attempt as it is kept, with how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAttempt {
    /// The attempt.
    pub attempt: Attempt,
    /// `EndToEndId`.
    pub end_to_end_id: String,
    /// How often it was sent.
    pub sends: i64,
    /// ISO 20022 status last reported.
    pub bank_status: String,
    /// Code of the reason.
    pub reason_code: String,
    /// The reason in words.
    pub reason: String,
    /// When it began, Unix milliseconds.
    pub begun_at_ms: i64,
    /// When it ended, Unix milliseconds; 0 while it has not.
    pub ended_at_ms: i64,
}

type AttemptRow = (i64, String, String, String, String, String, String, i64, i64, String, String, String, i64, i64);

/// Takes the account's next reference.
pub async fn next_reference(
    tx: &mut AnyConnection,
    bank: &str,
    bank_account: &str,
    numbering: &ReferenceNumbering,
) -> Result<String, Error> {
    let sql = "INSERT INTO reference_counter (bank, bank_account, next_no) VALUES ($1, $2, 2)
         ON CONFLICT (bank, bank_account) DO UPDATE SET next_no = reference_counter.next_no + 1 RETURNING next_no - 1";
    let number: i64 = sqlx::query_scalar(sql).bind(bank.to_owned()).bind(bank_account.to_owned()).fetch_one(tx).await?;
    numbering.reference(number).ok_or(Error::Row("counter of trace numbers, which is used up,"))
}

/// Keeps an attempt that begins.
pub async fn begin(tx: &mut AnyConnection, payout: &Payout, now_ms: i64) -> Result<(), Error> {
    let attempt = &payout.attempt;
    sqlx::query(
        "INSERT INTO payout_attempt (book, payout_id, attempt_no, rail, bank, entity, bank_account, end_to_end_id, reference, cost_minor_units, begun_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (book, payout_id, attempt_no) DO UPDATE SET
             rail = excluded.rail, bank = excluded.bank, entity = excluded.entity, bank_account = excluded.bank_account,
             reference = excluded.reference, cost_minor_units = excluded.cost_minor_units",
    )
    .bind(payout.book.as_str().to_owned())
    .bind(payout.payout_id.to_string())
    .bind(attempt.number)
    .bind(attempt.rail.clone())
    .bind(attempt.bank.clone())
    .bind(attempt.entity.clone())
    .bind(attempt.bank_account.clone())
    .bind(payout.end_to_end_id())
    .bind(attempt.reference.clone())
    .bind(attempt.cost_minor_units)
    .bind(now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps how the payout's attempt ended, and when that was, if it was not paid; 0 if it was.
pub async fn end(tx: &mut AnyConnection, payout: &Payout, now_ms: i64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE payout_attempt SET sends = $4, sendings = $5, bank_status = $6, reason_code = $7, reason = $8, ended_at_ms = $9
         WHERE book = $1 AND payout_id = $2 AND attempt_no = $3",
    )
    .bind(payout.book.as_str().to_owned())
    .bind(payout.payout_id.to_string())
    .bind(payout.attempt.number)
    .bind(payout.sends)
    .bind(payout.sendings.letters())
    .bind(payout.bank_status.clone())
    .bind(payout.reason_code.clone())
    .bind(payout.reason.clone())
    .bind(now_ms)
    .execute(tx)
    .await?;
    Ok(())
}

impl Store {
    /// Keeps another rail or cost of an attempt that was not sent.
    pub async fn change_attempt(&self, payout: &Payout, now_ms: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        begin(&mut tx, payout, now_ms).await?;
        Ok(tx.commit().await?)
    }

    /// Every attempt of a payout, the first one first; none where an older program made it.
    pub async fn attempts(&self, payout_key: &PayoutKey) -> Result<Vec<RecordedAttempt>, Error> {
        let sql = "SELECT attempt_no, rail, bank, entity, bank_account, end_to_end_id, reference, cost_minor_units, sends, bank_status, reason_code,
                 reason, begun_at_ms, ended_at_ms FROM payout_attempt WHERE book = $1 AND payout_id = $2 ORDER BY attempt_no";
        let query = sqlx::query_as(sql).bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
        let rows: Vec<AttemptRow> = query.fetch_all(self.pool()).await?;
        Ok(rows.into_iter().map(recorded).collect())
    }

    /// The payouts whose attempts have these ids.
    pub async fn payouts_of(&self, end_to_end_ids: &[String]) -> Result<Vec<(String, BookName, Uuid)>, Error> {
        let mut found = Vec::new();
        for ids in end_to_end_ids.chunks(IDS_READ_MAX) {
            let places: Vec<String> = (1..).take(ids.len()).map(|place| format!("${place}")).collect();
            let sql = format!("SELECT end_to_end_id, book, payout_id FROM payout_attempt WHERE end_to_end_id IN ({})", places.join(", "));
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
            for id in ids {
                query = query.bind(id.clone());
            }
            let rows: Vec<(String, String, String)> = query.fetch_all(self.pool()).await?;
            for (end_to_end_id, book, payout_id) in rows {
                found.push((end_to_end_id, read_book(&book)?, uuid(&payout_id)?));
            }
        }
        Ok(found)
    }
}

fn recorded(row: AttemptRow) -> RecordedAttempt {
    let (
        number,
        rail,
        bank,
        entity,
        bank_account,
        end_to_end_id,
        reference,
        cost_minor_units,
        sends,
        bank_status,
        reason_code,
        reason,
        begun,
        ended,
    ) = row;
    let attempt = Attempt { number, rail, bank, entity, bank_account, reference, cost_minor_units, starts_at_ms: begun, expected_at_ms: 0 };
    RecordedAttempt { attempt, end_to_end_id, sends, bank_status, reason_code, reason, begun_at_ms: begun, ended_at_ms: ended }
}
