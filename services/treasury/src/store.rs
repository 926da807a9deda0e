//! Every SQL statement of this service. The same on SQLite and PostgreSQL.
//!
//! - `read`: the structure, as it is or was on a day. `write`: the changes of a plan. `closings`: closing balances by day.
//! - `movements`: decided postings. `reservations`: what payouts take of leaves. `statement`: statements that were issued. `accounting`: accounting days of any book.
//! - `files`: what banks sent. `items`: what should happen. `entries`, `cases`: what was found, and what people decided. `days`: what is closed.
//! - `migration`: old accounts. `receipts`: what came, and what should come. `audited`: pages of all rows that have postings.
//! - `sweeps`: money between physical accounts. `unheard`: what is decided and not known to be posted.
use crate::domain::Structure;
use db::Migration;
use jiff::civil::Date;
use serde::{Serialize, de::DeserializeOwned};
use sqlx::{AnyPool, Row as _, any::AnyRow};
use std::sync::{Arc, Mutex};

mod accounting;
mod audited;
mod cases;
mod closings;
mod days;
mod entries;
mod files;
mod items;
mod migration;
mod movements;
mod read;
mod receipts;
mod reservations;
mod statement;
mod sweeps;
mod unheard;
mod write;

pub use accounting::{AccountingPlace, EntityBooks, Period};
pub use audited::EntryBookings;
pub use cases::CaseFilter;
pub use closings::{ClosingBatch, ClosingPosition};
pub use days::{AccountKey, ClosedDayRow, DaysFilter, Series};
pub use files::{FilePart, FileRow, StatementRow};
pub use items::{kind_of, state_of};
pub use migration::{DecidedMove, MigrationRun};
pub use movements::{MovementRow, MovementState, MovementTransfer, NewMovement};
pub use unheard::OpenPostings;
pub use write::Application;

use files::day_text;

/// The service's schema.
pub const MIGRATIONS: [Migration; 14] = [
    Migration::expand(1, include_str!("../migrations/0001_structure.sql")),
    Migration::expand(2, include_str!("../migrations/0002_claims.sql")),
    Migration::expand(3, include_str!("../migrations/0003_reconciliation.sql")),
    Migration::expand(4, include_str!("../migrations/0004_statement.sql")),
    Migration::expand(5, include_str!("../migrations/0005_migration.sql")),
    Migration::expand(6, include_str!("../migrations/0006_movements.sql")),
    Migration::expand(7, include_str!("../migrations/0007_accounting.sql")),
    Migration::expand(8, include_str!("../migrations/0008_closings.sql")),
    Migration::expand(9, include_str!("../migrations/0009_reservations.sql")),
    Migration::expand(10, include_str!("../migrations/0010_sweeps.sql")),
    // Older programs can't read the new states, and would cancel a sweep of which a bank is being instructed.
    Migration::contract(11, include_str!("../migrations/0011_sweep_evidence.sql")),
    // Older programs can't read that money is blocked.
    Migration::contract(12, include_str!("../migrations/0012_blocked.sql")),
    Migration::expand(13, include_str!("../migrations/0013_open_postings.sql")),
    Migration::expand(14, include_str!("../migrations/0014_back_on.sql")),
];

/// The service's tables.
#[derive(Clone)]
pub struct Store {
    pool: AnyPool,
    /// The last revision that was read: a list of many pages, or a plan and its application, read it once.
    last: Arc<Mutex<Option<LastRead>>>,
}

/// A book's structure as it was read.
#[derive(Clone)]
struct LastRead {
    book: String,
    structure: Arc<Structure>,
}

/// Why the tables could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A row has a value that this program never writes.
    #[error("a row with an unknown {0}: {1:?}")]
    Row(&'static str, String),
    /// The structure was changed each time that it was read.
    #[error("the structure was changed each time that it was read")]
    Changing,
}

impl Error {
    /// The problem of a row that can't be read; `None` where nothing is known about the row.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        match self {
            Self::Database(source) => db::damaged_value(source),
            Self::Row(..) => Some(self.to_string()),
            Self::Changing => None,
        }
    }
}

/// A plan that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// The revision that it made.
    pub revision: i64,
    /// How many changes it had.
    pub change_count: i64,
}

impl Store {
    /// Opens the tables, with their migrations.
    pub async fn open(database: &db::Database) -> Result<Self, db::Error> {
        Ok(Self { pool: database.open("treasury", &MIGRATIONS).await?, last: Arc::default() })
    }

    /// What the plan of this hash made of this file, if it was applied.
    pub async fn applied(&self, book: &str, hash: &str, file_hash: &str) -> Result<Option<Applied>, Error> {
        let query =
            sqlx::query("SELECT revision, change_count FROM structure_revision WHERE book = $1 AND plan_hash = $2 AND file_hash = $3");
        let Some(row) = query.bind(book).bind(hash).bind(file_hash).fetch_optional(&self.pool).await? else { return Ok(None) };
        Ok(Some(Applied { revision: row.try_get("revision")?, change_count: row.try_get("change_count")? }))
    }
}

fn text(row: &AnyRow, column: &'static str) -> Result<String, Error> {
    Ok(row.try_get(column)?)
}

/// A day; `None` for an empty text.
fn optional_date(row: &AnyRow, column: &'static str) -> Result<Option<Date>, Error> {
    let day = text(row, column)?;
    if day.is_empty() { Ok(None) } else { day.parse().map(Some).map_err(|_| Error::Row(column, day)) }
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| Error::Row("value", error.to_string()))
}

fn from_json<T: DeserializeOwned>(row: &AnyRow, column: &'static str) -> Result<T, Error> {
    let kept = text(row, column)?;
    serde_json::from_str(&kept).map_err(|_| Error::Row(column, kept))
}
