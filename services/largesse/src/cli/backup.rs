//! `largesse backup` and `largesse restore`: a copy taken while everything runs, and an installation made of it.
use crate::{
    backup,
    cli::{Outcome, settings::Given},
};
use clap::Args;
use db::Database;
use settings::Error;
use std::{path::PathBuf, process::ExitCode};

/// Told after the options of backup.
pub const ABOUT_BACKUP: &str = "\
Takes a copy of every service's tables while they are used; nobody is held up. On SQLite each service's file is a snapshot of its own, the ledger's the
last, which is the order in which services can finish by themselves what they had begun. On PostgreSQL it is one snapshot of all, by pg_dump, which must
be on the path. For a recovery to any moment PostgreSQL has its own means: a base backup and its archived log.

Not in it: keys (identity, payout, TLS), settings, and the heads that the ledger writes outside the database. Without payout's key bank accounts in the
copy can't be opened: keep it elsewhere.";

/// Options of `largesse backup`.
#[derive(Debug, Args)]
#[command(after_long_help = ABOUT_BACKUP)]
pub struct BackupArguments {
    #[command(flatten)]
    pub place: Place,
    /// An empty directory for the copy; made where there is none.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
}

/// Options of `largesse restore`.
#[derive(Debug, Args)]
pub struct RestoreArguments {
    #[command(flatten)]
    pub place: Place,
    /// What `largesse backup` made.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
}

/// Which database.
#[derive(Debug, Args)]
pub struct Place {
    #[command(flatten)]
    pub given: Given,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; as the settings say when not given.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

impl Place {
    /// The database's address, by flag, environment or file.
    pub fn address(&self) -> Result<String, Error> {
        let mut layers = self.given.gather()?;
        if let Some(database) = &self.database {
            layers.set("database", database, "--database");
        }
        Ok(layers.read()?.config.database_address())
    }
}

/// Copies, and says what is in the copy.
pub async fn backup(address: String, to: PathBuf) -> Outcome {
    let made = backup::backup(&Database::parse(&address)?, &to).await?;
    for (book, (commit_no, hash)) in &made.heads {
        println!("{book}: up to commit {commit_no} {hash}");
    }
    println!("{} files in {}", made.files.len() + 1, to.display());
    Ok(ExitCode::SUCCESS)
}

/// Makes an installation of a copy and checks it; exit code 1 when a check does not hold.
pub async fn restore(address: String, from: PathBuf) -> Outcome {
    let report = backup::restore(&from, &Database::parse(&address)?).await?;
    for book in &report.books {
        let found = if book.ok() { "green" } else { "RED; see `largesse verify`" };
        println!("{}: {} events, up to commit {}: {found}", book.ledger.book, book.ledger.events, book.ledger.head_commit_no);
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
