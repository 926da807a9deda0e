//! `largesse export`: a book's journal as CSV.
use crate::cli::{moment, settings::DatabaseArgument};
use clap::Args;
use db::Database;
use jiff::Timestamp;
use monitor::audit;
use operations::export::{self, ExportEnd, ExportRange, fields::FieldSources};
use runtime::command::{self, CommandResult, UntypedError};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Printed after the options.
const EXPLANATION: &str = "\
The command reads the ledger's tables, so run it where the database is; services may be running, and it may be a backup. Times are those at which the ledger
accepted a posting; the files of consecutive periods together are the file of the whole period. Only rows with the transfer_kind POSTED and POST_OF_PENDING
move money: deploy/MOVING.md has the columns and says how they add up.
Exit codes: 0 the file is complete, or its reader closed it; 1 it could not be written; 2 the command line or the settings are invalid.

  largesse export --book app-us --from 2026-11-01 --until 2026-12-01 --fields --output 2026-11.csv
  largesse export --book app-us --account creator/bob/diamonds";

/// Options of `largesse export`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct ExportArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// The book to export.
    #[arg(long, value_name = "BOOK")]
    pub book: String,
    /// First moment: a day such as 2026-11-01 (its beginning in UTC), or a time such as 2026-11-01T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with_all = ["from_seq", "until_seq"])]
    pub from: Option<Timestamp>,
    /// First moment after the period, in the same form.
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with_all = ["from_seq", "until_seq"])]
    pub until: Option<Timestamp>,
    /// The first event.
    #[arg(long, default_value_t = 1, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(1..))]
    pub from_seq: i64,
    /// The last event; by default the last event of the journal.
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(1..))]
    pub until_seq: Option<i64>,
    /// Only transfers from or to this account.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// Adds two last columns: the amount as decimal text, and as JSON the fields of the posting's request and what stores and banks call it.
    #[arg(long)]
    pub fields: bool,
    /// A file, which appears once it is complete, or `-` for the standard output.
    #[arg(long, default_value = "-", value_name = "FILE")]
    pub output: PathBuf,
}

/// Writes the rows, and prints their number to the standard error.
pub async fn run(address: String, arguments: ExportArguments) -> CommandResult {
    if let (Some(from), Some(until)) = (arguments.from, arguments.until)
        && from >= until
    {
        return Ok(command::misused(&"--until must be after --from"));
    }
    let ended = exported(&Database::parse(&address)?, &arguments).await?;
    match ended {
        ExportEnd::Whole(rows) => eprintln!("{}: {rows} transfers", arguments.book),
        ExportEnd::BrokenPipe => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn exported(database: &Database, arguments: &ExportArguments) -> Result<ExportEnd, UntypedError> {
    let store = audit::open(database).await?;
    let books = store.books().await?;
    let Some(book) = books.iter().find(|book| book.name == arguments.book) else {
        let names: Vec<&str> = books.iter().map(|book| book.name.as_str()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(format!("no book {}; there is {known}", arguments.book).into());
    };
    let range = if arguments.from.is_some() || arguments.until.is_some() {
        ExportRange::of_times(&*store, book, arguments.from, arguments.until).await?
    } else {
        ExportRange { from_seq: arguments.from_seq, until_seq: arguments.until_seq, ..ExportRange::default() }
    };
    let fields = if arguments.fields { Some(FieldSources::open(database).await?) } else { None };
    let range = ExportRange { account: arguments.account.clone(), fields, ..range };
    if arguments.output == Path::new("-") {
        export::export(&*store, book, &range, std::io::stdout().lock()).await
    } else {
        export::to_file(&*store, book, &range, &arguments.output).await
    }
}
