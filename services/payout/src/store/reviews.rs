//! The tables of reviews and of blocked money.

use super::{Error, PageStart, Store, uuid};
use crate::domain::{
    PayoutKey,
    review::{ReviewKind, ReviewNeed, ReviewStanding},
};
use money::BookName;
use sqlx::{AnyConnection, Row, any::AnyRow};
use uuid::Uuid;

/// A review as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewRow {
    /// Derived from payout and kind.
    pub review_id: Uuid,
    /// The payout.
    pub payout_id: Uuid,
    /// Why it waits.
    pub kind: ReviewKind,
    /// How it stands.
    pub standing: ReviewStanding,
    /// What was found.
    pub finding: String,
    /// What whoever decided has seen; empty before.
    pub hash: String,
    /// Who proposed a true match.
    pub proposed_by: String,
    /// Who decided.
    pub decided_by: String,
    /// When, in Unix milliseconds; 0 before.
    pub decided_at_ms: i64,
    /// The reason in the words of whoever decided, or why it ended by itself.
    pub reason: String,
    /// When it ends by itself, in Unix milliseconds; 0: it does not.
    pub ends_at_ms: i64,
    /// Unix milliseconds.
    pub created_at_ms: i64,
}

/// Blocked money as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedRow {
    /// The payout.
    pub payout_id: Uuid,
    /// When the match was confirmed, in Unix milliseconds.
    pub blocked_at_ms: i64,
    /// Last day of the report.
    pub report_due: String,
    /// The licence's number; empty: none.
    pub licence_number: String,
    /// Its day.
    pub licence_date: String,
    /// Who recorded it.
    pub licence_by: String,
    /// Who confirmed it; empty: nobody.
    pub unblocked_by: String,
}

/// A page of reviews.
#[derive(Debug, Clone, Copy)]
pub struct ListedReviews {
    /// Only these; none: all.
    pub standing: Option<ReviewStanding>,
    /// Only these; none: all.
    pub kind: Option<ReviewKind>,
    /// Where the page begins.
    pub after: PageStart,
    /// How many rows at the most.
    pub limit: i64,
}

pub(super) fn review(row: &AnyRow) -> Result<ReviewRow, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    Ok(ReviewRow {
        review_id: uuid(&text("review_id")?)?,
        payout_id: uuid(&text("payout_id")?)?,
        kind: ReviewKind::from_name(&text("kind")?).ok_or(Error::Row("kind of a review"))?,
        standing: ReviewStanding::from_name(&text("state")?).ok_or(Error::Row("state of a review"))?,
        finding: text("finding")?,
        hash: text("review_hash")?,
        proposed_by: text("proposed_by")?,
        decided_by: text("decided_by")?,
        decided_at_ms: row.try_get("decided_at_ms")?,
        reason: text("review_reason")?,
        ends_at_ms: row.try_get("ends_at_ms")?,
        created_at_ms: row.try_get("created_at_ms")?,
    })
}

fn blocked(row: &AnyRow) -> Result<BlockedRow, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    Ok(BlockedRow {
        payout_id: uuid(&text("payout_id")?)?,
        blocked_at_ms: row.try_get("blocked_at_ms")?,
        report_due: text("report_due")?,
        licence_number: text("licence_number")?,
        licence_date: text("licence_date")?,
        licence_by: text("licence_by")?,
        unblocked_by: text("unblocked_by")?,
    })
}

/// Opens a review of a payout, or opens it again with a new finding.
pub async fn open(tx: &mut AnyConnection, payout: &PayoutKey, need: &ReviewNeed, now_ms: i64) -> Result<(), Error> {
    let sql = "INSERT INTO payout_review (book, review_id, payout_id, kind, state, finding, ends_at_ms, created_at_ms)
        VALUES ($1, $2, $3, $4, 'open', $5, $6, $7)
        ON CONFLICT (book, review_id) DO UPDATE SET state = 'open', finding = $5, ends_at_ms = $6, created_at_ms = $7, review_hash = '',
            proposed_by = '', decided_by = '', decided_at_ms = 0, review_reason = ''";
    sqlx::query(sql)
        .bind(payout.book.as_str().to_owned())
        .bind(need.kind.review_id(payout.payout_id).to_string())
        .bind(payout.payout_id.to_string())
        .bind(need.kind.name())
        .bind(need.finding.clone())
        .bind(need.ends_at_ms)
        .bind(now_ms)
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes what people, or time, have decided of a review. False: somebody else has closed it meanwhile, and nothing was written.
pub async fn save(tx: &mut AnyConnection, book: &BookName, row: &ReviewRow) -> Result<bool, Error> {
    let sql =
        "UPDATE payout_review SET state = $3, review_hash = $4, proposed_by = $5, decided_by = $6, decided_at_ms = $7, review_reason = $8
        WHERE book = $1 AND review_id = $2 AND state = 'open'";
    let query = sqlx::query(sql)
        .bind(book.as_str().to_owned())
        .bind(row.review_id.to_string())
        .bind(row.standing.name())
        .bind(row.hash.clone())
        .bind(row.proposed_by.clone())
        .bind(row.decided_by.clone())
        .bind(row.decided_at_ms)
        .bind(row.reason.clone());
    Ok(query.execute(tx).await?.rows_affected() == 1)
}

/// One by its id.
pub async fn get(tx: &mut AnyConnection, book: &BookName, id: Uuid) -> Result<Option<ReviewRow>, Error> {
    let query = sqlx::query("SELECT * FROM payout_review WHERE book = $1 AND review_id = $2");
    query.bind(book.as_str().to_owned()).bind(id.to_string()).fetch_optional(tx).await?.as_ref().map(review).transpose()
}

/// All of a payout, in the order of their kinds' names.
pub async fn of_payout(tx: &mut AnyConnection, payout: &PayoutKey) -> Result<Vec<ReviewRow>, Error> {
    let query = sqlx::query("SELECT * FROM payout_review WHERE book = $1 AND payout_id = $2 ORDER BY kind");
    let rows = query.bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string()).fetch_all(tx).await?;
    rows.iter().map(review).collect()
}

