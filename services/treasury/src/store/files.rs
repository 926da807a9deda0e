//! Files of banks: their parts, their statements, and the accounts that these are of.
use super::{Error, Store, optional_date, read::date, text};
use crate::{
    domain::{bank::BankFile, statement::start_us},
    spool::FileBytes,
};
use jiff::civil::Date;
use sqlx::{AnyConnection, Row as _};
use std::{collections::BTreeMap, time::SystemTime};

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRow {
    /// The bytes of all of it.
    pub size_bytes: i64,
    /// The bytes of its parts that are stored.
    pub received_bytes: i64,
    /// Its format; empty while parts are missing.
    pub format: String,
    /// `receiving`, `taken` or `left_out`.
    pub state: String,
}

/// A statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementRow {
    /// Its number in the file, from 1.
    pub number: i64,
    /// The physical account's id.
    pub account: String,
    /// The number that it names, as numbers are compared.
    pub account_number: String,
    /// Its currency's code.
    pub currency: String,
    /// The day that it closes.
    pub day: Option<Date>,
    /// How many entries it has.
    pub entry_count: i64,
}

/// A part of a file.
#[derive(Debug, Clone, Copy)]
pub struct FilePart<'a> {
    /// The treasury's book.
    pub book: &'a str,
    /// SHA-256 of the whole file.
    pub hash: &'a str,
    /// Bytes of the whole file.
    pub size_bytes: i64,
    /// Where the part begins.
    pub offset_bytes: i64,
    /// The part.
    pub bytes: &'a [u8],
}

impl Store {
    /// Keeps a part. One that is there already stays as it is: the hash of the whole decides.
    pub async fn keep_part(&self, part: FilePart<'_>, by: &str, now: SystemTime) -> Result<(), Error> {
        self.keep_parts(&[part], by, now).await
    }

