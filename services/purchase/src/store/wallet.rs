//! The tables `wallet` and `erased_token`: which token belongs to which user, and which belonged to a user who was erased.

use money::time::unix_ms;
use money::{BookName, UserKey};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use std::time::SystemTime;
use uuid::Uuid;

use super::{Error, Store};

/// Who owns a token, as seen by a user who submits a receipt with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenStanding {
    /// The user's; also one from before the user was erased.
    Theirs,
    /// Another user's.
    Others,
    /// No one's: its user was erased.
    Erased,
    /// No one's: never issued here, or its user was erased by an older program that kept no trace of it.
    Unknown,
}

/// Tables of which a user has rows. The others have rows only of users who have some here, or an account.
const TRACES: [&str; 7] = ["wallet", "purchase", "store_order", "refused_receipt", "spending_profile", "spending_limit", "wallet_change"];

impl Store {
    /// The user's token, created on first use. It never changes, since receipts contain it for ever.
    pub(crate) async fn app_account_token(&self, book: &BookName, user: &UserKey) -> Result<String, Error> {
        let mut connection = self.pool.acquire().await?;
        if let Some(token) = token(&mut connection, book, user).await? {
            return Ok(token);
        }
        sqlx::query("INSERT INTO wallet (book, user_id, app_account_token) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(book.as_str())
            .bind(user.as_str())
            // Random, not derived from the user's name: a reader of a receipt must not be able to find out whose it is.
            .bind(Uuid::new_v4().hyphenated().to_string())
            .execute(&mut *connection)
            .await?;
        let token = token(&mut connection, book, user).await?;
        token.ok_or(Error::Database(sqlx::Error::RowNotFound))
    }

    /// The user's token, if there is one.
    pub(crate) async fn known_token(&self, book: &BookName, user: &UserKey) -> Result<Option<String>, Error> {
        let mut connection = self.pool.acquire().await?;
        token(&mut connection, book, user).await
    }

    /// Whether a row of any kind is about this user.
    pub async fn has_traces(&self, book: &BookName, user: &UserKey) -> Result<bool, Error> {
        for table in TRACES {
            let sql = format!("SELECT 1 FROM {table} WHERE book = $1 AND user_id = $2 LIMIT 1");
            let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str()).bind(user.as_str());
            if query.fetch_optional(&self.pool).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Deletes the link between token and user, the user's consent, limits of spending, refused receipts and unpaid purchases, the addresses of the user's orders, and the content of what stores said about the user: receipts with the token have no owner from then on. Digests are kept,
    /// by which such a receipt is recognized, and the user too if they return under the same key. Returns how many tokens there were. Purchases are
    /// kept, as accounting records must be.
    pub async fn erase(&self, book: &BookName, user: &UserKey) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let erased = token(&mut tx, book, user).await?;
        if let Some(token) = &erased {
            let sql =
                "INSERT INTO erased_token (book, token_digest, owner_digest, erased_at_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            sqlx::query(sql)
                .bind(book.as_str())
                .bind(token_digest(book, token))
                .bind(owner_digest(book, token, user))
                .bind(unix_ms(SystemTime::now()))
                .execute(&mut *tx)
                .await?;
            // What a store said about the user keeps what names no user: its type, and the transaction of the accounts.
            let sql =
                "UPDATE store_event SET account_token = '', payload = '' WHERE book = $1 AND account_token = $2 AND account_token <> ''";
            sqlx::query(sql).bind(book.as_str()).bind(token).execute(&mut *tx).await?;
        }
        let sql = "UPDATE store_order SET success_url = '', cancel_url = '', pay_url = '', payer_id = '', payer_address = '' WHERE book = $1 AND user_id = $2";
        sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).execute(&mut *tx).await?;
        for sql in [
            "DELETE FROM refused_receipt WHERE book = $1 AND user_id = $2",
            // Not paid yet: if it ever is, it is a sale without an owner.
            "DELETE FROM receipt_token WHERE book = $1 AND user_id = $2",
            "DELETE FROM refund_consent WHERE book = $1 AND user_id = $2",
            "DELETE FROM spending_profile WHERE book = $1 AND user_id = $2",
            "DELETE FROM spending_limit WHERE book = $1 AND user_id = $2",
            "DELETE FROM spending WHERE book = $1 AND user_id = $2",
            "DELETE FROM download_consent WHERE book = $1 AND EXISTS (SELECT 1 FROM app_download d WHERE d.book = download_consent.book
                AND d.bundle_id = download_consent.bundle_id AND d.app_transaction_id = download_consent.app_transaction_id AND d.user_id = $2)
                AND NOT EXISTS (SELECT 1 FROM app_download d WHERE d.book = download_consent.book AND d.bundle_id = download_consent.bundle_id
                    AND d.app_transaction_id = download_consent.app_transaction_id AND d.user_id <> $2)",
            "DELETE FROM app_download WHERE book = $1 AND user_id = $2",
            "DELETE FROM wallet WHERE book = $1 AND user_id = $2",
        ] {
            sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(u64::from(erased.is_some()))
    }
}

