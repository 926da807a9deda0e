//! The bank's books, with every SQL statement.

use super::scenario::BankScenario;
use money::{Currency, Money};
use sqlx::{Any, AnyConnection, AnyPool, FromRow, Row, Transaction, any::AnyRow};

/// Maximum entries of one statement; older ones are part of its opening balance. An entry has some 600 bytes, so a statement stays below the reader's limit
/// (`iso20022::xml::DOCUMENT_BYTES_MAX`).
pub const STATEMENT_ENTRIES_MAX: i64 = 10_000;

/// The books.
#[derive(Debug, Clone)]
pub struct BankBooks {
    pool: AnyPool,
}

/// A payment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPayment {
    pub end_to_end_id: String,
    pub message_id: String,
    pub payment_id: String,
    pub currency: String,
    pub minor_units: i64,
    pub creditor_account: String,
    pub status: String,
    pub reason: String,
    pub words: String,
    pub received_at_ms: i64,
    pub decided_at_ms: i64,
}

impl KeptPayment {
    /// Whether both are the same instruction, regardless of the message.
    pub fn same_instruction(&self, other: &KeptPayment) -> bool {
        (&self.currency, self.minor_units, &self.creditor_account) == (&other.currency, other.minor_units, &other.creditor_account)
    }
}

/// An entry as it is stored: positive amounts came in, negative went out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankEntry {
    pub entry_no: i64,
    pub reference: String,
    pub end_to_end_id: String,
    pub minor_units: i64,
    pub booked_at_ms: i64,
}

impl<'r> FromRow<'r, AnyRow> for KeptPayment {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            end_to_end_id: row.try_get("end_to_end_id")?,
            message_id: row.try_get("message_id")?,
            payment_id: row.try_get("payment_id")?,
            currency: row.try_get("currency")?,
            minor_units: row.try_get("minor_units")?,
            creditor_account: row.try_get("creditor_account")?,
            status: row.try_get("status")?,
            reason: row.try_get("reason")?,
            words: row.try_get("words")?,
            received_at_ms: row.try_get("received_at_ms")?,
            decided_at_ms: row.try_get("decided_at_ms")?,
        })
    }
}

impl<'r> FromRow<'r, AnyRow> for BankEntry {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            entry_no: row.try_get("entry_no")?,
            reference: row.try_get("reference")?,
            end_to_end_id: row.try_get("end_to_end_id")?,
            minor_units: row.try_get("minor_units")?,
            booked_at_ms: row.try_get("booked_at_ms")?,
        })
    }
}

/// An account and its entries.
#[derive(Debug)]
pub struct AccountBookings {
    pub balance: i64,
    pub opened_at_ms: i64,
    pub entries: Vec<BankEntry>,
}

/// A booking to be made.
#[derive(Debug, Clone, Copy)]
pub struct Booking<'a> {
    pub currency: &'a str,
    /// Positive for money coming in, negative for money going out.
    pub minor_units: i64,
    pub reference: &'a str,
    pub end_to_end_id: &'a str,
    pub now_ms: i64,
}

impl BankBooks {
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

    /// The account and its newest entries, from one snapshot.
    pub async fn account(&self, currency: Currency) -> Result<Option<AccountBookings>, sqlx::Error> {
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
        let mut entries: Vec<BankEntry> = sqlx::query_as(
            "SELECT entry_no, reference, end_to_end_id, minor_units, booked_at_ms FROM entry
             WHERE currency = $1 ORDER BY entry_no DESC LIMIT $2",
        )
        .bind(currency.code().to_owned())
        .bind(STATEMENT_ENTRIES_MAX)
        .fetch_all(&mut *tx)
        .await?;
        tx.rollback().await?;
        entries.reverse();
        Ok(Some(AccountBookings { balance, opened_at_ms, entries }))
    }

    /// Stores a scenario, replacing an older one for the same target.
    pub async fn set_scenario(&self, scenario: &BankScenario) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO scenario (target, value, behaviour, remaining) VALUES ($1, $2, $3, $4)
             ON CONFLICT (target, value) DO UPDATE SET behaviour = excluded.behaviour, remaining = excluded.remaining",
        )
        .bind(scenario.target)
        .bind(scenario.value.clone())
        .bind(scenario.behaviour.clone())
        .bind(scenario.remaining)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// The scenario for a target; uses up one of its remaining times.
pub async fn take_scenario(tx: &mut AnyConnection, target: &'static str, value: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "UPDATE scenario SET remaining = CASE WHEN remaining > 0 THEN remaining - 1 ELSE remaining END
         WHERE target = $1 AND value = $2 AND remaining <> 0 RETURNING behaviour",
    )
    .bind(target)
    .bind(value.to_owned())
    .fetch_optional(tx)
    .await
}

