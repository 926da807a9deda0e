//! `largesse treasury`: the structure of bank accounts, planned, applied and listed; banks' statements, their cases, and closed days; and statements as files.
//!
//! - [`migrate`]: old accounts that move into it. `funds`: money moved in it, positions, and the bank's interest and fees divided. `cases`: what people decide of
//!   cases. `sweeps`: money between physical accounts.
use super::staff_service::CallerArguments;
use api::treasury::{CaseState, StatementFormat};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use money::BookName;
use operations::{
    OperationFault,
    structure::{self, StructureCaller, statement},
};
use runtime::command::CommandResult;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

mod cases;
mod funds;
pub mod migrate;
mod sweeps;

/// Printed after the options.
const EXPLANATION: &str = "\
A structure file is TOML. It has only what it adds or changes; what it leaves out stays as it is. ARCHITECTURE.md says what can change.

  [[account]]                        # a physical account: all keys are needed but number_root and client_money
  id = \"bank-usd\"
  name = \"Operating account\"
  bank = \"A bank\"
  branch = \"TESTUS33\"
  currency = \"USD\"
  entity = \"main\"                    # the legal entity that holds it
  number = \"000123456789\"
  number_root = \"7001\"               # the first segment of numbers that you define yourself
  client_money = false               # true: for clients' money only

  [[summary]]                        # a node that sums what is below it
  id = \"us\"
  parent = \"bank-usd\"
  name = \"US\"
  entity = \"main\"
  level = \"market\"                   # company, app, market or purpose

  [[leaf]]
  id = \"us-costs\"
  parent = \"us\"
  name = \"Costs\"
  entity = \"main\"
  funds = \"own\"                      # own (unless another is given), client or blocked
  uses = [\"sweep\"]                   # sweep, on_behalf_of, pooling; none unless given
  claims = [\"live-eu\"]               # books of apps whose claims on bank-usd it covers; as they were unless given
  state = \"open\"                     # pending_open, open (unless another is given), pending_close, closed
  [[leaf.number]]
  segments = \"7001-0012-33-66\"       # the last are check digits; or dynamic = \"7001-0012\"; or
                                     # iban = \"...\" with holder and from, and until once it ends

A bank account of an app's book (`house/bank_cash/USD` is called main) is the physical account with its id, or with its id and currency (main-usd), if currency and
entity are the same. `prove` compares the leaves with the cash, and what apps' books claim with what the treasury book has of it: only named items may differ.

`plan` prints what the file would change, and a hash. `apply` makes those changes, all or none, and is refused if anything is different by then. The token is one
of the roles finance or admin (auditor: plan, list, statement, cases, days and prove only); the audit log records each call with its reason.

`import` sends files of banks: camt.052 to camt.054, BAI2, MT940, MT942. A file or statement that came before changes nothing, in whichever format it comes
again, so a folder can be imported as often as files arrive in it. What does not agree with the books is a case, which `cases` lists. One person explains a case
about a file (`explain`); a case about entries is resolved by a transfer that one proposes (`adjust`) and another approves (`approve`). `close` closes a day for
ever, once every difference has a name; `days` lists what is closed.
Exit codes: 0 done; 1 refused, failed or not proved, and nothing was changed; 2 the command line is invalid.";

/// Options of `largesse treasury`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct TreasuryArguments {
    #[command(subcommand)]
    pub task: TreasuryTask,
}

/// What to do with the structure.
#[derive(Debug, Subcommand)]
pub enum TreasuryTask {
    /// Prints what a structure file would change, and the hash with which to apply it.
    Plan {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Makes the changes of a planned file, all or none. Repeating it changes nothing.
    Apply {
        /// The file, as it was planned.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The hash that `plan` printed.
        #[arg(long = "plan", value_name = "HASH")]
        hash: String,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Writes the statement of a day as a file. The first who asks for a day that is over issues its statement.
    Statement {
        /// Id of a leaf, a summary node or a physical account.
        #[arg(value_name = "ID")]
        node: String,
        /// The day, in UTC.
        #[arg(long, value_name = "DAY")]
        day: Date,
        /// What to write.
        #[arg(long, value_name = "FORMAT", value_parser = statement::format)]
        format: StatementFormat,
        /// Where to write it; `-` for standard output. A file is there whole or not at all.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Imports banks' files with statements, or all files of folders. Repeating it changes nothing.
    Import {
        /// Files and folders.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints what has to be explained of banks' statements, the oldest first.
    Cases {
        /// Only those of this physical account.
        #[arg(long, value_name = "ID", default_value = "")]
        account: String,
        /// Also those that are explained or resolved.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Closes a day of a physical account for ever.
    Close {
        /// The physical account.
        #[arg(value_name = "ID")]
        account: String,
        /// The day, such as 2026-11-24.
        #[arg(value_name = "DAY")]
        day: Date,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints the closed days of a physical account, the last first.
    Days {
        /// The physical account.
        #[arg(value_name = "ID")]
        account: String,
        /// Only this day and later ones.
        #[arg(long, value_name = "DAY")]
        from: Option<Date>,
        /// Only this day and earlier ones.
        #[arg(long, value_name = "DAY")]
        until: Option<Date>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints the trees with their balances.
    List {
        /// Only the tree of this physical account.
        #[arg(long, value_name = "ID", default_value = "")]
        account: String,
        /// The trees and balances of the end of this day in UTC, such as 2026-11-01.
        #[arg(long, value_name = "DAY")]
        on: Option<Date>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Writes the trees with their balances as a picture (SVG).
    Picture {
        /// The file to write; one that is there is replaced.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Only the tree of this physical account.
        #[arg(long, value_name = "ID", default_value = "")]
        account: String,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Proves leaves, cash and claims of apps' books, and lists what is late.
    Prove {
        /// Only this physical account.
        #[arg(long, value_name = "ID", default_value = "")]
        account: String,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Moves old bank accounts into the structure.
    Migrate(migrate::MigrateArguments),
    /// Moves money between physical accounts, by rules.
    Sweep(sweeps::SweepArguments),
    #[command(flatten)]
    Funds(funds::FundsTask),
    #[command(flatten)]
    Decided(cases::CasesTask),
}

/// The running service, who asks, and why.
#[derive(Debug, Args)]
#[command(mut_arg("url", |url| url.help("gRPC address of a process with the treasury service")))]
pub struct ServiceArguments {
    /// The treasury's book.
    #[arg(long, value_name = "BOOK", default_value = "treasury", value_parser = super::book)]
    pub book: BookName,
    /// Prints JSON instead of lines.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub caller: CallerArguments,
}

/// Runs `largesse treasury`.
pub async fn run(arguments: TreasuryArguments) -> CommandResult {
    let service = arguments.task.service();
    let (transport, token) = match service.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let caller = StructureCaller { transport, token: &token, reason: &service.caller.reason, book: service.book.as_str() };
    let Some((json, text)) = done(&arguments.task, &caller).await? else { return Ok(ExitCode::SUCCESS) };
    if service.json {
        println!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        print!("{text}");
    }
    let not_proved = matches!(arguments.task, TreasuryTask::Prove { .. }) && json["ok"] == Value::Bool(false);
    Ok(if not_proved { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Does it; returns what to print, as JSON and as text. `None`: it was written to standard output.
async fn done(task: &TreasuryTask, caller: &StructureCaller<'_>) -> Result<Option<(Value, String)>, OperationFault> {
    Ok(Some(match task {
        TreasuryTask::Plan { file, .. } => {
            let plan = caller.plan(structure::read_file(file)?).await?;
            (structure::plan_json(&plan), structure::plan_text(&plan, &file.display().to_string()))
        }
        TreasuryTask::Apply { file, hash, .. } => {
            let applied = caller.apply(structure::read_file(file)?, hash.clone()).await?;
            (structure::applied_json(&applied), structure::applied_text(&applied))
        }
        TreasuryTask::Statement { node, day, format, out, .. } => {
            let written = caller.write_statement(node, &day.to_string(), *format, out).await?;
            if out == Path::new("-") {
                return Ok(None);
            }
            (statement::written_json(&written), statement::written_text(&written, out))
        }
        TreasuryTask::List { account, on, .. } => {
            let listed = caller.list(account, &on.map(|on| on.to_string()).unwrap_or_default()).await?;
            (structure::listed_json(&listed), structure::listed_text(&listed))
        }
        TreasuryTask::Picture { out, account, .. } => {
            let listed = caller.list(account, "").await?;
            let file = out.display().to_string();
            std::fs::write(out, structure::picture_svg(&listed)).map_err(|error| format!("{file}: {error}"))?;
            (serde_json::json!({ "file": file, "items": listed.len() }), format!("{file}: a picture of {} items\n", listed.len()))
        }
        TreasuryTask::Migrate(migrate) => migrate::run(&migrate.task, caller).await?,
        TreasuryTask::Funds(task) => task.run(caller).await?,
        TreasuryTask::Decided(task) => task.run(caller).await?,
        TreasuryTask::Sweep(sweep) => sweep.task.run(caller).await?,
        TreasuryTask::Import { files, .. } => {
            let mut imported = Vec::new();
            for file in structure::bank_files(files)? {
                imported.push((file.display().to_string(), caller.import(&file).await?));
            }
            (structure::imported_json(&imported), structure::imported_text(&imported))
        }
        TreasuryTask::Cases { account, all, .. } => {
            let state = if *all { CaseState::Unspecified } else { CaseState::Open };
            let cases = caller.cases(account, state).await?;
            (structure::cases_json(&cases), structure::cases_text(&cases))
        }
        TreasuryTask::Close { account, day, .. } => {
            let closed = caller.close(account, &day.to_string()).await?;
            let listed = caller.list(account, "").await?;
            let currency = listed.first().map_or("", |one| one.currency_code.as_str());
            (structure::closed_json(&closed), structure::closed_text(account, &day.to_string(), &closed, currency))
        }
        TreasuryTask::Days { account, from, until, .. } => {
            let [from, until] = [from, until].map(|day| day.map(|day| day.to_string()).unwrap_or_default());
            let days = caller.closed_days(account, &from, &until).await?;
            (structure::days_json(&days), structure::days_text(account, &days))
        }
        TreasuryTask::Prove { account, .. } => {
            let proof = caller.prove(account).await?;
            (structure::proof_json(&proof), structure::proof_text(&proof))
        }
    }))
}

impl TreasuryTask {
    fn service(&self) -> &ServiceArguments {
        match self {
            Self::Plan { service, .. }
            | Self::Apply { service, .. }
            | Self::List { service, .. }
            | Self::Statement { service, .. }
            | Self::Import { service, .. }
            | Self::Cases { service, .. }
            | Self::Close { service, .. }
            | Self::Days { service, .. }
            | Self::Prove { service, .. }
            | Self::Picture { service, .. } => service,
            Self::Migrate(migrate) => migrate.task.service(),
            Self::Funds(task) => task.service(),
            Self::Decided(task) => task.service(),
            Self::Sweep(sweep) => sweep.task.service(),
        }
    }
}
