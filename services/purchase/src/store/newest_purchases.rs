//! Purchases of a book in the order of their ids, for lists over all users.
use super::{Error, Store, rows::purchase};
use crate::domain::Purchase;
use db::text;
use money::{BookName, UserKey};
use uuid::Uuid;

/// By the key of the table.
const OF_BOOK: &str =
    "SELECT * FROM purchase WHERE book = $1 AND purchase_id >= $2 AND purchase_id < $3 ORDER BY purchase_id DESC LIMIT $4";
/// By the index of users: compared as pairs, so that the key, which has no users, is of no use for it.
const OF_USER: &str = "SELECT * FROM purchase WHERE book = $1 AND (user_id, purchase_id) >= ($5, $2) AND (user_id, purchase_id) < ($5, $3)
    ORDER BY user_id DESC, purchase_id DESC LIMIT $4";

impl Store {
    /// Purchases of a book, or of one of its users, with ids from one to before another, newest first.
    pub async fn newest_purchases(
        &self,
        book: &BookName,
        user: Option<&UserKey>,
        from: Uuid,
        until: Uuid,
        limit: i64,
    ) -> Result<Vec<Purchase>, Error> {
        let sql = if user.is_some() { OF_USER } else { OF_BOOK };
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(from)).bind(text(until)).bind(limit);
        let query = match user {
            Some(user) => query.bind(user.as_str()),
            None => query,
        };
        query.fetch_all(&self.pool).await?.iter().map(purchase).collect()
    }
}

#[cfg(test)]
mod tests;
