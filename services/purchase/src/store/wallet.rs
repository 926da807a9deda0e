//! The table `wallet`: which token stands for which user.

use money::{BookName, UserKey};
use sqlx::AnyConnection;
use uuid::Uuid;

use super::{Error, Store};

impl Store {
    /// The user's token, made at first sight. It never changes, since receipts carry it for ever.
    pub(crate) async fn app_account_token(&self, book: &BookName, user: &UserKey) -> Result<String, Error> {
        let mut connection = self.pool.acquire().await?;
        if let Some(token) = token(&mut connection, book, user).await? {
            return Ok(token);
        }
        sqlx::query("INSERT INTO wallet (book, user_id, app_account_token) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(book.as_str())
            .bind(user.as_str())
            // Random, not derived from the user's name: whoever sees a receipt must not be able to tell whose it is.
            .bind(Uuid::new_v4().hyphenated().to_string())
            .execute(&mut *connection)
            .await?;
        let token = token(&mut connection, book, user).await?;
        token.ok_or(Error::Database(sqlx::Error::RowNotFound))
    }
}

pub(super) async fn token(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<Option<String>, Error> {
    let sql = "SELECT app_account_token FROM wallet WHERE book = $1 AND user_id = $2";
    Ok(sqlx::query_scalar(sql).bind(book.as_str()).bind(user.as_str()).fetch_optional(connection).await?)
}

/// Whether `token` is `user`'s.
pub(crate) async fn owns(connection: &mut AnyConnection, book: &BookName, user: &UserKey, owned: Uuid) -> Result<bool, Error> {
    let found = token(connection, book, user).await?;
    Ok(found.as_deref() == Some(owned.hyphenated().to_string().as_str()))
}
