//! The table `price_sheet`: price sheets that were loaded, by book.

use money::BookName;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::{Error, Store};

/// A sheet as it was loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// 1 and up.
    pub sheet_no: i64,
    /// Its version; no other sheet of the book has it.
    pub version: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub content_hash: String,
    /// Its bytes.
    pub content: String,
    /// When it begins, in Unix milliseconds.
    pub effective_at_ms: i64,
    /// Which member of staff loaded it.
    pub loaded_by: String,
    /// When, in Unix milliseconds.
    pub loaded_at_ms: i64,
}

fn read(row: &AnyRow) -> Result<SheetRow, Error> {
    Ok(SheetRow {
        sheet_no: row.try_get("sheet_no")?,
        version: row.try_get("version")?,
        content_hash: row.try_get("content_hash")?,
        content: row.try_get("content")?,
        effective_at_ms: row.try_get("effective_at_ms")?,
        loaded_by: row.try_get("loaded_by")?,
        loaded_at_ms: row.try_get("loaded_at_ms")?,
    })
}

impl Store {
    /// The number of the sheet of a book that was loaded last; 0 without one.
    pub(crate) async fn last_sheet_no(&self, book: &BookName) -> Result<i64, Error> {
        let sql = "SELECT MAX(sheet_no) FROM price_sheet WHERE book = $1";
        let last: Option<i64> = sqlx::query_scalar(sql).bind(book.as_str()).fetch_one(&self.pool).await?;
        Ok(last.unwrap_or(0))
    }

    /// The sheets of a book after a number, by number, at most `count_max`.
    pub async fn sheets_after(&self, book: &BookName, after: i64, count_max: i64) -> Result<Vec<SheetRow>, Error> {
        let sql = "SELECT * FROM price_sheet WHERE book = $1 AND sheet_no > $2 ORDER BY sheet_no LIMIT $3";
        sqlx::query(sql).bind(book.as_str()).bind(after).bind(count_max).fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The sheets of a book before a number, the newest first, without their bytes; at most `count_max`.
    pub async fn sheets_before(&self, book: &BookName, before: i64, count_max: i64) -> Result<Vec<SheetRow>, Error> {
        let sql = "SELECT sheet_no, version, content_hash, '' AS content, effective_at_ms, loaded_by, loaded_at_ms FROM price_sheet
            WHERE book = $1 AND sheet_no < $2 ORDER BY sheet_no DESC LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(before).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// The sheet of a version.
    pub(crate) async fn sheet_of_version(&self, book: &BookName, version: &str) -> Result<Option<SheetRow>, Error> {
        let query = sqlx::query("SELECT * FROM price_sheet WHERE book = $1 AND version = $2").bind(book.as_str()).bind(version);
        query.fetch_optional(&self.pool).await?.as_ref().map(read).transpose()
    }

    /// Keeps a sheet. False: its number or its version is another sheet's by now.
    pub(crate) async fn insert_sheet(&self, book: &BookName, new: &SheetRow) -> Result<bool, Error> {
        let sql = "INSERT INTO price_sheet (book, sheet_no, version, content_hash, content, effective_at_ms, loaded_by, loaded_at_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(book.as_str()).bind(new.sheet_no).bind(new.version.as_str()).bind(new.content_hash.as_str());
        let query = query.bind(new.content.as_str()).bind(new.effective_at_ms).bind(new.loaded_by.as_str()).bind(new.loaded_at_ms);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }
}
