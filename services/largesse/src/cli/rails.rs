//! `largesse rails`: prints, checks and compares the dated records of payment rails.
use super::{
    checked,
    files::{self, counted},
};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use rails::{
    RailBook, RailRecord, check, diff,
    record::{InstantKind, RailSpeed},
};
use runtime::command::{CommandResult, UntypedError};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Printed after the options.
const EXPLANATION: &str = "\
A rail's record says what it carries, to whom, when, how fast, at which cost and until which cap, each as a fact of a day with a source and a confidence:
P from the scheme or an authority, S from others, K unverified. A file of your own has the same form, and its rails and calendars replace the built-in ones of
the same id; `largesse rails show` prints the built-in records as a file to start from.

  largesse rails check rails.toml
  largesse rails diff rails.toml
  largesse rails list --at 2026-12-24T22:00:00Z";

/// Options of `largesse rails`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct RailsArguments {
    #[command(subcommand)]
    pub task: RailsTask,
}

/// What to do with rails.
#[derive(Debug, Subcommand)]
pub enum RailsTask {
    /// Prints the built-in records, as a file to start from.
    Show,
    /// Lists the rails as they are at a moment: currency, speed, scheme's cap, whether they take payments, and when they open.
    List {
        /// The moment, such as 2026-12-24T22:00:00Z. Now if not given.
        #[arg(long)]
        at: Option<Timestamp>,
        /// A file whose records replace the built-in ones.
        #[arg(long)]
        file: Option<PathBuf>,
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Reads a file of rails whole and prints every problem with its line. Exit code 1 if there is one.
    Check {
        /// The file.
        file: PathBuf,
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Prints every field that a file changes, adds or withdraws: against the built-in records, or against an older file.
    Diff {
        /// The newer file.
        new: PathBuf,
        /// The older file. The built-in records if not given.
        old: Option<PathBuf>,
        /// Prints JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
}

/// Runs `largesse rails`.
pub fn run(arguments: &RailsArguments) -> CommandResult {
    match &arguments.task {
        RailsTask::Show => Ok(super::config::print(rails::book::BUILT_IN)),
        RailsTask::List { at, file, json } => {
            let book = match file {
                Some(file) => RailBook::built_in().overlaid(read(file)?),
                None => RailBook::built_in(),
            };
            let at = at.unwrap_or_else(Timestamp::now);
            if *json {
                println!("{}", serde_json::to_string_pretty(&listed(&book, at))?);
            } else {
                list(&book, at);
            }
            Ok(ExitCode::SUCCESS)
        }
        RailsTask::Check { file, json } => match check(&text(file)?) {
            Ok(book) => {
                let count: usize = book.ids().map(|id| book.records(id).len()).sum();
                checked::sound(&format!("{} of {}", counted(count, "record"), counted(book.ids().count(), "rail")), *json)
            }
            Err(faults) => {
                let faults: Vec<String> = faults.iter().map(|fault| format!("{}: {fault}", file.display())).collect();
                checked::problems(&faults, *json)
            }
        },
        RailsTask::Diff { new, old, json } => {
            let built_in = RailBook::built_in();
            let (old, new) = match old {
                Some(old) => (built_in.clone().overlaid(read(old)?), built_in.overlaid(read(new)?)),
                None => (built_in.clone(), built_in.overlaid(read(new)?)),
            };
            checked::changes(&diff(&old, &new), *json)
        }
    }
}

fn text(file: &Path) -> Result<String, UntypedError> {
    files::text(file, rails::book::FILE_BYTES_MAX)
}

fn read(file: &Path) -> Result<RailBook, UntypedError> {
    check(&text(file)?).map_err(|faults| {
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        format!("{}: {first}; {} in all: `largesse rails check` prints them", file.display(), counted(faults.len(), "problem")).into()
    })
}

fn list(book: &RailBook, at: Timestamp) {
    println!("{:<16} {:<14} {:<8} {:<38} {:<26} name", "rail", "currency", "speed", "cap of the scheme", format!("at {at:.0}"));
    for id in book.ids() {
        let Some(record) = book.record_at(id, at) else {
            println!("{id:<16} has no record that is valid at this moment");
            continue;
        };
        let many = record.currencies.len() > 1;
        let currency = record.currencies.first().map_or("-", |first| first.code());
        let currency = if many { format!("{currency} and {}", record.currencies.len() - 1) } else { currency.to_owned() };
        println!("{id:<16} {currency:<14} {:<8} {:<38} {:<26} {}", speed(record), cap(record, at), open(book, record, at), record.name);
    }
}

/// The same as JSON.
fn listed(book: &RailBook, at: Timestamp) -> Value {
    let rail = |id: &str| match book.record_at(id, at) {
        Some(record) => json!({
            "rail": id, "name": record.name, "currencies": record.currencies.iter().map(|currency| currency.code()).collect::<Vec<_>>(),
            "speed": speed(record), "scheme_cap": cap(record, at), "opens": open(book, record, at),
        }),
        None => json!({ "rail": id, "name": null, "currencies": [], "speed": null, "scheme_cap": null, "opens": null }),
    };
    json!({ "at": at.to_string(), "rails": book.ids().map(rail).collect::<Vec<_>>() })
}

/// The scheme's caps on that day, without those that are the same in several currencies.
fn cap(record: &RailRecord, at: Timestamp) -> String {
    let day = record.zone.to_datetime(at).date();
    let mut caps: Vec<String> = record.currencies.iter().map(|currency| record.scheme_cap(*currency, day).to_string()).collect();
    caps.sort();
    caps.dedup();
    // The amount stands for what is worth as much.
    if let [amount, equivalent] = &caps[..]
        && equivalent.strip_prefix("equivalent of ") == Some(amount)
    {
        return equivalent.clone();
    }
    caps.join(", ")
}

fn speed(record: &RailRecord) -> &'static str {
    match (record.instant, &record.speed) {
        (InstantKind::Yes, _) => "seconds",
        (InstantKind::Partly, _) => "partly",
        (InstantKind::Near, _) => "minutes",
        // Within minutes as a rule, and no promise.
        (InstantKind::No, RailSpeed::Seconds { .. }) => "hours",
        (InstantKind::No, RailSpeed::Windows(_)) => "days",
    }
}

/// Whether it takes payments, or when it does next.
fn open(book: &RailBook, record: &RailRecord, at: Timestamp) -> String {
    let next = record.next_open(book.calendars(), at, false);
    next.map_or_else(
        |gap| gap.to_string(),
        |next| {
            if next == at {
                "open".to_owned()
            } else {
                format!("from {}", next.to_zoned(record.zone.clone()).strftime("%a %d %b %H:%M %Z"))
            }
        },
    )
}
