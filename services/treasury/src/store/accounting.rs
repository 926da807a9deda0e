//! Accounting days: how far each journal was read, sums of days, closed periods.
use super::{Error, Store};
use accounting::{DayLineKey, DayLineSums, DayLines, balance::BalanceLine, journal::JournalLine, roll::RolledSums};
use jiff::civil::Date;
use ledger_client::JournalPlace;
use money::BookName;
use sqlx::{Row as _, any::AnyRow};
use std::collections::{BTreeMap, BTreeSet};

/// A legal entity of a book.
#[derive(Debug, Clone)]
pub struct EntityBooks {
    /// The book.
    pub book: BookName,
    /// The entity's id.
    pub entity: String,
}

/// A closed period of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Its number, from 1.
    pub period_no: i64,
    /// Its first day.
    pub first_day: Date,
    /// Its last day.
    pub last_day: Date,
    /// The last event that entered the book before the close.
    pub seq: i64,
    /// SHA-256 of the balances at its end.
    pub balances_hash: String,
    /// When it was closed, in Unix milliseconds.
    pub closed_at_ms: i64,
    /// Who closed it.
    pub closed_by: String,
    /// The reason that they gave.
    pub close_reason: String,
}

/// How far a book's journal was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountingPlace {
    /// The last commit that was read.
    pub place: JournalPlace,
    /// How often days of this book were closed.
    pub closes: i64,
}

impl Store {
    /// How far a book's journal was read; its beginning, if it never was.
    pub async fn accounting_place(&self, book: &BookName) -> Result<AccountingPlace, Error> {
        let query = sqlx::query("SELECT seq, commit_no, commit_hash, closes FROM accounting_book WHERE book = $1");
        let Some(row) = query.bind(book.as_str()).fetch_optional(&self.pool).await? else { return Ok(AccountingPlace::default()) };
        let place = JournalPlace { commit_no: row.try_get("commit_no")?, hash: row.try_get("commit_hash")?, seq: row.try_get("seq")? };
        Ok(AccountingPlace { place, closes: row.try_get("closes")? })
    }

