//! `largesse accounting`: journals and trial balances for a general ledger, roll-forwards, and the closing of periods.
use super::staff_service::CallerArguments;
use accounting::{
    balance::trial_balance_csv,
    journal::{journal_csv, memo_csv},
    mapping::listing::{ChartRow, chart_csv},
    roll::roll_forward_csv,
};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use money::BookName;
use operations::accounting::{AccountingCaller, periods_json, periods_text, read_mapping, uncovered, write_file};
use runtime::command::{CommandResult, UntypedError};
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Printed after the options.
const EXPLANATION: &str = "\
A mapping is a TOML file that says to which account of your general ledger each ledger account belongs; deploy/accounting.toml is an example.

  suspense = \"2990\"                  # where lines go that no rule covers; without it, an export of such a line is refused
  intercompany = \"1900\"              # where lines between two entities go
  [[entity]]
  id = \"main\"                        # a legal entity; users' accounts are main's
  company = \"1000\"                   # its code in the general ledger
  [[account]]
  code = \"1000\"                      # letters, digits, dots, underscores and dashes
  name = \"Cash at banks\"
  type = \"asset\"                     # asset, liability, equity, income, expense
  [[rule]]
  ledger = \"...\"                     # accounts as the trial balance names them, with * or one currency at the end and without an entity; no two
                                     # rules may cover the same account
  entities = [\"main\"]                # all, unless the key is there
  account = \"1000\"

In the files, debits and credits are columns of their own, in minor units and as decimal text, and never negative; each currency ends with a row of totals. A day
that is closed gives the same bytes each time with the same mapping, whose hash is in every row; the status `open` says that more may follow. Days are in UTC.
The token is one of the roles finance or admin (auditor: all but close); the audit log records each call with its reason.
Exit codes: 0 done; 1 refused or failed, and nothing was written or closed, or `unmapped` found accounts; 2 the command line is invalid.

  largesse accounting journal deploy/accounting.toml --book app-us --day 2026-11-30 --out 2026-11-30.csv --token-file fay.token --reason 'close of November'
  largesse accounting close --book app-us --from 2026-11-01 --until 2026-11-30 --token-file fay.token --reason 'close of November'";

/// Options of `largesse accounting`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct AccountingArguments {
    #[command(subcommand)]
    pub task: AccountingTask,
}

