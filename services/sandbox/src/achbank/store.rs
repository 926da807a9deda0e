//! What the ACH bank stores beside its account, with every SQL statement about it.

use super::fault::AchScenarioRequest;
use sqlx::{Any, AnyConnection, AnyPool, FromRow, Row as _, Transaction, any::AnyRow};

/// An upload as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptUpload {
    pub file_name: String,
    pub sha256: String,
    /// The file, if it was accepted.
    pub content: String,
    /// Sender, day and modifier of an accepted file; else empty.
    pub day_key: String,
    /// The acknowledgement, JSON.
    pub answer: String,
    pub acknowledged_at_ms: i64,
    /// How often files of answers to it come.
    pub mail_copies: i64,
}

impl<'r> FromRow<'r, AnyRow> for KeptUpload {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            file_name: row.try_get("file_name")?,
            sha256: row.try_get("sha256")?,
            content: row.try_get("content")?,
            day_key: row.try_get("day_key")?,
            answer: row.try_get("answer")?,
            acknowledged_at_ms: row.try_get("acknowledged_at_ms")?,
            mail_copies: row.try_get("mail_copies")?,
        })
    }
}

/// Entries of one batch that settle at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSettlement {
    pub settlement_id: String,
    pub file_name: String,
    pub batch_index: i64,
    /// Positions in the batch, a JSON list.
    pub entries: String,
    /// What is debited.
    pub cents: i64,
    pub settles_at_ms: i64,
}

/// An answer that a receiver's bank will send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReply {
    pub reply_id: String,
    pub file_name: String,
    pub batch_index: i64,
    pub entry_index: i64,
    pub code: String,
    pub due_at_ms: i64,
}

/// The tables of a pool.
#[derive(Debug, Clone)]
pub struct AchStore {
    pool: AnyPool,
}

impl AchStore {
    pub fn new(pool: AnyPool) -> Self {
        Self { pool }
    }

    /// Begins a transaction that has the bank to itself, and reads how far its clock is ahead.
    pub async fn begin_alone(&self) -> Result<(Transaction<'static, Any>, i64), sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        let ahead = sqlx::query_scalar("UPDATE bank_clock SET ahead_ms = ahead_ms WHERE clock_no = 1 RETURNING ahead_ms");
        let ahead_ms = ahead.fetch_one(&mut *tx).await?;
        Ok((tx, ahead_ms))
    }

    /// Stores a scenario, replacing an older one for the same file.
    pub async fn set_scenario(&self, scenario: &AchScenarioRequest) -> Result<(), sqlx::Error> {
        sqlx::query(
            "INSERT INTO scenario (target, value, behaviour, remaining) VALUES ('file', $1, $2, $3)
             ON CONFLICT (target, value) DO UPDATE SET behaviour = excluded.behaviour, remaining = excluded.remaining",
        )
        .bind(scenario.file.clone())
        .bind(scenario.behaviour.clone())
        .bind(scenario.times.map_or(-1, i64::from))
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// Moves the bank's clock.
pub async fn set_clock(tx: &mut AnyConnection, ahead_ms: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE bank_clock SET ahead_ms = $1 WHERE clock_no = 1").bind(ahead_ms).execute(tx).await?;
    Ok(())
}

/// The scenario for a file, or for every file; uses up one of its remaining times.
pub async fn take_scenario(tx: &mut AnyConnection, file_name: &str) -> Result<Option<String>, sqlx::Error> {
    for value in [file_name, "*"] {
        let taken: Option<String> = sqlx::query_scalar(
            "UPDATE scenario SET remaining = CASE WHEN remaining > 0 THEN remaining - 1 ELSE remaining END
             WHERE target = 'file' AND value = $1 AND remaining <> 0 RETURNING behaviour",
        )
        .bind(value.to_owned())
        .fetch_optional(&mut *tx)
        .await?;
        if taken.is_some() {
            return Ok(taken);
        }
    }
    Ok(None)
}

const UPLOAD: &str = "SELECT file_name, sha256, content, day_key, answer, acknowledged_at_ms, mail_copies FROM upload";

/// An upload by a column that is one of ours.
async fn upload_by(tx: &mut AnyConnection, column: &'static str, value: &str) -> Result<Option<KeptUpload>, sqlx::Error> {
    let text = format!("{UPLOAD} WHERE {column} = $1 ORDER BY file_name LIMIT 1");
    sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(value.to_owned()).fetch_optional(tx).await
}

/// An upload by its name.
pub async fn upload(tx: &mut AnyConnection, file_name: &str) -> Result<Option<KeptUpload>, sqlx::Error> {
    upload_by(tx, "file_name", file_name).await
}

/// An upload of these bytes.
pub async fn upload_of_hash(tx: &mut AnyConnection, sha256: &str) -> Result<Option<KeptUpload>, sqlx::Error> {
    upload_by(tx, "sha256", sha256).await
}

/// An accepted upload of a sender, day and modifier.
pub async fn upload_of_day(tx: &mut AnyConnection, day_key: &str) -> Result<Option<KeptUpload>, sqlx::Error> {
    upload_by(tx, "day_key", day_key).await
}

pub async fn insert_upload(tx: &mut AnyConnection, upload: &KeptUpload) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO upload (file_name, sha256, content, day_key, answer, acknowledged_at_ms, mail_copies) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(upload.file_name.clone())
    .bind(upload.sha256.clone())
    .bind(upload.content.clone())
    .bind(upload.day_key.clone())
    .bind(upload.answer.clone())
    .bind(upload.acknowledged_at_ms)
    .bind(upload.mail_copies)
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn insert_settlement(tx: &mut AnyConnection, settlement: &KeptSettlement) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO settlement (settlement_id, file_name, batch_index, entries, cents, settles_at_ms, booked) VALUES ($1, $2, $3, $4, $5, $6, 0)",
    )
    .bind(settlement.settlement_id.clone())
    .bind(settlement.file_name.clone())
    .bind(settlement.batch_index)
    .bind(settlement.entries.clone())
    .bind(settlement.cents)
    .bind(settlement.settles_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Sums that are still to be debited; added up by the caller, because a sum in SQL overflows or changes its type.
pub async fn reserved(tx: &mut AnyConnection) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar("SELECT cents FROM settlement WHERE booked = 0").fetch_all(tx).await
}

/// The earliest settlements that are due, all of one moment.
pub async fn due_settlements(tx: &mut AnyConnection, now_ms: i64) -> Result<Vec<KeptSettlement>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT settlement_id, file_name, batch_index, entries, cents, settles_at_ms FROM settlement
         WHERE booked = 0 AND settles_at_ms <= $1
             AND settles_at_ms = (SELECT MIN(settles_at_ms) FROM settlement WHERE booked = 0) ORDER BY settlement_id",
    )
    .bind(now_ms)
    .fetch_all(tx)
    .await?;
    let settlement = |row: &AnyRow| {
        Ok(KeptSettlement {
            settlement_id: row.try_get("settlement_id")?,
            file_name: row.try_get("file_name")?,
            batch_index: row.try_get("batch_index")?,
            entries: row.try_get("entries")?,
            cents: row.try_get("cents")?,
            settles_at_ms: row.try_get("settles_at_ms")?,
        })
    };
    rows.iter().map(settlement).collect()
}

