//! `largesse backup` and `largesse restore`: a copy taken while everything runs, and an installation made of it.
use crate::cli::settings::DatabaseArgument;
use clap::Args;
use db::Database;
use operations::backup;
use runtime::command::CommandResult;
use std::{path::PathBuf, process::ExitCode};

/// Told after the options of backup.
const ABOUT_BACKUP: &str = "\
All services' tables are copied as they are in one moment. On SQLite the services' files stand still for some milliseconds, and the copy is made after
that; it is a data directory, so `largesse verify` can look at it where it lies. On PostgreSQL it is a dump of one snapshot, by pg_dump, which must be
on the path; for a recovery to any moment PostgreSQL has a base backup and its archived log.

Not in it: keys (identity, payout, TLS), settings, and the heads that are written outside the database. Without payout's key bank accounts in the copy
can't be opened: keep it elsewhere. What is personal is in it, so keep the copy as you keep the database, and no longer than you may.";

/// Told after the options of restore.
const ABOUT_RESTORE: &str = "\
Every file is compared with its SHA-256 before anything is written, and the books are checked afterwards; exit code 1 when a check does not hold.
Nothing that is there is overwritten.

Stop the installation that the copy is of before you start another from it: both would pay. What was posted after the copy is not in it. Heads written
outside the database tell how much that is: `largesse verify --heads` calls the restored books bad when they end before a head.";

/// Options of `largesse backup`.
#[derive(Debug, Args)]
#[command(after_long_help = ABOUT_BACKUP)]
pub struct BackupArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// An empty directory for the copy; made where there is none, for its owner only.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// Options of `largesse restore`.
#[derive(Debug, Args)]
#[command(after_long_help = ABOUT_RESTORE)]
pub struct RestoreArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// What `largesse backup` made.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
}

/// Copies, and says what is in the copy.
pub async fn backup(address: String, to: PathBuf) -> CommandResult {
    let made = backup::backup(&Database::parse(&address)?, &to).await?;
    for (book, (commit_no, hash)) in &made.heads {
        println!("{book}: up to commit {commit_no} {hash}");
    }
    if made.heads.is_empty() {
        println!("no book has a commit yet");
    }
    println!("{} files in {}", made.files.len() + 1, to.display());
    if !made.lacks().is_empty() {
        println!("not in it, because they have no tables in this database: {}", made.lacks().join(", "));
    }
    if let Some(caution) = &made.caution {
        println!("caution: {caution}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes an installation of a copy and checks it; exit code 1 when a check does not hold.
pub async fn restore(address: String, from: PathBuf) -> CommandResult {
    let report = backup::restore(&from, &Database::parse(&address)?).await?;
    for book in &report.books {
        let found = if book.ok() { "green" } else { "RED; see `largesse verify`" };
        println!("{}: {} events, up to commit {}: {found}", book.ledger.book, book.ledger.events, book.ledger.head_commit_no);
    }
    if report.books.is_empty() {
        println!("there is no book in it, as there was none in the installation that was copied");
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
