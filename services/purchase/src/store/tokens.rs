//! The table `receipt_token`: sales that a store names by a token.

use sqlx::{AnyConnection, Row, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::{Error, Store};
use crate::domain::{Purchase, StoreKind};
use crate::stores::receipt::StoreReceipt;
use money::{BookName, UserKey};

/// `state` in the table.
const PENDING: i64 = 1;
/// `state` in the table.
const KEPT: i64 = 2;
/// `state` in the table.
const NEVER_PAID: i64 = 3;

/// A sale whose buyer has not paid yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSale {
    /// The app.
    pub bundle_id: String,
    /// The book of the app.
    pub book: BookName,
    /// Who submitted it.
    pub user: UserKey,
    /// What was bought.
    pub product_id: String,
    /// With what the store is asked again.
    pub receipt: StoreReceipt,
    /// How often it was asked in vain.
    pub tries: i64,
}

impl PendingSale {
    fn store(&self) -> StoreKind {
        self.receipt.store()
    }
}

fn read(row: &AnyRow) -> Result<PendingSale, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let damaged = |column: &'static str| Error::Damaged { purchase_id: "of a token".to_owned(), column };
    Ok(PendingSale {
        bundle_id: text("bundle_id")?,
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("receipt_token.book"))?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("receipt_token.user_id"))?,
        product_id: text("product_id")?,
        receipt: StoreReceipt::from_text(&text("receipt")?).ok_or_else(|| damaged("receipt_token.receipt"))?,
        tries: row.try_get("tries")?,
    })
}

/// Binds a token to the purchase that is about to be kept. False: another purchase has it.
pub(crate) async fn bind(connection: &mut AnyConnection, of: &Purchase, receipt: &StoreReceipt) -> Result<bool, Error> {
    let bound = sqlx::query(
        "INSERT INTO receipt_token (store, bundle_id, token_digest, book, state, user_id, product_id, purchase_id, receipt, since_ms, tries,
             next_attempt_at_ms, note)
         VALUES ($1, $2, $3, $4, $5, '', $6, $7, '', $8, 0, 0, '')
         ON CONFLICT (store, bundle_id, token_digest) DO UPDATE
             SET book = excluded.book, state = excluded.state, user_id = '', purchase_id = excluded.purchase_id, receipt = '', note = ''
             WHERE receipt_token.state <> $5",
    )
    .bind(of.store.as_str())
    .bind(of.bundle_id.as_str())
    .bind(receipt.digest())
    .bind(of.book.as_str())
    .bind(KEPT)
    .bind(of.product_id.as_str())
    .bind(of.purchase_id.hyphenated().to_string())
    .bind(of.created_at_ms)
    .execute(connection)
    .await?;
    Ok(bound.rows_affected() == 1)
}

/// The purchase of a token, by its book and id.
pub(crate) async fn purchase_of(
    connection: &mut AnyConnection,
    receipt: &StoreReceipt,
    bundle_id: &str,
) -> Result<Option<(String, Uuid)>, Error> {
    let sql = "SELECT book, purchase_id FROM receipt_token WHERE store = $1 AND bundle_id = $2 AND token_digest = $3 AND state = $4";
    let query = sqlx::query_as(sql).bind(receipt.store().as_str()).bind(bundle_id).bind(receipt.digest()).bind(KEPT);
    let found: Option<(String, String)> = query.fetch_optional(connection).await?;
    let damaged = |_| Error::Damaged { purchase_id: "of a token".to_owned(), column: "receipt_token.purchase_id" };
    found.map(|(book, id)| Ok((book, Uuid::try_parse(&id).map_err(damaged)?))).transpose()
}

impl Store {
    /// Keeps a sale that is not paid yet, for the first who submits it.
    pub(crate) async fn keep_pending(&self, sale: &PendingSale, now_ms: i64, next_attempt_at_ms: i64) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO receipt_token (store, bundle_id, token_digest, book, state, user_id, product_id, purchase_id, receipt, since_ms,
                 tries, next_attempt_at_ms, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9, 0, $10, '') ON CONFLICT DO NOTHING",
        )
        .bind(sale.store().as_str())
        .bind(sale.bundle_id.as_str())
        .bind(sale.receipt.digest())
        .bind(sale.book.as_str())
        .bind(PENDING)
        .bind(sale.user.as_str())
        .bind(sale.product_id.as_str())
        .bind(sale.receipt.to_text())
        .bind(now_ms)
        .bind(next_attempt_at_ms)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Pending sales of which the store is to be asked again.
    pub(crate) async fn due_pending(&self, now_ms: i64, count_max: i64) -> Result<Vec<PendingSale>, Error> {
        let sql = "SELECT * FROM receipt_token WHERE state = 1 AND next_attempt_at_ms <= $1 ORDER BY tries, next_attempt_at_ms LIMIT $2";
        self.due_rows("receipt_token", sql, now_ms, count_max, read).await
    }

    /// A pending sale is still not paid, or its store can't be asked.
    pub(crate) async fn put_off_pending(&self, of: &PendingSale, why: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE receipt_token SET tries = tries + 1, note = $4, next_attempt_at_ms = $5
             WHERE store = $1 AND bundle_id = $2 AND token_digest = $3 AND state = 1";
        let query = sqlx::query(sql).bind(of.store().as_str()).bind(of.bundle_id.as_str()).bind(of.receipt.digest());
        query.bind(why).bind(next_attempt_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// A pending sale will never be paid, or credits nobody, for this reason.
    pub(crate) async fn end_pending(&self, of: &StoreReceipt, bundle_id: &str, why: &str) -> Result<(), Error> {
        let sql = "UPDATE receipt_token SET state = $4, user_id = '', receipt = '', note = $5
             WHERE store = $1 AND bundle_id = $2 AND token_digest = $3 AND state = 1";
        let query = sqlx::query(sql).bind(of.store().as_str()).bind(bundle_id).bind(of.digest()).bind(NEVER_PAID);
        query.bind(why).execute(&self.pool).await?;
        Ok(())
    }

    /// State and note of every token of a book, the first one first: 1 pending, 2 kept as a purchase, 3 never paid.
    pub async fn tokens(&self, book: &BookName) -> Result<Vec<(i64, String)>, Error> {
        let sql = "SELECT state, note FROM receipt_token WHERE book = $1 ORDER BY since_ms, token_digest";
        Ok(sqlx::query_as(sql).bind(book.as_str()).fetch_all(&self.pool).await?)
    }

    /// How many sales wait for their buyers to pay.
    pub(super) async fn open_pending(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let sql = "SELECT COUNT(*), MIN(since_ms) FROM receipt_token WHERE state = 1";
        let (count, since_ms): (i64, Option<i64>) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        Ok(vec![UnfinishedCount { what: "receipt_token", state: "pending", count: count.unsigned_abs(), since_ms }])
    }
}
