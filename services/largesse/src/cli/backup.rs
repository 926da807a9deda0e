//! `largesse backup` and `largesse restore`: a backup taken while everything runs, and an installation restored from it.
use crate::cli::settings::DatabaseArgument;
use clap::Args;
use db::Database;
use identity::keys::{KeyPair, PublicKey};
use operations::backup;
use runtime::command::CommandResult;
use std::{path::PathBuf, process::ExitCode};

/// Printed after the options of backup.
const ABOUT_BACKUP: &str = "\
All services' tables are backed up as of one moment. On SQLite the services' files are locked for some milliseconds, and copied after that. The backup
is a data directory, so `largesse verify` can check it in place. On PostgreSQL the backup is a dump of one snapshot, made by pg_dump, which must be on the
path. For point-in-time recovery use PostgreSQL's base backup and archived log.

Not included: keys (identity, payout, TLS), settings, and the heads that are written outside the database. Without the payout service's key, bank accounts
in the backup can't be decrypted: store a copy of the key, but not with the backups. The backup contains personal data: protect it like the database, and
keep it no longer than allowed.";

/// Printed after the options of restore.
const ABOUT_RESTORE: &str = "\
Before anything is written, every file is compared with its SHA-256. Then the tables are compared with those that the migrations create, so that no trigger
or view is restored, and the books are checked. Exit code 1 if a check fails. No existing data is overwritten. Only files that the manifest names are read,
never through links or pipes; if there are other files, the backup is refused. The hashes prove that a backup is complete, not who made it. So sign
backups (`largesse backup --sign-key`), and give the public key with --verify-key.

Stop the original installation before you start the restored one; otherwise both would pay. The backup does not contain what was posted after it was
taken. The heads written outside the database show whether later postings are missing: if a head is later than the last commit of a restored book,
`largesse verify --heads` reports the book as bad.";

/// Options of `largesse backup`.
#[derive(Debug, Args)]
#[command(after_long_help = ABOUT_BACKUP)]
pub struct BackupArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// An empty directory for the backup; created if missing, readable only by its owner.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// File with the private Ed25519 key (PKCS#8, PEM) that signs the backup; don't store it with the backups. To create one:
    /// `openssl genpkey -algorithm ed25519 -out FILE`.
    #[arg(long, value_name = "FILE")]
    pub sign_key: Option<PathBuf>,
}

/// Options of `largesse restore`.
#[derive(Debug, Args)]
#[command(after_long_help = ABOUT_RESTORE)]
pub struct RestoreArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// The directory that `largesse backup` made.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// File with the public Ed25519 key (PEM) that must verify the backup's signature. To create it from the private key: `openssl pkey -in KEY -pubout -out
    /// FILE`. Without this option the backup is trusted, although anybody with write access to its directory may have changed it.
    #[arg(long, value_name = "FILE")]
    pub verify_key: Option<PathBuf>,
}

/// Makes a backup, and prints what is in it.
pub async fn backup(address: String, to: PathBuf, sign_key: Option<PathBuf>) -> CommandResult {
    // Before anything is copied, so that a key that can't be read leaves nothing behind.
    let key = sign_key.map(|file| KeyPair::read(&file)).transpose()?;
    let made = backup::backup(&Database::parse(&address)?, &to).await?;
    for (book, (commit_no, hash)) in &made.heads {
        println!("{book}: up to commit {commit_no} {hash}");
    }
    if made.heads.is_empty() {
        println!("no book has a commit yet");
    }
    if let Some(key) = &key {
        backup::signature::sign(&to, key)?;
        println!("signed by the key {}", key.public.fingerprint());
    }
    println!("{} files in {}", made.files.len() + 1 + usize::from(key.is_some()), to.display());
    if !made.lacks().is_empty() {
        println!("not in it, because they have no tables in this database: {}", made.lacks().join(", "));
    }
    if let Some(caution) = &made.caution {
        println!("caution: {caution}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores an installation from a backup and checks it; exit code 1 when a check fails.
pub async fn restore(address: String, from: PathBuf, verify_key: Option<PathBuf>) -> CommandResult {
    let key = verify_key.map(|file| PublicKey::read(&file)).transpose()?;
    if key.is_none() {
        let from = from.display();
        eprintln!(
            "largesse: the backup's signature is not checked (--verify-key), so anybody with write access to {from} may have changed what is restored"
        );
    }
    let report = backup::restore_signed(&from, &Database::parse(&address)?, key.as_ref()).await?;
    for book in &report.books {
        let found = if book.ok() { "passed" } else { "FAILED; see `largesse verify`" };
        println!("{}: {} events, up to commit {}: {found}", book.ledger.book, book.ledger.events, book.ledger.head_commit_no);
    }
    if report.books.is_empty() {
        println!("there is no book in it, as there was none in the installation that was backed up");
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
