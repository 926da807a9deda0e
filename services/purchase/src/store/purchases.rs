//! The table `purchase`.

use db::text;
use money::{BookName, UserKey};
use rpc::wire::TimeRange;
use sqlx::{AnyConnection, AnyPool, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::rows::{BLOCKED, CREDITED, SUSPENDED, VERIFIED, purchase};
use super::{Error, Store};
use crate::domain::{Purchase, PurchaseState, Transaction};

/// Most purchases read for one transaction id of the store: apps of one book times environments.
const SAME_STORE_ID_MAX: i64 = 100;

/// Keeps a valid receipt, unless its transaction is stored already. True: it is new. The unique index decides between rivals; without a target, because
/// a rival may be found in either of the two that there are.
pub(crate) async fn insert(connection: &mut AnyConnection, new: &Purchase, next_attempt_at_ms: i64) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO purchase (book, purchase_id, user_id, request_id, state, store, environment, bundle_id, transaction_id,
             product_id, quantity, coins, currency, price_minor_units, tax_minor_units, commission_minor_units,
             purchased_at_ms, created_at_ms, attempt, next_attempt_at_ms, posting_id, coin_balance, balance_seq,
             stated_price, market, entity, bonus_coins)
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, $18, '', 0, 0, $19, $20, $21, $22)
         ON CONFLICT DO NOTHING",
    )
    .bind(new.book.as_str())
    .bind(text(new.purchase_id))
    .bind(new.user.as_str())
    .bind(text(new.request_id))
    .bind(new.store.as_str())
    .bind(new.environment.as_str())
    .bind(new.bundle_id.as_str())
    .bind(new.transaction_id.as_str())
    .bind(new.product_id.as_str())
    .bind(i64::from(new.quantity))
    .bind(new.value.coins.get())
    .bind(new.value.price.currency().code().to_owned())
    .bind(new.value.price.minor_units())
    .bind(new.value.tax.minor_units())
    .bind(new.value.commission.minor_units())
    .bind(new.purchased_at_ms)
    .bind(new.created_at_ms)
    .bind(next_attempt_at_ms)
    .bind(new.stated_price.as_str())
    .bind(new.sold.market.as_str())
    .bind(new.sold.entity.as_str())
    .bind(new.sold.bonus.get())
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// The purchase behind a store's transaction.
pub(crate) async fn by_transaction(connection: &mut AnyConnection, like: &Transaction) -> Result<Option<Purchase>, Error> {
    let row = sqlx::query("SELECT * FROM purchase WHERE store = $4 AND environment = $1 AND bundle_id = $2 AND transaction_id = $3")
        .bind(like.environment.as_str())
        .bind(like.bundle_id.as_str())
        .bind(like.transaction_id.as_str())
        .bind(like.store.as_str())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(purchase).transpose()
}

/// Records where the coins are, as the ledger answered, and that the store is to be told. The first answer stays. `owes`: the buyer may owe coins.
pub(crate) async fn settle(connection: &mut AnyConnection, of: &Purchase, state: &PurchaseState, owes: bool) -> Result<(), Error> {
    let (number, posting_id, coin_balance, balance_seq) = match state {
        PurchaseState::Verified | PurchaseState::Blocked => return Ok(()),
        PurchaseState::Credited(credit) => (CREDITED, &credit.posting_id, credit.coin_balance.get(), credit.balance_seq.get()),
        PurchaseState::Suspended { posting_id } => (SUSPENDED, posting_id, 0, 0),
    };
    sqlx::query(
        "UPDATE purchase SET state = $6, posting_id = $3, coin_balance = $4, balance_seq = $5, blocked_by = ''
         WHERE book = $1 AND purchase_id = $2 AND state = 1",
    )
    .bind(of.book.as_str())
    .bind(text(of.purchase_id))
    .bind(posting_id.as_str())
    .bind(coin_balance)
    .bind(balance_seq)
    .bind(number)
    .execute(&mut *connection)
    .await?;
    super::refunds::wake(connection, of).await?;
    super::debts::wake(connection, &of.book, &of.user, owes).await?;
    super::outbox::release(connection, of).await
}

/// A page of a user's purchases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PurchasePage {
    /// Only those of this time.
    pub(crate) created: TimeRange,
    /// Only those older than this one.
    pub(crate) before: Option<Uuid>,
    /// How many at the most.
    pub(crate) count_max: i64,
}

impl Store {
    /// One purchase.
    pub async fn purchase(&self, book: &BookName, purchase_id: Uuid) -> Result<Option<Purchase>, Error> {
        let row = sqlx::query("SELECT * FROM purchase WHERE book = $1 AND purchase_id = $2")
            .bind(book.as_str())
            .bind(text(purchase_id))
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(purchase).transpose()
    }

    /// Purchases of a book by the store's transaction: one, unless two apps of the book have the same number.
    pub(crate) async fn by_store_id(&self, book: &BookName, transaction_id: &str) -> Result<Vec<Purchase>, Error> {
        let sql = "SELECT * FROM purchase WHERE book = $1 AND transaction_id = $2 ORDER BY purchase_id LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(transaction_id).bind(SAME_STORE_ID_MAX);
        query.fetch_all(&self.pool).await?.iter().map(purchase).collect()
    }

