//! The table of beneficiaries.

use super::{Error, PageStart, Store, currency, user, uuid};
use iso20022::Rail;
use money::{BookName, Currency, UserKey};
use sqlx::{AnyConnection, Row, any::AnyRow};
use uuid::Uuid;

/// A bank account to pay to, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beneficiary {
    /// Derived from the request's id.
    pub beneficiary_id: Uuid,
    /// The user it belongs to.
    pub user: UserKey,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// The currency in which the account is paid.
    pub currency: Currency,
    /// The clearing that reaches it.
    pub rail: Rail,
    /// For display.
    pub masked_account: String,
    /// For display.
    pub masked_holder_name: String,
    /// Account and holder, for the vault.
    pub sealed: Vec<u8>,
    /// Unix milliseconds.
    pub created_at_ms: i64,
}

const COLUMNS: &str = "beneficiary_id, user_id, country, currency, rail, masked_account, masked_holder_name, sealed, created_at_ms";

fn read(row: &AnyRow) -> Result<Beneficiary, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    Ok(Beneficiary {
        beneficiary_id: uuid(&text("beneficiary_id")?)?,
        user: user(&text("user_id")?)?,
        country: text("country")?,
        currency: currency(&text("currency")?)?,
        rail: Rail::from_name(&text("rail")?).ok_or(Error::Row("rail"))?,
        masked_account: text("masked_account")?,
        masked_holder_name: text("masked_holder_name")?,
        sealed: row.try_get("sealed")?,
        created_at_ms: row.try_get("created_at_ms")?,
    })
}

/// Stores a beneficiary; an existing one is left unchanged.
pub async fn insert(tx: &mut AnyConnection, book: &BookName, beneficiary: &Beneficiary) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO beneficiary (book, beneficiary_id, user_id, country, currency, rail, masked_account, masked_holder_name, sealed,
             created_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
    )
    .bind(book.as_str().to_owned())
    .bind(beneficiary.beneficiary_id.to_string())
    .bind(beneficiary.user.as_str().to_owned())
    .bind(beneficiary.country.clone())
    .bind(beneficiary.currency.code().to_owned())
    .bind(beneficiary.rail.name())
    .bind(beneficiary.masked_account.clone())
    .bind(beneficiary.masked_holder_name.clone())
    .bind(beneficiary.sealed.clone())
    .bind(beneficiary.created_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks it against erasure until the transaction ends.
pub async fn hold(tx: &mut AnyConnection, book: &BookName, id: Uuid) -> Result<(), Error> {
    sqlx::query("UPDATE beneficiary SET created_at_ms = created_at_ms WHERE book = $1 AND beneficiary_id = $2")
        .bind(book.as_str().to_owned())
        .bind(id.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, book: &BookName, id: Uuid) -> Result<Option<Beneficiary>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM beneficiary WHERE book = $1 AND beneficiary_id = $2");
    let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned()).bind(id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// How many beneficiaries a user has.
pub async fn count(tx: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<i64, Error> {
    let query = sqlx::query_scalar("SELECT COUNT(*) FROM beneficiary WHERE book = $1 AND user_id = $2");
    Ok(query.bind(book.as_str().to_owned()).bind(user.as_str().to_owned()).fetch_one(tx).await?)
}

impl Store {
    /// Deletes at most `count_max` bank accounts that were recorded before `before_ms` and have no payouts; returns how many. Each is locked before it
    /// is checked once more, so that a payout being requested is seen, or finds no account.
    pub async fn forget_beneficiaries(&self, before_ms: i64, count_max: i64) -> Result<u64, Error> {
        let mut tx = self.begin().await?;
        let unnamed = "SELECT book, beneficiary_id FROM beneficiary WHERE created_at_ms < $1 AND NOT EXISTS
            (SELECT 1 FROM payout WHERE payout.book = beneficiary.book AND payout.beneficiary_id = beneficiary.beneficiary_id)
            ORDER BY created_at_ms LIMIT $2";
        let found: Vec<(String, String)> = sqlx::query_as(unnamed).bind(before_ms).bind(count_max).fetch_all(&mut *tx).await?;
        let mut forgotten = 0;
        for (book, id) in found {
            let held = "UPDATE beneficiary SET created_at_ms = created_at_ms WHERE book = $1 AND beneficiary_id = $2";
            sqlx::query(held).bind(book.clone()).bind(id.clone()).execute(&mut *tx).await?;
            let sql = "DELETE FROM beneficiary WHERE book = $1 AND beneficiary_id = $2
                AND NOT EXISTS (SELECT 1 FROM payout WHERE payout.book = $1 AND payout.beneficiary_id = $2)";
            forgotten += sqlx::query(sql).bind(book).bind(id).execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(forgotten)
    }

    /// One by its id.
    pub async fn beneficiary(&self, book: &BookName, id: Uuid) -> Result<Option<Beneficiary>, Error> {
        let mut connection = self.pool().acquire().await?;
        get(&mut connection, book, id).await
    }

    /// A user's beneficiaries, newest first.
    pub async fn beneficiaries(&self, book: &BookName, user: &UserKey, after: PageStart, limit: i64) -> Result<Vec<Beneficiary>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM beneficiary
             WHERE book = $1 AND user_id = $2 AND (created_at_ms < $3 OR (created_at_ms = $3 AND beneficiary_id < $4))
             ORDER BY created_at_ms DESC, beneficiary_id DESC LIMIT $5"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(book.as_str().to_owned())
            .bind(user.as_str().to_owned())
            .bind(after.created_at_ms)
            .bind(after.id.to_string())
            .bind(limit);
        query.fetch_all(self.pool()).await?.iter().map(read).collect()
    }
}