    /// The last closed day of each entity of a book.
    pub async fn closed_days(&self, book: &BookName) -> Result<BTreeMap<String, Date>, Error> {
        let query = sqlx::query("SELECT entity, MAX(last_date) AS last_date FROM accounting_period WHERE book = $1 GROUP BY entity");
        let rows = query.bind(book.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("entity")?, date(row, "last_date")?))).collect()
    }

    /// Adds the sums of what was read after `at` up to `to`; false: somebody else read on or closed days since, and nothing was written.
    pub async fn add_lines(&self, book: &BookName, at: &AccountingPlace, to: &JournalPlace, lines: &DayLines) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        begin_book(&mut tx, book).await?;
        let sql =
            "UPDATE accounting_book SET seq = $4, commit_no = $5, commit_hash = $6 WHERE book = $1 AND commit_no = $2 AND closes = $3";
        let moved = sqlx::query(sql).bind(book.as_str()).bind(at.place.commit_no).bind(at.closes);
        let moved = moved.bind(to.seq).bind(to.commit_no).bind(&to.hash).execute(&mut *tx).await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        let days: BTreeSet<(&str, Date)> = lines.sums().keys().map(|key| (key.entity.as_str(), key.day)).collect();
        let mut stored = BTreeMap::new();
        for (entity, day) in days {
            let query = sqlx::query("SELECT * FROM accounting_line WHERE book = $1 AND entity = $2 AND accounting_date = $3");
            for row in query.bind(book.as_str()).bind(entity).bind(day.to_string()).fetch_all(&mut *tx).await? {
                let line = line(&row)?;
                let JournalLine { account, unit, kind, event_day, sums } = line;
                stored.insert(DayLineKey { entity: entity.to_owned(), day, account, unit, kind, event_day }, sums);
            }
        }
        for (key, more) in lines.sums() {
            // Added here and not by the database, which would turn a sum that is too large into an inexact one.
            let sums = stored.get(key).copied().unwrap_or_default().plus(*more).map_err(|_| Error::Row("sum", key.account.clone()))?;
            set_line(&mut tx, book, key, sums).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Closes a period with its balances; false: somebody else read on or closed days since `at`, and nothing was written.
    pub async fn close(&self, of: &EntityBooks, at: &AccountingPlace, period: &Period, balances: &[BalanceLine]) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        begin_book(&mut tx, &of.book).await?;
        let sql = "UPDATE accounting_book SET closes = closes + 1 WHERE book = $1 AND commit_no = $2 AND closes = $3";
        let fenced = sqlx::query(sql).bind(of.book.as_str()).bind(at.place.commit_no).bind(at.closes).execute(&mut *tx).await?;
        if fenced.rows_affected() == 0 {
            return Ok(false);
        }
        let sql = "INSERT INTO accounting_period
            (book, entity, period_no, first_date, last_date, seq, balances_hash, closed_at_ms, closed_by, close_reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).bind(period.period_no).bind(period.first_day.to_string());
        let query = query.bind(period.last_day.to_string()).bind(period.seq).bind(&period.balances_hash).bind(period.closed_at_ms);
        query.bind(&period.closed_by).bind(&period.close_reason).execute(&mut *tx).await?;
        for line in balances {
            let sql = "INSERT INTO accounting_balance (book, entity, period_no, account, unit, debits, credits) VALUES ($1, $2, $3, $4, $5, $6, $7)";
            let query = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).bind(period.period_no).bind(&line.account);
            query.bind(&line.unit).bind(line.debits).bind(line.credits).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The lines of an entity's day, in any order.
    pub async fn accounting_day(&self, of: &EntityBooks, day: Date) -> Result<Vec<JournalLine>, Error> {
        let query = sqlx::query("SELECT * FROM accounting_line WHERE book = $1 AND entity = $2 AND accounting_date = $3");
        let rows = query.bind(of.book.as_str()).bind(&of.entity).bind(day.to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(line).collect()
    }

    /// Sums by account of the days after one and up to another; from the first day, if there is no day before.
    pub async fn accounting_sums(&self, of: &EntityBooks, after: Option<Date>, through: Date) -> Result<Vec<BalanceLine>, Error> {
        let sql =
            "SELECT account, unit, CAST(SUM(debits) AS BIGINT) AS debits, CAST(SUM(credits) AS BIGINT) AS credits FROM accounting_line
            WHERE book = $1 AND entity = $2 AND accounting_date > $3 AND accounting_date <= $4 GROUP BY account, unit";
        let after = after.map(|after| after.to_string()).unwrap_or_default();
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).bind(after).bind(through.to_string());
        query.fetch_all(&self.pool).await?.iter().map(balance).collect()
    }

    /// Sums by account and kind of the days from one through another.
    pub async fn accounting_kinds(&self, of: &EntityBooks, first: Date, last: Date) -> Result<Vec<RolledSums>, Error> {
        let sql = "SELECT account, unit, kind, CAST(SUM(debits) AS BIGINT) AS debits, CAST(SUM(credits) AS BIGINT) AS credits FROM accounting_line
            WHERE book = $1 AND entity = $2 AND accounting_date >= $3 AND accounting_date <= $4 GROUP BY account, unit, kind";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).bind(first.to_string()).bind(last.to_string());
        let sums = |row: &AnyRow| {
            let BalanceLine { account, unit, debits, credits } = balance(row)?;
            Ok(RolledSums { account, unit, kind: row.try_get("kind")?, debits, credits })
        };
        query.fetch_all(&self.pool).await?.iter().map(sums).collect()
    }

    /// Sums of all days and entities of a book, by account and unit.
    pub async fn accounting_totals(&self, book: &BookName) -> Result<BTreeMap<(String, String), (i64, i64)>, Error> {
        let sql =
            "SELECT account, unit, CAST(SUM(debits) AS BIGINT) AS debits, CAST(SUM(credits) AS BIGINT) AS credits FROM accounting_line
            WHERE book = $1 GROUP BY account, unit";
        let rows = sqlx::query(sql).bind(book.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| balance(row).map(|line| ((line.account, line.unit), (line.debits, line.credits)))).collect()
    }

    /// The first day that an entity has lines of.
    pub async fn first_accounting_day(&self, of: &EntityBooks) -> Result<Option<Date>, Error> {
        let sql = "SELECT accounting_date FROM accounting_line WHERE book = $1 AND entity = $2 ORDER BY accounting_date LIMIT 1";
        let row = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).fetch_optional(&self.pool).await?;
        row.map(|row| date(&row, "accounting_date")).transpose()
    }

    /// The last closed period of an entity that ends on this day or before.
    pub async fn last_period(&self, of: &EntityBooks, through: Date) -> Result<Option<Period>, Error> {
        let sql = "SELECT * FROM accounting_period WHERE book = $1 AND entity = $2 AND last_date <= $3 ORDER BY period_no DESC LIMIT 1";
        let row = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).bind(through.to_string()).fetch_optional(&self.pool).await?;
        row.as_ref().map(period).transpose()
    }

    /// Closed periods of an entity before this number, the last first.
    pub async fn periods(&self, of: &EntityBooks, before_no: i64, rows: i64) -> Result<Vec<Period>, Error> {
        let sql = "SELECT * FROM accounting_period WHERE book = $1 AND entity = $2 AND period_no < $3 ORDER BY period_no DESC LIMIT $4";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).bind(before_no).bind(rows);
        query.fetch_all(&self.pool).await?.iter().map(period).collect()
    }

    /// The balances at the end of a closed period.
    pub async fn period_balances(&self, of: &EntityBooks, period_no: i64) -> Result<Vec<BalanceLine>, Error> {
        let sql = "SELECT account, unit, debits, credits FROM accounting_balance WHERE book = $1 AND entity = $2 AND period_no = $3";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(&of.entity).bind(period_no);
        query.fetch_all(&self.pool).await?.iter().map(balance).collect()
    }
}

