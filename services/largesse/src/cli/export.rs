//! `largesse export`: a book's journal as CSV.
use crate::cli::settings::DatabaseArgument;
use clap::Args;
use db::Database;
use monitor::audit;
use operations::export::{self, ExportEnd, ExportRange};
use runtime::command::CommandResult;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Options of `largesse export`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// The book to export.
    #[arg(long, value_name = "BOOK")]
    pub book: String,
    /// The first event.
    #[arg(long, default_value_t = 1, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(1..))]
    pub from_seq: i64,
    /// The last event; by default the last event of the journal.
    #[arg(long, value_name = "SEQ", value_parser = clap::value_parser!(i64).range(1..))]
    pub until_seq: Option<i64>,
    /// Only transfers from or to this account.
    #[arg(long, value_name = "ACCOUNT")]
    pub account: Option<String>,
    /// A file, which appears once it is complete, or `-` for the standard output.
    #[arg(long, default_value = "-", value_name = "FILE")]
    pub output: PathBuf,
}

/// Writes the rows, and prints their number to the standard error.
pub async fn run(address: String, arguments: ExportArguments) -> CommandResult {
    let store = audit::open(&Database::parse(&address)?).await?;
    let books = store.books().await?;
    let Some(book) = books.iter().find(|book| book.name == arguments.book) else {
        let names: Vec<&str> = books.iter().map(|book| book.name.as_str()).collect();
        return Err(format!(
            "no book {}; there is {}",
            arguments.book,
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        )
        .into());
    };
    let range = ExportRange { from_seq: arguments.from_seq, until_seq: arguments.until_seq, account: arguments.account, owner: None };
    let ended = if arguments.output == Path::new("-") {
        export::export(&*store, book, &range, std::io::stdout().lock()).await?
    } else {
        export::to_file(&*store, book, &range, &arguments.output).await?
    };
    match ended {
        ExportEnd::Whole(rows) => eprintln!("{}: {rows} transfers", book.name),
        ExportEnd::BrokenPipe => {}
    }
    Ok(ExitCode::SUCCESS)
}
