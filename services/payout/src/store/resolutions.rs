//! The tables of payouts that people end, and of debits that contradict them.

use super::{Error, Store};
use crate::domain::{PayoutKey, resolution::ResolvedOutcome};
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// What people found of a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolutionRow {
    /// What the first of them found.
    pub outcome: ResolvedOutcome,
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

fn read(row: &AnyRow) -> Result<ResolutionRow, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    Ok(ResolutionRow {
        outcome: ResolvedOutcome::from_name(&text("outcome")?).ok_or(Error::Row("outcome"))?,
        evidence: text("evidence")?,
        proposed_by: text("proposed_by")?,
        proposed_at_ms: row.try_get("proposed_at_ms")?,
        confirmation: text("confirmation")?,
        decided_by: text("decided_by")?,
        decided_at_ms: row.try_get("decided_at_ms")?,
    })
}

/// What was found of a payout, if anything was.
pub async fn get(tx: &mut AnyConnection, payout: &PayoutKey) -> Result<Option<ResolutionRow>, Error> {
    let query = sqlx::query("SELECT * FROM payout_resolution WHERE book = $1 AND payout_id = $2");
    let query = query.bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(read).transpose()
}

/// Writes what was found, over what was found before.
pub async fn save(tx: &mut AnyConnection, payout: &PayoutKey, row: &ResolutionRow) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO payout_resolution (book, payout_id, outcome, evidence, proposed_by, proposed_at_ms, confirmation, decided_by, decided_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (book, payout_id) DO UPDATE SET outcome = excluded.outcome, evidence = excluded.evidence, proposed_by = excluded.proposed_by,
             proposed_at_ms = excluded.proposed_at_ms, confirmation = excluded.confirmation, decided_by = excluded.decided_by,
             decided_at_ms = excluded.decided_at_ms",
    )
    .bind(payout.book.as_str().to_owned())
    .bind(payout.payout_id.to_string())
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

/// Whether a statement shows a debit for a payout of which our records do not say that it is paid.
pub async fn is_debited(tx: &mut AnyConnection, payout: &PayoutKey) -> Result<bool, Error> {
    let query = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM booked_debit WHERE book = $1 AND payout_id = $2");
    Ok(query.bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string()).fetch_one(tx).await? > 0)
}

impl Store {
    /// What people found of a payout, if anybody did.
    pub async fn resolution(&self, payout: &PayoutKey) -> Result<Option<ResolutionRow>, Error> {
        let mut connection = self.pool().acquire().await?;
        get(&mut connection, payout).await
    }
}
