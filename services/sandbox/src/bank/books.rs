//! The bank's books, with every SQL statement.
//!
//! - [`entries`]: what was booked. [`events`]: what is to happen: returns, recalls, callbacks.

pub mod entries;
pub mod events;

pub use entries::{AccountBookings, BankEntry, BankEntryKind, Booking, BookingResult, STATEMENT_ENTRIES_MAX, book, read_account};

use super::scenario::BankScenario;
use db::{
    QueuedTransaction, WriteQueue,
    sets::{self, SetValue},
};
use money::Money;
use sqlx::{AnyConnection, AnyPool, FromRow, Row, any::AnyRow};
use std::collections::{BTreeSet, HashMap};

/// The books.
#[derive(Debug, Clone)]
pub struct BankBooks {
    writes: WriteQueue,
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
    /// On whose behalf it is made; empty: the payer's own.
    pub ultimate_debtor: String,
    pub status: String,
    pub reason: String,
    pub words: String,
    pub received_at_ms: i64,
    pub decided_at_ms: i64,
    /// The rail's id; empty if the payment asked for none that there is.
    pub rail: String,
    /// The behaviour that was chosen when it arrived.
    pub behaviour: String,
    /// What came back of it or was kept back on the way.
    pub returned: i64,
    /// How often.
    pub returns: i64,
}

impl KeptPayment {
    /// Whether both are the same instruction, regardless of the message.
    pub fn same_instruction(&self, other: &KeptPayment) -> bool {
        (&self.currency, self.minor_units, &self.creditor_account) == (&other.currency, other.minor_units, &other.creditor_account)
    }
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
            ultimate_debtor: row.try_get("ultimate_debtor")?,
            status: row.try_get("status")?,
            reason: row.try_get("reason")?,
            words: row.try_get("words")?,
            received_at_ms: row.try_get("received_at_ms")?,
            decided_at_ms: row.try_get("decided_at_ms")?,
            rail: row.try_get("rail")?,
            behaviour: row.try_get("behaviour")?,
            returned: row.try_get("returned")?,
            returns: row.try_get("returns")?,
        })
    }
}

impl BankBooks {
    pub fn new(pool: AnyPool) -> Self {
        Self { writes: WriteQueue::new(pool) }
    }

    pub fn pool(&self) -> &AnyPool {
        self.writes.pool()
    }

    pub async fn begin(&self) -> Result<QueuedTransaction, sqlx::Error> {
        self.writes.transaction().await
    }

    /// Opens an account with its funding; an open one keeps its balance.
    pub async fn open_account(&self, funding: Money, now_ms: i64) -> Result<(), sqlx::Error> {
        sqlx::query("INSERT INTO account (currency, opening, balance, opened_at_ms) VALUES ($1, $2, $2, $3) ON CONFLICT DO NOTHING")
            .bind(funding.currency().code().to_owned())
            .bind(funding.minor_units())
            .bind(now_ms)
            .execute(self.pool())
            .await?;
        Ok(())
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
        .execute(self.pool())
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
             received_at_ms, decided_at_ms, rail, behaviour, ultimate_debtor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
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
    .bind(payment.rail.clone())
    .bind(payment.behaviour.clone())
    .bind(payment.ultimate_debtor.clone())
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// A payment by its EndToEndId.
pub async fn payment(tx: &mut AnyConnection, end_to_end_id: &str) -> Result<Option<KeptPayment>, sqlx::Error> {
    sqlx::query_as(
        "SELECT end_to_end_id, message_id, payment_id, currency, minor_units, creditor_account, status, reason, words, received_at_ms,
             decided_at_ms, rail, behaviour, returned, returns, ultimate_debtor FROM payment WHERE end_to_end_id = $1",
    )
    .bind(end_to_end_id.to_owned())
    .fetch_optional(tx)
    .await
}

/// Those of these EndToEndIds that there are.
pub async fn payments(tx: &mut AnyConnection, end_to_end_ids: &BTreeSet<&str>) -> Result<HashMap<String, KeptPayment>, sqlx::Error> {
    let rows: Vec<[SetValue; 1]> = end_to_end_ids.iter().map(|id| [(*id).into()]).collect();
    let sql =
        "SELECT end_to_end_id, message_id, payment_id, currency, minor_units, creditor_account, status, reason, words, received_at_ms,
             decided_at_ms, rail, behaviour, returned, returns, ultimate_debtor FROM payment WHERE end_to_end_id IN (VALUES {rows})";
    let found = sets::returned(tx, sql, &rows).await?;
    found.iter().map(|row| KeptPayment::from_row(row).map(|payment| (payment.end_to_end_id.clone(), payment))).collect()
}

/// Whether any scenario is left: mostly none is, and then none has to be looked for.
pub async fn has_scenarios(tx: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let found: Option<i64> = sqlx::query_scalar("SELECT remaining FROM scenario WHERE remaining <> 0 LIMIT 1").fetch_optional(tx).await?;
    Ok(found.is_some())
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

/// Counts what comes back of an executed payment. False if more would come back than was paid; a concurrent return waits until this transaction ends.
pub async fn count_return(tx: &mut AnyConnection, payment: &KeptPayment, minor_units: i64) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query(
        "UPDATE payment SET returned = returned + $2, returns = returns + 1
         WHERE end_to_end_id = $1 AND status = 'ACSC' AND returned = $3 AND returned + $2 <= minor_units",
    );
    let updated = updated.bind(payment.end_to_end_id.clone()).bind(minor_units).bind(payment.returned);
    Ok(updated.execute(tx).await?.rows_affected() == 1)
}
