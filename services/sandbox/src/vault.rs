//! The accounts of a pretend bank and what is booked on them: one account per currency, each reference booked once. With every SQL statement about them.

use db::Migration;
use iso20022::{
    camt053::{Direction, Statement, StatementBalance, StatementEntry},
    pain001::AccountId,
};
use money::{Currency, Money};
use serde::{Deserialize, Serialize};
use sqlx::{Any, AnyConnection, AnyPool, Row as _, Transaction};

/// The first migration of every bank that keeps its money here.
pub const VAULT_MIGRATION: Migration = Migration::contract(1, include_str!("../migrations/vault_0001.sql"));
/// Maximum entries of one statement; older ones are part of its opening balance.
pub const STATEMENT_ENTRIES_MAX: i64 = 10_000;
/// The longest id that a statement carries in a field of its own.
const ID_CHARS_MAX: usize = 35;

/// A part of a booked sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryDetail {
    /// The payer's reference; may be empty.
    pub end_to_end_id: String,
    /// The bank's reference, such as a trace number.
    pub reference: String,
    /// The part of the sum, without its sign.
    pub minor_units: i64,
}

/// An entry to be booked, or one that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultEntry {
    /// Booked once.
    pub reference: String,
    /// The payer's reference; empty for a sum.
    pub end_to_end_id: String,
    /// In words, for the statement.
    pub information: String,
    /// The parts of a sum.
    pub details: Vec<EntryDetail>,
    /// Positive for money coming in, negative for money going out.
    pub minor_units: i64,
    /// When it was booked.
    pub booked_at_ms: i64,
}

/// The outcome of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VaultResult {
    /// Booked now.
    Done,
    /// The reference was booked before; nothing changed.
    Before,
    /// No such account, not enough money on it, or too much for an amount.
    Refused,
}

/// The accounts of a bank.
#[derive(Debug, Clone)]
pub struct BankVault {
    pool: AnyPool,
}

impl BankVault {
    pub fn new(pool: AnyPool) -> Self {
        Self { pool }
    }

    pub async fn begin(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        db::begin(&self.pool).await
    }

    /// Opens an account with its funding; an open one keeps its balance.
    pub async fn open_account(&self, funding: Money, now_ms: i64) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO account (currency, opening, balance, opened_at_ms) VALUES ($1, $2, $2, $3) ON CONFLICT DO NOTHING")
            .bind(funding.currency().code().to_owned())
            .bind(funding.minor_units())
            .bind(now_ms)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The statement of an account, with the parts of sums only if they are asked for: there may be a hundred thousand. `None`: no such account.
    pub async fn statement(
        &self,
        account: &AccountId,
        currency: Currency,
        now_ms: i64,
        with_details: bool,
    ) -> Result<Option<VaultStatement>, sqlx::Error> {
        let mut tx = self.begin().await?;
        // On PostgreSQL each statement reads a new snapshot; locking the account's row keeps bookings out until both are read.
        let touched = sqlx::query("UPDATE account SET balance = balance WHERE currency = $1");
        if touched.bind(currency.code().to_owned()).execute(&mut *tx).await?.rows_affected() == 0 {
            return Ok(None);
        }
        let (balance, opened_at_ms): (i64, i64) = sqlx::query_as("SELECT balance, opened_at_ms FROM account WHERE currency = $1")
            .bind(currency.code().to_owned())
            .fetch_one(&mut *tx)
            .await?;
        let rows = sqlx::query(
            "SELECT entry_no, reference, end_to_end_id, information, CASE WHEN $3 = 1 THEN details ELSE '[]' END AS details, minor_units,
                 booked_at_ms FROM entry WHERE currency = $1 ORDER BY entry_no DESC LIMIT $2",
        )
        .bind(currency.code().to_owned())
        .bind(STATEMENT_ENTRIES_MAX)
        .bind(i64::from(with_details))
        .fetch_all(&mut *tx)
        .await?;
        tx.rollback().await?;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows.iter().rev() {
            let details: String = row.try_get("details")?;
            let entry = VaultEntry {
                reference: row.try_get("reference")?,
                end_to_end_id: row.try_get("end_to_end_id")?,
                information: row.try_get("information")?,
                details: serde_json::from_str(&details).map_err(|error| sqlx::Error::Decode(error.into()))?,
                minor_units: row.try_get("minor_units")?,
                booked_at_ms: row.try_get("booked_at_ms")?,
            };
            entries.push((row.try_get("entry_no")?, entry));
        }
        Ok(Some(VaultStatement::new(account, currency, now_ms, balance, opened_at_ms, entries)))
    }
}

