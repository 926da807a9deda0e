//! Addresses, pools and the settings every connection gets.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};

use crate::diagnosis::{is_pooler, without_password};
use crate::opened::OpenedPools;
use crate::{Engine, Error, Migration, durability, migrate};

/// Connections per service on SQLite: one can write at a time, and each costs a thread.
pub const SQLITE_CONNECTIONS_MAX: u32 = 4;
/// Connections per service and process on PostgreSQL: the server's default limit of 100 has to serve all services of several processes.
pub const POSTGRES_CONNECTIONS_MAX: u32 = 8;
/// How long a request waits for a free connection before it is refused as overloaded.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How often switching a new file to WAL is retried while other processes do the same.
const WAL_ATTEMPTS_MAX: u32 = 100;
const WAL_RETRY_DELAY: Duration = Duration::from_millis(20);
/// How long SQLite waits for another writer, which locks the file for milliseconds.
pub const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// A transaction that is idle for this long belongs to a lost process; its locks must not block the others.
pub const POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// Where an installation's data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    place: DatabaseAddress,
    /// The pools that were opened, where they are to be closed together.
    pub(crate) opened: OpenedPools,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum DatabaseAddress {
    Directory(PathBuf),
    Server(String),
}

impl Database {
    /// Reads `sqlite:DIR` (also `sqlite://DIR`) or `postgres://…` (also `postgresql://…`).
    pub fn parse(address: &str) -> Result<Database, Error> {
        let wrong = || Error::Address(without_password(address, false));
        if let Some(dir) = address.strip_prefix("sqlite:") {
            let dir = dir.strip_prefix("//").unwrap_or(dir);
            if dir.is_empty() {
                return Err(wrong());
            }
            return Ok(Self::at(DatabaseAddress::Directory(PathBuf::from(dir))));
        }
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            PgConnectOptions::from_str(address).map_err(|_| wrong())?;
            return Ok(Self::at(DatabaseAddress::Server(address.to_owned())));
        }
        Err(wrong())
    }

    fn at(place: DatabaseAddress) -> Self {
        Self { place, opened: OpenedPools::default() }
    }

    /// Remembers the pools that are opened from here on, through this value and its clones, for [`Database::close`]. For a process that serves: a command
    /// that opens pools again and again drops them.
    #[must_use]
    pub fn tracked(self) -> Self {
        Self { opened: OpenedPools::tracking(), ..self }
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        match self.place {
            DatabaseAddress::Directory(_) => Engine::Sqlite,
            DatabaseAddress::Server(_) => Engine::Postgres,
        }
    }

    /// The data directory of the embedded engine.
    pub fn sqlite_dir(&self) -> Option<&Path> {
        match &self.place {
            DatabaseAddress::Directory(dir) => Some(dir),
            DatabaseAddress::Server(_) => None,
        }
    }

    /// The server's address.
    pub fn postgres_url(&self) -> Option<&str> {
        match &self.place {
            DatabaseAddress::Directory(_) => None,
            DatabaseAddress::Server(url) => Some(url),
        }
    }

    /// The address without a password, for messages.
    pub fn shown(&self) -> String {
        match &self.place {
            DatabaseAddress::Directory(dir) => format!("sqlite:{}", dir.display()),
            DatabaseAddress::Server(url) => without_password(url, true),
        }
    }

    /// Options for a native SQLite pool on `service`'s file, which is created if missing. `None` on PostgreSQL.
    pub fn sqlite_options(&self, service: &'static str) -> Result<Option<SqliteConnectOptions>, Error> {
        let Some(dir) = self.sqlite_dir() else { return Ok(None) };
        let directory = |source| Error::Directory { path: dir.display().to_string(), source };
        // Accessible to its owner only: the data is personal.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(directory)?;
        let file = dir.canonicalize().map_err(directory)?.join(format!("{service}.db"));
        Ok(Some(
            SqliteConnectOptions::new()
                .filename(file)
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
                .foreign_keys(true),
        ))
    }

    /// Options for a native PostgreSQL pool in `service`'s schema. `None` on SQLite. [`Database::create_schema`] creates the schema.
    pub fn postgres_options(&self, service: &'static str) -> Result<Option<PgConnectOptions>, Error> {
        let Some(url) = self.postgres_url() else { return Ok(None) };
        let options = PgConnectOptions::from_str(url).map_err(|_| Error::Address(without_password(url, false)))?;
        let idle = POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT.as_millis().to_string();
        Ok(Some(
            options
                .application_name(&format!("largesse {service}"))
                .options([("search_path", service), ("idle_in_transaction_session_timeout", &idle)]),
        ))
    }

    /// A connection to the server, for reading existing data without applying migrations. `None` on SQLite.
    pub async fn connect_postgres(&self) -> Result<Option<PgConnection>, Error> {
        let Some(url) = self.postgres_url() else { return Ok(None) };
        let options = PgConnectOptions::from_str(url).map_err(|_| Error::Address(without_password(url, false)))?;
        let connected = options.connect().await;
        Ok(Some(connected.map_err(|error| self.failed(format!("connecting to {}", self.shown()), error))?))
    }

    /// Creates `service`'s schema on PostgreSQL if it is missing; nothing on SQLite.
    pub async fn create_schema(&self, service: &'static str) -> Result<(), Error> {
        let Some(options) = self.postgres_options(service)? else { return Ok(()) };
        let doing = || format!("making schema {service} in {}", self.shown());
        let failed = |error: sqlx::Error| self.failed(doing(), error);
        let mut connection = options.connect().await.map_err(failed)?;
        self.refuse_pooler(&mut connection, service).await?;
        // A role that may not create schemas can use an existing one.
        let there = sqlx::query_scalar::<_, i32>("SELECT 1 FROM pg_namespace WHERE nspname = $1").bind(service);
        if there.fetch_optional(&mut connection).await.map_err(failed)?.is_some() {
            return connection.close().await.map_err(failed);
        }
        // Two processes that create the same schema at once collide in the catalogue even with IF NOT EXISTS: hence the lock.
        let sql = format!("SELECT pg_advisory_lock({}); CREATE SCHEMA IF NOT EXISTS {service}", migrate::lock_key(service));
        connection.execute(AssertSqlSafe(sql)).await.map_err(failed)?;
        connection.close().await.map_err(failed)
    }

    /// Refuses a pooler that drops connection settings: statements would then find no table, or another service's.
    async fn refuse_pooler(&self, connection: &mut PgConnection, service: &'static str) -> Result<(), Error> {
        let found = sqlx::query_scalar::<_, String>("SELECT current_setting('search_path')").fetch_one(connection).await;
        let found = found.map_err(|error| self.failed(format!("reading the search path in {}", self.shown()), error))?;
        if found == service {
            return Ok(());
        }
        Err(Error::Pooler { place: self.shown(), why: format!("the search path that was asked for, {service}, is {found}") })
    }

    /// An error with its meaning and what was being done.
    fn failed(&self, doing: String, error: sqlx::Error) -> Error {
        match error.as_database_error() {
            Some(said) if is_pooler(&error) => Error::Pooler { place: self.shown(), why: said.message().to_owned() },
            _ => durability::unwrap(doing)(error),
        }
    }

    /// Opens `service`'s tables with `migrations` applied. Refuses a database that could lose acknowledged work.
    pub async fn open(&self, service: &'static str, migrations: &[Migration]) -> Result<AnyPool, Error> {
        sqlx::any::install_default_drivers();
        self.create_schema(service).await?;
        let (engine, url, place, connections_max) = match &self.place {
            DatabaseAddress::Directory(_) => {
                let options = self.sqlite_options(service)?.ok_or_else(|| Error::Address(String::new()))?;
                let file = options.get_filename();
                make_private(file).map_err(|source| Error::File { path: file.display().to_string(), source })?;
                (Engine::Sqlite, format!("sqlite://{}?mode=rwc", escaped(file)), file.display().to_string(), SQLITE_CONNECTIONS_MAX)
            }
            DatabaseAddress::Server(url) => (Engine::Postgres, url.clone(), self.shown(), POSTGRES_CONNECTIONS_MAX),
        };
        let failed = |error: sqlx::Error| self.failed(format!("opening the database of {service}, {place}"), error);
        // A pool retries when its hook fails; a single connection reports at once what is wrong.
        let mut left = WAL_ATTEMPTS_MAX;
        loop {
            let mut probe = AnyConnection::connect(&url).await.map_err(failed)?;
            let prepared = prepare(&mut probe, engine, service).await;
            probe.close().await.map_err(failed)?;
            match prepared {
                Err(error) if left > 0 && is_locked(&error) => left -= 1,
                prepared => break prepared.map_err(failed)?,
            }
            tokio::time::sleep(WAL_RETRY_DELAY).await;
        }
        let pool = AnyPoolOptions::new()
            .max_connections(connections_max)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(move |connection, _| Box::pin(prepare(connection, engine, service)))
            // A transaction that SQLite ended by itself, as it does when the disk is full, can be neither committed nor rolled back, and sqlx counts it for
            // ever: nothing could be begun on that connection. It is closed instead of being used again.
            .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect(&url)
            .await
            .map_err(failed)?;
        self.opened.add(service, &pool);
        migrate::run(&pool, service, migrations).await?;
        Ok(pool)
    }
}