    /// Keeps parts of one file, all or none.
    pub async fn keep_parts(&self, parts: &[FilePart<'_>], by: &str, now: SystemTime) -> Result<(), Error> {
        let Some(part) = parts.first() else { return Ok(()) };
        let mut tx = db::begin(&self.pool).await?;
        let file = sqlx::query(
            "INSERT INTO bank_file (book, file_hash, size_bytes, file_no, format, state, begun_at_ms, imported_by)
             VALUES ($1, $2, $3, 0, '', 'receiving', $4, $5) ON CONFLICT DO NOTHING",
        );
        let file = file.bind(part.book.to_owned()).bind(part.hash.to_owned()).bind(part.size_bytes);
        file.bind(money::time::unix_ms(now)).bind(by.to_owned()).execute(&mut *tx).await?;
        for part in parts {
            let insert = sqlx::query(
                "INSERT INTO bank_file_part (book, file_hash, offset_bytes, part) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            );
            let insert = insert.bind(part.book.to_owned()).bind(part.hash.to_owned()).bind(part.offset_bytes);
            insert.bind(part.bytes.to_vec()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What is known of a file.
    pub async fn bank_file(&self, book: &str, hash: &str) -> Result<Option<FileRow>, Error> {
        let query = sqlx::query("SELECT size_bytes, format, state FROM bank_file WHERE book = $1 AND file_hash = $2");
        let Some(row) = query.bind(book.to_owned()).bind(hash.to_owned()).fetch_optional(&self.pool).await? else { return Ok(None) };
        let sum = sqlx::query("SELECT COALESCE(SUM(LENGTH(part)), 0) AS received FROM bank_file_part WHERE book = $1 AND file_hash = $2");
        let received = sum.bind(book.to_owned()).bind(hash.to_owned()).fetch_one(&self.pool).await?.try_get("received")?;
        Ok(Some(FileRow {
            size_bytes: row.try_get("size_bytes")?,
            received_bytes: received,
            format: text(&row, "format")?,
            state: text(&row, "state")?,
        }))
    }

    /// Where the parts of a file begin that are there, the first one first.
    pub async fn part_offsets(&self, book: &str, hash: &str) -> Result<Vec<i64>, Error> {
        let query = sqlx::query_scalar("SELECT offset_bytes FROM bank_file_part WHERE book = $1 AND file_hash = $2 ORDER BY offset_bytes");
        Ok(query.bind(book.to_owned()).bind(hash.to_owned()).fetch_all(&self.pool).await?)
    }

    /// A part of a file.
    pub async fn file_part(&self, book: &str, hash: &str, offset_bytes: i64) -> Result<Option<Vec<u8>>, Error> {
        let query = sqlx::query_scalar("SELECT part FROM bank_file_part WHERE book = $1 AND file_hash = $2 AND offset_bytes = $3");
        Ok(query.bind(book.to_owned()).bind(hash.to_owned()).bind(offset_bytes).fetch_optional(&self.pool).await?)
    }

    /// Marks a file as whole, with its statements.
    pub async fn take_file(&self, book: &str, hash: &str, format: &str, statements: &[StatementRow]) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        let take = sqlx::query(
            "UPDATE bank_file SET state = 'taken', format = $3, file_no = (SELECT MAX(file_no) + 1 FROM bank_file WHERE book = $1)
             WHERE book = $1 AND file_hash = $2 AND state = 'receiving'",
        );
        let taken = take.bind(book.to_owned()).bind(hash.to_owned()).bind(format.to_owned()).execute(&mut *tx).await?;
        if taken.rows_affected() == 0 {
            return Ok(());
        }
        for statement in statements {
            let insert = sqlx::query(
                "INSERT INTO bank_statement (book, file_hash, statement_no, account_id, account_number, currency, day, entry_count, frozen)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) ON CONFLICT DO NOTHING",
            );
            let insert = insert.bind(book.to_owned()).bind(hash.to_owned()).bind(statement.number).bind(statement.account.clone());
            let insert = insert.bind(statement.account_number.clone()).bind(statement.currency.clone());
            insert.bind(day_text(statement.day)).bind(statement.entry_count).execute(&mut *tx).await?;
            let series = sqlx::query(
                "INSERT INTO account_series (book, account_id, version, closed_through) VALUES ($1, $2, 0, '') ON CONFLICT DO NOTHING",
            );
            series.bind(book.to_owned()).bind(statement.account.clone()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Forgets a file that was refused.
    pub async fn forget_file(&self, book: &str, hash: &str) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        for sql in [
            "DELETE FROM bank_file_part WHERE book = $1 AND file_hash = $2
             AND EXISTS (SELECT 1 FROM bank_file f WHERE f.book = $1 AND f.file_hash = $2 AND f.state = 'receiving')",
            "DELETE FROM bank_file WHERE book = $1 AND file_hash = $2 AND state = 'receiving'",
        ] {
            sqlx::query(sql).bind(book.to_owned()).bind(hash.to_owned()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// A file's statements.
    pub async fn statements(&self, book: &str, hash: &str) -> Result<Vec<StatementRow>, Error> {
        let query = sqlx::query("SELECT * FROM bank_statement WHERE book = $1 AND file_hash = $2 ORDER BY statement_no");
        let rows = query.bind(book.to_owned()).bind(hash.to_owned()).fetch_all(&self.pool).await?;
        let statement = |row: &sqlx::any::AnyRow| {
            Ok(StatementRow {
                number: row.try_get("statement_no")?,
                account: text(row, "account_id")?,
                account_number: text(row, "account_number")?,
                currency: text(row, "currency")?,
                day: optional_date(row, "day")?,
                entry_count: row.try_get("entry_count")?,
            })
        };
        rows.iter().map(statement).collect()
    }

    /// The files of an account's open days, and those of its last closed one, in the order in which they came, without their bytes.
    pub async fn open_files(&self, book: &str, account: &str, closed_through: Option<Date>) -> Result<Vec<BankFile>, Error> {
        let query = sqlx::query(
            "SELECT s.file_hash, s.statement_no, s.frozen FROM bank_statement s
             JOIN bank_file f ON f.book = s.book AND f.file_hash = s.file_hash
             WHERE s.book = $1 AND s.account_id = $2 AND (s.frozen = 0 OR s.day = $3) AND f.state = 'taken'
             ORDER BY f.file_no, s.file_hash, s.statement_no",
        );
        let query = query.bind(book.to_owned()).bind(account.to_owned()).bind(day_text(closed_through));
        let mut files: Vec<BankFile> = Vec::new();
        for row in query.fetch_all(&self.pool).await? {
            let hash = text(&row, "file_hash")?;
            if files.last().is_none_or(|file| file.hash != hash) {
                files.push(BankFile { hash, bytes: FileBytes::default(), frozen: Vec::new() });
            }
        }
        for file in &mut files {
            let query = sqlx::query(
                "SELECT statement_no FROM bank_statement WHERE book = $1 AND file_hash = $2 AND account_id = $3 AND frozen = 1",
            );
            let query = query.bind(book.to_owned()).bind(file.hash.clone()).bind(account.to_owned());
            for row in query.fetch_all(&self.pool).await? {
                file.frozen.push(usize::try_from(row.try_get::<i64, _>("statement_no")?).unwrap_or_default());
            }
        }
        Ok(files)
    }

    /// When the last statement that closes a day came of each physical account, in Unix milliseconds; without one, the start of the account's first day.
    pub async fn last_statements(&self, book: &str) -> Result<Vec<i64>, Error> {
        let sql = "SELECT a.added_date, COALESCE((SELECT MAX(f.begun_at_ms) FROM bank_statement s
                JOIN bank_file f ON f.book = s.book AND f.file_hash = s.file_hash
                WHERE s.book = a.book AND s.account_id = a.account_id AND s.day <> '' AND f.state = 'taken'), 0) AS last_ms
            FROM physical_account a WHERE a.book = $1 ORDER BY a.account_id";
        let rows = sqlx::query(sql).bind(book.to_owned()).fetch_all(&self.pool).await?;
        let last = |row: &sqlx::any::AnyRow| {
            let last_ms: i64 = row.try_get("last_ms")?;
            let added_ms = start_us(date(row, "added_date")?) / 1_000;
            Ok(if last_ms == 0 { added_ms } else { last_ms })
        };
        rows.iter().map(last).collect()
    }

    /// Numbers that statements of an account's virtual accounts have named.
    pub async fn statement_numbers(&self, book: &str, account: &str) -> Result<Vec<String>, Error> {
        let query =
            sqlx::query("SELECT DISTINCT account_number FROM bank_statement WHERE book = $1 AND account_id = $2 ORDER BY account_number");
        let rows = query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| text(row, "account_number")).collect()
    }

    /// The days of an account's open statements, with how many each has.
    pub async fn open_days(&self, book: &str, account: &str) -> Result<BTreeMap<Date, i64>, Error> {
        let query = sqlx::query(
            "SELECT s.day, COUNT(*) AS statements FROM bank_statement s JOIN bank_file f ON f.book = s.book AND f.file_hash = s.file_hash
             WHERE s.book = $1 AND s.account_id = $2 AND s.frozen = 0 AND s.day <> '' AND f.state = 'taken' GROUP BY s.day",
        );
        let mut days = BTreeMap::new();
        for row in query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&self.pool).await? {
            if let Some(day) = optional_date(&row, "day")? {
                days.insert(day, row.try_get("statements")?);
            }
        }
        Ok(days)
    }
}

/// Leaves a file out of every matching from now on.
pub(super) async fn leave_out(tx: &mut AnyConnection, book: &str, hash: &str) -> Result<(), Error> {
    let query = sqlx::query("UPDATE bank_file SET state = 'left_out' WHERE book = $1 AND file_hash = $2 AND state = 'taken'");
    query.bind(book.to_owned()).bind(hash.to_owned()).execute(tx).await?;
    Ok(())
}

/// A day in tables; empty: none.
pub(super) fn day_text(day: Option<Date>) -> String {
    day.map(|day| day.to_string()).unwrap_or_default()
}
