//! What the bank stores beside its accounts, with every SQL statement about it.

use super::behaviour::ApiScenario;
use sqlx::{AnyConnection, AnyPool, FromRow, Row as _, any::AnyRow};

/// The most payments that one query answers with.
const PAYMENTS_MAX: i64 = 25;
/// The most callbacks that are delivered in one round.
pub const EVENTS_MAX: usize = 50;

/// A payment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptApiPayment {
    pub payment_id: String,
    pub end_to_end_id: String,
    pub payment_type: String,
    pub currency: String,
    pub minor_units: i64,
    /// The request, JSON.
    pub request: String,
    pub status: String,
    pub sub_status: String,
    /// The code of a rejection or return; else empty.
    pub exception: String,
    /// The behaviour that the next query brings about; else empty.
    pub planned: String,
    /// Grows with every change, so it is also the payment's version.
    pub updated_at_ms: i64,
}

impl<'r> FromRow<'r, AnyRow> for KeptApiPayment {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            payment_id: row.try_get("payment_id")?,
            end_to_end_id: row.try_get("end_to_end_id")?,
            payment_type: row.try_get("payment_type")?,
            currency: row.try_get("currency")?,
            minor_units: row.try_get("minor_units")?,
            request: row.try_get("request")?,
            status: row.try_get("status")?,
            sub_status: row.try_get("sub_status")?,
            exception: row.try_get("exception")?,
            planned: row.try_get("planned")?,
            updated_at_ms: row.try_get("updated_at_ms")?,
        })
    }
}

const COLUMNS: &str =
    "payment_id, end_to_end_id, payment_type, currency, minor_units, request, status, sub_status, exception, planned, updated_at_ms";

/// A callback to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
    pub event_id: String,
    /// The EndToEndId.
    pub about: String,
    /// The payment in the API's words, JSON.
    pub payload: String,
    /// Signed with another key than it says, and sent once.
    pub is_forged: bool,
    pub created_at_ms: i64,
}

/// The tables of a pool, for what needs no transaction.
#[derive(Debug, Clone)]
pub struct ApiStore {
    pool: AnyPool,
}

impl ApiStore {
    pub fn new(pool: AnyPool) -> Self {
        Self { pool }
    }

