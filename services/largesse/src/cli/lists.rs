//! `largesse lists`: prints and checks the lists that operators write, and checks the rules of markets.
use clap::{Args, Subcommand};
use runtime::{
    command::CommandResult,
    lists::{CheckedFile, ListKind},
};
use std::{path::PathBuf, process::ExitCode};

/// Printed after the options.
const EXPLANATION: &str = "\
These settings name the files: gift.catalogue for the list of gifts, purchase.packages for the coin packages, earnings.rate_card for the rates. A service reads
its list when it starts, so a change needs a restart. What was sent, sold or quoted before the change keeps its price. The built-in lists are for TEST books
only: until the settings name another list, calls in a LIVE book are refused with LIST_BUILT_IN. Rules of markets are none built in: purchase.spending_rules
says who may buy coins and for how much, purchase.wallet_rules what becomes of coins that are left in wallets. deploy/LISTS.md documents every key.

  largesse lists show rates > rates.toml
  largesse lists check rates rates.toml
  largesse lists check spending_rules limits.toml
  largesse lists check wallet_rules wallets.toml";

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
    /// Reads a list, or rules of markets, as its service would. If the file can't be used, prints file, line and key, and exits with 1.
    Check {
        /// What is in the file: gifts, packages, rates, `spending_rules` or `wallet_rules`.
        kind: CheckedFile,
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
            println!("ok: {}", found.found);
            if found.built_in {
                println!("warning: these are the entries that are built in: LIVE books refuse them");
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}
