//! What is to happen: returns and answers to recalls that are due, and callbacks that are to be delivered.

use db::sets::{self, SetValue};
use sqlx::{AnyConnection, AnyPool, FromRow, Row, any::AnyRow};

/// Something that happens by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueEvent {
    /// A payment comes back; its id is the EndToEndId.
    Return,
    /// A recall is answered; its id is the recall's.
    Recall,
}

impl DueEvent {
    fn name(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Recall => "recall",
        }
    }
}

/// A recall of one payment, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRecall {
    pub recall_id: String,
    pub end_to_end_id: String,
    /// The message of the payment, as the recall names it.
    pub message_id: String,
    /// `ACCR` or `RJCR`; empty until decided.
    pub outcome: String,
    /// Why it was refused.
    pub reason: String,
    /// The new payment by which the money came back, on rails without returns.
    pub repaid_by: String,
    pub received_at_ms: i64,
    pub decided_at_ms: i64,
}

impl<'r> FromRow<'r, AnyRow> for KeptRecall {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            recall_id: row.try_get("recall_id")?,
            end_to_end_id: row.try_get("end_to_end_id")?,
            message_id: row.try_get("message_id")?,
            outcome: row.try_get("outcome")?,
            reason: row.try_get("reason")?,
            repaid_by: row.try_get("repaid_by")?,
            received_at_ms: row.try_get("received_at_ms")?,
            decided_at_ms: row.try_get("decided_at_ms")?,
        })
    }
}

/// A callback as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCallback {
    pub callback_id: String,
    pub url: String,
    /// The EndToEndId or recall that it is about, for those who wait for its delivery.
    pub about: String,
    pub body: String,
    /// Signed with another key than it says, and sent once.
    pub is_forged: bool,
    pub tries: i64,
    pub due_at_ms: i64,
}

impl<'r> FromRow<'r, AnyRow> for KeptCallback {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            callback_id: row.try_get("callback_id")?,
            url: row.try_get("url")?,
            about: row.try_get("about")?,
            body: row.try_get("body")?,
            is_forged: row.try_get::<i64, _>("is_forged")? != 0,
            tries: row.try_get("tries")?,
            due_at_ms: row.try_get("due_at_ms")?,
        })
    }
}

/// Notes that something is due.
pub async fn set_due(tx: &mut AnyConnection, event: DueEvent, id: &str, at_ms: i64) -> Result<(), sqlx::Error> {
    let insert = sqlx::query("INSERT INTO due (what, id, at_ms) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
    insert.bind(event.name()).bind(id.to_owned()).bind(at_ms).execute(tx).await?;
    Ok(())
}

/// Takes what was due, now or later. True for the one who does it.
pub async fn take_due(tx: &mut AnyConnection, event: DueEvent, id: &str) -> Result<bool, sqlx::Error> {
    let delete = sqlx::query("DELETE FROM due WHERE what = $1 AND id = $2").bind(event.name()).bind(id.to_owned());
    Ok(delete.execute(tx).await?.rows_affected() == 1)
}

/// What is due by now, and when the next is.
pub async fn due(pool: &AnyPool, now_ms: i64) -> Result<(Vec<(DueEvent, String)>, Option<i64>), sqlx::Error> {
    const DUE_MAX: i64 = 100;
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT what, id, at_ms FROM due ORDER BY at_ms LIMIT $1").bind(DUE_MAX).fetch_all(pool).await?;
    let next = rows.iter().map(|(_, _, at_ms)| *at_ms).find(|at_ms| *at_ms > now_ms);
    let past = rows.into_iter().filter(|(_, _, at_ms)| *at_ms <= now_ms);
    let events = past.map(|(what, id, _)| (if what == "return" { DueEvent::Return } else { DueEvent::Recall }, id)).collect();
    Ok((events, next))
}

/// Stores a recall; true if it is new.
pub async fn insert_recall(tx: &mut AnyConnection, recall: &KeptRecall) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query(
        "INSERT INTO recall (recall_id, end_to_end_id, message_id, outcome, reason, repaid_by, received_at_ms, decided_at_ms)
         VALUES ($1, $2, $3, '', '', '', $4, 0) ON CONFLICT DO NOTHING",
    )
    .bind(recall.recall_id.clone())
    .bind(recall.end_to_end_id.clone())
    .bind(recall.message_id.clone())
    .bind(recall.received_at_ms);
    Ok(inserted.execute(tx).await?.rows_affected() == 1)
}

