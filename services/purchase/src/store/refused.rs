//! The table `refused_receipt`: receipts that credited nobody, for support.

use money::{BookName, UserKey};
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, Row, any::AnyRow};
use uuid::Uuid;

use super::{Error, Store};
use crate::stores::apple::claims::ReceiptClaims;

/// A receipt that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRow {
    /// Our own id, a UUID of version 7.
    pub refusal_id: Uuid,
    /// The user who submitted it.
    pub user: UserKey,
    /// The request that submitted it.
    pub request_id: Uuid,
    /// When it was refused, in Unix milliseconds.
    pub refused_at_ms: i64,
    /// The reason of the refusal.
    pub reason: String,
    /// The sentence that explains it.
    pub message: String,
    /// Whether the store signed it.
    pub authentic: bool,
    /// What it claims to be.
    pub claims: ReceiptClaims,
}

/// The rows requested; an empty text matches any.
#[derive(Debug, Clone, Copy)]
pub struct RefusedFilter<'a> {
    /// Submitted by this user.
    pub user_id: &'a str,
    /// Of this transaction of the store.
    pub transaction_id: &'a str,
    /// Refused in this time.
    pub refused: TimeRange,
}

/// Keeps a refused receipt; a request is refused once.
pub(crate) async fn insert(connection: &mut AnyConnection, book: &BookName, row: &RefusedRow) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO refused_receipt (book, refusal_id, user_id, request_id, refused_at_ms, reason, message, authentic, environment,
             bundle_id, transaction_id, product_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
    )
    .bind(book.as_str())
    .bind(row.refusal_id.hyphenated().to_string())
    .bind(row.user.as_str())
    .bind(row.request_id.hyphenated().to_string())
    .bind(row.refused_at_ms)
    .bind(row.reason.as_str())
    .bind(row.message.as_str())
    .bind(i64::from(row.authentic))
    .bind(row.claims.environment.as_str())
    .bind(row.claims.bundle_id.as_str())
    .bind(row.claims.transaction_id.as_str())
    .bind(row.claims.product_id.as_str())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) fn read(row: &AnyRow) -> Result<RefusedRow, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let refusal_id = text("refusal_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: refusal_id.clone(), column };
    Ok(RefusedRow {
        refusal_id: Uuid::try_parse(&refusal_id).map_err(|_| damaged("refusal_id"))?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("user_id"))?,
        request_id: Uuid::try_parse(&text("request_id")?).map_err(|_| damaged("request_id"))?,
        refused_at_ms: row.try_get("refused_at_ms")?,
        reason: text("reason")?,
        message: text("message")?,
        authentic: row.try_get::<i64, _>("authentic")? == 1,
        claims: ReceiptClaims {
            environment: text("environment")?,
            bundle_id: text("bundle_id")?,
            transaction_id: text("transaction_id")?,
            product_id: text("product_id")?,
        },
    })
}

impl Store {
    /// Refused receipts of a book that are older than `before`, newest first.
    pub async fn refused(
        &self,
        book: &BookName,
        filter: RefusedFilter<'_>,
        before: Option<Uuid>,
        count_max: i64,
    ) -> Result<Vec<RefusedRow>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM refused_receipt
             WHERE book = $1 AND refusal_id < $2 AND ($3 = '' OR user_id = $3) AND ($4 = '' OR transaction_id = $4)
                 AND refused_at_ms >= $5 AND refused_at_ms < $6
             ORDER BY refusal_id DESC LIMIT $7",
        )
        .bind(book.as_str())
        .bind(before.unwrap_or(Uuid::max()).hyphenated().to_string())
        .bind(filter.user_id)
        .bind(filter.transaction_id)
        .bind(filter.refused.from_ms)
        .bind(filter.refused.until_ms)
        .bind(count_max)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(read).collect()
    }

    /// Deletes at most `count_max` that were refused before `before_ms`.
    pub(crate) async fn forget_refused(&self, before_ms: i64, count_max: i64) -> Result<u64, Error> {
        let sql = "DELETE FROM refused_receipt WHERE (book, refusal_id) IN
            (SELECT book, refusal_id FROM refused_receipt WHERE refused_at_ms < $1 ORDER BY refused_at_ms LIMIT $2)";
        Ok(sqlx::query(sql).bind(before_ms).bind(count_max).execute(&self.pool).await?.rows_affected())
    }
}