/// Records a payment as lost. True the first time.
pub async fn lose(tx: &mut AnyConnection, end_to_end_id: &str) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query("INSERT INTO lost (end_to_end_id) VALUES ($1) ON CONFLICT DO NOTHING");
    Ok(inserted.bind(end_to_end_id.to_owned()).execute(tx).await?.rows_affected() == 1)
}

/// Inserts a payment; true if its EndToEndId was new. A concurrent insert of the same one waits until this transaction ends.
pub async fn insert_payment(tx: &mut AnyConnection, payment: &KeptPayment) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO payment (end_to_end_id, message_id, payment_id, currency, minor_units, creditor_account, status, reason, words,
             received_at_ms, decided_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
    )
    .bind(payment.end_to_end_id.clone())
    .bind(payment.message_id.clone())
    .bind(payment.payment_id.clone())
    .bind(payment.currency.clone())
    .bind(payment.minor_units)
    .bind(payment.creditor_account.clone())
    .bind(payment.status.clone())
    .bind(payment.reason.clone())
    .bind(payment.words.clone())
    .bind(payment.received_at_ms)
    .bind(payment.decided_at_ms)
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// A payment by its EndToEndId.
pub async fn payment(tx: &mut AnyConnection, end_to_end_id: &str) -> Result<Option<KeptPayment>, sqlx::Error> {
    sqlx::query_as(
        "SELECT end_to_end_id, message_id, payment_id, currency, minor_units, creditor_account, status, reason, words, received_at_ms,
             decided_at_ms FROM payment WHERE end_to_end_id = $1",
    )
    .bind(end_to_end_id.to_owned())
    .fetch_optional(tx)
    .await
}

/// Records the message that sent the payment last.
pub async fn set_message(tx: &mut AnyConnection, payment: &KeptPayment) -> Result<(), sqlx::Error> {
    let updated = sqlx::query("UPDATE payment SET message_id = $2, payment_id = $3 WHERE end_to_end_id = $1");
    let updated = updated.bind(payment.end_to_end_id.clone()).bind(payment.message_id.clone()).bind(payment.payment_id.clone());
    updated.execute(tx).await?;
    Ok(())
}

/// Changes a payment from the status it was read with. False if another transaction changed it first.
pub async fn set_status(tx: &mut AnyConnection, payment: &KeptPayment, from: &str) -> Result<bool, sqlx::Error> {
    let updated =
        sqlx::query("UPDATE payment SET status = $2, reason = $3, words = $4, decided_at_ms = $5 WHERE end_to_end_id = $1 AND status = $6")
            .bind(payment.end_to_end_id.clone())
            .bind(payment.status.clone())
            .bind(payment.reason.clone())
            .bind(payment.words.clone())
            .bind(payment.decided_at_ms)
            .bind(from.to_owned())
            .execute(tx)
            .await?;
    Ok(updated.rows_affected() == 1)
}

/// The outcome of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingResult {
    Done,
    /// The reference was booked before; nothing changed.
    Before,
    /// No such account, not enough money on it, or too much for an amount.
    Refused,
}

/// Books an entry, once per reference.
pub async fn book(tx: &mut AnyConnection, booking: Booking<'_>) -> Result<BookingResult, sqlx::Error> {
    // The account's row first: its lock makes the next entry number and the reference check safe.
    let moved = sqlx::query("UPDATE account SET balance = balance + $2 WHERE currency = $1 AND balance + $2 BETWEEN 0 AND $3")
        .bind(booking.currency.to_owned())
        .bind(booking.minor_units)
        .bind(money::AMOUNT_MAX)
        .execute(&mut *tx)
        .await?;
    if moved.rows_affected() == 0 {
        return Ok(BookingResult::Refused);
    }
    let inserted = sqlx::query(
        "INSERT INTO entry (currency, entry_no, reference, end_to_end_id, minor_units, booked_at_ms)
         SELECT $1, COALESCE(MAX(entry_no), 0) + 1, $2, $3, $4, $5 FROM entry WHERE currency = $1 ON CONFLICT DO NOTHING",
    )
    .bind(booking.currency.to_owned())
    .bind(booking.reference.to_owned())
    .bind(booking.end_to_end_id.to_owned())
    .bind(booking.minor_units)
    .bind(booking.now_ms)
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(BookingResult::Done);
    }
    sqlx::query("UPDATE account SET balance = balance - $2 WHERE currency = $1")
        .bind(booking.currency.to_owned())
        .bind(booking.minor_units)
        .execute(&mut *tx)
        .await?;
    Ok(BookingResult::Before)
}
