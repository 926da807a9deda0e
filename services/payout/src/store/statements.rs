//! The tables of findings from banks' statements.

use super::{Error, Store, book, money, uuid};
use crate::domain::{
    PayoutPhase,
    statement::{RecordedPayout, StatementFinding},
};
use ::money::{BookName, Currency, Money};
use uuid::Uuid;

/// Payouts looked up in one query.
const PAYOUTS_READ_MAX: usize = 500;

/// A debit that a statement shows and that our records do not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnexpectedDebit {
    /// The payout.
    pub payout_id: Uuid,
    /// The amount of money.
    pub amount: Money,
    /// `Stmt/Id` of the statement that showed it first.
    pub statement_id: String,
    /// When that was read, Unix milliseconds.
    pub found_at_ms: i64,
}

impl Store {
    /// When the statement of the account that pays in this currency was last read.
    pub async fn statement_read_at_ms(&self, currency: Currency) -> Result<Option<i64>, Error> {
        let query = sqlx::query_scalar("SELECT read_at_ms FROM statement_read WHERE currency = $1");
        Ok(query.bind(currency.code().to_owned()).fetch_optional(self.pool()).await?)
    }

    /// Our records of those of these payouts that exist.
    pub async fn recorded(&self, ids: &[Uuid]) -> Result<Vec<RecordedPayout>, Error> {
        let mut found = Vec::new();
        for ids in ids.chunks(PAYOUTS_READ_MAX) {
            let places: Vec<String> = (1..).take(ids.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT book, payout_id, currency, minor_units, phase, sends FROM payout WHERE payout_id IN ({})",
                places.join(", ")
            );
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
            for id in ids {
                query = query.bind(id.to_string());
            }
            let rows: Vec<(String, String, String, i64, String, i64)> = query.fetch_all(self.pool()).await?;
            for (name, id, currency, minor_units, phase, sends) in rows {
                let phase = PayoutPhase::from_name(&phase).ok_or(Error::Row("phase"))?;
                found.push(RecordedPayout {
                    book: book(&name)?,
                    payout_id: uuid(&id)?,
                    amount: money(&currency, minor_units)?,
                    phase,
                    sends,
                });
            }
        }
        Ok(found)
    }

    /// Stores the findings of a statement, and that it was read.
    pub async fn keep_statement(
        &self,
        currency: Currency,
        statement_id: &str,
        findings: &[StatementFinding],
        now_ms: i64,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        for finding in findings {
            if finding.unexpected.minor_units() == 0 {
                let sql = "UPDATE unexpected_debit SET cleared_at_ms = $3 WHERE book = $1 AND payout_id = $2 AND cleared_at_ms = 0";
                let cleared = sqlx::query(sql).bind(finding.book.as_str().to_owned()).bind(finding.payout_id.to_string());
                cleared.bind(now_ms).execute(&mut *tx).await?;
                continue;
            }
            sqlx::query(
                "INSERT INTO unexpected_debit (book, payout_id, currency, minor_units, booked_at_ms, statement_id, found_at_ms, cleared_at_ms)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
                 ON CONFLICT (book, payout_id) DO UPDATE SET currency = excluded.currency, minor_units = excluded.minor_units, cleared_at_ms = 0",
            )
            .bind(finding.book.as_str().to_owned())
            .bind(finding.payout_id.to_string())
            .bind(finding.unexpected.currency().code().to_owned())
            .bind(finding.unexpected.minor_units())
            .bind(finding.booked_at_ms)
            .bind(statement_id.to_owned())
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query(
            "INSERT INTO statement_read (currency, statement_id, read_at_ms) VALUES ($1, $2, $3)
             ON CONFLICT (currency) DO UPDATE SET statement_id = excluded.statement_id, read_at_ms = excluded.read_at_ms",
        )
        .bind(currency.code().to_owned())
        .bind(statement_id.to_owned())
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Debits of a book that have not been cleared.
    pub async fn unexpected_debits(&self, book: &BookName) -> Result<Vec<UnexpectedDebit>, Error> {
        let sql = "SELECT payout_id, currency, minor_units, statement_id, found_at_ms FROM unexpected_debit
             WHERE book = $1 AND cleared_at_ms = 0 ORDER BY found_at_ms, payout_id";
        let rows: Vec<(String, String, i64, String, i64)> =
            sqlx::query_as(sql).bind(book.as_str().to_owned()).fetch_all(self.pool()).await?;
        let read = |(id, currency, minor_units, statement_id, found_at_ms): (String, String, i64, String, i64)| {
            Ok(UnexpectedDebit { payout_id: uuid(&id)?, amount: money(&currency, minor_units)?, statement_id, found_at_ms })
        };
        rows.into_iter().map(read).collect()
    }
}