/// Books an entry, once per reference.
pub async fn book(tx: &mut AnyConnection, currency: &str, entry: &VaultEntry) -> Result<VaultResult, sqlx::Error> {
    // The account's row first: its lock makes the next entry number and the reference check safe.
    let moved = sqlx::query("UPDATE account SET balance = balance + $2 WHERE currency = $1 AND balance + $2 BETWEEN 0 AND $3")
        .bind(currency.to_owned())
        .bind(entry.minor_units)
        .bind(money::AMOUNT_MAX)
        .execute(&mut *tx)
        .await?;
    if moved.rows_affected() == 0 {
        return Ok(VaultResult::Refused);
    }
    let details = serde_json::to_string(&entry.details).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let inserted = sqlx::query(
        "INSERT INTO entry (currency, entry_no, reference, end_to_end_id, information, details, minor_units, booked_at_ms)
         SELECT $1, COALESCE(MAX(entry_no), 0) + 1, $2, $3, $4, $5, $6, $7 FROM entry WHERE currency = $1 ON CONFLICT DO NOTHING",
    )
    .bind(currency.to_owned())
    .bind(entry.reference.clone())
    .bind(entry.end_to_end_id.clone())
    .bind(entry.information.clone())
    .bind(details)
    .bind(entry.minor_units)
    .bind(entry.booked_at_ms)
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(VaultResult::Done);
    }
    sqlx::query("UPDATE account SET balance = balance - $2 WHERE currency = $1")
        .bind(currency.to_owned())
        .bind(entry.minor_units)
        .execute(&mut *tx)
        .await?;
    Ok(VaultResult::Before)
}

/// The balance of an account; `None` if there is none.
pub async fn balance(tx: &mut AnyConnection, currency: &str) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT balance FROM account WHERE currency = $1").bind(currency.to_owned()).fetch_optional(tx).await
}

/// A statement, and the parts of its entries in their order.
#[derive(Debug)]
pub struct VaultStatement {
    pub statement: Statement,
    pub details: Vec<Vec<EntryDetail>>,
}

impl VaultStatement {
    fn new(account: &AccountId, currency: Currency, now_ms: i64, balance: i64, opened_at_ms: i64, entries: Vec<(i64, VaultEntry)>) -> Self {
        let shown: i64 = entries.iter().map(|(_, entry)| entry.minor_units).sum();
        let of = |minor_units: i64, at_ms: i64| {
            let (amount, direction) = signed(currency, minor_units);
            StatementBalance { amount, direction, date: money::time::utc_day(moment(at_ms)) }
        };
        let statement = Statement {
            message_id: format!("S-{}-{now_ms}", currency.code()),
            created: moment(now_ms),
            statement_id: format!("{}-{now_ms}", currency.code()),
            account: account.clone(),
            currency,
            // Equal to the account's opening balance unless old entries are left out.
            opening: of(balance - shown, opened_at_ms),
            closing: of(balance, now_ms),
            entries: entries.iter().map(|(entry_no, entry)| entry_of(currency, *entry_no, entry)).collect(),
        };
        Self { statement, details: entries.into_iter().map(|(_, entry)| entry.details).collect() }
    }
}

fn entry_of(currency: Currency, entry_no: i64, entry: &VaultEntry) -> StatementEntry {
    let (amount, direction) = signed(currency, entry.minor_units);
    let id = Some(entry.end_to_end_id.clone()).filter(|id| (1..=ID_CHARS_MAX).contains(&id.chars().count()));
    StatementEntry {
        reference: Some(entry_no.to_string()),
        amount,
        direction,
        booked: Some(moment(entry.booked_at_ms)),
        end_to_end_id: id,
        additional: (!entry.information.is_empty()).then(|| entry.information.clone()),
    }
}

pub use money::time::moment_ms as moment;

fn signed(currency: Currency, minor_units: i64) -> (Money, Direction) {
    let direction = if minor_units < 0 { Direction::Debit } else { Direction::Credit };
    let amount = Money::try_new(currency, minor_units.saturating_abs()).expect("accounts and bookings stay within 2^53");
    (amount, direction)
}
