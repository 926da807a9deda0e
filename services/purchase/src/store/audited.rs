//! Rows as audits compare them with the journal. A row that says that it is posted, and names no posting, is damaged; so each comes with whether it says so.
//! [`refund_orders`]: refunds that are started here, compared with what asked for them; [`wallet_changes`]: the same of wallets that are closed or merged. [`answered`]: the
//! requests. [`breakage`]: lots that became breakage, and what was decided about them.

pub mod answered;
pub mod breakage;
pub mod refund_orders;
pub mod wallet_changes;

use money::{BookName, Currency, UserKey};
use sqlx::{Row as _, any::AnyRow};
use uuid::Uuid;

use super::lots::LotRowsError;
use super::{Error, Store, debts, disputes, revenue, settlements, wallet_rows};
use crate::lots::revenue::RevenuePosting;
use crate::refunds::dispute::DisputeStep;
use crate::refunds::step::DebtSettlement;
use crate::settlements::settlement::SettlementPosting;
use crate::wallet_changes::change::WalletPosting;
use db::text;

/// The state of a row that is to be posted, in all tables of postings.
const PLANNED: i64 = 1;

/// A row, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedRow<T> {
    /// The row.
    pub of: T,
    /// Whether it says that it is posted.
    pub is_posted: bool,
}

/// Which of the postings of stores' settlements a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettlementPlace {
    /// The settlement.
    pub settlement_id: Uuid,
    /// Its edition.
    pub edition: i64,
    /// The currency that the posting is in.
    pub currency: Currency,
}

/// An edition of a day's revenue and its posting, empty until it is known.
pub type RevenueEdition = (RevenuePosting, String);

fn audited<T>(row: &AnyRow, of: Result<T, Error>) -> Result<AuditedRow<T>, Error> {
    Ok(AuditedRow { of: of?, is_posted: row.try_get::<i64, _>("state")? != PLANNED })
}

fn edition(book: &BookName, row: &AnyRow) -> Result<RevenueEdition, Error> {
    let read = revenue::read(book, row).map_err(|error| match error {
        LotRowsError::Store(error) => error,
        LotRowsError::Overflow(_) => {
            Error::Damaged { purchase_id: "of the revenue of a day".to_owned(), column: "an amount of revenue_posting" }
        }
    });
    Ok((read?, row.try_get("posting_id")?))
}

impl Store {
    /// What was withdrawn for the disputes of a purchase and given back, in order.
    pub async fn audited_disputes(&self, book: &BookName, purchase_id: Uuid) -> Result<Vec<AuditedRow<DisputeStep>>, Error> {
        let sql = "SELECT * FROM dispute_step WHERE book = $1 AND purchase_id = $2 ORDER BY step_no";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(text(purchase_id)).fetch_all(&self.pool).await?;
        rows.iter().map(|row| audited(row, disputes::step(row))).collect()
    }

