//! The table of attempts, and the counter of short references.

use super::{Error, Store, book as read_book, uuid};
use crate::domain::{
    Payout, PayoutKey,
    attempt::{Attempt, ReferenceNumbering},
};
use ::money::BookName;
use db::sets::{self, SetValue};
use sqlx::AnyConnection;
use std::collections::BTreeMap;
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
    let first = next_numbers(tx, bank, bank_account, 1).await?;
    numbered(numbering, first)
}

/// Takes so many numbers of the account's references, from the returned one on.
pub async fn next_numbers(tx: &mut AnyConnection, bank: &str, bank_account: &str, count: i64) -> Result<i64, Error> {
    let sql = "INSERT INTO reference_counter (bank, bank_account, next_no) VALUES ($1, $2, 1 + $3)
         ON CONFLICT (bank, bank_account) DO UPDATE SET next_no = reference_counter.next_no + $3 RETURNING next_no - $3";
    let query = sqlx::query_scalar(sql).bind(bank.to_owned()).bind(bank_account.to_owned()).bind(count);
    Ok(query.fetch_one(tx).await?)
}

/// The reference of a number.
pub fn numbered(numbering: &ReferenceNumbering, number: i64) -> Result<String, Error> {
    numbering.reference(number).ok_or(Error::Row("counter of trace numbers, which is used up,"))
}

/// Keeps an attempt that begins.
pub async fn begin(tx: &mut AnyConnection, payout: &Payout, now_ms: i64) -> Result<(), Error> {
    begin_all(tx, &[payout], now_ms).await
}

/// Keeps the attempts of these payouts, which differ, that begin.
pub async fn begin_all(tx: &mut AnyConnection, payouts: &[&Payout], now_ms: i64) -> Result<(), Error> {
    let row = |payout: &&Payout| {
        let ([book, payout_id], attempt) = (payout.key().columns(), &payout.attempt);
        let [rail, bank, entity, account] =
            [&attempt.rail, &attempt.bank, &attempt.entity, &attempt.bank_account].map(|text| text.clone().into());
        let (reference, cost) = (attempt.reference.clone().into(), attempt.cost_minor_units.into());
        [book, payout_id, attempt.number.into(), rail, bank, entity, account, payout.end_to_end_id().into(), reference, cost, now_ms.into()]
    };
    let rows: Vec<[SetValue; 11]> = payouts.iter().map(row).collect();
    let sql = "INSERT INTO payout_attempt (book, payout_id, attempt_no, rail, bank, entity, bank_account, end_to_end_id, reference, cost_minor_units, begun_at_ms)
         VALUES {rows} ON CONFLICT (book, payout_id, attempt_no) DO UPDATE SET
             rail = excluded.rail, bank = excluded.bank, entity = excluded.entity, bank_account = excluded.bank_account,
             reference = excluded.reference, cost_minor_units = excluded.cost_minor_units";
    sets::changed(tx, sql, &rows).await?;
    Ok(())
}

/// Keeps how the attempts of these payouts ended, and when that was, if they were not paid; 0 if they were.
pub async fn end_all(tx: &mut AnyConnection, ended: &[(&Payout, i64)]) -> Result<(), Error> {
    let row = |(payout, ended_at_ms): &(&Payout, i64)| {
        let [book, payout_id] = payout.key().columns();
        let (bank_status, code) = (payout.bank_status.clone().into(), payout.reason_code.clone().into());
        let (number, sends, letters) = (payout.attempt.number.into(), payout.sends.into(), payout.sendings.letters().into());
        [book, payout_id, number, sends, letters, bank_status, code, payout.reason.clone().into(), (*ended_at_ms).into()]
    };
    let rows: Vec<[SetValue; 9]> = ended.iter().map(row).collect();
    let sql = "UPDATE payout_attempt SET sends = v.column4, sendings = v.column5, bank_status = v.column6, reason_code = v.column7,
             reason = v.column8, ended_at_ms = v.column9
         FROM (VALUES {rows}) AS v
         WHERE payout_attempt.book = v.column1 AND payout_attempt.payout_id = v.column2 AND payout_attempt.attempt_no = v.column3";
    sets::changed(tx, sql, &rows).await?;
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

    /// `EndToEndId` of every attempt of these payouts, the first one's first, by payout; without those of which an older program kept no attempts.
    pub async fn end_to_end_ids_of(&self, book: &BookName, payout_ids: &[Uuid]) -> Result<BTreeMap<Uuid, Vec<String>>, Error> {
        let mut found: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
        for ids in payout_ids.chunks(IDS_READ_MAX) {
            let places: Vec<String> = (2..).take(ids.len()).map(|place| format!("${place}")).collect();
            let of_them = places.join(", ");
            let sql = format!(
                "SELECT payout_id, end_to_end_id FROM payout_attempt WHERE book = $1 AND payout_id IN ({of_them}) ORDER BY payout_id, attempt_no"
            );
            let query = sqlx::query_as::<_, (String, String)>(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
            let query = ids.iter().fold(query, |query, id| query.bind(id.to_string()));
            for (payout_id, end_to_end_id) in query.fetch_all(self.pool()).await? {
                found.entry(uuid(&payout_id)?).or_default().push(end_to_end_id);
            }
        }
        Ok(found)
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
