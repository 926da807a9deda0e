//! Backup and restore of an installation. A backup is taken while the installation runs, and all of it is of one moment.
//!
//! - [`sqlite`]: a file for each service. [`postgres`]: one dump of all schemas.
//! - [`files`]: safe access to a backup's files. [`schema`]: checks that its tables are what migrations make. [`signature`]: proves who made it.
//!
//! The manifest is written last; a backup without it is incomplete. Keys, settings and the heads that were written outside the database are not part of it: the
//! heads are what shows that a backup is older than the books were.
use crate::OperationFault;
use db::{Database, Engine};
use identity::{Service, keys::PublicKey};
use jiff::Timestamp;
use monitor::audit;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
};

mod files;
mod postgres;
mod schema;
pub mod signature;
mod sqlite;

/// The manifest, which lists a backup's contents.
const MANIFEST: &str = "manifest.json";
/// The signature of the manifest, if there is one.
const SIGNATURE: &str = "manifest.sig";
/// The dump, in PostgreSQL's own compressed form.
const DUMP: &str = "postgres.dump";
/// The version of the manifest's format.
const FORMAT: u32 = 1;

/// Files or schemas with tables, and the services whose they are. The ledger's are copied last: while a service's own tables are locked, the ledger does nothing
/// for it.
const STORES: [(Service, &str); 11] = [
    (Service::Sandbox, "sandbox_bank"),
    (Service::Sandbox, "sandbox_achbank"),
    (Service::Sandbox, "sandbox_globalbank"),
    (Service::Payout, "payout"),
    (Service::Earnings, "earnings"),
    (Service::Purchase, "purchase"),
    (Service::Support, "support"),
    (Service::Gift, "gift"),
    (Service::Treasury, "treasury"),
    (Service::Monitor, "monitor"),
    (Service::Ledger, "ledger"),
];

/// The contents of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyManifest {
    format: u32,
    /// The version of the program that made it.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// When the backup began, RFC 3339.
    pub begin_time: String,
    /// Files by name, with their SHA-256 in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// Books with the number and hash of their last commit in the backup; on PostgreSQL read just before the dump, which has at least these.
    pub heads: BTreeMap<String, (i64, String)>,
    /// Why the backup may not be of one moment; absent where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
}

impl CopyManifest {
    /// Reads a manifest of this version's format, which names files beside it only.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if manifest.format != FORMAT {
            return Err(format!("of format {}, this version knows {FORMAT}", manifest.format));
        }
        match manifest.files.keys().find(|name| name.contains(['/', '\\']) || name.starts_with('.')) {
            Some(name) => Err(format!("names a file outside of it: {name}")),
            None => Ok(manifest),
        }
    }

    /// Services that had no tables and so are not in the backup. A PostgreSQL dump has all existing schemas.
    #[must_use]
    pub fn lacks(&self) -> Vec<&'static str> {
        let here = |tables: &str| self.engine != "sqlite" || self.files.contains_key(&format!("{tables}.db"));
        STORES.iter().filter(|(service, tables)| *service != Service::Sandbox && !here(tables)).map(|(_, tables)| *tables).collect()
    }
}

/// The result of copying: the files, and each book's last commit.
struct CopiedFiles {
    files: Vec<String>,
    heads: BTreeMap<String, (i64, String)>,
    /// Why the files may not be of one moment.
    caution: Option<&'static str>,
}

/// Backs up an installation into an empty directory.
pub async fn backup(database: &Database, to: &Path) -> Result<CopyManifest, OperationFault> {
    if let Some(dir) = database.sqlite_dir() {
        if !fs::metadata(dir.join("ledger.db")).is_ok_and(|file| file.len() > 0) {
            return Err(format!("{}: there is no ledger in it", dir.display()).into());
        }
        // Also for a directory that does not exist yet.
        let above = to.ancestors().find_map(|above| above.canonicalize().ok());
        if dir.canonicalize().is_ok_and(|dir| above.is_some_and(|above| above.starts_with(dir))) {
            return Err(format!("{}: lies in the directory that is copied", to.display()).into());
        }
    }
    fresh(to)?;
    let made = copied(database, to).await;
    if made.is_err() {
        // These files are from this attempt, and would make the next one fail.
        for entry in fs::read_dir(to)?.flatten() {
            let _gone = fs::remove_file(entry.path());
        }
    }
    made
}

async fn copied(database: &Database, to: &Path) -> Result<CopyManifest, OperationFault> {
    let begin_time = money::time::rfc3339(Timestamp::now());
    let (engine, copied) = match database.engine() {
        Engine::Sqlite => ("sqlite", sqlite::copy(database, to).await?),
        Engine::Postgres => ("postgres", postgres::dump(database, to).await?),
    };
    let mut hashes = BTreeMap::new();
    for name in copied.files {
        let path = to.join(&name);
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        File::open(&path)?.sync_all()?;
        hashes.insert(name, files::hash(&path)?);
    }
    let (format, version) = (FORMAT, env!("CARGO_PKG_VERSION").to_owned());
    let (engine, caution) = (engine.to_owned(), copied.caution.map(str::to_owned));
    let manifest = CopyManifest { format, version, engine, begin_time, files: hashes, heads: copied.heads, caution };
    let path = to.join(MANIFEST);
    fs::write(&path, serde_json::to_vec_pretty(&manifest)?)?;
    File::open(&path)?.sync_all()?;
    File::open(to)?.sync_all()?;
    Ok(manifest)
}

