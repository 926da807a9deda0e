//! `largesse catalogue`: checks and compares price sheets of coin packages.
use super::files::{self, counted};
use clap::{Args, Subcommand};
use runtime::{
    command::{CommandResult, UntypedError},
    lists::{PackageCatalogue, price_changes},
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Printed after the options.
const EXPLANATION: &str = "\
A price sheet says what a package of coins costs in a market, through a channel and from a selling entity, since which day; which tax the price includes; and
which share a channel keeps, with the source of that. The purchase service reads it at its start (`purchase.packages`).

  largesse catalogue check sheet.toml
  largesse catalogue diff sheet.toml older.toml";

/// Options of `largesse catalogue`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct CatalogueArguments {
    #[command(subcommand)]
    pub task: CatalogueTask,
}

/// What to do with a price sheet.
#[derive(Debug, Subcommand)]
pub enum CatalogueTask {
    /// Reads a file whole and prints every problem with its line. Exit code 1 if there is one.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Prints every row that a file adds, removes or changes: against the built-in list, or against an older file.
    Diff {
        /// The newer file.
        new: PathBuf,
        /// The older file. The built-in list if not given.
        old: Option<PathBuf>,
    },
}

/// Runs `largesse catalogue`.
pub fn run(arguments: &CatalogueArguments) -> CommandResult {
    match &arguments.task {
        CatalogueTask::Check { file } => check(file),
        CatalogueTask::Diff { new, old } => {
            let old = match old {
                Some(old) => PackageCatalogue::load(old)?,
                None => PackageCatalogue::embedded()?,
            };
            let changes = price_changes(&old, &PackageCatalogue::load(new)?);
            for change in &changes {
                println!("{change}");
            }
            println!("{}", counted(changes.len(), "change"));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn check(file: &Path) -> CommandResult {
    let text = text(file)?;
    let faults = PackageCatalogue::faults(&file.display().to_string(), &text);
    if faults.is_empty() {
        let list = PackageCatalogue::load(file)?;
        let sheet = list.sheet();
        let rates = (counted(sheet.taxes.len(), "tax rate"), counted(sheet.commissions.len(), "commission rate"));
        let (packages, prices) = (counted(list.packages().len(), "package"), counted(sheet.prices.len(), "price"));
        println!("ok: version {}, {packages}, {prices}, {}, {}", list.version(), rates.0, rates.1);
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &faults {
        println!("{fault}");
    }
    println!("{}: nothing of the file can be used", counted(faults.len(), "problem"));
    Ok(ExitCode::FAILURE)
}

fn text(file: &Path) -> Result<String, UntypedError> {
    files::text(file, usize::try_from(settings::document::DOCUMENT_BYTES_MAX).unwrap_or(usize::MAX))
}
