//! The table of what people found of ACH files.

use super::{Error, Store};
use crate::domain::ach::{PaymentFile, finding::FileOutcome};
use ::money::UserKey;
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// What people found of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFindingRow {
    /// What the first of them found.
    pub outcome: FileOutcome,
    /// On which evidence.
    pub evidence: String,
    /// Who that was.
    pub proposed_by: String,
    /// When, Unix milliseconds.
    pub proposed_at_ms: i64,
    /// The evidence of the second; empty until then.
    pub confirmation: String,
    /// Who that was.
    pub decided_by: String,
    /// When, Unix milliseconds; 0: it is open.
    pub decided_at_ms: i64,
}

fn read(row: &AnyRow) -> Result<FileFindingRow, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    Ok(FileFindingRow {
        outcome: FileOutcome::from_name(&text("outcome")?).ok_or(Error::Row("outcome of a file"))?,
        evidence: text("evidence")?,
        proposed_by: text("proposed_by")?,
        proposed_at_ms: row.try_get("proposed_at_ms")?,
        confirmation: text("confirmation")?,
        decided_by: text("decided_by")?,
        decided_at_ms: row.try_get("decided_at_ms")?,
    })
}

/// What was found of a file, if anything was.
pub async fn get(tx: &mut AnyConnection, bank: &str, file_name: &str) -> Result<Option<FileFindingRow>, Error> {
    let query = sqlx::query("SELECT * FROM ach_file_finding WHERE bank = $1 AND file_name = $2");
    let query = query.bind(bank.to_owned()).bind(file_name.to_owned());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Writes what was found, over what was found before.
pub async fn save(tx: &mut AnyConnection, file: &PaymentFile, row: &FileFindingRow) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO ach_file_finding (bank, file_name, outcome, evidence, proposed_by, proposed_at_ms, confirmation, decided_by, decided_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (bank, file_name) DO UPDATE SET outcome = excluded.outcome, evidence = excluded.evidence, proposed_by = excluded.proposed_by,
             proposed_at_ms = excluded.proposed_at_ms, confirmation = excluded.confirmation, decided_by = excluded.decided_by,
             decided_at_ms = excluded.decided_at_ms",
    )
    .bind(file.bank.clone())
    .bind(file.file_name.clone())
    .bind(row.outcome.name())
    .bind(row.evidence.clone())
    .bind(row.proposed_by.clone())
    .bind(row.proposed_at_ms)
    .bind(row.confirmation.clone())
    .bind(row.decided_by.clone())
    .bind(row.decided_at_ms)
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a payment of the file is this user's.
pub async fn pays(tx: &mut AnyConnection, file: &PaymentFile, user: &UserKey) -> Result<bool, Error> {
    let sql = "SELECT COUNT(*) FROM ach_entry JOIN payout ON payout.book = ach_entry.book AND payout.payout_id = ach_entry.payout_id
        WHERE ach_entry.bank = $1 AND ach_entry.file_name = $2 AND payout.user_id = $3";
    let query = sqlx::query_scalar::<_, i64>(sql).bind(file.bank.clone()).bind(file.file_name.clone());
    Ok(query.bind(user.as_str().to_owned()).fetch_one(tx).await? > 0)
}

/// Whether a statement shows a debit for a payment of the file of which our records do not say that it is paid.
pub async fn is_debited(tx: &mut AnyConnection, file: &PaymentFile) -> Result<bool, Error> {
    let sql = "SELECT COUNT(*) FROM ach_entry JOIN booked_debit ON booked_debit.book = ach_entry.book AND booked_debit.payout_id = ach_entry.payout_id
        WHERE ach_entry.bank = $1 AND ach_entry.file_name = $2";
    let query = sqlx::query_scalar::<_, i64>(sql).bind(file.bank.clone()).bind(file.file_name.clone());
    Ok(query.fetch_one(tx).await? > 0)
}

impl Store {
    /// What people found of a file, if anybody did.
    pub async fn file_finding(&self, bank: &str, file_name: &str) -> Result<Option<FileFindingRow>, Error> {
        let mut connection = self.pool().acquire().await?;
        get(&mut connection, bank, file_name).await
    }

    /// Whether people look into it whether the bank ever received the file: nothing of it is sent meanwhile, nor afterwards.
    pub async fn is_upload_stopped(&self, file: &PaymentFile) -> Result<bool, Error> {
        let found = self.file_finding(&file.bank, &file.file_name).await?;
        Ok(found.is_some_and(|row| row.outcome == FileOutcome::NeverReceived))
    }
}
