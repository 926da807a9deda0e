//! The storage of a book for a comparison: a directory, and on PostgreSQL a database of its own, created here and dropped at the end unless it is kept.

use super::{child::ServerProcess, server};
use crate::{
    load::users::new_book,
    options::{BookSize, Options},
};
use db::{Database, Engine};
use money::BookName;
use runtime::command::UntypedError;
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;
use uuid::Uuid;

/// The manifest of a directory, written once its book is filled.
const MANIFEST: &str = "stored-book.json";

#[derive(Debug, Serialize, Deserialize)]
struct StoredManifest {
    book: String,
    accounts: u64,
    transfers: u64,
    /// On PostgreSQL: the name of the database.
    database: Option<String>,
}

/// A place, shared by its users.
#[derive(Clone)]
pub(crate) struct BenchPlace {
    /// Directory of the installation's key, and with SQLite of its files.
    pub dir: PathBuf,
    /// The database's address.
    pub address: String,
    pub book: BookName,
    /// Whether the book already holds what was asked for.
    pub filled: bool,
    /// The services that run on it.
    pub services: &'static str,
    /// On PostgreSQL: the server's address, and the name of this place's own database.
    own: Option<(Database, String)>,
    /// Whether it is kept after this run.
    keep: bool,
    _temporary: Option<Arc<TempDir>>,
}

impl BenchPlace {
    /// Opens a place for a book of this size, or for one that begins empty.
    pub async fn open(options: &Options, size: Option<&BookSize>) -> Result<Self, UntypedError> {
        let server = options.database.as_deref().map(Database::parse).transpose()?.filter(|database| database.engine() == Engine::Postgres);
        let kept = size.and_then(|size| size.dir.as_deref());
        let temporary = match kept {
            Some(_) => None,
            None => Some(Arc::new(tempfile::Builder::new().prefix("largesse-bench-").tempdir_in(&options.work_dir)?)),
        };
        let dir = kept.or(temporary.as_ref().map(|dir| dir.path())).ok_or("no directory")?.to_owned();
        let found = match (kept, size) {
            (Some(dir), Some(size)) => known(dir, size, server.is_some())?,
            _ => None,
        };
        let book = match &found {
            Some(manifest) => BookName::try_new(&manifest.book)?,
            None => new_book()?,
        };
        let filled = found.is_some();
        let own = match server {
            None => None,
            Some(server) => Some(match found.and_then(|manifest| manifest.database) {
                Some(name) => (server, name),
                None => {
                    let name = format!("largesse_bench_{}", Uuid::now_v7().simple());
                    on_server(&server, &format!("CREATE DATABASE {name}")).await?;
                    (server, name)
                }
            }),
        };
        let address = match &own {
            None => format!("sqlite:{}", dir.display()),
            Some((server, name)) => with_name(server.postgres_url().ok_or("not a PostgreSQL server")?, name),
        };
        Ok(Self { dir, address, book, filled, services: server::GIFTS, own, keep: kept.is_some(), _temporary: temporary })
    }

    /// Starts a server on it, with these settings (`KEY=VALUE`).
    pub async fn serve(&self, settings: &[String]) -> Result<ServerProcess, UntypedError> {
        server::start((&self.dir, self.services), &self.address, &self.book, settings).await
    }

    /// Records that the book holds what was asked for, so that another run need not fill it.
    pub fn note_filled(&mut self, size: &BookSize) -> Result<(), UntypedError> {
        self.filled = true;
        let database = self.own.as_ref().map(|(_, name)| name.clone());
        let BookSize { accounts, transfers, .. } = *size;
        let manifest = StoredManifest { book: self.book.to_string(), accounts, transfers, database };
        Ok(std::fs::write(self.dir.join(MANIFEST), serde_json::to_vec_pretty(&manifest)?)?)
    }

    /// Drops what is not to be kept, which includes a database that was not completely filled.
    pub async fn close(self) -> Result<(), UntypedError> {
        if self.keep && self.dir.join(MANIFEST).is_file() {
            return Ok(());
        }
        match self.own {
            Some((server, name)) => on_server(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await,
            None => Ok(()),
        }
    }
}

/// The manifest that an earlier run left in this directory. Fails if it differs from what is asked for.
fn known(dir: &Path, size: &BookSize, postgres: bool) -> Result<Option<StoredManifest>, UntypedError> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(MANIFEST);
    if !path.is_file() {
        // Only a key may be left over: a book without its manifest was not completely filled.
        let ledger = dir.join("ledger.db");
        let unfinished = || format!("{} exists without {MANIFEST}: an earlier run did not finish; remove it", ledger.display());
        return if ledger.exists() { Err(unfinished().into()) } else { Ok(None) };
    }
    let manifest: StoredManifest = serde_json::from_slice(&std::fs::read(&path)?)?;
    if (manifest.accounts, manifest.transfers, manifest.database.is_some()) != (size.accounts, size.transfers, postgres) {
        let engine = if manifest.database.is_some() { "PostgreSQL" } else { "SQLite" };
        let holds = format!("{} accounts and {} transfers on {engine}", manifest.accounts, manifest.transfers);
        return Err(format!("{} holds {holds}, which is not the requested size", dir.display()).into());
    }
    Ok(Some(manifest))
}

async fn on_server(server: &Database, sql: &str) -> Result<(), UntypedError> {
    let options = server.postgres_options("ledger")?.ok_or("not a PostgreSQL server")?;
    let mut connection = options.connect().await?;
    connection.execute(AssertSqlSafe(sql.to_owned())).await?;
    Ok(connection.close().await?)
}

/// The address of another database on the same server, with the same user.
fn with_name(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(before, query)| (before, Some(query)));
    let authority = before.find("://").map_or(0, |at| at + 3);
    let end = before[authority..].find('/').map_or(before.len(), |at| authority + at);
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    format!("{}/{name}{query}", &before[..end])
}

#[cfg(test)]
mod tests;
