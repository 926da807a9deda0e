//! ACH files as pages, and how many are in doubt.

use super::{Error, PageStart, Store, ach};
use crate::domain::ach::PaymentFile;
use ::money::BookName;
use rpc::wire::TimeRange;
use sqlx::Row as _;
use telemetry::unfinished::UnfinishedCount;
use uuid::Uuid;

/// A page of the files with payments of a book.
#[derive(Debug, Clone)]
pub struct ListedFiles<'a> {
    /// Only those that people may end.
    pub in_doubt_only: bool,
    /// Only those of this bank; empty: of all.
    pub bank: &'a str,
    /// Only those built in this time.
    pub built: TimeRange,
    /// Where the page begins: a time, and [`PaymentFile::page_id`].
    pub after: PageStart,
    /// How many rows at the most.
    pub limit: i64,
}

impl PaymentFile {
    /// The order of files that were built in the same millisecond: the beginning of their hash.
    #[must_use]
    pub fn page_id(&self) -> Uuid {
        self.sha256.get(..32).and_then(|digits| Uuid::try_parse(digits).ok()).unwrap_or_default()
    }
}

impl Store {
    /// Files with payments of a book, newest first, each with how many of its payments are the book's.
    pub async fn listed_files(&self, book: &BookName, listed: &ListedFiles<'_>) -> Result<Vec<(PaymentFile, i64)>, Error> {
        let sql = format!(
            "SELECT listed.*, (SELECT COUNT(*) FROM ach_entry WHERE ach_entry.bank = listed.bank AND ach_entry.file_name = listed.file_name
                 AND ach_entry.book = $1) AS of_book
             FROM ({}) AS listed
             WHERE EXISTS (SELECT 1 FROM ach_entry WHERE ach_entry.bank = listed.bank AND ach_entry.file_name = listed.file_name
                     AND ach_entry.book = $1)
                 AND (built_at_ms < $2 OR (built_at_ms = $2 AND substr(sha256, 1, 32) < $3)) AND ($4 = 0 OR state IN ('sent', 'doubtful'))
                 AND ($5 = '' OR bank = $5) AND built_at_ms >= $6 AND built_at_ms < $7
             ORDER BY built_at_ms DESC, substr(sha256, 1, 32) DESC LIMIT $8",
            ach::FILE
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(book.as_str().to_owned())
            .bind(listed.after.created_at_ms)
            .bind(listed.after.id.simple().to_string())
            .bind(i64::from(listed.in_doubt_only))
            .bind(listed.bank.to_owned())
            .bind(listed.built.from_ms)
            .bind(listed.built.until_ms)
            .bind(listed.limit);
        let rows = query.fetch_all(self.pool()).await?;
        rows.iter().map(|row| Ok((ach::read_file(row)?, row.try_get("of_book")?))).collect()
    }

    /// How many ACH files are in doubt, by state, and since when the oldest was built.
    pub async fn unfinished_files(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let sql = "SELECT state, COUNT(*), MIN(built_at_ms) FROM ach_file WHERE state IN ('sent', 'doubtful') GROUP BY state";
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(sql).fetch_all(self.pool()).await?;
        let count = |state: &'static str| {
            let row = rows.iter().find(|(name, ..)| name == state);
            let count = row.map_or(0, |(_, count, _)| count.unsigned_abs());
            UnfinishedCount { what: "ach_file", state, count, since_ms: row.map(|(.., since_ms)| *since_ms) }
        };
        Ok(vec![count("sent"), count("doubtful")])
    }
}
