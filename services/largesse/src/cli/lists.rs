//! `largesse lists`: prints and checks the lists that operators write.
use clap::{Args, Subcommand};
use runtime::{command::CommandResult, lists::ListKind};
use std::{path::PathBuf, process::ExitCode};

/// Printed after the options.
const EXPLANATION: &str = "\
Gifts are named in the settings as gift.catalogue, coin packages as purchase.packages, rates as earnings.rate_card. A service reads its list when it starts,
so a change needs a restart; everything sent, sold or quoted before keeps its price. The built-in lists are for TEST books: a LIVE book is refused with
LIST_BUILT_IN until a list of its own is named. deploy/LISTS.md has every key.

  largesse lists show rates > rates.toml
  largesse lists check rates rates.toml";

/// Options of `largesse lists`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct ListsArguments {
    #[command(subcommand)]
    pub task: ListsTask,
}

/// What to do with lists.
#[derive(Debug, Subcommand)]
pub enum ListsTask {
    /// Prints the built-in list, with an explanation of its keys, as a file to start from.
    Show {
        /// The list to print.
        kind: ListKind,
    },
    /// Reads a list as its service would. Exit code 1 with file, line and key when it can't be used.
    Check {
        /// The kind of list in the file.
        kind: ListKind,
        /// The file.
        file: PathBuf,
    },
}

/// Runs `largesse lists`.
pub fn run(arguments: &ListsArguments) -> CommandResult {
    match &arguments.task {
        ListsTask::Show { kind } => Ok(super::config::print(kind.built_in())),
        ListsTask::Check { kind, file } => {
            let found = kind.read(file)?;
            println!("ok: {found}");
            if found.built_in {
                println!("warning: these are the entries that are built in: LIVE books refuse them");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