/// Another process is switching a new file to WAL. SQLite fails one of two that do so at once, whatever the time-out, because waiting would deadlock
/// them.
fn is_locked(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: &str = "5";
    error.as_database_error().and_then(|error| error.code()).as_deref() == Some(SQLITE_BUSY)
}

/// A path for the URL that `sqlx::Any` needs, which decodes escapes: so every byte that is not plain is escaped.
fn escaped(file: &Path) -> String {
    let mut url = String::new();
    for &byte in file.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url
}

/// Creates the file if there is none, and removes the access of other users to an existing one: its data is personal. SQLite gives its side files the
/// same permissions.
fn make_private(file: &Path) -> std::io::Result<()> {
    const OTHERS: u32 = 0o077;
    match fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        Ok(_) | Err(_) => {}
    }
    for beside in ["", "-wal", "-shm"] {
        let mut path = file.as_os_str().to_owned();
        path.push(beside);
        // A user who may not change it is not its owner, and can't restrict it either.
        if let Ok(found) = fs::metadata(&path)
            && found.is_file()
            && found.permissions().mode() & OTHERS != 0
        {
            let _not_ours = fs::set_permissions(&path, fs::Permissions::from_mode(found.permissions().mode() & !OTHERS));
        }
    }
    Ok(())
}