pub async fn note_booked(tx: &mut AnyConnection, settlement_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE settlement SET booked = 1 WHERE settlement_id = $1").bind(settlement_id.to_owned()).execute(tx).await?;
    Ok(())
}

pub async fn insert_reply(tx: &mut AnyConnection, reply: &KeptReply) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO reply (reply_id, file_name, batch_index, entry_index, code, due_at_ms, filed) VALUES ($1, $2, $3, $4, $5, $6, 0)",
    )
    .bind(reply.reply_id.clone())
    .bind(reply.file_name.clone())
    .bind(reply.batch_index)
    .bind(reply.entry_index)
    .bind(reply.code.clone())
    .bind(reply.due_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// The earliest answers that are due, all of one moment.
pub async fn due_replies(tx: &mut AnyConnection, now_ms: i64) -> Result<Vec<KeptReply>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT reply_id, file_name, batch_index, entry_index, code, due_at_ms FROM reply
         WHERE filed = 0 AND due_at_ms <= $1 AND due_at_ms = (SELECT MIN(due_at_ms) FROM reply WHERE filed = 0)
         ORDER BY file_name, batch_index, entry_index",
    )
    .bind(now_ms)
    .fetch_all(tx)
    .await?;
    let reply = |row: &AnyRow| {
        Ok(KeptReply {
            reply_id: row.try_get("reply_id")?,
            file_name: row.try_get("file_name")?,
            batch_index: row.try_get("batch_index")?,
            entry_index: row.try_get("entry_index")?,
            code: row.try_get("code")?,
            due_at_ms: row.try_get("due_at_ms")?,
        })
    };
    rows.iter().map(reply).collect()
}

pub async fn note_filed(tx: &mut AnyConnection, reply_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE reply SET filed = 1 WHERE reply_id = $1").bind(reply_id.to_owned()).execute(tx).await?;
    Ok(())
}

/// Puts a file in the mailbox, under the next number.
pub async fn insert_mail(tx: &mut AnyConnection, mail_no: i64, name: &str, content: &str, copies: i64) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO mail (mail_no, file_name, content, copies) VALUES ($1, $2, $3, $4)")
        .bind(mail_no)
        .bind(name.to_owned())
        .bind(content.to_owned())
        .bind(copies)
        .execute(tx)
        .await?;
    Ok(())
}

/// The number of the newest file in the mailbox; 0 if there never was one.
pub async fn last_mail_no(tx: &mut AnyConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("SELECT COALESCE(MAX(mail_no), 0) FROM mail").fetch_one(tx).await
}

/// Name and content of the oldest file that is not confirmed.
pub async fn oldest_mail(tx: &mut AnyConnection) -> Result<Option<(String, String)>, sqlx::Error> {
    sqlx::query_as("SELECT file_name, content FROM mail WHERE copies > 0 ORDER BY mail_no LIMIT 1").fetch_optional(tx).await
}

/// Confirms a file. False: it is not there.
pub async fn confirm_mail(tx: &mut AnyConnection, name: &str) -> Result<bool, sqlx::Error> {
    let confirmed = sqlx::query("UPDATE mail SET copies = copies - 1 WHERE file_name = $1 AND copies > 0");
    Ok(confirmed.bind(name.to_owned()).execute(tx).await?.rows_affected() == 1)
}