pub(super) async fn token(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<Option<String>, Error> {
    let sql = "SELECT app_account_token FROM wallet WHERE book = $1 AND user_id = $2";
    Ok(sqlx::query_scalar(sql).bind(book.as_str()).bind(user.as_str()).fetch_optional(connection).await?)
}

/// The user who owns `carried`; `None` if nobody does.
pub(crate) async fn owner(connection: &mut AnyConnection, book: &BookName, carried: Uuid) -> Result<Option<UserKey>, Error> {
    let carried = carried.hyphenated().to_string();
    let sql = "SELECT user_id FROM wallet WHERE book = $1 AND app_account_token = $2";
    let owner: Option<String> = sqlx::query_scalar(sql).bind(book.as_str()).bind(carried.as_str()).fetch_optional(connection).await?;
    let damaged = |_| Error::Damaged { purchase_id: "of a token".to_owned(), column: "wallet.user_id" };
    owner.map(|owner| UserKey::try_new(&owner).map_err(damaged)).transpose()
}

/// Who owns `carried`, as far as `user` is concerned.
pub(crate) async fn standing(
    connection: &mut AnyConnection,
    book: &BookName,
    user: &UserKey,
    carried: Uuid,
) -> Result<TokenStanding, Error> {
    let carried = carried.hyphenated().to_string();
    let sql = "SELECT user_id FROM wallet WHERE book = $1 AND app_account_token = $2";
    let owner: Option<String> = sqlx::query_scalar(sql).bind(book.as_str()).bind(carried.clone()).fetch_optional(&mut *connection).await?;
    if let Some(owner) = owner {
        return Ok(if owner == user.as_str() { TokenStanding::Theirs } else { TokenStanding::Others });
    }
    let sql = "SELECT owner_digest FROM erased_token WHERE book = $1 AND token_digest = $2";
    let erased: Option<String> =
        sqlx::query_scalar(sql).bind(book.as_str()).bind(token_digest(book, &carried)).fetch_optional(connection).await?;
    Ok(match erased {
        Some(owner) if owner == owner_digest(book, &carried, user) => TokenStanding::Theirs,
        Some(_) => TokenStanding::Erased,
        None => TokenStanding::Unknown,
    })
}

/// Tokens are random, so a token's digest reveals nothing without the token.
fn token_digest(book: &BookName, token: &str) -> String {
    digest(&[b"token", book.as_str().as_bytes(), token.as_bytes()])
}

/// Includes the token, or users could be guessed one after the other.
fn owner_digest(book: &BookName, token: &str, user: &UserKey) -> String {
    digest(&[b"owner", book.as_str().as_bytes(), token.as_bytes(), user.as_str().as_bytes()])
}

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // Length first, or ("ab", "c") and ("a", "bc") would be equal.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}
