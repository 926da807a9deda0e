//! What an id stands for that somebody has: for a person who searches for one. Each id has an index.

use std::collections::{BTreeMap, BTreeSet};

use db::text;
use money::{BookName, UserKey};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::refund_orders::read as refund_order;
use super::refused::{self, RefusedRow};
use super::rows::purchase;
use super::wallet_changes::change as wallet_change;
use super::{Error, Store, orders};
use crate::domain::Purchase;
use crate::orders::order::Order;
use crate::refund_orders::order::RefundOrder;
use crate::wallet_changes::change::WalletChange;

/// A table and the columns in which an id is looked up.
type LookedUp = (&'static str, &'static [&'static str]);

const PURCHASES: LookedUp = ("purchase", &["request_id", "transaction_id"]);
const REFUSED: LookedUp = ("refused_receipt", &["refusal_id", "request_id", "transaction_id"]);
const ORDERS: LookedUp = ("store_order", &["order_id", "request_id", "session_id", "transaction_id"]);
const REFUND_ORDERS: LookedUp = ("refund_order", &["refund_id", "request_id", "store_refund_id"]);
const UNCREDITED: &str =
    "SELECT * FROM purchase WHERE book = $1 AND state IN (1, 4) AND (created_at_ms, purchase_id) > ($2, $3) AND created_at_ms < $4
    ORDER BY created_at_ms, purchase_id LIMIT $5";
const UNCREDITED_OF: &str =
    "SELECT * FROM purchase WHERE book = $1 AND user_id = $2 AND state IN (1, 4) AND (created_at_ms, purchase_id) < ($3, $4)
    ORDER BY created_at_ms DESC, purchase_id DESC LIMIT $5";
/// Lots of which coins are in suspense for sure: what staff gave to somebody from there is not among them any more.
const SUSPENDED: &str = "SELECT purchase_id, issued_at_ms FROM coin_lot WHERE book = $1 AND suspended_coins > 0 AND purchase_id <> ''
    AND (issued_at_ms, purchase_id) > ($2, $3) ORDER BY issued_at_ms, purchase_id LIMIT $4";
/// Also those whose coins staff has given to somebody since: that is known of their lots, which a cluster keeps elsewhere.
const SUSPENDED_OF: &str =
    "SELECT * FROM purchase WHERE book = $1 AND user_id = $2 AND state = 3 AND (created_at_ms, purchase_id) < ($3, $4)
    ORDER BY created_at_ms DESC, purchase_id DESC LIMIT $5";
/// By the index of what is open in a book, which is little.
const UNDECIDED_REFUNDS: &str =
    "SELECT * FROM refund_order WHERE book = $1 AND state IN (1, 2, 3, 4, 7) AND state = 1 AND (created_at_ms, refund_id) > ($2, $3)
    ORDER BY created_at_ms, refund_id LIMIT $4";
const UNDECIDED_CHANGES: &str =
    "SELECT * FROM wallet_change WHERE book = $1 AND state IN (1, 2, 3, 4) AND state = 1 AND (created_at_ms, change_id) > ($2, $3)
    ORDER BY created_at_ms, change_id LIMIT $4";
const FACTS: &str = "SELECT transaction_id FROM refund_fact WHERE book = $1 AND fact_id = $2 LIMIT 100";

/// Rows of one table that are found under an id. A request has one or two; more have an id that somebody uses for everything.
const FOUND_MAX: u32 = 100;
/// Ids read by one statement.
const IDS_READ_MAX: usize = 500;

/// Rows of a book that have an id in one of the columns, once each, some of them if there are very many. By one statement for each column, and in no order: with `OR` or an order, SQLite reads the whole book.
fn under((table, columns): LookedUp) -> String {
    let each = columns.iter().map(|column| format!("SELECT * FROM {table} WHERE book = $1 AND {column} = $2"));
    format!("{} LIMIT {FOUND_MAX}", each.collect::<Vec<_>>().join(" UNION "))
}

/// The lots of so many purchases, each with its coins in suspense.
fn lots_of(purchases: usize) -> String {
    let places: Vec<String> = (2..).take(purchases).map(|place| format!("${place}")).collect();
    let of_them = places.join(", ");
    format!("SELECT purchase_id, suspended_coins FROM coin_lot WHERE book = $1 AND purchase_id IN ({of_them}) AND purchase_id <> ''")
}

/// Where a list begins.
fn begin(after: Option<(i64, Uuid)>) -> (i64, String) {
    after.map_or((i64::MIN, String::new()), |(at_ms, id)| (at_ms, text(id)))
}

impl Store {
    /// Purchases by the request that submitted them or the store's transaction.
    pub async fn looked_up(&self, book: &BookName, id: &str) -> Result<Vec<Purchase>, Error> {
        let rows = sqlx::query(AssertSqlSafe(under(PURCHASES))).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?;
        let mut found = rows.iter().map(purchase).collect::<Result<Vec<Purchase>, Error>>()?;
        found.sort_by_key(|purchase| purchase.purchase_id);
        Ok(found)
    }

    /// The store of each of these purchases, and the store's transaction; without those that there are none of.
    pub async fn transactions_of(&self, book: &BookName, purchase_ids: &[Uuid]) -> Result<BTreeMap<Uuid, (String, String)>, Error> {
        let mut found = BTreeMap::new();
        for ids in purchase_ids.chunks(IDS_READ_MAX) {
            let places: Vec<String> = (2..).take(ids.len()).map(|place| format!("${place}")).collect();
            let of_them = places.join(", ");
            let sql = format!("SELECT purchase_id, store, transaction_id FROM purchase WHERE book = $1 AND purchase_id IN ({of_them})");
            let query = sqlx::query_as::<_, (String, String, String)>(AssertSqlSafe(sql)).bind(book.as_str().to_owned());
            let query = ids.iter().fold(query, |query, id| query.bind(text(*id)));
            for (purchase_id, store, transaction_id) in query.fetch_all(&self.pool).await? {
                let Ok(id) = Uuid::try_parse(&purchase_id) else { return Err(Error::Damaged { purchase_id, column: "purchase_id" }) };
                found.insert(id, (store, transaction_id));
            }
        }
        Ok(found)
    }

    /// Purchases of a book that are not credited and were made before this time, the oldest first; after this one when given: when it was made, and its id.
    pub async fn uncredited(
        &self,
        book: &BookName,
        before_ms: i64,
        after: Option<(i64, Uuid)>,
        count_max: i64,
    ) -> Result<Vec<Purchase>, Error> {
        let (at_ms, id) = begin(after);
        let query = sqlx::query(UNCREDITED).bind(book.as_str()).bind(at_ms).bind(id).bind(before_ms).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(purchase).collect()
    }

    /// Refunds of a book that wait for a second person, the oldest first; after this one when given: when it was asked for, and its id.
    pub async fn undecided_refunds(&self, book: &BookName, after: Option<(i64, Uuid)>, rows: i64) -> Result<Vec<RefundOrder>, Error> {
        let (at_ms, id) = begin(after);
        let query = sqlx::query(UNDECIDED_REFUNDS).bind(book.as_str()).bind(at_ms).bind(id).bind(rows);
        query.fetch_all(&self.pool).await?.iter().map(refund_order).collect()
    }

    /// Closures and merges of a book's wallets that wait for a second person, the oldest first; after this one when given: when it was asked for, and its id.
    pub async fn undecided_wallet_changes(
        &self,
        book: &BookName,
        after: Option<(i64, Uuid)>,
        rows: i64,
    ) -> Result<Vec<WalletChange>, Error> {
        let (at_ms, id) = begin(after);
        let query = sqlx::query(UNDECIDED_CHANGES).bind(book.as_str()).bind(at_ms).bind(id).bind(rows);
        query.fetch_all(&self.pool).await?.iter().map(wallet_change).collect()
    }

    /// Purchases of a user that are not credited, newest first, before this one: when it was made, and its id.
    pub async fn uncredited_of(
        &self,
        book: &BookName,
        user: &UserKey,
        before_ms: i64,
        before_id: Uuid,
        count_max: i64,
    ) -> Result<Vec<Purchase>, Error> {
        let query =
            sqlx::query(UNCREDITED_OF).bind(book.as_str()).bind(user.as_str()).bind(before_ms).bind(text(before_id)).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(purchase).collect()
    }

    /// Purchases of a book whose coins wait in suspense, each with when they came there, the oldest first; after this one when given: that time, and its id.
    pub async fn suspended(&self, book: &BookName, after: Option<(i64, Uuid)>, rows: i64) -> Result<Vec<(i64, Purchase)>, Error> {
        let (at_ms, id) = begin(after);
        let query = sqlx::query_as::<_, (String, i64)>(SUSPENDED).bind(book.as_str()).bind(at_ms).bind(id).bind(rows);
        let mut found = Vec::new();
        for (id, since_ms) in query.fetch_all(&self.pool).await? {
            let damaged = |_| Error::Damaged { purchase_id: id.clone(), column: "coin_lot.purchase_id" };
            let id = Uuid::try_parse(&id).map_err(damaged)?;
            found.extend(self.purchase(book, id).await?.map(|purchase| (since_ms, purchase)));
        }
        Ok(found)
    }

    /// Purchases of a user whose wallet was closed when their coins came, and whose coins are still in suspense, newest first, before this one: when it was
    /// made, and its id.
    pub async fn suspended_of(
        &self,
        book: &BookName,
        user: &UserKey,
        mut before_ms: i64,
        mut before_id: Uuid,
        count_max: i64,
    ) -> Result<Vec<Purchase>, Error> {
        let mut found = Vec::new();
        loop {
            let query = sqlx::query(SUSPENDED_OF).bind(book.as_str()).bind(user.as_str()).bind(before_ms).bind(text(before_id));
            let rows = query.bind(count_max).fetch_all(&self.pool).await?;
            let page = rows.iter().map(purchase).collect::<Result<Vec<Purchase>, Error>>()?;
            let Some(last) = page.last() else { return Ok(found) };
            (before_ms, before_id) = (last.created_at_ms, last.purchase_id);
            let ids: Vec<Uuid> = page.iter().map(|purchase| purchase.purchase_id).collect();
            let ended = self.out_of_suspense(book, &ids).await?;
            let rest = usize::try_from(count_max).unwrap_or(usize::MAX).saturating_sub(found.len());
            found.extend(page.into_iter().filter(|purchase| !ended.contains(&purchase.purchase_id)).take(rest));
            if i64::try_from(found.len()).unwrap_or(i64::MAX) >= count_max {
                return Ok(found);
            }
        }
    }

    /// Those of these purchases that have a lot of which no coin is in suspense. One whose lot is not counted yet is none of them: its coins have just come.
    async fn out_of_suspense(&self, book: &BookName, purchase_ids: &[Uuid]) -> Result<BTreeSet<Uuid>, Error> {
        let mut coins = BTreeMap::<Uuid, i64>::new();
        for ids in purchase_ids.chunks(IDS_READ_MAX) {
            let sql = lots_of(ids.len());
            let query = sqlx::query_as::<_, (String, i64)>(AssertSqlSafe(sql)).bind(book.as_str().to_owned());
            let query = ids.iter().fold(query, |query, id| query.bind(text(*id)));
            for (purchase_id, suspended) in query.fetch_all(&self.pool).await? {
                let Ok(id) = Uuid::try_parse(&purchase_id) else { return Err(Error::Damaged { purchase_id, column: "purchase_id" }) };
                let sum = coins.entry(id).or_default();
                *sum = sum.saturating_add(suspended);
            }
        }
        Ok(coins.into_iter().filter(|(_, suspended)| *suspended <= 0).map(|(id, _)| id).collect())
    }

    /// Receipts that were refused, by their own id, by the request that submitted them, or by the store's transaction.
    pub async fn refused_looked_up(&self, book: &BookName, id: &str) -> Result<Vec<RefusedRow>, Error> {
        let rows = sqlx::query(AssertSqlSafe(under(REFUSED))).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?;
        let mut found = rows.iter().map(refused::read).collect::<Result<Vec<RefusedRow>, Error>>()?;
        found.sort_by_key(|row| row.refusal_id);
        Ok(found)
    }

    /// Orders by their own id, by the request that made them, or by the store's session or transaction.
    pub async fn orders_looked_up(&self, book: &BookName, id: &str) -> Result<Vec<Order>, Error> {
        let rows = sqlx::query(AssertSqlSafe(under(ORDERS))).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?;
        let mut found = rows.iter().map(orders::read).collect::<Result<Vec<Order>, Error>>()?;
        found.sort_by_key(|order| order.order_id);
        Ok(found)
    }

    /// Refunds that were started here, by their own id, by the request that started them, or by the store's id.
    pub async fn refund_orders_looked_up(&self, book: &BookName, id: &str) -> Result<Vec<RefundOrder>, Error> {
        let rows = sqlx::query(AssertSqlSafe(under(REFUND_ORDERS))).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?;
        let mut found = rows.iter().map(refund_order).collect::<Result<Vec<RefundOrder>, Error>>()?;
        found.sort_by_key(|order| order.refund_id);
        Ok(found)
    }

    /// Purchases of which a store reported a refund or a dispute with this id.
    pub async fn reported_under(&self, book: &BookName, id: &str) -> Result<Vec<Purchase>, Error> {
        let transactions: Vec<String> = sqlx::query_scalar(FACTS).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?;
        let mut found = Vec::new();
        for transaction in transactions.into_iter().collect::<BTreeSet<_>>() {
            found.extend(self.by_store_id(book, &transaction).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
