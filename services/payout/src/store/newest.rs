//! Payouts of a book in the order of their times, for lists over all users.
use super::{Error, PageStart, Store, payouts::read};
use crate::domain::Payout;
use money::{BookName, UserKey};

/// By the index of times.
const OF_BOOK: &str = "SELECT * FROM payout WHERE book = $1 AND (created_at_ms, payout_id) < ($2, $3) AND created_at_ms >= $4
    ORDER BY created_at_ms DESC, payout_id DESC LIMIT $5";
/// By the index of users: compared together with the user, so that the index of times, which has no users, is of no use for it.
const OF_USER: &str = "SELECT * FROM payout WHERE book = $1 AND (user_id, created_at_ms, payout_id) < ($6, $2, $3)
        AND (user_id, created_at_ms) >= ($6, $4)
    ORDER BY user_id DESC, created_at_ms DESC, payout_id DESC LIMIT $5";

impl Store {
    /// Payouts of a book, or of one of its users, older than a page's start and asked for from a time on, newest first. Also refused ones, which never were.
    pub async fn newest_payouts(
        &self,
        book: &BookName,
        user: Option<&UserKey>,
        after: PageStart,
        from_ms: i64,
        limit: i64,
    ) -> Result<Vec<Payout>, Error> {
        let sql = if user.is_some() { OF_USER } else { OF_BOOK };
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(after.created_at_ms).bind(after.id.to_string());
        let query = query.bind(from_ms).bind(limit);
        let query = match user {
            Some(user) => query.bind(user.as_str().to_owned()),
            None => query,
        };
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests;
