//! Every SQL statement on the monitor's own tables. The same on SQLite and PostgreSQL. `links`: which person users are.
mod links;

pub use links::{LINKS_MAX, LinkOutcome, LinkedUser};

use crate::payments::{figures::TallyBySteps, tally::UnitSums};
use db::Migration;
use ledger_client::JournalPlace;
use money::BookName;
use sqlx::{Any, AnyPool, Row as _, Transaction, any::AnyRow};

/// The service's schema.
pub const MIGRATIONS: [Migration; 2] = [
    Migration::expand(1, include_str!("../migrations/0001_figures.sql")),
    Migration::expand(2, include_str!("../migrations/0002_person_links.sql")),
];

/// The monitor's own tables: what it counted, which can be counted again, and which person users are, which only apps know.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
}

/// How far a book's journal is counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FigurePlace {
    /// The last commit.
    pub journal: JournalPlace,
    /// Commit time of the last posting, in Unix microseconds. `None`: there is none.
    pub committed_us: Option<i64>,
}

impl Store {
    /// Opens the tables, creating them if missing.
    pub async fn open(database: &db::Database) -> Result<Self, db::Error> {
        Ok(Self { pool: database.open("monitor", &MIGRATIONS).await? })
    }

    /// How far a book is counted, with what is counted of the hour of its last posting: by one statement, since another monitor may count further meanwhile.
    pub async fn figure_place(&self, book: &BookName) -> Result<(FigurePlace, TallyBySteps), sqlx::Error> {
        let sql =
            "SELECT h.hour_s, h.kind, h.unit, h.postings, h.moved, h.held, h.released, c.commit_no, c.commit_hash, c.seq, c.commit_time_us
            FROM figure_cursor c LEFT JOIN figure_hour h ON h.book = c.book AND h.hour_s > c.commit_time_us / 1000000 - 3600
            WHERE c.book = $1";
        let rows = sqlx::query(sql).bind(book.as_str()).fetch_all(&self.pool).await?;
        let (mut place, mut last_hour) = (FigurePlace::default(), TallyBySteps::new());
        for row in &rows {
            place.journal = JournalPlace { commit_no: row.try_get(7)?, hash: row.try_get(8)?, seq: row.try_get(9)? };
            place.committed_us = Some(row.try_get(10)?).filter(|at: &i64| *at >= 0);
            if row.try_get::<Option<i64>, _>(0)?.is_some() {
                add(&mut last_hour, row)?;
            }
        }
        Ok((place, last_hour))
    }

    /// What is counted of the hours from a time to before another, in Unix seconds.
    pub async fn hours(&self, book: &BookName, from_s: i64, to_s: i64) -> Result<TallyBySteps, sqlx::Error> {
        let sql =
            "SELECT hour_s, kind, unit, postings, moved, held, released FROM figure_hour WHERE book = $1 AND hour_s >= $2 AND hour_s < $3";
        let rows = sqlx::query(sql).bind(book.as_str()).bind(from_s).bind(to_s).fetch_all(&self.pool).await?;
        let mut hours = TallyBySteps::new();
        for row in &rows {
            add(&mut hours, row)?;
        }
        Ok(hours)
    }

    /// Stores hours, each with everything that it has up to this place. False: another monitor has counted further, and stored at least as much.
    pub async fn save_figures(&self, book: &BookName, place: &FigurePlace, hours: &TallyBySteps) -> Result<bool, sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        let sql = "INSERT INTO figure_cursor (book, commit_no, commit_hash, seq, commit_time_us) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (book) DO UPDATE SET commit_no = excluded.commit_no, commit_hash = excluded.commit_hash, seq = excluded.seq,
                commit_time_us = excluded.commit_time_us WHERE figure_cursor.commit_no <= excluded.commit_no";
        let moved = sqlx::query(sql)
            .bind(book.as_str())
            .bind(place.journal.commit_no)
            .bind(&place.journal.hash)
            .bind(place.journal.seq)
            .bind(place.committed_us.unwrap_or(-1))
            .execute(&mut *tx)
            .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        for (hour_s, tally) in hours {
            for (kind, count) in tally.kinds() {
                let row = |unit| FigureRow { book, hour_s: *hour_s, kind, unit };
                save(&mut tx, row(""), count.postings, UnitSums::default()).await?;
                for (unit, sums) in &count.units {
                    save(&mut tx, row(unit), 0, *sums).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets what was counted of a book, to count it from the beginning.
    pub async fn forget_figures(&self, book: &BookName) -> Result<(), sqlx::Error> {
        let mut tx = db::begin(&self.pool).await?;
        for sql in ["DELETE FROM figure_hour WHERE book = $1", "DELETE FROM figure_cursor WHERE book = $1"] {
            sqlx::query(sql).bind(book.as_str()).execute(&mut *tx).await?;
        }
        tx.commit().await
    }
}

/// The key of a row. A row of postings has no unit; a row with a unit has sums.
struct FigureRow<'a> {
    book: &'a BookName,
    hour_s: i64,
    kind: &'a str,
    unit: &'a str,
}

async fn save(tx: &mut Transaction<'static, Any>, of: FigureRow<'_>, postings: i64, sums: UnitSums) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO figure_hour (book, hour_s, kind, unit, postings, moved, held, released) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (book, hour_s, kind, unit) DO UPDATE SET postings = excluded.postings, moved = excluded.moved, held = excluded.held,
            released = excluded.released";
    let insert = sqlx::query(sql).bind(of.book.as_str()).bind(of.hour_s).bind(of.kind).bind(of.unit).bind(postings);
    insert.bind(sums.moved).bind(sums.held).bind(sums.released).execute(&mut **tx).await?;
    Ok(())
}

fn add(hours: &mut TallyBySteps, row: &AnyRow) -> Result<(), sqlx::Error> {
    let (kind, unit): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    let tally = hours.entry(row.try_get(0)?).or_default();
    if unit.is_empty() {
        tally.add_postings(&kind, row.try_get(3)?);
    } else {
        tally.add_sums(&kind, &unit, UnitSums { moved: row.try_get(4)?, held: row.try_get(5)?, released: row.try_get(6)? });
    }
    Ok(())
}