    /// A page of a user's purchases, newest first.
    pub(crate) async fn purchases(&self, book: &BookName, user: &UserKey, page: PurchasePage) -> Result<Vec<Purchase>, Error> {
        let rows = sqlx::query(
            "SELECT * FROM purchase WHERE book = $1 AND user_id = $2 AND purchase_id < $3 AND created_at_ms >= $4 AND created_at_ms < $5
             ORDER BY purchase_id DESC LIMIT $6",
        )
        .bind(book.as_str())
        .bind(user.as_str())
        .bind(text(page.before.unwrap_or(Uuid::max())))
        .bind(page.created.from_ms)
        .bind(page.created.until_ms)
        .bind(page.count_max)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(purchase).collect()
    }

    /// Purchases that wait for their coins and are due: those with the fewest tries first, so that one that can't be credited never delays one that
    /// can; of those, the longest waiting first.
    pub(crate) async fn due(&self, now_ms: i64, count_max: i64) -> Result<Vec<Purchase>, Error> {
        let sql = "SELECT * FROM purchase WHERE state = 1 AND next_attempt_at_ms <= $1 ORDER BY tries, next_attempt_at_ms LIMIT $2";
        self.due_rows("purchase", sql, now_ms, count_max, purchase).await
    }

    /// Postpones the next attempt, so that a purchase that can't be credited does not delay others.
    pub(crate) async fn put_off(&self, of: &Purchase, next_attempt_at_ms: i64) -> Result<(), Error> {
        sqlx::query("UPDATE purchase SET next_attempt_at_ms = $3 WHERE book = $1 AND purchase_id = $2 AND state = 1")
            .bind(of.book.as_str())
            .bind(text(of.purchase_id))
            .bind(next_attempt_at_ms)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Notes that the coins could not be issued, and why.
    pub(crate) async fn blocked(&self, of: &Purchase, why: &str) -> Result<(), Error> {
        sqlx::query("UPDATE purchase SET tries = tries + 1, blocked_by = $3 WHERE book = $1 AND purchase_id = $2 AND state = 1")
            .bind(of.book.as_str())
            .bind(text(of.purchase_id))
            .bind(why)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Ends the purchase: the ledger will never issue the coins, and the row has the reason.
    pub(crate) async fn end_blocked(&self, of: &Purchase) -> Result<(), Error> {
        sqlx::query("UPDATE purchase SET state = $3 WHERE book = $1 AND purchase_id = $2 AND state = 1")
            .bind(of.book.as_str())
            .bind(text(of.purchase_id))
            .bind(BLOCKED)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The ledger finally refused this attempt's id: the next attempt gets another one, with the present time. Only one of several callers advances it.
    /// `waits`: from this attempt on it counts among the purchases that wait for their wallet. Returns the purchase with its next attempt, even if
    /// another caller advanced it; `None` if it was credited meanwhile.
    pub(crate) async fn next_attempt(&self, of: &Purchase, waits: bool, now_ms: i64) -> Result<Option<Purchase>, Error> {
        sqlx::query(
            "UPDATE purchase SET attempt = attempt + 1, attempt_at_ms = $5,
                 waits_since_ms = CASE WHEN waits_since_ms = 0 AND $6 = 1 THEN $5 ELSE waits_since_ms END
             WHERE book = $1 AND purchase_id = $2 AND state = $3 AND attempt = $4",
        )
        .bind(of.book.as_str())
        .bind(text(of.purchase_id))
        .bind(VERIFIED)
        .bind(of.attempt)
        .bind(now_ms)
        .bind(i64::from(waits))
        .execute(&self.pool)
        .await?;
        Ok(self.purchase(&of.book, of.purchase_id).await?.filter(|now| now.state == PurchaseState::Verified))
    }
}

pub(super) async fn credited(pool: &AnyPool, book: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<Purchase>, Error> {
    let sql = "SELECT * FROM purchase WHERE book = $1 AND purchase_id > $2 AND state IN (2, 3) ORDER BY purchase_id LIMIT $3";
    page(pool, sql, book, after, count_max).await?.iter().map(purchase).collect()
}

/// The state is written into the SQL text, so that the index over open purchases is used.
pub(super) async fn verified(pool: &AnyPool, book: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<Purchase>, Error> {
    let sql = "SELECT * FROM purchase WHERE state = 1 AND book = $1 AND purchase_id > $2 ORDER BY purchase_id LIMIT $3";
    page(pool, sql, book, after, count_max).await?.iter().map(purchase).collect()
}

async fn page(pool: &AnyPool, sql: &'static str, book: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<AnyRow>, Error> {
    let query = sqlx::query(sql).bind(book.as_str()).bind(text(after.unwrap_or(Uuid::nil()))).bind(count_max);
    Ok(query.fetch_all(pool).await?)
}

pub(super) async fn unfinished(pool: &AnyPool) -> Result<Vec<UnfinishedCount>, Error> {
    let sql = "SELECT COUNT(*), MIN(created_at_ms) FROM purchase WHERE state = 1";
    let (count, since_ms): (i64, Option<i64>) = sqlx::query_as(sql).fetch_one(pool).await?;
    Ok(vec![UnfinishedCount { what: "purchase", state: "verified", count: count.unsigned_abs(), since_ms }])
}

pub(super) async fn open_count(pool: &AnyPool, book: &BookName) -> Result<i64, Error> {
    let sql = "SELECT COUNT(*) FROM purchase WHERE book = $1 AND state = $2";
    Ok(sqlx::query_scalar(sql).bind(book.as_str()).bind(VERIFIED).fetch_one(pool).await?)
}
