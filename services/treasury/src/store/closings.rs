//! The accounts' closing balances by day.
use super::{Error, Store};
use jiff::civil::Date;
use ledger_client::JournalPlace;
use sqlx::{AnyConnection, Row as _};
use std::collections::BTreeMap;

/// Rows of one statement: far below what both engines take.
const ROWS: usize = 100;

/// How far the journal was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosingPosition {
    /// The last commit, without its sequence number.
    pub after: JournalPlace,
    /// Its time, in microseconds since the Unix epoch.
    pub committed_us: i64,
}

/// What accounts had at the end of days, of a part of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosingBatch {
    /// Balance and event, by account and day.
    pub closings: BTreeMap<(String, Date), (i64, i64)>,
    /// How far it reaches.
    pub position: ClosingPosition,
}

/// The closings of a day.
pub(super) const CLOSINGS_ON: &str = "SELECT a.account AS account,
        (SELECT c.balance FROM closing c WHERE c.book = a.book AND c.account = a.account AND c.day <= $2 ORDER BY c.day DESC LIMIT 1) AS balance
    FROM closing_account a WHERE a.book = $1";

impl Store {
    /// How far the book's journal was read; `None`: not at all.
    pub async fn closing_position(&self, book: &str) -> Result<Option<ClosingPosition>, Error> {
        let query = sqlx::query("SELECT commit_no, commit_hash, committed_at_us FROM closing_position WHERE book = $1").bind(book);
        let Some(row) = query.fetch_optional(&self.pool).await? else { return Ok(None) };
        let after = JournalPlace { commit_no: row.try_get("commit_no")?, hash: row.try_get("commit_hash")?, seq: 0 };
        Ok(Some(ClosingPosition { after, committed_us: row.try_get("committed_at_us")? }))
    }

    /// Writes what a part of the journal says. Of two processes that read the same part, the one that has read further stays.
    pub async fn write_closings(&self, book: &str, batch: &ClosingBatch) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        let rows: Vec<_> = batch.closings.iter().collect();
        for rows in rows.chunks(ROWS) {
            write_accounts(&mut tx, book, rows.iter().map(|((account, _), _)| account.as_str())).await?;
            let sql = format!(
                "INSERT INTO closing (book, account, day, balance, seq) VALUES {}
                 ON CONFLICT (book, account, day) DO UPDATE SET balance = excluded.balance, seq = excluded.seq WHERE excluded.seq > closing.seq",
                places(rows.len(), 5)
            );
            let query = rows.iter().fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, ((account, day), (balance, seq))| {
                query.bind(book.to_owned()).bind(account.clone()).bind(day.to_string()).bind(*balance).bind(*seq)
            });
            query.execute(&mut *tx).await?;
        }
        let sql = "INSERT INTO closing_position (book, commit_no, commit_hash, committed_at_us) VALUES ($1, $2, $3, $4)
            ON CONFLICT (book) DO UPDATE SET commit_no = excluded.commit_no, commit_hash = excluded.commit_hash,
                committed_at_us = excluded.committed_at_us WHERE excluded.commit_no > closing_position.commit_no";
        let ClosingPosition { after, committed_us } = &batch.position;
        sqlx::query(sql).bind(book).bind(after.commit_no).bind(&after.hash).bind(committed_us).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What each account had at the end of a day, credits less debits; accounts without an entry by then are left out.
    pub async fn closings(&self, book: &str, on: Date) -> Result<BTreeMap<String, i64>, Error> {
        let rows = sqlx::query(CLOSINGS_ON).bind(book).bind(on.to_string()).fetch_all(&self.pool).await?;
        let closing = |row: &sqlx::any::AnyRow| -> Result<Option<(String, i64)>, Error> {
            let balance: Option<i64> = row.try_get("balance")?;
            balance.map(|balance| Ok((row.try_get("account")?, balance))).transpose()
        };
        rows.iter().filter_map(|row| closing(row).transpose()).collect()
    }

    /// Forgets all that was read of a book's journal, because it is another one.
    pub async fn forget_closings(&self, book: &str) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        for sql in [
            "DELETE FROM closing WHERE book = $1",
            "DELETE FROM closing_account WHERE book = $1",
            "DELETE FROM closing_position WHERE book = $1",
        ] {
            sqlx::query(sql).bind(book).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

async fn write_accounts<'a>(tx: &mut AnyConnection, book: &str, accounts: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    // In order, and each once: two processes that write the same ones wait for each other instead of one for the other.
    let mut accounts: Vec<&str> = accounts.collect();
    accounts.dedup();
    let sql = format!("INSERT INTO closing_account (book, account) VALUES {} ON CONFLICT DO NOTHING", places(accounts.len(), 2));
    let query = accounts
        .iter()
        .fold(sqlx::query(sqlx::AssertSqlSafe(sql)), |query, account| query.bind(book.to_owned()).bind((*account).to_owned()));
    query.execute(tx).await?;
    Ok(())
}

/// `($1, $2), ($3, $4)` for two rows of two columns.
fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let numbers: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", numbers.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
