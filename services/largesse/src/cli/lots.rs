//! `largesse lots`: coin lots, read again from the ledger's journal.
use crate::cli::{book, settings::DatabaseArgument};
use clap::{Args, Subcommand};
use db::Database;
use money::BookName;
use runtime::command::CommandResult;
use std::process::ExitCode;

/// Printed after the options.
const EXPLANATION: &str = "\
Every coin belongs to a lot, which says what it was bought for. The purchase service reads lots from the ledger's journal and its own purchases, so they can be
read again at any time: the answers are the same. Of the revenue that was posted, only what differs is posted. Until the service has read the journal again,
answers about lots are of an earlier time.

  largesse lots rebuild --book demo";

/// Options of `largesse lots`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct LotsArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    #[command(subcommand)]
    pub task: LotsTask,
}

/// What to do with coin lots.
#[derive(Debug, Subcommand)]
pub enum LotsTask {
    /// Forgets a book's lots, so that a running purchase service, or the next one, reads them again. Repeating the command is harmless.
    Rebuild {
        /// The book.
        #[arg(long, value_name = "BOOK", value_parser = book)]
        book: BookName,
    },
}

/// Runs `largesse lots`.
pub async fn run(address: String, task: LotsTask) -> CommandResult {
    let LotsTask::Rebuild { book } = task;
    let lots = operations::lots::forget(&Database::parse(&address)?, &book).await?;
    println!("{lots} lots of {book} are forgotten; the purchase service reads them again from the journal's beginning");
    Ok(ExitCode::SUCCESS)
}
