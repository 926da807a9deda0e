//! `largesse treasury migrate`: old bank accounts that move into the structure.
use super::ServiceArguments;
use clap::{Args, Subcommand};
use operations::{
    OperationFault, migration,
    structure::{self, StructureCaller},
};
use serde_json::Value;
use std::path::PathBuf;
use uuid::Uuid;

/// Printed after the options.
const EXPLANATION: &str = "\
A migration file is CSV in UTF-8 with this header, the columns in any order, at most 240 KiB:

  id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates

  id              unique among old accounts, physical accounts and nodes: a to z, 0 to 9 and -
  number          the account's number at the bank; branch: its BIC or another name of the branch
  entity, funds   the legal entity that holds it, and whose money it is (own, client, blocked): those of its leaf
  leaf            the open leaf of the structure that its money and its receipts go to, in the same currency
  balance         by the statement with this id and day; not below 0. With --statements (camt.053, MT940, BAI2) an empty balance, statement or
                  statement_date is set, a balance that differs is refused, and so is an account without a statement
  monthly_cost    what the bank charges for it in a month, in its currency; cost_source says where that figure is from
  mandates        direct debits and other orders that name it, with ; between them; may be empty

The last row of each currency has the id `total`, the number of its accounts in the column number, their sum in balance, and nothing else.
An account that was imported stays as it is: a larger migration is several files, each with its own totals.

Exit codes: 0 done; 1 refused or failed; 2 the command line is invalid. Repeat an `apply` or `move` that was interrupted: what was booked is not booked again.";

/// Options of `largesse treasury migrate`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct MigrateArguments {
    #[command(subcommand)]
    pub task: MigrateTask,
}

/// What to do with old accounts.
#[derive(Debug, Subcommand)]
pub enum MigrateTask {
    /// Prints what a migration file would import, and the hash with which to apply it.
    Plan {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Files of banks, or folders of them, whose closing balances set the empty balances of the file and confirm the others.
        #[arg(long, value_name = "FILE", num_args = 1..)]
        statements: Vec<PathBuf>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Imports the accounts of a planned file and books their opening balances.
    Apply {
        /// The file, as it was planned.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The hash that `plan` printed.
        #[arg(long = "plan", value_name = "HASH")]
        hash: String,
        /// The statements with which it was planned.
        #[arg(long, value_name = "FILE", num_args = 1..)]
        statements: Vec<PathBuf>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Books that the whole balances of old accounts were credited to the physical accounts of their leaves.
    Move {
        /// The old accounts; by default all that have a balance.
        #[arg(value_name = "ID")]
        accounts: Vec<String>,
        /// The id of an interrupted move, as it printed it.
        #[arg(long, value_name = "UUID")]
        request_id: Option<Uuid>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Closes old accounts that are empty and were quiet long enough, and says of the others why not.
    Close {
        /// The old accounts; by default all.
        #[arg(value_name = "ID")]
        accounts: Vec<String>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints accounts and costs before and after, receipts on old numbers, and mandates.
    Report {
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
}

impl MigrateTask {
    /// The running service, who asks, and why.
    #[must_use]
    pub const fn service(&self) -> &ServiceArguments {
        let (Self::Plan { service, .. }
        | Self::Apply { service, .. }
        | Self::Move { service, .. }
        | Self::Close { service, .. }
        | Self::Report { service }) = self;
        service
    }
}

/// Runs a task: its answer as JSON and as text.
pub async fn run(task: &MigrateTask, caller: &StructureCaller<'_>) -> Result<(Value, String), OperationFault> {
    Ok(match task {
        MigrateTask::Plan { file, statements, .. } => {
            let plan = caller.plan_migration(migration::with_statements(structure::read_file(file)?, statements)?).await?;
            (migration::plan_json(&plan), migration::plan_text(&plan, &file.display().to_string()))
        }
        MigrateTask::Apply { file, hash, statements, .. } => {
            let text = migration::with_statements(structure::read_file(file)?, statements)?;
            let applied = caller.apply_migration(text, hash.clone()).await?;
            (migration::applied_json(&applied), migration::applied_text(&applied))
        }
        MigrateTask::Move { accounts, request_id, .. } => {
            let id = request_id.unwrap_or_else(Uuid::now_v7);
            let moved = caller.move_old(id.to_string(), accounts.clone()).await;
            let moved = moved.map_err(|error| format!("{error}; to repeat it: --request-id {id}"))?;
            (migration::moved_json(&moved), migration::moved_text(&moved))
        }
        MigrateTask::Close { accounts, .. } => {
            let closed = caller.close_old(accounts.clone()).await?;
            (migration::closed_json(&closed), migration::closed_text(&closed))
        }
        MigrateTask::Report { .. } => {
            let report = caller.migration_report().await?;
            (migration::report_json(&report), migration::report_text(&report))
        }
    })
}