/// Restores a backup to an empty place: an empty directory for SQLite, a database without these schemas on PostgreSQL. Checks every file first, and the books
/// afterwards, which must have the commits that the manifest names.
pub async fn restore(from: &Path, database: &Database) -> Result<audit::AuditReport, OperationFault> {
    restore_signed(from, database, None).await
}

/// The same for a backup that must be signed by this key.
pub async fn restore_signed(from: &Path, database: &Database, key: Option<&PublicKey>) -> Result<audit::AuditReport, OperationFault> {
    let (text, manifest) = read(from)?;
    if let Some(key) = key {
        signature::check(from, &text, key)?;
    }
    unchanged(from, &manifest)?;
    let whole = match manifest.engine.as_str() {
        "postgres" => manifest.files.keys().eq([DUMP]),
        _ => manifest.files.contains_key("ledger.db"),
    };
    if !whole {
        return Err(format!("{}: does not name the files of a backup", from.join(MANIFEST).display()).into());
    }
    files::known_only(from, &manifest)?;
    match (database.engine(), manifest.engine.as_str()) {
        (Engine::Sqlite, "sqlite") => sqlite::put(database, from, &manifest)?,
        (Engine::Postgres, "postgres") => postgres::load(database, from, &manifest).await?,
        (_, other) => return Err(format!("it is a backup of {other}, and can be restored to {other} only").into()),
    }
    let faithful = async {
        schema::nothing_besides(database, &manifest).await?;
        let scratch = tempfile::tempdir()?;
        schema::as_migrated(database, &manifest, scratch.path()).await?;
        lacking(database, &manifest).await?.map_or(Ok(()), |what| Err(OperationFault::from(what)))
    };
    faithful.await.map_err(|fault| format!("{fault}; start nothing on it, and remove what was restored"))?;
    // An installation without a book: nothing in it can be wrong, and an audit of nothing proves nothing.
    if audit::open(database).await?.books().await?.is_empty() {
        return Ok(audit::AuditReport { ok: true, books: Vec::new(), acts: None });
    }
    audit::audit(database, None).await
}

/// A commit that the manifest names and the books lack; or commits in a book where the manifest names none.
async fn lacking(database: &Database, manifest: &CopyManifest) -> Result<Option<String>, OperationFault> {
    let there = audit::open(database).await?;
    let books = there.books().await?;
    // On PostgreSQL a book may have got its first commit after the heads were read.
    if manifest.heads.is_empty() && manifest.engine == "sqlite" {
        for book in &books {
            if there.head(book.key).await?.is_some() {
                return Ok(Some(format!("book {} has commits, and the manifest names none", book.name)));
            }
        }
    }
    for (name, (commit_no, hash)) in &manifest.heads {
        let Some(book) = books.iter().find(|book| book.name == *name) else {
            return Ok(Some(format!("book {name} is not in the backup")));
        };
        let commit = there.commits(book.key, *commit_no, 1).await?.into_iter().next();
        if commit.is_none_or(|commit| hex::encode(commit.hash) != *hash) {
            return Ok(Some(format!("book {name}: commit {commit_no} is not the one that was copied")));
        }
    }
    Ok(None)
}

/// Whether a directory is a backup; nothing may be written into one.
#[must_use]
pub fn is_copy(dir: &Path) -> bool {
    dir.join(MANIFEST).exists()
}

/// Checks that every file named in a backup's manifest has its recorded hash. `None`: there is no manifest.
pub fn intact(from: &Path) -> Result<Option<CopyManifest>, OperationFault> {
    if !from.join(MANIFEST).exists() {
        return Ok(None);
    }
    let (_, manifest) = read(from)?;
    unchanged(from, &manifest)?;
    Ok(Some(manifest))
}

fn unchanged(from: &Path, manifest: &CopyManifest) -> Result<(), OperationFault> {
    for (name, expected) in &manifest.files {
        let found = files::hash(&from.join(name)).map_err(|error| format!("{name}: {error}"))?;
        if found != *expected {
            return Err(format!("{name}: is not what was copied: its SHA-256 is {found}").into());
        }
    }
    Ok(())
}

fn read(from: &Path) -> Result<(Vec<u8>, CopyManifest), OperationFault> {
    let path = from.join(MANIFEST);
    let text = files::text(&path).map_err(|error| format!("{}: {error}; a copy without it is not whole", path.display()))?;
    let manifest = CopyManifest::read(&text).map_err(|why| format!("{}: {why}", path.display()))?;
    Ok((text, manifest))
}

/// Each book's last commit.
async fn heads(database: &Database) -> Result<BTreeMap<String, (i64, String)>, OperationFault> {
    let store = audit::open(database).await?;
    let mut heads = BTreeMap::new();
    for book in store.books().await? {
        if let Some(head) = store.head(book.key).await? {
            heads.insert(book.name, (head.commit_no, hex::encode(head.hash)));
        }
    }
    Ok(heads)
}

/// An empty directory, created if missing, that only its owner can read, because its contents are personal.
fn fresh(dir: &Path) -> Result<(), OperationFault> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(format!("{}: is not empty, and nothing is overwritten", dir.display()).into());
    }
    // An existing directory may be readable by others.
    Ok(fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(|error| format!("{}: {error}", dir.display()))?)
}

pub(crate) fn hash(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            length => hasher.update(&buffer[..length]),
        }
    }
}