    /// Stores a scenario, replacing an older one for the same target.
    pub async fn set_scenario(&self, scenario: &ApiScenario) -> Result<(), sqlx::Error> {
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

    /// Stores where callbacks go.
    pub async fn register(&self, registration: &str) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO callback (callback_no, registration) VALUES (1, $1)
             ON CONFLICT (callback_no) DO UPDATE SET registration = excluded.registration",
        )
        .bind(registration.to_owned())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Where callbacks go.
    pub async fn registration(&self) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT registration FROM callback WHERE callback_no = 1").fetch_optional(&self.pool).await
    }

    /// Callbacks that are due, oldest first.
    pub async fn due_events(&self, now_ms: i64) -> Result<Vec<KeptEvent>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT event_id, about, payload, is_forged, created_at_ms FROM event WHERE delivered = 0 AND due_at_ms <= $1 ORDER BY event_id LIMIT $2",
        )
        .bind(now_ms)
        .bind(EVENTS_MAX as i64)
        .fetch_all(&self.pool)
        .await?;
        let event = |row: &AnyRow| {
            Ok(KeptEvent {
                event_id: row.try_get("event_id")?,
                about: row.try_get("about")?,
                is_forged: row.try_get::<i64, _>("is_forged")? != 0,
                payload: row.try_get("payload")?,
                created_at_ms: row.try_get("created_at_ms")?,
            })
        };
        rows.iter().map(event).collect()
    }

    /// How many callbacks about a payment are still to be delivered.
    pub async fn events_about(&self, end_to_end_id: &str) -> Result<i64, sqlx::Error> {
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM event WHERE delivered = 0 AND about = $1");
        count.bind(end_to_end_id.to_owned()).fetch_one(&self.pool).await
    }

    /// Notes an attempt to deliver a callback: that it arrived, or when to try again.
    pub async fn note_attempt(&self, event_id: &str, delivered: bool, due_at_ms: i64) -> Result<(), sqlx::Error> {
        sqlx::query("UPDATE event SET delivered = $2, due_at_ms = $3, attempts = attempts + 1 WHERE event_id = $1")
            .bind(event_id.to_owned())
            .bind(i64::from(delivered))
            .bind(due_at_ms)
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

/// The request that a key was used for: hash of its body, and payment. Keys that are to be forgotten by now are.
pub async fn request_of_key(tx: &mut AnyConnection, key: &str, now_ms: i64) -> Result<Option<(String, String)>, sqlx::Error> {
    sqlx::query("DELETE FROM request_key WHERE until_ms <= $1").bind(now_ms).execute(&mut *tx).await?;
    sqlx::query_as("SELECT body_hash, payment_id FROM request_key WHERE request_key = $1").bind(key.to_owned()).fetch_optional(tx).await
}

/// Remembers a key. False if another transaction used it first.
pub async fn keep_key(tx: &mut AnyConnection, key: &str, hash: &str, payment_id: &str, until_ms: i64) -> Result<bool, sqlx::Error> {
    let kept = sqlx::query(
        "INSERT INTO request_key (request_key, body_hash, payment_id, until_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(key.to_owned())
    .bind(hash.to_owned())
    .bind(payment_id.to_owned())
    .bind(until_ms)
    .execute(tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Inserts a payment under a new id.
pub async fn insert_payment(tx: &mut AnyConnection, payment: &KeptApiPayment) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO payment (payment_id, end_to_end_id, payment_type, currency, minor_units, request, status, sub_status, exception, planned,
             updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(payment.payment_id.clone())
    .bind(payment.end_to_end_id.clone())
    .bind(payment.payment_type.clone())
    .bind(payment.currency.clone())
    .bind(payment.minor_units)
    .bind(payment.request.clone())
    .bind(payment.status.clone())
    .bind(payment.sub_status.clone())
    .bind(payment.exception.clone())
    .bind(payment.planned.clone())
    .bind(payment.updated_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Changes a payment from the version it was read with. False if another transaction changed it first.
pub async fn update_payment(tx: &mut AnyConnection, payment: &KeptApiPayment, from_ms: i64) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query(
        "UPDATE payment SET status = $2, sub_status = $3, exception = $4, planned = $5, updated_at_ms = $6
         WHERE payment_id = $1 AND updated_at_ms = $7",
    )
    .bind(payment.payment_id.clone())
    .bind(payment.status.clone())
    .bind(payment.sub_status.clone())
    .bind(payment.exception.clone())
    .bind(payment.planned.clone())
    .bind(payment.updated_at_ms)
    .bind(from_ms)
    .execute(tx)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// Keeps other transactions from changing payments under an id, the bank's or the payer's, until this one ends. A read that follows sees their last change.
pub async fn lock_payments(tx: &mut AnyConnection, id: &str) -> Result<(), sqlx::Error> {
    let locked = sqlx::query("UPDATE payment SET planned = planned WHERE end_to_end_id = $1 OR payment_id = $1");
    locked.bind(id.to_owned()).execute(tx).await?;
    Ok(())
}

/// Payments with an EndToEndId, the newest first.
pub async fn payments(tx: &mut AnyConnection, end_to_end_id: &str) -> Result<Vec<KeptApiPayment>, sqlx::Error> {
    let text = format!("SELECT {COLUMNS} FROM payment WHERE end_to_end_id = $1 ORDER BY payment_id DESC LIMIT $2");
    sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(end_to_end_id.to_owned()).bind(PAYMENTS_MAX).fetch_all(tx).await
}

/// A payment by the bank's id.
pub async fn payment(tx: &mut AnyConnection, payment_id: &str) -> Result<Option<KeptApiPayment>, sqlx::Error> {
    let text = format!("SELECT {COLUMNS} FROM payment WHERE payment_id = $1");
    sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(payment_id.to_owned()).fetch_optional(tx).await
}

/// Puts a callback in the queue if anybody is registered.
pub async fn queue_event(tx: &mut AnyConnection, event: &KeptEvent) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO event (event_id, payload, created_at_ms, due_at_ms, attempts, delivered, about, is_forged)
         SELECT $1, $2, $3, $3, 0, 0, $4, $5 FROM callback WHERE callback_no = 1",
    )
    .bind(event.event_id.clone())
    .bind(event.payload.clone())
    .bind(event.created_at_ms)
    .bind(event.about.clone())
    .bind(i64::from(event.is_forged))
    .execute(tx)
    .await?;
    Ok(())
}
