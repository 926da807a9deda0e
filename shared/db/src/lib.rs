//! Where services keep their tables: one [`Database`] address, and per service an SQLite file or a PostgreSQL schema of its own.
//!
//! - [`Database::open`] hands out an `sqlx::AnyPool` with the service's migrations applied; the same SQL runs on both engines.
//! - [`begin`] begins a transaction that a caller may be dropped out of at any await.
//! - [`WriteQueue`]: writers of an SQLite database in this process take turns.
//! - [`damaged_value`] recognises a row that no version of the program wrote like that.
//! - [`Database::close`] ends what a process opened, and leaves no write-ahead log beside SQLite's files.
//! - `diagnosis`: error messages when a database is unavailable.
//! - [`durability`] refuses a database whose settings could lose acknowledged work.
//! - [`is_passing`] distinguishes an unreachable database from a wrong statement.
//! - [`migrate`] applies migrations once, under a lock, whichever process starts first.
//! - [`sets`]: statements over many rows. [`text()`]: an id in a row.
//! - [`waiting`]: rows that wait, and what a clock that was ahead has put off.
//! - [`requests`] is the table behind `request_id`: the first answer is the answer.

mod closing;
mod damaged;
mod diagnosis;
pub mod durability;
mod engine;
pub mod migrate;
mod open;
mod opened;
mod passing;
mod queue;
pub mod requests;
pub mod sets;
mod transaction;
pub mod waiting;

pub use damaged::{damaged_value, in_row};
pub use durability::{check_durability_postgres, check_durability_sqlite};
pub use engine::{Engine, engine};
pub use migrate::{Migration, MigrationStep};
pub use open::{ACQUIRE_TIMEOUT, Database, SQLITE_BUSY_TIMEOUT};
pub use passing::is_passing;
pub use queue::{QueuedTransaction, WriteQueue};
pub use transaction::{begin, begin_with};
pub use waiting::WaitingRows;

/// An id, as tables have it.
#[must_use]
pub fn text(id: uuid::Uuid) -> String {
    id.hyphenated().to_string()
}

/// Why a database can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address has an unknown form.
    #[error("a database is `sqlite:DIRECTORY` or `postgres://USER@HOST/NAME`, not `{0}`")]
    Address(String),
    /// The directory can't be made or read.
    #[error("data directory {path}: {source}")]
    Directory {
        /// The directory.
        path: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The database's settings could lose acknowledged work.
    #[error("{database} would lose acknowledged work: {setting} is {found}, must be {required}")]
    NotDurable {
        /// The database.
        database: String,
        /// The setting's name.
        setting: &'static str,
        /// The value that was found.
        found: String,
        /// What it must be.
        required: &'static str,
    },
    /// A newer program changed the tables in a way that this one can't work with.
    #[error(
        "{service}: this program is of format {format}, the database may be opened by programs of format {oldest} or later; start a newer program"
    )]
    ProgramTooOld {
        /// Whose tables.
        service: &'static str,
        /// The newest migration this program knows.
        format: i64,
        /// The oldest format that may open the database.
        oldest: i64,
    },
    /// A migration was edited after it ran.
    #[error("{service}: migration {version} differs from the one that ran; an applied migration is never edited")]
    MigrationChanged {
        /// Whose tables.
        service: &'static str,
        /// The number of the migration.
        version: i64,
    },
    /// Versions must grow.
    #[error("{service}: migration {version} is out of order")]
    MigrationOrder {
        /// Whose tables.
        service: &'static str,
        /// The number of the migration.
        version: i64,
    },
    /// Something between us and PostgreSQL shares its sessions among clients.
    #[error(
        "{place}: a connection pooler such as PgBouncer answers there ({why}); name PostgreSQL itself: leases, the search path and prepared \
         statements belong to a session"
    )]
    Pooler {
        /// The address, without a password.
        place: String,
        /// How it was noticed.
        why: String,
    },
    /// Access to the file can't be restricted to its owner.
    #[error("database file {path}: {source}; nothing was read or written")]
    File {
        /// The file.
        path: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The database returned an error.
    #[error("{doing}: {}", diagnosis::words(cause))]
    Sqlx {
        /// What was being done, and where.
        doing: String,
        /// The error. Not a `source`: its own text names lines of the engine's source, and ours says the rest.
        cause: sqlx::Error,
    },
}

impl Error {
    pub(crate) fn sqlx(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Error {
        let doing = doing.into();
        move |cause| Error::Sqlx { doing, cause }
    }
}
