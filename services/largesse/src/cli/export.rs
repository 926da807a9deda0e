//! `largesse export`: a book's journal as CSV.
use crate::cli::{
    moment,
    settings::{AuditedDatabase, DatabaseArgument},
    staff::StaffArguments,
};
use clap::Args;
use db::Database;
use jiff::Timestamp;
use monitor::audit;
use operations::{
    acts::{AuditLog, TerminalAct},
    export::{self, ExportEnd, ExportRange, fields::FieldSources},
};
use runtime::command::{self, CommandResult, UntypedError};
use serde_json::json;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Printed after the options.
const EXPLANATION: &str = "\
The command reads the ledger's tables, so run it where the database is; services may be running. The audit log records who exported what and why, so --reason is
required. Auditors find this record with ListActs. If the audit log can't be written, as on a backup, nothing is exported without --unrecorded, which needs no
reason. Times are those at which the ledger accepted a posting; the files of consecutive periods together are the file of the whole period. Only rows with the
transfer_kind POSTED and POST_OF_PENDING move money: deploy/MOVING.md has the columns and says how they add up.
Exit codes: 0 the file is complete, or its reader closed it; 1 it could not be written; 2 the command line or the settings are invalid, or there is no reason.

  largesse export --book app-us --from 2026-11-01 --until 2026-12-01 --fields --output 2026-11.csv --by fay --reason 'close of November'
  largesse export --book app-us --account creator/bob/diamonds --by sam --reason 'ticket 4711'";

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
    #[command(flatten)]
    pub staff: StaffArguments,
}

/// The error when there is no audit log.
const NO_LOG: &str = "every export is recorded in the audit log, and there is none to write to: the support service has no tables in this database, or it is \
    a backup; nothing is exported. --unrecorded exports without a record";

/// The error when the audit log could not say why.
const NO_REASON: &str =
    "every export is recorded in the audit log with its reason: give --reason, 8 to 500 bytes; --unrecorded exports without a record";

/// Writes the rows between two lines of the audit log, and prints their number to the standard error.
pub async fn run(place: AuditedDatabase, arguments: ExportArguments) -> CommandResult {
    if let (Some(from), Some(until)) = (arguments.from, arguments.until)
        && from >= until
    {
        return Ok(command::misused(&"--until must be after --from"));
    }
    if arguments.staff.reason.is_none() && !arguments.staff.unrecorded {
        return Ok(command::misused(&NO_REASON));
    }
    let database = Database::parse(&place.address)?;
    let ended = if arguments.staff.unrecorded {
        exported(&database, &arguments).await?
    } else {
        // Before the audit log, so that an invalid database is reported as such.
        audit::open(&database).await?;
        let Some(log) = AuditLog::open(&database, place.heads_dir.as_deref()).await? else { return Err(NO_LOG.into()) };
        let user_id = arguments.account.as_deref().and_then(export::owner_of).unwrap_or_default().to_owned();
        let act = TerminalAct { name: "largesse export", book: arguments.book.clone(), user_id, request_json: request(&arguments) };
        let exporting = async { Ok((exported(&database, &arguments).await?, BTreeSet::new())) };
        log.recorded(&arguments.staff.actor(), &act, exporting).await?
    };
    match ended {
        ExportEnd::Whole(rows) => eprintln!("{}: {rows} transfers", arguments.book),
        ExportEnd::BrokenPipe => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// What was asked for, as the audit log keeps it.
fn request(arguments: &ExportArguments) -> String {
    let ExportArguments { from, until, from_seq, until_seq, account, fields, output, .. } = arguments;
    let time = |moment: &Option<Timestamp>| moment.map(|moment| moment.to_string());
    json!({
        "from": time(from), "until": time(until), "fromSeq": from_seq, "untilSeq": until_seq, "account": account, "fields": fields,
        "output": output.display().to_string(),
    })
    .to_string()
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
