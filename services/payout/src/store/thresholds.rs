//! The tables of creators' tiers and of thresholds of approval.

use super::{Error, Store, money, uuid};
use ::money::{BookName, Currency, Money, UserKey};
use sqlx::{AnyConnection, Row, any::AnyRow};
use uuid::Uuid;

/// A threshold that somebody proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThresholdRow {
    /// Derived from the request.
    pub threshold_id: Uuid,
    /// Payouts of more than this are approved.
    pub threshold: Money,
    /// Who proposed it.
    pub proposed_by: String,
    /// Unix milliseconds.
    pub proposed_at_ms: i64,
    /// Who approved it; empty: nobody.
    pub approved_by: String,
    /// Unix milliseconds; 0: nobody has.
    pub approved_at_ms: i64,
}

fn read(row: &AnyRow) -> Result<ThresholdRow, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    Ok(ThresholdRow {
        threshold_id: uuid(&text("threshold_id")?)?,
        threshold: money(&text("currency")?, row.try_get("minor_units")?)?,
        proposed_by: text("proposed_by")?,
        proposed_at_ms: row.try_get("proposed_at_ms")?,
        approved_by: text("approved_by")?,
        approved_at_ms: row.try_get("approved_at_ms")?,
    })
}

/// Stores a proposal; one with its id stays as it is.
pub async fn insert(tx: &mut AnyConnection, book: &BookName, row: &ThresholdRow) -> Result<(), Error> {
    let sql = "INSERT INTO payout_policy (book, threshold_id, currency, minor_units, proposed_by, proposed_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    sqlx::query(sql)
        .bind(book.as_str().to_owned())
        .bind(row.threshold_id.to_string())
        .bind(row.threshold.currency().code().to_owned())
        .bind(row.threshold.minor_units())
        .bind(row.proposed_by.clone())
        .bind(row.proposed_at_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// Puts a proposal in force that is not yet.
pub async fn approve(tx: &mut AnyConnection, book: &BookName, id: Uuid, by: &UserKey, at_ms: i64) -> Result<(), Error> {
    let sql = "UPDATE payout_policy SET approved_by = $3, approved_at_ms = $4 WHERE book = $1 AND threshold_id = $2 AND approved_at_ms = 0";
    let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(id.to_string()).bind(by.as_str().to_owned()).bind(at_ms);
    query.execute(tx).await?;
    Ok(())
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, book: &BookName, id: Uuid) -> Result<Option<ThresholdRow>, Error> {
    let query = sqlx::query("SELECT * FROM payout_policy WHERE book = $1 AND threshold_id = $2");
    query.bind(book.as_str().to_owned()).bind(id.to_string()).fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Sets a creator's tier.
pub async fn set_tier(tx: &mut AnyConnection, book: &BookName, user: &UserKey, tier: &str, by: &UserKey, at_ms: i64) -> Result<(), Error> {
    let sql = "INSERT INTO creator_tier (book, user_id, tier, set_by, set_at_ms) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (book, user_id) DO UPDATE SET tier = $3, set_by = $4, set_at_ms = $5";
    let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(user.as_str().to_owned()).bind(tier.to_owned());
    query.bind(by.as_str().to_owned()).bind(at_ms).execute(tx).await?;
    Ok(())
}

impl Store {
    /// The threshold in force, in minor units; none: nobody has decided on one.
    pub async fn threshold(&self, book: &BookName, currency: Currency) -> Result<Option<i64>, Error> {
        let sql = "SELECT minor_units FROM payout_policy WHERE book = $1 AND currency = $2 AND approved_at_ms > 0
            ORDER BY approved_at_ms DESC, threshold_id DESC LIMIT 1";
        let query = sqlx::query_scalar(sql).bind(book.as_str().to_owned()).bind(currency.code().to_owned());
        Ok(query.fetch_optional(self.pool()).await?)
    }

    /// A creator's tier; none: no other than the default was set.
    pub async fn tier(&self, book: &BookName, user: &UserKey) -> Result<Option<String>, Error> {
        let query = sqlx::query_scalar("SELECT tier FROM creator_tier WHERE book = $1 AND user_id = $2");
        Ok(query.bind(book.as_str().to_owned()).bind(user.as_str().to_owned()).fetch_optional(self.pool()).await?)
    }
}
