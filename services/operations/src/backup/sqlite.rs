//! SQLite: the snapshot of every file is pinned while the services' files are locked for a moment, and copied after that without locks.
//!
//! The ledger's own file is not locked: while the services' files are locked nothing in it can get ahead of them, and whatever a service has in flight looks
//! the same in both as after a crash. Writers wait only until all the snapshots are pinned, some milliseconds. Until the backup is done the files' write-ahead
//! logs grow, since SQLite keeps what a reader may still need.
use super::{CopiedFiles, CopyManifest, OperationFault, STORES, files, fresh, heads};
use db::Database;
use identity::Service;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{fs, path::Path};

/// A file that is copied.
struct CopySource {
    tables: &'static str,
    /// Reads the snapshot, and writes it into the attached backup file.
    reader: SqliteConnection,
    /// Statements that create the tables; the snapshot must have the same.
    schema: Vec<String>,
}

const SCHEMA: &str = "SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";

pub async fn copy(database: &Database, to: &Path) -> Result<CopiedFiles, OperationFault> {
    let mut sources = Vec::new();
    let mut gates = Vec::new();
    for (service, tables) in STORES {
        let Some(options) = database.sqlite_options(tables)? else { continue };
        // Opening an empty file would turn it into a database.
        if !fs::metadata(options.get_filename()).is_ok_and(|file| file.len() > 0) {
            continue;
        }
        let options = options.create_if_missing(false);
        sources.push(prepared(tables, &options, to).await?);
        if service != Service::Ledger {
            gates.push(options.connect().await?);
        }
    }
    if !sources.iter().any(|source| source.tables == Service::Ledger.as_str()) {
        return Err(format!("there is no ledger in {}", database.shown()).into());
    }
    for gate in &mut gates {
        sqlx::query("BEGIN IMMEDIATE").execute(gate).await?;
    }
    // The first read of a transaction pins its snapshot.
    for source in &mut sources {
        sqlx::query("BEGIN").execute(&mut source.reader).await?;
        if schema(&mut source.reader).await? != source.schema {
            return Err(format!("the tables of {} were just changed; try again", source.tables).into());
        }
    }
    for mut gate in gates {
        sqlx::query("ROLLBACK").execute(&mut gate).await?;
        gate.close().await?;
    }
    let mut files = Vec::new();
    for source in sources {
        files.push(filled(source, to).await?);
    }
    let heads = heads(&Database::parse(&format!("sqlite:{}", to.display()))?).await?;
    Ok(CopiedFiles { files, heads, caution: None })
}

fn file(tables: &str) -> String {
    format!("{tables}.db")
}

async fn schema(reader: &mut SqliteConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(SCHEMA).fetch_all(reader).await
}

/// Creates a backup file without rows, and a reader to which it is attached.
async fn prepared(tables: &'static str, options: &SqliteConnectOptions, to: &Path) -> Result<CopySource, OperationFault> {
    let mut reader = options.clone().connect().await?;
    let schema = schema(&mut reader).await?;
    let target = to.join(file(tables));
    let mut empty = SqliteConnectOptions::new().filename(&target).create_if_missing(true).connect().await?;
    for statement in &schema {
        sqlx::raw_sql(AssertSqlSafe(statement.as_str())).execute(&mut empty).await?;
    }
    empty.close().await?;
    let path = target.to_str().ok_or("the path of the backup is not UTF-8")?;
    sqlx::query("ATTACH DATABASE $1 AS copy").bind(path).execute(&mut reader).await?;
    // It is synced when it is complete; an incomplete backup has no manifest.
    sqlx::raw_sql("PRAGMA copy.journal_mode = OFF; PRAGMA copy.synchronous = OFF").execute(&mut reader).await?;
    Ok(CopySource { tables, reader, schema })
}

/// Copies the rows of the pinned snapshot. Returns the file's name.
async fn filled(mut source: CopySource, to: &Path) -> Result<String, OperationFault> {
    let reader = &mut source.reader;
    let names = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
    let names: Vec<String> = sqlx::query_scalar(names).fetch_all(&mut *reader).await?;
    for name in names {
        let sql = format!("INSERT INTO copy.\"{name}\" SELECT * FROM main.\"{name}\"");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *reader).await?;
    }
    sqlx::query("COMMIT").execute(&mut *reader).await?;
    source.reader.close().await?;
    let name = file(source.tables);
    // In WAL mode, as the services use it, so that opening the backup later does not change its bytes.
    let mut whole = SqliteConnectOptions::new().filename(to.join(&name)).connect().await?;
    sqlx::query("PRAGMA journal_mode = WAL").execute(&mut whole).await?;
    let found: String = sqlx::query("PRAGMA quick_check(1)").fetch_one(&mut whole).await?.try_get(0)?;
    whole.close().await?;
    if found != "ok" {
        return Err(format!("{name}: the backup is damaged: {found}").into());
    }
    Ok(name)
}

/// Puts the files of a backup into an empty directory.
pub fn put(database: &Database, from: &Path, manifest: &CopyManifest) -> Result<(), OperationFault> {
    let dir = database.sqlite_dir().ok_or("an SQLite database is a directory")?;
    fresh(dir)?;
    for name in manifest.files.keys() {
        let target = dir.join(name);
        let put = files::put(&from.join(name), &target).map_err(|error| format!("{}: {error}", target.display()))?;
        if manifest.files[name] != put {
            return Err(format!("{name}: was changed while it was copied: its SHA-256 was {put}; remove what was restored").into());
        }
    }
    Ok(fs::File::open(dir)?.sync_all()?)
}
