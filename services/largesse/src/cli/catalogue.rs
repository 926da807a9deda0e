//! `largesse catalogue`: checks, compares and loads price sheets of coin packages.
use super::checked;
use super::files::{self, counted};
use super::settlements::PurchaseServiceArguments;
use clap::{Args, Subcommand};
use operations::price_sheets::{self, SheetCaller};
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
which share a channel keeps, with the source of that. The purchase service reads one at its start (`purchase.packages`); `load` brings another into a running
service, for one book. It is in force from the `effective_from` that it names (a day, UTC, or a time), or at once, and changes no price of what was sold before:
rows dated before it begins must be those of the list that it replaces.

  largesse catalogue check sheet.toml
  largesse catalogue diff sheet.toml older.toml
  largesse catalogue load sheet.toml --book main --token-file finance.jwt --reason 'prices of December'
  largesse catalogue list --book main --token-file finance.jwt --reason 'which prices are in force'

Exit codes: 0 done; 1 refused or failed, and nothing was changed; 2 the command line is invalid.";

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
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Prints every row that a file adds, removes or changes: against the built-in list, or against an older file.
    Diff {
        /// The newer file.
        new: PathBuf,
        /// The older file. The built-in list if not given.
        old: Option<PathBuf>,
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Checks a file, and loads it into a running purchase service for a book. Repeating it changes nothing.
    Load {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        service: Box<PurchaseServiceArguments>,
    },
    /// Lists the sheets that were loaded for a book, newest first.
    List {
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        service: Box<PurchaseServiceArguments>,
    },
}

/// Runs `largesse catalogue`.
pub async fn run(arguments: CatalogueArguments) -> CommandResult {
    match &arguments.task {
        CatalogueTask::Load { file, service } => load(file, service).await,
        CatalogueTask::List { service, json } => list(service, *json).await,
        CatalogueTask::Check { file, json } => check(file, *json),
        CatalogueTask::Diff { new, old, json } => {
            let old = match old {
                Some(old) => PackageCatalogue::load(old)?,
                None => PackageCatalogue::embedded()?,
            };
            checked::changes(&price_changes(&old, &PackageCatalogue::load(new)?), *json)
        }
    }
}

async fn load(file: &Path, service: &PurchaseServiceArguments) -> CommandResult {
    let code = check(file, false)?;
    if code != ExitCode::SUCCESS {
        return Ok(code);
    }
    let content = text(file)?;
    let (transport, token) = match service.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let caller = SheetCaller { transport, token: &token, reason: &service.caller.reason, book: service.book.as_str() };
    println!("{}", price_sheets::loaded_text(&caller.load(content).await?));
    Ok(ExitCode::SUCCESS)
}

async fn list(service: &PurchaseServiceArguments, as_json: bool) -> CommandResult {
    let (transport, token) = match service.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let caller = SheetCaller { transport, token: &token, reason: &service.caller.reason, book: service.book.as_str() };
    let sheets = caller.list().await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&price_sheets::sheets_json(&sheets))?);
    } else {
        sheets.iter().for_each(|sheet| println!("{}", price_sheets::sheet_text(sheet)));
    }
    Ok(ExitCode::SUCCESS)
}

fn check(file: &Path, as_json: bool) -> CommandResult {
    let text = text(file)?;
    let faults = PackageCatalogue::faults(&file.display().to_string(), &text);
    if faults.is_empty() {
        let list = PackageCatalogue::load(file)?;
        let sheet = list.sheet();
        let rates = (counted(sheet.taxes.len(), "tax rate"), counted(sheet.commissions.len(), "commission rate"));
        let (packages, prices) = (counted(list.packages().len(), "package"), counted(sheet.prices.len(), "price"));
        return checked::sound(&format!("version {}, {packages}, {prices}, {}, {}", list.version(), rates.0, rates.1), as_json);
    }
    checked::problems(&faults, as_json)
}

fn text(file: &Path) -> Result<String, UntypedError> {
    files::text(file, usize::try_from(settings::document::DOCUMENT_BYTES_MAX).unwrap_or(usize::MAX))
}
