//! The state of accounts as far as they are reconciled, and closed days.
use super::{Error, Store, cases, entries, items, optional_date, read::date, text};
use crate::domain::{
    bank::{BankItem, EntryBooking},
    matched::AccountFindings,
};
use jiff::civil::Date;
use sqlx::{AnyConnection, Row as _, any::AnyRow};

/// An account as far as it is reconciled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Series {
    /// Grows with every write.
    pub version: i64,
    /// The last closed day.
    pub closed_through: Option<Date>,
}

/// An account of a book, as the tables know it.
#[derive(Debug, Clone, Copy)]
pub struct AccountKey<'a> {
    /// The treasury's book.
    pub book: &'a str,
    /// The physical account's id.
    pub account: &'a str,
    /// Its currency's code.
    pub currency: &'a str,
}

/// A closed day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDayRow {
    /// The day.
    pub day: Date,
    /// The bank's balances before and after its entries.
    pub balances: (i64, i64),
    /// The books' balance, with the postings of all that is explained.
    pub books: i64,
    /// How many entries it has.
    pub entry_count: i64,
    /// JSON: the named differences.
    pub timing: String,
    /// Who closed it, and when in Unix milliseconds.
    pub closed: (String, i64),
}

/// Which closed days to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaysFilter {
    /// The physical account's id.
    pub account: String,
    /// The first day, if only later ones are listed.
    pub from: Option<Date>,
    /// The last day, if only earlier ones are listed.
    pub until: Option<Date>,
    /// The last day of the page before.
    pub before: Option<Date>,
}

impl Store {
    /// An account as far as it is reconciled; `None`: there is no statement of it.
    pub async fn series(&self, book: &str, account: &str) -> Result<Option<Series>, Error> {
        let query = sqlx::query("SELECT version, closed_through FROM account_series WHERE book = $1 AND account_id = $2");
        let Some(row) = query.bind(book.to_owned()).bind(account.to_owned()).fetch_optional(&self.pool).await? else { return Ok(None) };
        Ok(Some(Series { version: row.try_get("version")?, closed_through: optional_date(&row, "closed_through")? }))
    }

    /// Writes what a run found and the bookings that follow; false: somebody else wrote since the series was read, and nothing was written.
    pub async fn reconciled(
        &self,
        key: AccountKey<'_>,
        series: Series,
        findings: &AccountFindings,
        bookings: &[EntryBooking],
        now_ms: i64,
    ) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        if !advance(&mut tx, key, series).await? {
            return Ok(false);
        }
        entries::write(&mut tx, key.book, key.account, &findings.entries).await?;
        cases::write(&mut tx, key.book, key.account, key.currency, &findings.cases, now_ms).await?;
        for booking in bookings {
            entries::plan(&mut tx, key.book, key.account, booking).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Closes a day: its entries, cases and statements never change again. False: as in [`Store::reconciled`].
    pub async fn close_day(&self, key: AccountKey<'_>, series: Series, closed: &ClosedDayRow, items: &[BankItem]) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        if !advance(&mut tx, key, series).await? {
            return Ok(false);
        }
        let day = closed.day.to_string();
        let sql = "INSERT INTO closed_day (book, account_id, day, timing, closed_by, opening, closing, books, entry_count, closed_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let texts = [key.book, key.account, &day, &closed.timing, &closed.closed.0];
        let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
        let query = query.bind(closed.balances.0).bind(closed.balances.1).bind(closed.books).bind(closed.entry_count);
        query.bind(closed.closed.1).execute(&mut *tx).await?;
        for sql in [
            // Cases first: they are found by their entries.
            "UPDATE bank_case SET closed_day = $3 WHERE book = $1 AND account_id = $2 AND closed_day = '' AND entry_keys <> ''
             AND EXISTS (SELECT 1 FROM bank_entry e WHERE e.book = $1 AND e.account_id = $2 AND e.closed_day = '' AND e.day <= $3
                AND e.entry_key = SUBSTR(bank_case.entry_keys, 1, 32))",
            "UPDATE bank_entry SET closed_day = $3 WHERE book = $1 AND account_id = $2 AND closed_day = '' AND day <= $3",
            "UPDATE bank_statement SET frozen = 1 WHERE book = $1 AND account_id = $2 AND frozen = 0 AND day <> '' AND day <= $3
             AND EXISTS (SELECT 1 FROM bank_file f WHERE f.book = $1 AND f.file_hash = bank_statement.file_hash AND f.state = 'taken')",
            "UPDATE account_series SET closed_through = $3 WHERE book = $1 AND account_id = $2",
        ] {
            sqlx::query(sql).bind(key.book.to_owned()).bind(key.account.to_owned()).bind(day.clone()).execute(&mut *tx).await?;
        }
        for item in items {
            items::close_item(&mut tx, key.book, closed.day, item).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// A closed day; `None`: it is open.
    pub async fn closed_day(&self, book: &str, account: &str, day: Date) -> Result<Option<ClosedDayRow>, Error> {
        let query = sqlx::query("SELECT * FROM closed_day WHERE book = $1 AND account_id = $2 AND day = $3");
        let query = query.bind(book.to_owned()).bind(account.to_owned()).bind(day.to_string());
        let Some(row) = query.fetch_optional(&self.pool).await? else { return Ok(None) };
        closed_row(&row).map(Some)
    }

    /// Closed days of an account, the last first.
    pub async fn closed_days_of(&self, book: &str, filter: &DaysFilter, count: i64) -> Result<Vec<ClosedDayRow>, Error> {
        let sql = "SELECT * FROM closed_day WHERE book = $1 AND account_id = $2 AND day >= $3 AND day <= $4 AND day < $5
            ORDER BY day DESC LIMIT $6";
        let day_or = |day: Option<Date>, otherwise: Date| day.unwrap_or(otherwise).to_string();
        let query = sqlx::query(sql).bind(book.to_owned()).bind(filter.account.clone()).bind(day_or(filter.from, Date::constant(1, 1, 1)));
        let query = query.bind(day_or(filter.until, Date::MAX)).bind(day_or(filter.before, Date::MAX)).bind(count);
        query.fetch_all(&self.pool).await?.iter().map(closed_row).collect()
    }
}

fn closed_row(row: &AnyRow) -> Result<ClosedDayRow, Error> {
    Ok(ClosedDayRow {
        day: date(row, "day")?,
        balances: (row.try_get("opening")?, row.try_get("closing")?),
        books: row.try_get("books")?,
        entry_count: row.try_get("entry_count")?,
        timing: text(row, "timing")?,
        closed: (text(row, "closed_by")?, row.try_get("closed_at_ms")?),
    })
}

async fn advance(tx: &mut AnyConnection, key: AccountKey<'_>, series: Series) -> Result<bool, Error> {
    let query = sqlx::query("UPDATE account_series SET version = version + 1 WHERE book = $1 AND account_id = $2 AND version = $3");
    let advanced = query.bind(key.book.to_owned()).bind(key.account.to_owned()).bind(series.version).execute(tx).await?;
    Ok(advanced.rows_affected() == 1)
}