    /// The settlements of a viewer's debt, in order.
    pub async fn audited_debts_of(&self, book: &BookName, user: &UserKey) -> Result<Vec<AuditedRow<DebtSettlement>>, Error> {
        let sql = "SELECT * FROM debt_settlement WHERE book = $1 AND user_id = $2 ORDER BY change_no";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| audited(row, debts::settlement(row))).collect()
    }

    /// The settlements of debts, in the order of users, after this one; at most `count_max`.
    pub async fn audited_debts(
        &self,
        book: &BookName,
        after: Option<(&UserKey, i64)>,
        count_max: i64,
    ) -> Result<Vec<AuditedRow<DebtSettlement>>, Error> {
        let (user, change_no) = after.map_or(("", 0), |(user, change_no)| (user.as_str(), change_no));
        let sql = "SELECT * FROM debt_settlement WHERE book = $1 AND (user_id > $2 OR (user_id = $2 AND change_no > $3))
            ORDER BY user_id, change_no LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(user).bind(change_no).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(|row| audited(row, debts::settlement(row))).collect()
    }

    /// The postings of a closure or merge of a wallet, in order.
    pub async fn audited_wallets_of(&self, book: &BookName, change_id: Uuid) -> Result<Vec<AuditedRow<WalletPosting>>, Error> {
        let sql = "SELECT p.*, c.kind, c.user_id, c.into_user_id FROM wallet_posting p
            JOIN wallet_change c ON c.book = p.book AND c.change_id = p.change_id
            WHERE p.book = $1 AND p.change_id = $2 ORDER BY p.posting_no";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(text(change_id)).fetch_all(&self.pool).await?;
        rows.iter().map(|row| audited(row, wallet_rows::posting(row))).collect()
    }

    /// Postings of closures and merges of wallets, by change and number, after this one; at most `count_max`.
    pub async fn audited_wallets(
        &self,
        book: &BookName,
        after: Option<(Uuid, i64)>,
        count_max: i64,
    ) -> Result<Vec<AuditedRow<WalletPosting>>, Error> {
        let (change_id, posting_no) = after.unwrap_or((Uuid::nil(), 0));
        let sql = "SELECT p.*, c.kind, c.user_id, c.into_user_id FROM wallet_posting p
            JOIN wallet_change c ON c.book = p.book AND c.change_id = p.change_id
            WHERE p.book = $1 AND (p.change_id > $2 OR (p.change_id = $2 AND p.posting_no > $3)) ORDER BY p.change_id, p.posting_no LIMIT $4";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(change_id)).bind(posting_no).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(|row| audited(row, wallet_rows::posting(row))).collect()
    }

    /// Every posting of a store's settlement.
    pub async fn audited_settlements_of(&self, book: &BookName, settlement_id: Uuid) -> Result<Vec<AuditedRow<SettlementPosting>>, Error> {
        let sql = "SELECT * FROM settlement_posting WHERE book = $1 AND settlement_id = $2 ORDER BY edition, currency";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(text(settlement_id)).fetch_all(&self.pool).await?;
        rows.iter().map(|row| audited(row, settlements::posting(row))).collect()
    }

    /// Postings of settlements, by settlement, edition and currency, after this one; at most `count_max`.
    pub async fn audited_settlements(
        &self,
        book: &BookName,
        after: Option<SettlementPlace>,
        count_max: i64,
    ) -> Result<Vec<AuditedRow<SettlementPosting>>, Error> {
        let (settlement_id, edition) = after.map_or((Uuid::nil(), 0), |after| (after.settlement_id, after.edition));
        let currency = after.map_or_else(String::new, |after| after.currency.code().to_owned());
        let sql = "SELECT * FROM settlement_posting WHERE book = $1 AND (settlement_id > $2
                OR (settlement_id = $2 AND (edition > $3 OR (edition = $3 AND currency > $4))))
            ORDER BY settlement_id, edition, currency LIMIT $5";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(settlement_id)).bind(edition).bind(currency).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(|row| audited(row, settlements::posting(row))).collect()
    }

    /// This edition of a day's revenue of an entity, in each of its currencies.
    pub async fn audited_revenue_of(
        &self,
        book: &BookName,
        day: &str,
        entity: &str,
        edition_no: i64,
    ) -> Result<Vec<AuditedRow<RevenueEdition>>, Error> {
        let sql = "SELECT * FROM revenue_posting WHERE book = $1 AND day = $2 AND entity = $3 AND edition = $4 ORDER BY currency";
        let query = sqlx::query(sql).bind(book.as_str()).bind(day).bind(entity).bind(edition_no);
        query.fetch_all(&self.pool).await?.iter().map(|row| audited(row, edition(book, row))).collect()
    }

    /// Editions of days' revenue, by day, entity, currency and edition, after this one; at most `count_max`.
    pub async fn audited_revenue(
        &self,
        book: &BookName,
        after: Option<&RevenuePosting>,
        count_max: i64,
    ) -> Result<Vec<AuditedRow<RevenueEdition>>, Error> {
        let day = after.map_or_else(String::new, |after| after.day.to_string());
        let entity = after.map_or("", |after| after.entity.as_str());
        let currency = after.map_or_else(String::new, |after| after.revenue.amount.currency().code().to_owned());
        let sql = "SELECT * FROM revenue_posting WHERE book = $1 AND (day > $2 OR (day = $2 AND (entity > $3
                OR (entity = $3 AND (currency > $4 OR (currency = $4 AND edition > $5))))))
            ORDER BY day, entity, currency, edition LIMIT $6";
        let query = sqlx::query(sql).bind(book.as_str()).bind(day).bind(entity).bind(currency);
        let query = query.bind(after.map_or(0, |after| after.edition)).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(|row| audited(row, edition(book, row))).collect()
    }
}
