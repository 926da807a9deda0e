//! The table of recalls.

use super::{Error, Store, book as read_book, uuid};
use crate::domain::{
    CostBearer, NEVER_MS, PayoutKey,
    recall::{PayoutRecall, RecallFee, RecallState},
};
use ::money::BookName;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

fn read(row: &AnyRow) -> Result<PayoutRecall, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let number = |name: &str| row.try_get::<i64, _>(name);
    Ok(PayoutRecall {
        recall_id: uuid(&text("recall_id")?)?,
        book: read_book(&text("book")?)?,
        payout_id: uuid(&text("payout_id")?)?,
        bank: text("bank")?,
        end_to_end_id: text("end_to_end_id")?,
        message_id: text("message_id")?,
        requested_by: text("requested_by")?,
        code: text("code")?,
        state: RecallState::from_name(&text("state")?).ok_or(Error::Row("recall state"))?,
        answer_code: text("answer_code")?,
        note: text("note")?,
        repaid_by: text("repaid_by")?,
        sends: number("sends")?,
        tries: number("tries")?,
        due_at_ms: number("due_at_ms")?,
        expires_at_ms: number("expires_at_ms")?,
        requested_at_ms: number("requested_at_ms")?,
        ended_at_ms: number("ended_at_ms")?,
        fee: RecallFee {
            minor_units: number("fee_minor_units")?,
            bearer: CostBearer::from_name(&text("fee_bearer")?).ok_or(Error::Row("fee bearer"))?,
            key: Some(text("fee_key")?).filter(|key| !key.is_empty()).map_or(Ok(Uuid::nil()), |key| uuid(&key))?,
            posting_id: text("fee_posting_id")?,
            tries: number("fee_tries")?,
            due_at_ms: number("fee_due_at_ms")?,
        },
        version: number("version")?,
    })
}

/// Stores a new recall.
pub async fn insert(tx: &mut AnyConnection, recall: &PayoutRecall) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO payout_recall (recall_id, book, payout_id, bank, end_to_end_id, message_id, requested_by, code, state, answer_code, note, repaid_by,
             sends, tries, due_at_ms, expires_at_ms, requested_at_ms, ended_at_ms, version, fee_minor_units, fee_bearer)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', '', 0, 0, $10, $11, $12, 0, 1, $13, $14)",
    )
    .bind(recall.recall_id.to_string())
    .bind(recall.book.as_str().to_owned())
    .bind(recall.payout_id.to_string())
    .bind(recall.bank.clone())
    .bind(recall.end_to_end_id.clone())
    .bind(recall.message_id.clone())
    .bind(recall.requested_by.clone())
    .bind(recall.code.clone())
    .bind(recall.state.name())
    .bind(recall.due_at_ms)
    .bind(recall.expires_at_ms)
    .bind(recall.requested_at_ms)
    .bind(recall.fee.minor_units)
    .bind(recall.fee.bearer.name())
    .execute(tx)
    .await?;
    Ok(())
}

/// Writes `recall` over the version that was read. `None`: another writer was first, and nothing changed.
pub async fn update(tx: &mut AnyConnection, mut recall: PayoutRecall) -> Result<Option<PayoutRecall>, Error> {
    let updated = sqlx::query(
        "UPDATE payout_recall SET version = version + 1, state = $3, answer_code = $4, note = $5, repaid_by = $6, sends = $7, tries = $8, due_at_ms = $9,
             ended_at_ms = $10, fee_bearer = $11, fee_key = $12, fee_posting_id = $13, fee_tries = $14, fee_due_at_ms = $15
         WHERE recall_id = $1 AND version = $2",
    )
    .bind(recall.recall_id.to_string())
    .bind(recall.version)
    .bind(recall.state.name())
    .bind(recall.answer_code.clone())
    .bind(recall.note.clone())
    .bind(recall.repaid_by.clone())
    .bind(recall.sends)
    .bind(recall.tries)
    .bind(recall.due_at_ms)
    .bind(recall.ended_at_ms)
    .bind(recall.fee.bearer.name())
    .bind(if recall.fee.key.is_nil() { String::new() } else { recall.fee.key.to_string() })
    .bind(recall.fee.posting_id.clone())
    .bind(recall.fee.tries)
    .bind(recall.fee.due_at_ms)
    .execute(tx)
    .await?;
    recall.version += 1;
    Ok((updated.rows_affected() == 1).then_some(recall))
}