/// The row of a book whose journal is read for the first time.
async fn begin_book(tx: &mut sqlx::AnyConnection, book: &BookName) -> Result<(), Error> {
    let sql = "INSERT INTO accounting_book (book, seq, commit_no, commit_hash, closes) VALUES ($1, 0, 0, '', 0) ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(book.as_str()).execute(tx).await?;
    Ok(())
}

async fn set_line(tx: &mut sqlx::AnyConnection, book: &BookName, key: &DayLineKey, sums: DayLineSums) -> Result<(), Error> {
    let sql = "INSERT INTO accounting_line (book, entity, accounting_date, account, unit, kind, event_date, debits, credits, entries)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (book, entity, accounting_date, account, unit, kind, event_date)
        DO UPDATE SET debits = excluded.debits, credits = excluded.credits, entries = excluded.entries";
    let query = sqlx::query(sql).bind(book.as_str()).bind(&key.entity).bind(key.day.to_string()).bind(&key.account).bind(&key.unit);
    let query = query.bind(&key.kind).bind(key.event_day.to_string()).bind(sums.debits).bind(sums.credits).bind(sums.entries);
    query.execute(tx).await?;
    Ok(())
}

fn line(row: &AnyRow) -> Result<JournalLine, Error> {
    let sums = DayLineSums { debits: row.try_get("debits")?, credits: row.try_get("credits")?, entries: row.try_get("entries")? };
    let event_day = date(row, "event_date")?;
    Ok(JournalLine { account: row.try_get("account")?, unit: row.try_get("unit")?, kind: row.try_get("kind")?, event_day, sums })
}

fn balance(row: &AnyRow) -> Result<BalanceLine, Error> {
    let (debits, credits) = (row.try_get("debits")?, row.try_get("credits")?);
    Ok(BalanceLine { account: row.try_get("account")?, unit: row.try_get("unit")?, debits, credits })
}

fn period(row: &AnyRow) -> Result<Period, Error> {
    Ok(Period {
        period_no: row.try_get("period_no")?,
        first_day: date(row, "first_date")?,
        last_day: date(row, "last_date")?,
        seq: row.try_get("seq")?,
        balances_hash: row.try_get("balances_hash")?,
        closed_at_ms: row.try_get("closed_at_ms")?,
        closed_by: row.try_get("closed_by")?,
        close_reason: row.try_get("close_reason")?,
    })
}

fn date(row: &AnyRow, column: &'static str) -> Result<Date, Error> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| Error::Row(column, text))
}
