//! `largesse bank`: reads the files of banks, says which expected payment each line is, and reconciles days.
mod matches;
mod reconcile;

use bankfiles::FileReading;
use clap::{Args, Subcommand};
use runtime::command::CommandResult;
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};

/// Largest file that is read, in bytes.
const FILE_BYTES_MAX: usize = 64 << 20;

/// Printed after the options.
const EXPLANATION: &str = "\
The format is recognised from the file itself: ISO 20022 (pain.001, pain.002, pain.014, pacs.002, pacs.004, pacs.008, camt.029, camt.052 to camt.056, admi.002),
NACHA, BAI2, MT940 and MT942. Each file is printed as a JSON object: `file`, `format`, `content`, what was understood; and `problems`, what was not, each with
its place and whether it touches money. Exit code 1 if money in a file was not understood, or if a file is broken or can't be read. Nothing is stored.

  largesse bank read statement.xml | jq .problems
  largesse bank match statement.xml --expected payouts.csv | jq '.matches[] | select(.result != \"settles\")'";

/// Options of `largesse bank`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct BankArguments {
    #[command(subcommand)]
    pub task: BankTask,
}

/// What to do with a bank's files.
#[derive(Debug, Subcommand)]
pub enum BankTask {
    /// Prints as JSON what files of a bank say, and where and why a part of them is not understood.
    Read {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Prints JSON; this is also the default.
        #[arg(long)]
        json: bool,
    },
    /// Prints as JSON which expected payment each line of statements is, by which rule, and which field said so.
    #[command(after_long_help = matches::EXPLANATION)]
    Match {
        /// Statements, reports and notifications (camt.052 to camt.054, MT940, MT942, BAI2) and files of ACH returns (NACHA), in any order.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Table of what is expected on the accounts.
        #[arg(long, value_name = "FILE.csv")]
        expected: PathBuf,
        /// Prints JSON; this is also the default.
        #[arg(long)]
        json: bool,
    },
    /// Explains every entry of statements or opens a case for it, and proves that books and bank differ by named items only.
    #[command(after_long_help = reconcile::EXPLANATION)]
    Reconcile(reconcile::ReconcileArguments),
}

/// A file and what it says.
#[derive(Serialize)]
struct ReadFile<'a> {
    file: std::borrow::Cow<'a, str>,
    #[serde(flatten)]
    reading: FileReading,
}

/// Runs `largesse bank`.
pub fn run(arguments: &BankArguments) -> CommandResult {
    match &arguments.task {
        BankTask::Read { files, json: _ } => read(files),
        BankTask::Match { files, expected, json: _ } => matches::run(files, expected),
        BankTask::Reconcile(arguments) => reconcile::run(arguments),
    }
}

fn read(files: &[PathBuf]) -> CommandResult {
    let mut sound = true;
    for file in files {
        let reading = match super::files::bytes(file, FILE_BYTES_MAX) {
            Ok(bytes) => bankfiles::read(&bytes),
            // The other files are read all the same.
            Err(error) => {
                eprintln!("largesse: {error}");
                sound = false;
                continue;
            }
        };
        sound &= reading.is_sound();
        println!("{}", serde_json::to_string_pretty(&ReadFile { file: file.to_string_lossy(), reading })?);
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