/// A payout's, the first one first.
pub async fn of_payout(tx: &mut AnyConnection, payout_key: &PayoutKey) -> Result<Vec<PayoutRecall>, Error> {
    let query = sqlx::query("SELECT * FROM payout_recall WHERE book = $1 AND payout_id = $2 ORDER BY requested_at_ms, recall_id");
    let query = query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string());
    query.fetch_all(tx).await?.iter().map(read).collect()
}

/// The recall whose answer named this payment of the bank as the one that brings the money back.
pub async fn repaid_by(tx: &mut AnyConnection, bank: &str, end_to_end_id: &str) -> Result<Option<PayoutRecall>, Error> {
    let query =
        sqlx::query("SELECT * FROM payout_recall WHERE repaid_by = $1 AND repaid_by <> '' AND bank = $2 ORDER BY requested_at_ms LIMIT 1");
    query.bind(end_to_end_id.to_owned()).bind(bank.to_owned()).fetch_optional(tx).await?.as_ref().map(read).transpose()
}

impl Store {
    /// A payout's recalls, the first one first.
    pub async fn recalls_of(&self, payout_key: &PayoutKey) -> Result<Vec<PayoutRecall>, Error> {
        let mut connection = self.pool().acquire().await?;
        of_payout(&mut connection, payout_key).await
    }

    /// Recalls that are due, longest waiting first.
    pub async fn due_recalls(&self, now_ms: i64, limit: i64) -> Result<Vec<PayoutRecall>, Error> {
        let query = sqlx::query("SELECT * FROM payout_recall WHERE due_at_ms <= $1 AND due_at_ms < $2 ORDER BY due_at_ms LIMIT $3");
        query.bind(now_ms).bind(NEVER_MS).bind(limit).fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// Recalls of payouts, the first one first.
    pub async fn recalls_of_all(&self, book: &BookName, payout_ids: &[Uuid]) -> Result<Vec<PayoutRecall>, Error> {
        if payout_ids.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (2..).take(payout_ids.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT * FROM payout_recall WHERE book = $1 AND payout_id IN ({}) ORDER BY requested_at_ms, recall_id",
            places.join(", ")
        );
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
        for id in payout_ids {
            query = query.bind(id.to_string());
        }
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// Recalls whose fee is due to be posted, longest waiting first.
    pub async fn due_recall_fees(&self, now_ms: i64, limit: i64) -> Result<Vec<PayoutRecall>, Error> {
        let query =
            sqlx::query("SELECT * FROM payout_recall WHERE fee_due_at_ms <= $1 AND fee_due_at_ms < $2 ORDER BY fee_due_at_ms LIMIT $3");
        query.bind(now_ms).bind(NEVER_MS).bind(limit).fetch_all(self.pool()).await?.iter().map(read).collect()
    }

    /// As [`update`], in a transaction of its own.
    pub async fn save_recall(&self, recall: PayoutRecall) -> Result<Option<PayoutRecall>, Error> {
        let mut tx = self.begin().await?;
        let saved = update(&mut tx, recall).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Makes a bank's recall due for a question at once, unless it was decided. True where there is such a recall, in whatever state.
    pub async fn hasten_recall(&self, bank: &str, recall_id: Uuid, now_ms: i64) -> Result<bool, Error> {
        let sql = "UPDATE payout_recall SET due_at_ms = $3 WHERE recall_id = $1 AND bank = $2 AND state IN ('requested', 'expired') AND due_at_ms > $3";
        sqlx::query(sql).bind(recall_id.to_string()).bind(bank.to_owned()).bind(now_ms).execute(self.pool()).await?;
        let sql = "SELECT COUNT(*) FROM payout_recall WHERE recall_id = $1 AND bank = $2";
        let known: i64 = sqlx::query_scalar(sql).bind(recall_id.to_string()).bind(bank.to_owned()).fetch_one(self.pool()).await?;
        Ok(known > 0)
    }
}
