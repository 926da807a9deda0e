//! The tables of clearances and of lists with which every beneficiary was screened; and what the other needs of a payout are computed from.

use super::{Error, Store, beneficiaries::Beneficiary, book, uuid};
use crate::domain::{
    Payout,
    review::{ClearedHit, OpenHit, WindowSum},
};
use money::BookName;
use sqlx::AnyConnection;
use uuid::Uuid;

/// Who cleared a hit, and why.
#[derive(Debug, Clone, Copy)]
pub struct ClearedBy<'a> {
    /// The member of the staff.
    pub subject: &'a str,
    /// The reason.
    pub reason: &'a str,
    /// Unix milliseconds.
    pub at_ms: i64,
}

/// How far every beneficiary was screened with an edition of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenedList {
    /// The edition.
    pub edition: String,
    /// After this beneficiary: its book and id; empty: from the beginning.
    pub after: (String, String),
    /// When all were, in Unix milliseconds; 0: not yet.
    pub done_at_ms: i64,
}

/// Remembers that a hit of a beneficiary is false. Repeating it changes nothing.
pub async fn clear(
    tx: &mut AnyConnection,
    book: &BookName,
    beneficiary_id: Uuid,
    hit: &OpenHit,
    subject_digest: &str,
    by: ClearedBy<'_>,
) -> Result<(), Error> {
    let sql = "INSERT INTO screening_clearance
        (book, beneficiary_id, list, entry_no, entry_digest, subject_digest, edition, cleared_by, review_reason, cleared_at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
    sqlx::query(sql)
        .bind(book.as_str().to_owned())
        .bind(beneficiary_id.to_string())
        .bind(hit.list.clone())
        .bind(i64::from(hit.entry))
        .bind(hit.entry_digest.clone())
        .bind(subject_digest.to_owned())
        .bind(hit.edition.clone())
        .bind(by.subject.to_owned())
        .bind(by.reason.to_owned())
        .bind(by.at_ms)
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// Hits of a beneficiary that were cleared.
    pub async fn cleared_hits(&self, book: &BookName, beneficiary_id: Uuid) -> Result<Vec<ClearedHit>, Error> {
        let sql = "SELECT list, entry_no, entry_digest, subject_digest FROM screening_clearance WHERE book = $1 AND beneficiary_id = $2";
        let query = sqlx::query_as(sql).bind(book.as_str().to_owned()).bind(beneficiary_id.to_string());
        let rows: Vec<(String, i64, String, String)> = query.fetch_all(self.pool()).await?;
        rows.into_iter()
            .map(|(list, entry, entry_digest, subject_digest)| {
                let entry = u32::try_from(entry).map_err(|_| Error::Row("entry of a list"))?;
                Ok(ClearedHit { list, entry, entry_digest, subject_digest })
            })
            .collect()
    }

    /// How far a list was screened.
    pub async fn screened_list(&self, list: &str) -> Result<Option<ScreenedList>, Error> {
        let sql = "SELECT edition, after_book, after_id, done_at_ms FROM screened_list WHERE list = $1";
        let row: Option<(String, String, String, i64)> = sqlx::query_as(sql).bind(list.to_owned()).fetch_optional(self.pool()).await?;
        Ok(row.map(|(edition, after_book, after_id, done_at_ms)| ScreenedList { edition, after: (after_book, after_id), done_at_ms }))
    }

    /// Records how far a list was screened.
    pub async fn note_screened(&self, list: &str, screened: &ScreenedList) -> Result<(), Error> {
        let sql = "INSERT INTO screened_list (list, edition, after_book, after_id, done_at_ms) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (list) DO UPDATE SET edition = $2, after_book = $3, after_id = $4, done_at_ms = $5";
        sqlx::query(sql)
            .bind(list.to_owned())
            .bind(screened.edition.clone())
            .bind(screened.after.0.clone())
            .bind(screened.after.1.clone())
            .bind(screened.done_at_ms)
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// Ids of beneficiaries of all books after this one, which a book and an id name, in the order of books and ids.
    pub async fn beneficiary_ids(&self, after_book: &str, after_id: &str, limit: i64) -> Result<Vec<(BookName, Uuid)>, Error> {
        let sql = "SELECT book, beneficiary_id FROM beneficiary WHERE book > $1 OR (book = $1 AND beneficiary_id > $2)
            ORDER BY book, beneficiary_id LIMIT $3";
        let query = sqlx::query_as(sql).bind(after_book.to_owned()).bind(after_id.to_owned()).bind(limit);
        let rows: Vec<(String, String)> = query.fetch_all(self.pool()).await?;
        rows.iter().map(|(name, id)| Ok((book(name)?, uuid(id)?))).collect()
    }

    /// Makes payouts to a beneficiary due at once that wait for a rail, money or people; returns how many. What a worker has claimed is due by `leased_until_ms`
    /// and is screened by it, or by its successor.
    pub async fn screen_again(&self, book: &BookName, id: Uuid, now_ms: i64, leased_until_ms: i64) -> Result<u64, Error> {
        let sql = "UPDATE payout SET due_at_ms = $3, version = version + 1
            WHERE book = $1 AND beneficiary_id = $2 AND phase IN ('held', 'queued', 'review') AND due_at_ms > $4";
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(id.to_string()).bind(now_ms).bind(leased_until_ms);
        Ok(query.execute(self.pool()).await?.rows_affected())
    }

    /// Whether money has arrived at a beneficiary's account before.
    pub async fn was_paid(&self, book: &BookName, beneficiary: &Beneficiary) -> Result<bool, Error> {
        let sql = "SELECT payout_id FROM payout WHERE book = $1 AND beneficiary_id = $2 AND phase IN ('settled', 'returnable') LIMIT 1";
        let query = sqlx::query_scalar(sql).bind(book.as_str().to_owned()).bind(beneficiary.beneficiary_id.to_string());
        Ok(query.fetch_optional(self.pool()).await?.map(|_: String| ()).is_some())
    }

    /// What the creator requested in the payout's currency within a window that ends with it, but for what was refused or given back. Of two requests of the same
    /// millisecond the one with the smaller id is the earlier one, so that both do not count each other.
    pub async fn window_sum(&self, payout: &Payout, window_ms: i64) -> Result<WindowSum, Error> {
        let sql = "SELECT minor_units FROM payout WHERE book = $1 AND user_id = $2 AND currency = $3 AND created_at_ms > $4
            AND (created_at_ms < $5 OR (created_at_ms = $5 AND payout_id < $6)) AND phase NOT IN ('refused', 'rejected', 'cancelled', 'unblocked')";
        let amounts: Vec<i64> = sqlx::query_scalar(sql)
            .bind(payout.book.as_str().to_owned())
            .bind(payout.user.as_str().to_owned())
            .bind(payout.amount.currency().code().to_owned())
            .bind(payout.created_at_ms.saturating_sub(window_ms))
            .bind(payout.created_at_ms)
            .bind(payout.payout_id.to_string())
            .fetch_all(self.pool())
            .await?;
        let minor_units = amounts.iter().map(|amount| i128::from(*amount)).sum();
        Ok(WindowSum { minor_units, payouts: u32::try_from(amounts.len()).unwrap_or(u32::MAX) })
    }
}
