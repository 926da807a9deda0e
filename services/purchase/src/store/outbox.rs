//! The table `store_outbox`: what stores must be told.

use sqlx::{AnyConnection, Row, any::AnyRow};
use std::time::SystemTime;
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::{Error, Store};
use crate::domain::Purchase;
use crate::stores::receipt::StoreReceipt;
use money::{BookName, time::unix_ms};

/// What is told: that the buyer has the goods.
const ACKNOWLEDGE: &str = "acknowledge";
/// How long before its deadline a row counts as near it, in milliseconds: a day, in which staff can act.
const NEAR_MS: i64 = 86_400_000;

/// `state` in the table.
pub(crate) const WAITS: i64 = 1;
/// `state` in the table.
pub(crate) const DUE: i64 = 2;
/// `state` in the table.
pub(crate) const DONE: i64 = 3;
/// `state` in the table.
pub(crate) const GIVEN_UP: i64 = 4;

/// Something that a store must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreDuty {
    /// The book of the purchase.
    pub book: BookName,
    /// The purchase.
    pub purchase_id: String,
    /// With what the store is told.
    pub receipt: StoreReceipt,
    /// Until when, in Unix milliseconds.
    pub deadline_ms: i64,
    /// How often it was tried in vain.
    pub tries: i64,
}

/// A row as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// The purchase.
    pub purchase_id: String,
    /// 1 waits, 2 due, 3 done, 4 given up.
    pub state: i64,
    /// Until when the store wants it, in Unix milliseconds.
    pub deadline_ms: i64,
    /// How often it was tried in vain.
    pub tries: i64,
    /// Why the last attempt failed, or why it was given up.
    pub last_error: String,
    /// Whether anything is kept that the store could be told with.
    pub has_receipt: bool,
}

fn duty(row: &AnyRow) -> Result<StoreDuty, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let purchase_id = text("purchase_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: purchase_id.clone(), column };
    Ok(StoreDuty {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("store_outbox.book"))?,
        receipt: StoreReceipt::from_text(&text("receipt")?).ok_or_else(|| damaged("store_outbox.receipt"))?,
        deadline_ms: row.try_get("deadline_ms")?,
        tries: row.try_get("tries")?,
        purchase_id: purchase_id.clone(),
    })
}

/// Writes down that the store of a new purchase must be told once its coins are issued.
pub(crate) async fn insert(connection: &mut AnyConnection, of: &Purchase, receipt: &StoreReceipt, deadline_ms: i64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO store_outbox (book, purchase_id, duty, store, state, receipt, created_at_ms, deadline_ms, tries, next_attempt_at_ms,
             last_error, done_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '', 0) ON CONFLICT DO NOTHING",
    )
    .bind(of.book.as_str())
    .bind(of.purchase_id.hyphenated().to_string())
    .bind(ACKNOWLEDGE)
    .bind(of.store.as_str())
    .bind(WAITS)
    .bind(receipt.to_text())
    .bind(of.created_at_ms)
    .bind(deadline_ms)
    .execute(connection)
    .await?;
    Ok(())
}

/// The coins of a purchase are issued: its store is to be told.
pub(super) async fn release(connection: &mut AnyConnection, of: &Purchase) -> Result<(), Error> {
    let sql = "UPDATE store_outbox SET state = $3 WHERE book = $1 AND purchase_id = $2 AND state = $4";
    let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.purchase_id.hyphenated().to_string()).bind(DUE).bind(WAITS);
    query.execute(connection).await?;
    Ok(())
}

impl Store {
    /// What stores are to be told now, those with the fewest tries first.
    pub(crate) async fn due_duties(&self, now_ms: i64, count_max: i64) -> Result<Vec<StoreDuty>, Error> {
        let sql = "SELECT * FROM store_outbox WHERE state = 2 AND next_attempt_at_ms <= $1 ORDER BY tries, deadline_ms LIMIT $2";
        self.due_rows("store_outbox", sql, now_ms, count_max, duty).await
    }

    /// The store knows.
    pub(crate) async fn duty_done(&self, of: &StoreDuty, now_ms: i64) -> Result<(), Error> {
        self.end_duty(&of.book, &of.purchase_id, DONE, "", now_ms).await
    }

    /// There is nothing to tell any more, for this reason.
    pub(crate) async fn give_up_duty(&self, book: &BookName, purchase_id: &str, why: &str, now_ms: i64) -> Result<(), Error> {
        self.end_duty(book, purchase_id, GIVEN_UP, why, now_ms).await
    }

    async fn end_duty(&self, book: &BookName, purchase_id: &str, state: i64, why: &str, now_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE store_outbox SET state = $4, last_error = $5, done_at_ms = $6, receipt = ''
             WHERE book = $1 AND purchase_id = $2 AND duty = $3 AND state IN (1, 2)";
        let query = sqlx::query(sql).bind(book.as_str()).bind(purchase_id).bind(ACKNOWLEDGE).bind(state).bind(why).bind(now_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Postpones what could not be told, with the reason.
    pub(crate) async fn put_off_duty(&self, of: &StoreDuty, why: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE store_outbox SET tries = tries + 1, last_error = $4, next_attempt_at_ms = $5
             WHERE book = $1 AND purchase_id = $2 AND duty = $3 AND state = 2";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(of.purchase_id.as_str()).bind(ACKNOWLEDGE).bind(why);
        query.bind(next_attempt_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Every row of a book, in the order of the purchases.
    pub async fn outbox(&self, book: &BookName) -> Result<Vec<OutboxRow>, Error> {
        let sql = "SELECT * FROM store_outbox WHERE book = $1 ORDER BY purchase_id";
        let rows = sqlx::query(sql).bind(book.as_str()).fetch_all(&self.pool).await?;
        let read = |row: &AnyRow| {
            Ok(OutboxRow {
                purchase_id: row.try_get("purchase_id")?,
                state: row.try_get("state")?,
                deadline_ms: row.try_get("deadline_ms")?,
                tries: row.try_get("tries")?,
                last_error: row.try_get("last_error")?,
                has_receipt: !row.try_get::<String, _>("receipt")?.is_empty(),
            })
        };
        rows.iter().map(read).collect()
    }

    /// How much is open, and how much of it is near its deadline or past it.
    pub(super) async fn open_duties(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let sql = "SELECT COUNT(*), MIN(created_at_ms) FROM store_outbox WHERE state IN (1, 2)";
        let (open, since_ms): (i64, Option<i64>) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        let sql = "SELECT COUNT(*) FROM store_outbox WHERE state IN (1, 2) AND deadline_ms < $1";
        let near: i64 = sqlx::query_scalar(sql).bind(unix_ms(SystemTime::now()).saturating_add(NEAR_MS)).fetch_one(&self.pool).await?;
        let count = |state, count: i64, since_ms| UnfinishedCount { what: "store_outbox", state, count: count.unsigned_abs(), since_ms };
        Ok(vec![count("open", open, since_ms), count("near_deadline", near, None)])
    }

    /// Gives up telling the store of a purchase whose coins are never issued: it pays the buyer back.
    pub(crate) async fn never_issued(&self, book: &BookName, purchase_id: Uuid, now_ms: i64) -> Result<(), Error> {
        self.give_up_duty(book, &purchase_id.hyphenated().to_string(), "its coins are never issued", now_ms).await
    }
}