/// Records that a payout's money is blocked.
pub async fn block(tx: &mut AnyConnection, payout: &PayoutKey, blocked_at_ms: i64, report_due: &str) -> Result<(), Error> {
    let sql = "INSERT INTO blocked_payout (book, payout_id, blocked_at_ms, report_due) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql).bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string());
    query.bind(blocked_at_ms).bind(report_due.to_owned()).execute(tx).await?;
    Ok(())
}

/// Blocked money of a payout.
pub async fn blocked_of(tx: &mut AnyConnection, payout: &PayoutKey) -> Result<Option<BlockedRow>, Error> {
    let query = sqlx::query("SELECT * FROM blocked_payout WHERE book = $1 AND payout_id = $2");
    let query = query.bind(payout.book.as_str().to_owned()).bind(payout.payout_id.to_string());
    query.fetch_optional(tx).await?.as_ref().map(blocked).transpose()
}

/// Writes the licence of blocked money.
pub async fn save_licence(tx: &mut AnyConnection, book: &BookName, row: &BlockedRow) -> Result<(), Error> {
    let sql = "UPDATE blocked_payout SET licence_number = $3, licence_date = $4, licence_by = $5, unblocked_by = $6
        WHERE book = $1 AND payout_id = $2";
    sqlx::query(sql)
        .bind(book.as_str().to_owned())
        .bind(row.payout_id.to_string())
        .bind(row.licence_number.clone())
        .bind(row.licence_date.clone())
        .bind(row.licence_by.clone())
        .bind(row.unblocked_by.clone())
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// All reviews of a payout.
    pub async fn reviews_of(&self, payout: &PayoutKey) -> Result<Vec<ReviewRow>, Error> {
        let mut connection = self.pool().acquire().await?;
        of_payout(&mut connection, payout).await
    }

    /// A review by its id.
    pub async fn review(&self, book: &BookName, id: Uuid) -> Result<Option<ReviewRow>, Error> {
        let mut connection = self.pool().acquire().await?;
        get(&mut connection, book, id).await
    }

    /// Blocked money of a payout.
    pub async fn blocked_payout(&self, payout: &PayoutKey) -> Result<Option<BlockedRow>, Error> {
        let mut connection = self.pool().acquire().await?;
        blocked_of(&mut connection, payout).await
    }

    /// A page of a book's reviews, newest first.
    pub async fn reviews(&self, book: &BookName, listed: ListedReviews) -> Result<Vec<ReviewRow>, Error> {
        let query = sqlx::query(
            "SELECT * FROM payout_review
             WHERE book = $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR kind = $3)
                 AND (created_at_ms < $4 OR (created_at_ms = $4 AND review_id < $5))
             ORDER BY created_at_ms DESC, review_id DESC LIMIT $6",
        );
        let query = query
            .bind(book.as_str().to_owned())
            .bind(listed.standing.map_or("", ReviewStanding::name))
            .bind(listed.kind.map_or("", ReviewKind::name))
            .bind(listed.after.created_at_ms)
            .bind(listed.after.id.to_string())
            .bind(listed.limit);
        query.fetch_all(self.pool()).await?.iter().map(review).collect()
    }

    /// Whether the staff refused a payout, so that it ends as a rejected one.
    pub async fn is_refused_by_staff(&self, payout: &PayoutKey) -> Result<bool, Error> {
        Ok(self.reviews_of(payout).await?.iter().any(|row| row.standing == ReviewStanding::Failed))
    }

    /// Payouts in review to a beneficiary are due at once: something about it has changed.
    pub async fn wake_reviews(&self, book: &BookName, beneficiary_id: Uuid, now_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE payout SET due_at_ms = $3, version = version + 1
            WHERE book = $1 AND beneficiary_id = $2 AND phase = 'review' AND due_at_ms > $3";
        let query = sqlx::query(sql).bind(book.as_str().to_owned()).bind(beneficiary_id.to_string()).bind(now_ms);
        query.execute(self.pool()).await?;
        Ok(())
    }
}
