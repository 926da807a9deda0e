//! What an id stands for that somebody has: for a person who searches for one. These read whole tables where no index helps.

use std::collections::BTreeSet;

use money::BookName;

use super::refund_orders::read as refund_order;
use super::{Error, Store, orders};
use crate::domain::Purchase;
use crate::orders::order::Order;
use crate::refund_orders::order::RefundOrder;

impl Store {
    /// Orders by their own id, by the request that made them, or by the store's session or transaction.
    pub async fn orders_looked_up(&self, book: &BookName, id: &str) -> Result<Vec<Order>, Error> {
        let sql =
            "SELECT * FROM store_order WHERE book = $1 AND (order_id = $2 OR request_id = $2 OR session_id = $2 OR transaction_id = $2)
            ORDER BY order_id";
        sqlx::query(sql).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?.iter().map(orders::read).collect()
    }

    /// Refunds that were started here, by their own id, by the request that started them, or by the store's id.
    pub async fn refund_orders_looked_up(&self, book: &BookName, id: &str) -> Result<Vec<RefundOrder>, Error> {
        let sql =
            "SELECT * FROM refund_order WHERE book = $1 AND (refund_id = $2 OR request_id = $2 OR store_refund_id = $2) ORDER BY refund_id";
        sqlx::query(sql).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?.iter().map(refund_order).collect()
    }

    /// Purchases of which a store reported a refund or a dispute with this id.
    pub async fn reported_under(&self, book: &BookName, id: &str) -> Result<Vec<Purchase>, Error> {
        let sql = "SELECT transaction_id FROM refund_fact WHERE book = $1 AND fact_id = $2";
        let transactions: Vec<String> = sqlx::query_scalar(sql).bind(book.as_str()).bind(id).fetch_all(&self.pool).await?;
        let mut found = Vec::new();
        for transaction in transactions.into_iter().collect::<BTreeSet<_>>() {
            found.extend(self.by_store_id(book, &transaction).await?);
        }
        Ok(found)
    }
}
