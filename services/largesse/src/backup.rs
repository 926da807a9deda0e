//! A copy of an installation that can be started elsewhere, taken while it runs.
//!
//! SQLite: a file for each service, each a snapshot of its own (`VACUUM INTO`). The ledger's is taken last: whatever the services' tables say has happened
//! in theirs is in it, and what it has besides is what services finish by themselves after a crash. PostgreSQL: one dump of all schemas, in one snapshot
//! (`pg_dump`, which must be at hand and as new as the server). The manifest is written last; without it a copy is not whole.
use crate::{audit, audit::Fault, house::Service};
use db::{Database, Engine};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::{ConnectOptions as _, Connection as _};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// What is in a copy.
const MANIFEST: &str = "manifest.json";
/// PostgreSQL's dump.
const DUMP: &str = "postgres.dump";
/// The form of the manifest.
const FORMAT: u32 = 1;

/// Whose tables are copied, in this order: the ledger's last.
const ORDER: [Service; 6] = [Service::Sandbox, Service::Payout, Service::Earnings, Service::Purchase, Service::Support, Service::Ledger];

/// What a copy is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The program that made it.
    pub version: String,
    /// `sqlite` or `postgres`.
    pub engine: String,
    /// When it was begun, RFC 3339.
    pub begin_time: String,
    /// Files by name, with their SHA-256 in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// Books with the number and hash of their last commit in the copy; on PostgreSQL at its beginning, so the copy has them at least.
    pub heads: BTreeMap<String, (i64, String)>,
}

/// Copies an installation into an empty directory. The heads that were written outside the database are no part of it: they are what says that a copy
/// is older than the books were.
pub async fn backup(database: &Database, to: &Path) -> Result<Manifest, Fault> {
    fresh(to)?;
    let begin_time = chrono::Utc::now().to_rfc3339();
    let (engine, copied) = match database.engine() {
        Engine::Sqlite => ("sqlite", sqlite(database, to).await?),
        Engine::Postgres => ("postgres", postgres(database, to).await?),
    };
    let mut hashed = BTreeMap::new();
    for name in copied.files {
        hashed.insert(name.clone(), hash(&to.join(&name))?);
    }
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: engine.to_owned(),
        begin_time,
        files: hashed,
        heads: copied.heads,
    };
    let path = to.join(MANIFEST);
    fs::write(&path, serde_json::to_vec_pretty(&manifest)?)?;
    File::open(&path)?.sync_all()?;
    File::open(to)?.sync_all()?;
    Ok(manifest)
}

/// Puts a copy where nothing is: an empty directory for SQLite, a database without these schemas on PostgreSQL. Checks every file first, and the books
/// afterwards, which must have the commits that the manifest names.
pub async fn restore(from: &Path, database: &Database) -> Result<audit::Report, Fault> {
    let path = from.join(MANIFEST);
    let text = fs::read(&path).map_err(|error| format!("{}: {error}; a copy without it is not whole", path.display()))?;
    let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    if manifest.format != FORMAT {
        return Err(format!("{}: of form {}, this program knows {FORMAT}", path.display(), manifest.format).into());
    }
    for (name, expected) in &manifest.files {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            return Err(format!("{}: names a file outside of it: {name}", path.display()).into());
        }
        let found = hash(&from.join(name)).map_err(|error| format!("{name}: {error}"))?;
        if found != *expected {
            return Err(format!("{name}: is not what was copied: its SHA-256 is {found}").into());
        }
    }
    match (database.engine(), manifest.engine.as_str()) {
        (Engine::Sqlite, "sqlite") => {
            let dir = database.sqlite_dir().ok_or("an SQLite database is a directory")?;
            fresh(dir)?;
            for name in manifest.files.keys().filter(|name| name.ends_with(".db")) {
                copy(&from.join(name), &dir.join(name))?;
            }
        }
        (Engine::Postgres, "postgres") => {
            let (url, password) = split_password(database.postgres_url().ok_or("not a PostgreSQL server")?);
            // All or nothing; what is there already makes it fail.
            let mut command = Command::new("pg_restore");
            command
                .args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", "--dbname", &url])
                .arg(from.join(DUMP));
            run(command, password, "pg_restore").await?;
        }
        (_, other) => return Err(format!("it is a copy of {other}, and goes to {other} only").into()),
    }
    let report = audit::audit(database, None).await?;
    let there = audit::open(database).await?;
    let books = there.books().await?;
    for (name, (commit_no, hash)) in &manifest.heads {
        let book = books.iter().find(|book| book.name == *name).ok_or_else(|| format!("book {name} is not in the copy"))?;
        let commit = there.commits(book.key, *commit_no, 1).await?.into_iter().next();
        if commit.is_none_or(|commit| hex::encode(commit.hash) != *hash) {
            return Err(format!("book {name}: commit {commit_no} is not the one that was copied").into());
        }
    }
    Ok(report)
}

