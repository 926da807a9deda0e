//! Every SQL statement of the pretend payment companies: what they keep as JSON, and what they have to report.

use serde_json::Value;
use sqlx::{AnyPool, Row as _};

/// Most events that are delivered in one round.
pub const EVENTS_MAX: i64 = 50;

/// The tables of one company.
#[derive(Debug, Clone)]
pub struct Records {
    pool: AnyPool,
}

/// An event to be delivered.
#[derive(Debug, Clone)]
pub struct DueEvent {
    pub event_id: String,
    pub body: String,
}

/// The first answer under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRequest {
    pub request_hash: String,
    pub status: u16,
    pub answer: String,
}

/// What was stored is what was made here.
fn read(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_default()
}

impl Records {
    pub fn new(pool: AnyPool) -> Self {
        Self { pool }
    }

    /// Stores an object, replacing what it was before; its place in lists stays.
    pub async fn put(&self, kind: &str, object: &Value) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO object (object_id, kind, seq, body) SELECT $1, $2, COALESCE(MAX(seq), 0) + 1, $3 FROM object WHERE 1 = 1
             ON CONFLICT (object_id) DO UPDATE SET body = excluded.body",
        )
        .bind(object["id"].as_str().unwrap_or_default().to_owned())
        .bind(kind.to_owned())
        .bind(object.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    pub async fn get(&self, kind: &str, id: &str) -> Result<Option<Value>, sqlx::Error> {
        let sql = "SELECT body FROM object WHERE object_id = $1 AND kind = $2";
        let body: Option<String> = sqlx::query_scalar(sql).bind(id.to_owned()).bind(kind.to_owned()).fetch_optional(&self.pool).await?;
        Ok(body.map(|body| read(&body)))
    }

    /// Every object of a kind, newest first.
    pub async fn all(&self, kind: &str) -> Result<Vec<Value>, sqlx::Error> {
        let sql = "SELECT body FROM object WHERE kind = $1 ORDER BY seq DESC";
        let bodies: Vec<String> = sqlx::query_scalar(sql).bind(kind.to_owned()).fetch_all(&self.pool).await?;
        Ok(bodies.iter().map(|body| read(body)).collect())
    }

    pub async fn add_event(&self, event: &Value, dropped: bool, now_ms: i64) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO event (event_id, seq, body, delivered, due_at_ms) SELECT $1, COALESCE(MAX(seq), 0) + 1, $2, $3, $4 FROM event",
        )
        .bind(event["id"].as_str().unwrap_or_default().to_owned())
        .bind(event.to_string())
        .bind(i64::from(dropped))
        .bind(now_ms)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Every event, newest first.
    pub async fn events(&self) -> Result<Vec<Value>, sqlx::Error> {
        let bodies: Vec<String> = sqlx::query_scalar("SELECT body FROM event ORDER BY seq DESC").fetch_all(&self.pool).await?;
        Ok(bodies.iter().map(|body| read(body)).collect())
    }

    pub async fn due_events(&self, now_ms: i64) -> Result<Vec<DueEvent>, sqlx::Error> {
        let sql = "SELECT event_id, body FROM event WHERE delivered = 0 AND due_at_ms <= $1 ORDER BY seq LIMIT $2";
        let rows = sqlx::query(sql).bind(now_ms).bind(EVENTS_MAX).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(DueEvent { event_id: row.try_get("event_id")?, body: row.try_get("body")? })).collect()
    }

    pub async fn note_attempt(&self, event_id: &str, delivered: bool, due_at_ms: i64) -> Result<(), sqlx::Error> {
        let sql = "UPDATE event SET delivered = $2, due_at_ms = $3 WHERE event_id = $1";
        sqlx::query(sql).bind(event_id.to_owned()).bind(i64::from(delivered)).bind(due_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// Has an event delivered once more. False: there is none.
    pub async fn repeat(&self, event_id: &str) -> Result<bool, sqlx::Error> {
        let query = sqlx::query("UPDATE event SET delivered = 0, due_at_ms = 0 WHERE event_id = $1").bind(event_id.to_owned());
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    pub async fn request_of_key(&self, key: &str, now_ms: i64) -> Result<Option<KeptRequest>, sqlx::Error> {
        sqlx::query("DELETE FROM request_key WHERE until_ms <= $1").bind(now_ms).execute(&self.pool).await?;
        let sql = "SELECT request_hash, status, answer FROM request_key WHERE request_key = $1";
        let kept: Option<(String, i64, String)> = sqlx::query_as(sql).bind(key.to_owned()).fetch_optional(&self.pool).await?;
        Ok(kept.map(|(request_hash, status, answer)| KeptRequest { request_hash, status: u16::try_from(status).unwrap_or(500), answer }))
    }

    pub async fn keep_key(&self, key: &str, kept: &KeptRequest, until_ms: i64) -> Result<(), sqlx::Error> {
        let sql = "INSERT INTO request_key (request_key, request_hash, status, answer, until_ms) VALUES ($1, $2, $3, $4, $5)";
        sqlx::query(sql)
            .bind(key.to_owned())
            .bind(kept.request_hash.clone())
            .bind(i64::from(kept.status))
            .bind(kept.answer.clone())
            .bind(until_ms)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn forget_keys(&self) -> Result<(), sqlx::Error> {
        sqlx::query("DELETE FROM request_key").execute(&self.pool).await?;
        Ok(())
    }

    pub async fn set(&self, name: &str, value: &str) -> Result<(), sqlx::Error> {
        let sql = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        sqlx::query(sql).bind(name.to_owned()).bind(value.to_owned()).execute(&self.pool).await?;
        Ok(())
    }

    pub async fn setting(&self, name: &str) -> Result<Option<String>, sqlx::Error> {
        sqlx::query_scalar("SELECT value FROM setting WHERE name = $1").bind(name.to_owned()).fetch_optional(&self.pool).await
    }
}
