//! What an id stands for that somebody has: for a person who searches for one. Each id has an index.

use std::collections::BTreeSet;

use money::BookName;
use sqlx::AssertSqlSafe;

use super::refund_orders::read as refund_order;
use super::{Error, Store, orders};
use crate::domain::Purchase;
use crate::orders::order::Order;
use crate::refund_orders::order::RefundOrder;

/// A table and the columns in which an id is looked up.
type LookedUp = (&'static str, &'static [&'static str]);

const ORDERS: LookedUp = ("store_order", &["order_id", "request_id", "session_id", "transaction_id"]);
const REFUND_ORDERS: LookedUp = ("refund_order", &["refund_id", "request_id", "store_refund_id"]);
const FACTS: &str = "SELECT transaction_id FROM refund_fact WHERE book = $1 AND fact_id = $2";

/// Rows of a book that have an id in one of the columns, once each. By one statement for each column, and in no order: with `OR` or an order, SQLite reads the whole book.
fn under((table, columns): LookedUp) -> String {
    let each = columns.iter().map(|column| format!("SELECT * FROM {table} WHERE book = $1 AND {column} = $2"));
    each.collect::<Vec<_>>().join(" UNION ")
}

impl Store {
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