/// What to do with accounting days.
#[derive(Debug, Subcommand)]
pub enum AccountingTask {
    /// Checks a mapping file; prints every fault with its line.
    Check {
        /// The mapping.
        #[arg(value_name = "MAPPING")]
        mapping: PathBuf,
    },
    /// Lists the chart of accounts: every ledger account with its account of the general ledger, the type and the normal side.
    Chart {
        /// The mapping.
        #[arg(value_name = "MAPPING")]
        mapping: PathBuf,
        /// Prints CSV, safe to open in a spreadsheet.
        #[arg(long, conflicts_with = "json")]
        csv: bool,
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Lists the accounts with entries up to a day that no rule of the mapping covers. Exit code 1 if there are any.
    Unmapped {
        /// The mapping.
        #[arg(value_name = "MAPPING")]
        mapping: PathBuf,
        /// The accounting day.
        #[arg(long, value_name = "DAY")]
        day: Date,
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        service: Box<AccountsArguments>,
    },
    /// Writes the journal of an accounting day as CSV.
    Journal {
        /// The mapping.
        #[arg(value_name = "MAPPING")]
        mapping: PathBuf,
        /// The accounting day.
        #[arg(long, value_name = "DAY")]
        day: Date,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// A second file, for coins and diamonds, which no general ledger has.
        #[arg(long, value_name = "FILE")]
        memo: Option<PathBuf>,
        #[command(flatten)]
        service: Box<AccountsArguments>,
    },
    /// Writes the trial balance at the end of an accounting day as CSV.
    TrialBalance {
        /// The mapping.
        #[arg(value_name = "MAPPING")]
        mapping: PathBuf,
        /// The accounting day.
        #[arg(long, value_name = "DAY")]
        as_of: Date,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        service: Box<AccountsArguments>,
    },
    /// Writes the roll-forward of deferred revenue and of what creators are owed as CSV.
    RollForward {
        /// First accounting day.
        #[arg(long, value_name = "DAY")]
        from: Date,
        /// Last accounting day.
        #[arg(long, value_name = "DAY")]
        until: Date,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        service: Box<AccountsArguments>,
    },
    /// Closes accounting days for ever. Repeating it changes nothing.
    Close {
        /// The first open day.
        #[arg(long, value_name = "DAY")]
        from: Date,
        /// The last day to close, which must be over.
        #[arg(long, value_name = "DAY")]
        until: Date,
        #[command(flatten)]
        service: Box<AccountsArguments>,
    },
    /// Lists closed periods, the last first.
    Periods {
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        service: Box<AccountsArguments>,
    },
}

/// Whose accounts, at which service, and who asks why.
#[derive(Debug, Args)]
#[command(mut_arg("url", |url| url.help("gRPC address of a process with the treasury service")))]
pub struct AccountsArguments {
    /// The book.
    #[arg(long, value_name = "BOOK", value_parser = super::book)]
    pub book: BookName,
    /// The legal entity.
    #[arg(long, value_name = "ID", default_value = "main")]
    pub entity: String,
    #[command(flatten)]
    pub caller: CallerArguments,
}

/// Runs `largesse accounting`.
pub async fn run(arguments: AccountingArguments) -> CommandResult {
    let service = match &arguments.task {
        AccountingTask::Check { mapping } => {
            println!("{}: no faults, SHA-256 {}", mapping.display(), read_mapping(mapping)?.hash());
            return Ok(ExitCode::SUCCESS);
        }
        AccountingTask::Chart { mapping, csv, json } => {
            let rows = read_mapping(mapping)?.chart();
            match (csv, json) {
                (true, _) => print!("{}", chart_csv(&rows)?),
                (false, true) => println!("{}", serde_json::to_string_pretty(&json!({ "accounts": rows }))?),
                (false, false) => rows.iter().for_each(chart_line),
            }
            return Ok(ExitCode::SUCCESS);
        }
        AccountingTask::Unmapped { service, .. }
        | AccountingTask::Journal { service, .. }
        | AccountingTask::TrialBalance { service, .. }
        | AccountingTask::RollForward { service, .. }
        | AccountingTask::Close { service, .. }
        | AccountingTask::Periods { service, .. } => service,
    };
    let (transport, token) = match service.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let (reason, entity) = (&service.caller.reason, &service.entity);
    let caller = AccountingCaller { transport, token: &token, reason, book: service.book.as_str(), entity };
    ask(&caller, &arguments.task).await
}

async fn ask(caller: &AccountingCaller<'_>, task: &AccountingTask) -> CommandResult {
    match task {
        // They were answered before anybody was asked.
        AccountingTask::Check { .. } | AccountingTask::Chart { .. } => {}
        AccountingTask::Unmapped { mapping, day, json, .. } => {
            let mapping = read_mapping(mapping)?;
            let names = uncovered(&mapping, caller.entity, &caller.balances(*day).await?.lines);
            if *json {
                println!("{}", serde_json::to_string_pretty(&json!({ "accounts": names }))?);
            } else {
                names.iter().for_each(|name| println!("{name}"));
            }
            return Ok(if names.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        AccountingTask::Journal { mapping, day, out, memo, .. } => {
            let mapping = read_mapping(mapping)?;
            let read = caller.day(*day).await?;
            let title = caller.title(*day, read.closed);
            wrote(out, &journal_csv(title, &mapping, &read.lines)?, read.closed)?;
            if let Some(memo) = memo {
                wrote(memo, &memo_csv(title, &read.lines)?, read.closed)?;
            }
        }
        AccountingTask::TrialBalance { mapping, as_of, out, .. } => {
            let mapping = read_mapping(mapping)?;
            let read = caller.balances(*as_of).await?;
            wrote(out, &trial_balance_csv(caller.title(*as_of, read.closed), &mapping, &read.lines)?, read.closed)?;
        }
        AccountingTask::RollForward { from, until, out, .. } => {
            let read = caller.roll(*from, *until).await?;
            wrote(out, &roll_forward_csv(caller.title(*until, read.closed), *from, &read.lines)?, read.closed)?;
        }
        AccountingTask::Close { from, until, .. } => {
            let (period, replayed) = caller.close(*from, *until).await?;
            let before = if replayed { "closed before: " } else { "closed: " };
            print!("{before}{}", periods_text(&[period]));
        }
        AccountingTask::Periods { json: true, .. } => {
            println!("{}", serde_json::to_string_pretty(&periods_json(&caller.periods().await?))?);
        }
        AccountingTask::Periods { .. } => print!("{}", periods_text(&caller.periods().await?)),
    }
    Ok(ExitCode::SUCCESS)
}

fn chart_line(row: &ChartRow) {
    let ChartRow { ledger, entities, gl_code, gl_name, gl_type, normal_side, source, .. } = row;
    let of = if entities.is_empty() { String::new() } else { format!(" of {}", entities.join(", ")) };
    println!("{gl_code:<8} {gl_type:<9} {normal_side:<6} {source:<12} {:<44} {gl_name}", format!("{ledger}{of}"));
}

/// Writes a file, and says what it is.
fn wrote(path: &Path, text: &str, closed: bool) -> Result<(), UntypedError> {
    write_file(path, text)?;
    let state = if closed { "closed: it stays as it is" } else { "open: more may follow" };
    println!("{}: {} rows, {state}", path.display(), text.lines().count() - 1);
    Ok(())
}
