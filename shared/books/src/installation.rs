//! The installation that a database belongs to, and the one that the heads outside of it belong to: both carry its id, and the database the identities whose
//! tokens it trusts. Programs that create money or write heads check this first.
//!
//! The id is made when the ledger first starts on the tables; tables of earlier programs get one once. A backup has the id of its original.
use crate::store::{Error, sqlite::MIGRATIONS};
use db::Database;
use sqlx::{AnyPool, ConnectOptions as _, Connection as _, Row as _, any::AnyRow, sqlite::SqliteConnectOptions};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};
use uuid::Uuid;

/// The file with the id in a directory of heads. No book's name has an underscore, so no book's file has this name.
const HEADS_FILE: &str = "_installation";
/// The first word in it: its format version.
const FORMAT: &str = "installation1";
/// Books that are LIVE, as stored.
const LIVE_BOOKS: &str = "SELECT name FROM book WHERE mode = 2 ORDER BY name";
const ROW: &str = "SELECT installation_id, identities FROM installation WHERE one = 1";

/// An installation, as its tables say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundInstallation {
    /// Made at its first start.
    pub id: Uuid,
    /// The identities whose tokens it trusts: fingerprints of keys, and issuers that publish theirs.
    pub identities: BTreeSet<String>,
}

/// The content of a database before anything is changed there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTables {
    /// Names of LIVE books.
    pub live: Vec<String>,
    /// The installation it belongs to; `None` if an earlier program made it.
    pub installation: Option<BoundInstallation>,
}

/// Inspects a database without opening it for services, so that nothing is migrated. `None`: it has no ledger.
pub async fn look(database: &Database) -> Result<Option<FoundTables>, Error> {
    if let Some(dir) = database.sqlite_dir() {
        let file = dir.join("ledger.db");
        if !fs::metadata(&file).is_ok_and(|file| file.len() > 0) {
            return Ok(None);
        }
        let mut file = SqliteConnectOptions::new().filename(file).create_if_missing(false).connect().await?;
        let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('book', 'installation')";
        let tables: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut file).await?;
        let has = |name: &str| tables.iter().any(|table| table == name);
        if !has("book") {
            return Ok(None);
        }
        let live = sqlx::query_scalar(LIVE_BOOKS).fetch_all(&mut file).await?;
        let row: Option<(String, String)> = if has("installation") { sqlx::query_as(ROW).fetch_optional(&mut file).await? } else { None };
        file.close().await?;
        return Ok(Some(FoundTables { live, installation: row.map(|(id, identities)| read(id, identities)).transpose()? }));
    }
    let Some(mut server) = database.connect_postgres().await? else { return Ok(None) };
    let has = "SELECT to_regclass('ledger.book') IS NOT NULL, to_regclass('ledger.installation') IS NOT NULL";
    let (has_books, bound): (bool, bool) = sqlx::query_as(has).fetch_one(&mut server).await?;
    if !has_books {
        return Ok(None);
    }
    sqlx::query("SET search_path TO ledger").execute(&mut server).await?;
    let live = sqlx::query_scalar(LIVE_BOOKS).fetch_all(&mut server).await?;
    let row: Option<(String, String)> = if bound { sqlx::query_as(ROW).fetch_optional(&mut server).await? } else { None };
    server.close().await?;
    Ok(Some(FoundTables { live, installation: row.map(|(id, identities)| read(id, identities)).transpose()? }))
}

/// Binds the tables to an installation that trusts these identities, or finds the one they are bound to and updates its identities. The flag says whether they
/// were unbound.
pub async fn bind(database: &Database, identities: &BTreeSet<String>, now_ms: i64) -> Result<(BoundInstallation, bool), Error> {
    let pool = database.open("ledger", &MIGRATIONS).await?;
    let bound = bound(&pool, identities, now_ms).await;
    pool.close().await;
    bound
}

