//! The tables of findings from banks' statements.

use super::{Error, Store, book, money, uuid};
use crate::domain::{
    Attempt, CostBearer, PayoutPhase,
    statement::{RecordedPayout, StatementFinding},
};
use ::money::{BookName, Currency, Money};
use sqlx::AnyConnection;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Payouts looked up in one query.
const PAYOUTS_READ_MAX: usize = 500;

/// One of our accounts, of which a statement is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementAccount {
    /// The bank's name.
    pub bank: String,
    /// The account's id.
    pub bank_account: String,
    /// Its currency.
    pub currency: Currency,
}

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

/// A row as read: its columns in the order of the query.
type RecordedRow = (String, String, String, i64, String, i64, String, i64, i64);

/// Keeps the debit of a payout whose outcome is not known, or that there is none any more.
async fn keep_debit(tx: &mut AnyConnection, debit: &StatementFinding, statement_id: &str, now_ms: i64) -> Result<(), Error> {
    let (book, payout_id) = (debit.book.as_str().to_owned(), debit.payout_id.to_string());
    if debit.unexpected.minor_units() == 0 {
        let delete = sqlx::query("DELETE FROM booked_debit WHERE book = $1 AND payout_id = $2").bind(book).bind(payout_id);
        delete.execute(tx).await?;
        return Ok(());
    }
    let insert = sqlx::query(
        "INSERT INTO booked_debit (book, payout_id, currency, minor_units, statement_id, found_at_ms) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING",
    );
    let insert = insert.bind(book).bind(payout_id).bind(debit.unexpected.currency().code().to_owned());
    insert.bind(debit.unexpected.minor_units()).bind(statement_id.to_owned()).bind(now_ms).execute(tx).await?;
    Ok(())
}

impl Store {
    /// When the statement of an account was last read.
    pub async fn statement_read_at_ms(&self, account: &StatementAccount) -> Result<Option<i64>, Error> {
        let sql = "SELECT read_at_ms FROM account_statement WHERE bank = $1 AND bank_account = $2 AND currency = $3";
        let query = sqlx::query_scalar(sql).bind(account.bank.clone()).bind(account.bank_account.clone());
        Ok(query.bind(account.currency.code().to_owned()).fetch_optional(self.pool()).await?)
    }

    /// Makes an account's next statement due now.
    pub async fn hasten_statement(&self, account: &StatementAccount) -> Result<(), Error> {
        let sql = "UPDATE account_statement SET read_at_ms = 0 WHERE bank = $1 AND bank_account = $2 AND currency = $3";
        let query = sqlx::query(sql).bind(account.bank.clone()).bind(account.bank_account.clone());
        query.bind(account.currency.code().to_owned()).execute(self.pool()).await?;
        Ok(())
    }

    /// Our records of the payouts whose attempts have these ids (`EndToEndId`). The first attempt's is the payout's own id, also of payouts that older programs
    /// made, which kept no attempts.
    pub async fn recorded(&self, end_to_end_ids: &[Uuid]) -> Result<Vec<RecordedPayout>, Error> {
        let texts: Vec<String> = end_to_end_ids.iter().map(|id| id.simple().to_string()).collect();
        let later = self.payouts_of(&texts).await?;
        let mut named: BTreeMap<Uuid, BTreeSet<Uuid>> = end_to_end_ids.iter().map(|id| (*id, BTreeSet::from([*id]))).collect();
        for (end_to_end_id, _, payout_id) in later {
            named.entry(payout_id).or_default().extend(uuid(&end_to_end_id));
        }
        let ids: Vec<Uuid> = named.keys().copied().collect();
        let mut found = Vec::new();
        for ids in ids.chunks(PAYOUTS_READ_MAX) {
            let places: Vec<String> = (1..).take(ids.len()).map(|place| format!("${place}")).collect();
            let sql = format!(
                "SELECT book, payout_id, currency, minor_units, phase, sends, bearer, cost_minor_units, attempt_no FROM payout WHERE payout_id IN ({})",
                places.join(", ")
            );
            let mut query = sqlx::query_as(sqlx::AssertSqlSafe(sql));
            for id in ids {
                query = query.bind(id.to_string());
            }
            let rows: Vec<RecordedRow> = query.fetch_all(self.pool()).await?;
            for (name, id, currency, minor_units, phase, sends, bearer, cost_minor_units, attempt_no) in rows {
                let phase = PayoutPhase::from_name(&phase).ok_or(Error::Row("phase"))?;
                let (payout_id, fee) = (uuid(&id)?, if bearer == CostBearer::Creator.name() { cost_minor_units } else { 0 });
                let current = Attempt { number: attempt_no, ..Attempt::of_before(String::new()) }.end_to_end_id(payout_id);
                found.push(RecordedPayout {
                    book: book(&name)?,
                    payout_id,
                    end_to_end_ids: named.remove(&payout_id).unwrap_or_default(),
                    current_id: uuid(&current)?,
                    amount: money(&currency, minor_units - fee)?,
                    phase,
                    sends,
                });
            }
        }
        Ok(found)
    }

    /// Stores the findings of a statement, the debits of payouts whose outcome is not known, and that it was read.
    pub async fn keep_statement(
        &self,
        account: &StatementAccount,
        statement_id: &str,
        findings: &[StatementFinding],
        debited: &[StatementFinding],
        now_ms: i64,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        for debit in debited {
            keep_debit(&mut tx, debit, statement_id, now_ms).await?;
        }
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
            "INSERT INTO account_statement (bank, bank_account, currency, statement_id, read_at_ms) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (bank, bank_account, currency) DO UPDATE SET statement_id = excluded.statement_id, read_at_ms = excluded.read_at_ms",
        )
        .bind(account.bank.clone())
        .bind(account.bank_account.clone())
        .bind(account.currency.code().to_owned())
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