/// Decides a recall once.
pub async fn decide_recall(tx: &mut AnyConnection, recall: &KeptRecall) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query(
        "UPDATE recall SET outcome = $3, reason = $4, repaid_by = $5, decided_at_ms = $6
         WHERE recall_id = $1 AND end_to_end_id = $2 AND outcome = ''",
    )
    .bind(recall.recall_id.clone())
    .bind(recall.end_to_end_id.clone())
    .bind(recall.outcome.clone())
    .bind(recall.reason.clone())
    .bind(recall.repaid_by.clone())
    .bind(recall.decided_at_ms);
    Ok(updated.execute(tx).await?.rows_affected() == 1)
}

/// The payments of a recall, in order of their ids.
pub async fn recall(tx: &mut AnyConnection, recall_id: &str) -> Result<Vec<KeptRecall>, sqlx::Error> {
    sqlx::query_as(
        "SELECT recall_id, end_to_end_id, message_id, outcome, reason, repaid_by, received_at_ms, decided_at_ms FROM recall
         WHERE recall_id = $1 ORDER BY end_to_end_id",
    )
    .bind(recall_id.to_owned())
    .fetch_all(tx)
    .await
}

/// Registers a receiver of callbacks. One with a name gets what waits for the one that had the name before, which is no receiver any more.
pub async fn add_receiver(pool: &AnyPool, url: &str, name: &str) -> Result<(), sqlx::Error> {
    let mut tx = db::begin(pool).await?;
    if !name.is_empty() {
        let waiting = sqlx::query("UPDATE callback SET url = $1 WHERE url IN (SELECT url FROM receiver WHERE name = $2)");
        waiting.bind(url.to_owned()).bind(name.to_owned()).execute(&mut *tx).await?;
        let before = sqlx::query("DELETE FROM receiver WHERE name = $1 AND url <> $2");
        before.bind(name.to_owned()).bind(url.to_owned()).execute(&mut *tx).await?;
    }
    let insert = sqlx::query("INSERT INTO receiver (url, name) VALUES ($1, $2) ON CONFLICT DO NOTHING");
    insert.bind(url.to_owned()).bind(name.to_owned()).execute(&mut *tx).await?;
    tx.commit().await
}

/// All receivers.
pub async fn receivers(pool: &AnyPool) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT url FROM receiver ORDER BY url").fetch_all(pool).await
}

/// Stores a callback that is to be delivered.
pub async fn insert_callback(tx: &mut AnyConnection, callback: &KeptCallback) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO callback (callback_id, url, about, body, is_forged, tries, due_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(callback.callback_id.clone())
        .bind(callback.url.clone())
        .bind(callback.about.clone())
        .bind(callback.body.clone())
        .bind(i64::from(callback.is_forged))
        .bind(callback.tries)
        .bind(callback.due_at_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// The oldest callbacks, due or not: ids grow with time.
pub async fn callbacks(pool: &AnyPool, at_most: i64) -> Result<Vec<KeptCallback>, sqlx::Error> {
    sqlx::query_as(
        "SELECT callback_id, url, about, body, is_forged, tries, due_at_ms FROM callback ORDER BY due_at_ms, callback_id LIMIT $1",
    )
    .bind(at_most)
    .fetch_all(pool)
    .await
}

/// How many callbacks about something are still to be delivered.
pub async fn callbacks_about(pool: &AnyPool, about: &str) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COUNT(*) FROM callback WHERE about = $1").bind(about.to_owned()).fetch_one(pool).await
}

/// Removes callbacks that were delivered or given up.
pub async fn delete_callbacks(tx: &mut AnyConnection, callback_ids: &[&str]) -> Result<(), sqlx::Error> {
    let rows: Vec<[SetValue; 1]> = callback_ids.iter().map(|id| [(*id).into()]).collect();
    sets::changed(tx, "DELETE FROM callback WHERE callback_id IN (VALUES {rows})", &rows).await?;
    Ok(())
}

/// Puts a callback off after a failed try.
pub async fn put_off(tx: &mut AnyConnection, callback_id: &str, due_at_ms: i64) -> Result<(), sqlx::Error> {
    let update = sqlx::query("UPDATE callback SET tries = tries + 1, due_at_ms = $2 WHERE callback_id = $1");
    update.bind(callback_id.to_owned()).bind(due_at_ms).execute(tx).await?;
    Ok(())
}