async fn bound(pool: &AnyPool, identities: &BTreeSet<String>, now_ms: i64) -> Result<(BoundInstallation, bool), Error> {
    let told = identities.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let sql = "INSERT INTO installation (one, installation_id, identities, bound_at_ms) VALUES (1, $1, $2, $3) ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql).bind(Uuid::now_v7().hyphenated().to_string()).bind(told.as_str()).bind(now_ms);
    let made = query.execute(pool).await?.rows_affected() == 1;
    let row: AnyRow = sqlx::query(ROW).fetch_one(pool).await?;
    let found = read(row.try_get(0)?, row.try_get(1)?)?;
    if found.identities != *identities {
        sqlx::query("UPDATE installation SET identities = $1 WHERE one = 1").bind(told.as_str()).execute(pool).await?;
    }
    Ok((found, made))
}

fn read(id: String, identities: String) -> Result<BoundInstallation, Error> {
    let id = Uuid::try_parse(&id).map_err(|_| Error::Damaged("the id of the installation is invalid".to_owned()))?;
    Ok(BoundInstallation { id, identities: identities.lines().map(str::to_owned).collect() })
}

/// Why heads and tables don't match.
#[derive(Debug, thiserror::Error)]
pub enum HeadsFault {
    /// They belong to two installations.
    #[error(
        "{}: the heads there are of installation {heads}, and the tables in {database} are of {tables}; nothing was done. Name the directory and the database of \
         one installation",
        dir.display()
    )]
    Another {
        /// The directory of heads.
        dir: PathBuf,
        /// The installation of the heads.
        heads: Uuid,
        /// The installation of the tables.
        tables: Uuid,
        /// Where the tables are.
        database: String,
    },
    /// The file with the id can't be read or written.
    #[error("{path}: {source}; nothing was done")]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The tables can't be read.
    #[error(transparent)]
    Tables(#[from] Error),
}

/// The installation of the heads in a directory; `None` if there are none, or an earlier program wrote them.
pub fn heads_of(dir: &Path) -> Result<Option<Uuid>, HeadsFault> {
    let path = dir.join(HEADS_FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(HeadsFault::File { path, source }),
    };
    let id = text.trim_end().strip_prefix(FORMAT).and_then(|id| Uuid::try_parse(id.trim()).ok());
    let unread = || HeadsFault::File { path, source: io::Error::new(io::ErrorKind::InvalidData, "it does not name an installation") };
    id.map(Some).ok_or_else(unread)
}

/// Refuses heads of another installation than that of the tables in `database`. If one of the two has no installation, as with earlier programs, only other
/// checks can find a mismatch.
pub async fn same(database: &Database, dir: &Path) -> Result<(), HeadsFault> {
    let Some(heads) = heads_of(dir)? else { return Ok(()) };
    match look(database).await?.and_then(|found| found.installation) {
        Some(tables) if tables.id != heads => {
            Err(HeadsFault::Another { dir: dir.to_owned(), heads, tables: tables.id, database: database.shown() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Marks a directory as having the heads of this installation. The flag says whether it was unmarked.
pub fn claim_heads(dir: &Path, installation: &BoundInstallation, database: &Database) -> Result<bool, HeadsFault> {
    match heads_of(dir)? {
        Some(heads) if heads == installation.id => return Ok(false),
        Some(heads) => {
            return Err(HeadsFault::Another { dir: dir.to_owned(), heads, tables: installation.id, database: database.shown() });
        }
        None => {}
    }
    let path = dir.join(HEADS_FILE);
    let write = || {
        fs::create_dir_all(dir)?;
        // Written completely under another name first: a reader never sees half an id.
        let draft = dir.join(format!("{HEADS_FILE}.{}", std::process::id()));
        fs::write(&draft, format!("{FORMAT} {}\n", installation.id))?;
        fs::File::open(&draft)?.sync_all()?;
        fs::rename(&draft, &path)
    };
    write().map_err(|source| HeadsFault::File { path: path.clone(), source })?;
    Ok(true)
}