struct Copied {
    files: Vec<String>,
    heads: BTreeMap<String, (i64, String)>,
}

async fn sqlite(database: &Database, to: &Path) -> Result<Copied, Fault> {
    let mut files = Vec::new();
    for service in ORDER {
        let name = if service == Service::Sandbox { "sandbox_bank" } else { service.as_str() };
        let Some(options) = database.sqlite_options(name)? else { continue };
        if !fs::metadata(options.get_filename()).is_ok_and(|file| file.len() > 0) {
            continue;
        }
        let file = format!("{name}.db");
        let target = to.join(&file);
        let mut connection = options.connect().await?;
        let into = target.to_str().ok_or("the path of the copy is not UTF-8")?;
        sqlx::query("VACUUM INTO $1").bind(into).execute(&mut connection).await?;
        connection.close().await?;
        File::open(&target)?.sync_all()?;
        files.push(file);
    }
    if !files.iter().any(|file| file == "ledger.db") {
        return Err("there is no ledger in this database".into());
    }
    let copy = Database::parse(&format!("sqlite:{}", to.display()))?;
    let heads = heads_of(&copy).await?;
    // Looking has left files of its own beside the copy.
    for entry in fs::read_dir(to)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end != "db") {
            fs::remove_file(path)?;
        }
    }
    Ok(Copied { files, heads })
}

async fn postgres(database: &Database, to: &Path) -> Result<Copied, Fault> {
    let (url, password) = split_password(database.postgres_url().ok_or("not a PostgreSQL server")?);
    let heads = heads_of(database).await?;
    let mut command = Command::new("pg_dump");
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(to.join(DUMP));
    for service in ORDER {
        command.args(["--schema", if service == Service::Sandbox { "sandbox_bank" } else { service.as_str() }]);
    }
    command.args(["--dbname", &url]);
    run(command, password, "pg_dump").await?;
    File::open(to.join(DUMP))?.sync_all()?;
    Ok(Copied { files: vec![DUMP.to_owned()], heads })
}

/// An address without its password, and the password: what is on a command line everybody on the machine can read.
fn split_password(url: &str) -> (String, Option<String>) {
    let parts = || {
        let (scheme, rest) = url.split_once("://")?;
        let (user, place) = rest.split_once('@').filter(|(user, _)| !user.contains(['/', '?']))?;
        let (user, password) = user.split_once(':')?;
        Some((format!("{scheme}://{user}@{place}"), percent_encoding::percent_decode_str(password).decode_utf8().ok()?.into_owned()))
    };
    parts().map_or_else(|| (url.to_owned(), None), |(url, password)| (url, Some(password)))
}

async fn run(mut command: Command, password: Option<String>, name: &str) -> Result<(), Fault> {
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().await;
    let output = ended.map_err(|error| format!("{name}: {error}; PostgreSQL's client programs must be on the path"))?;
    if output.status.success() {
        return Ok(());
    }
    // Its words name no password: addresses are not repeated.
    let words = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name}: {}", words.lines().next().unwrap_or("failed without a word")).into())
}

/// Each book's last commit.
async fn heads_of(database: &Database) -> Result<BTreeMap<String, (i64, String)>, Fault> {
    let store = audit::open(database).await?;
    let mut heads = BTreeMap::new();
    for book in store.books().await? {
        if let Some(head) = store.head(book.key).await? {
            heads.insert(book.name, (head.commit_no, hex::encode(head.hash)));
        }
    }
    Ok(heads)
}

/// A directory with nothing in it, made where there is none.
fn fresh(dir: &Path) -> Result<(), Fault> {
    fs::create_dir_all(dir)?;
    if fs::read_dir(dir)?.next().is_some() {
        return Err(format!("{}: is not empty, and nothing is overwritten", dir.display()).into());
    }
    Ok(())
}

fn copy(from: &Path, to: &PathBuf) -> Result<(), Fault> {
    fs::copy(from, to)?;
    Ok(File::open(to)?.sync_all()?)
}

fn hash(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            length => hasher.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests;