/// Configures every connection, and checks it: settings can change while the server runs.
async fn prepare(connection: &mut AnyConnection, engine: Engine, service: &'static str) -> Result<(), sqlx::Error> {
    match engine {
        Engine::Sqlite => prepare_sqlite(connection).await,
        Engine::Postgres => prepare_postgres(connection, service).await,
    }
}

async fn prepare_sqlite(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    // The time-out comes first: switching to WAL needs the file for itself for a moment.
    let busy = format!("PRAGMA busy_timeout = {}", SQLITE_BUSY_TIMEOUT.as_millis());
    connection.execute(AssertSqlSafe(busy)).await?;
    connection.execute("PRAGMA journal_mode = WAL").await?;
    connection.execute("PRAGMA synchronous = FULL").await?;
    connection.execute("PRAGMA foreign_keys = ON").await?;
    durability::check_sqlite(connection).await
}

async fn prepare_postgres(connection: &mut AnyConnection, service: &'static str) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SET search_path TO {service}; SET idle_in_transaction_session_timeout = {}; SET application_name = 'largesse {service}'",
        POSTGRES_IDLE_IN_TRANSACTION_TIMEOUT.as_millis()
    );
    connection.execute(AssertSqlSafe(sql)).await?;
    durability::check_postgres(connection).await
}

#[cfg(test)]
mod tests;
