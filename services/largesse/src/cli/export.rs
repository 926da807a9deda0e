//! `largesse export`: a book's journal as CSV.
use crate::cli::{
    moment,
    settings::{AuditedDatabase, DatabaseArgument},
    staff::StaffArguments,
    staff_service::CallerArguments,
};
use api::monitor::ExportJournalRequest;
use clap::Args;
use db::Database;
use jiff::Timestamp;
use monitor::{
    audit,
    export::{ExportRange, fields::FieldSources, owner_of},
};
use operations::{
    acts::{AuditLog, TerminalAct},
    export::{self, ExportCaller, ExportEnd},
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
With --url a running monitor makes the file and sends it: for the roles finance, auditor and admin, with the token in --token-file. Without --url the command reads
the ledger's tables, so run it where the database is; services may be running. Either way the audit log records who exported what and why, so --reason is required. Auditors find this record with ListActs. If the audit log can't be written, as on a backup, nothing is exported without --unrecorded, which needs no
reason. Times are those at which the ledger accepted a posting; the files of consecutive periods together are the file of the whole period. Only rows with the
transfer_kind POSTED and POST_OF_PENDING move money: deploy/MOVING.md has the columns and says how they add up.
Exit codes: 0 the file is complete, or its reader closed it; 1 it could not be written; 2 the command line or the settings are invalid, or there is no reason.

  largesse export --book app-us --from 2026-11-01 --until 2026-12-01 --fields --output 2026-11.csv --by fay --reason 'close of November'
  largesse export --url http://127.0.0.1:7070 --token-file fay.token --book app-us --from 2026-11-01 --until 2026-12-01 --fields --reason 'close of November'
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
    /// gRPC address of a process with the monitor service, which makes the file. The audit log has the name in the token.
    #[arg(long, value_name = "URL", requires = "token_file", conflicts_with_all = ["database", "from_seq", "until_seq", "by", "unrecorded"])]
    pub url: Option<String>,
    /// With --url: file with the token of a member of staff.
    #[arg(long, env = "LARGESSE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// With --url: CA certificates (PEM) to verify https:// addresses with; by default those of the system.
    #[arg(long, value_name = "FILE", requires = "url")]
    pub ca: Option<PathBuf>,
    #[command(flatten)]
    pub staff: StaffArguments,
}

/// The error when there is no audit log.
const NO_LOG: &str = "every export is recorded in the audit log, and there is none to write to: the support service has no tables in this database, or it is \
    a backup; nothing is exported. --unrecorded exports without a record";

/// The error when a monitor is asked without a token.
const NO_TOKEN: &str = "--url needs --token-file, the token of a member of staff";

/// The error when a monitor is asked without a reason.
const NO_REASON_TO_SEND: &str = "every export is recorded in the audit log with its reason: give --reason, 8 to 500 bytes";

/// The error when the audit log could not say why.
const NO_REASON: &str =
    "every export is recorded in the audit log with its reason: give --reason, 8 to 500 bytes; --unrecorded exports without a record";

/// Has a running monitor make the file, and prints the number of its transfers to the standard error.
pub async fn ask(arguments: ExportArguments) -> CommandResult {
    if let Some(wrong) = wrong_period(&arguments) {
        return Ok(command::misused(&wrong));
    }
    let (Some(url), Some(token_file)) = (&arguments.url, &arguments.token_file) else { return Ok(command::misused(&NO_TOKEN)) };
    let Some(reason) = &arguments.staff.reason else { return Ok(command::misused(&NO_REASON_TO_SEND)) };
    let caller = CallerArguments { url: url.clone(), token_file: token_file.clone(), reason: reason.clone(), ca: arguments.ca.clone() };
    let (transport, token) = match caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let time = |moment: Timestamp| rpc::wire::timestamp_us(moment.as_microsecond());
    let asked = ExportJournalRequest {
        book: arguments.book.clone(),
        from: arguments.from.map(time),
        until: arguments.until.map(time),
        account: arguments.account.clone().unwrap_or_default(),
        fields: arguments.fields,
    };
    let ended = ExportCaller { transport, token: &token, reason }.export(asked, &arguments.output).await?;
    shown(&arguments, ended);
    Ok(ExitCode::SUCCESS)
}

/// Writes the rows between two lines of the audit log, and prints their number to the standard error.
pub async fn run(place: AuditedDatabase, arguments: ExportArguments) -> CommandResult {
    if let Some(wrong) = wrong_period(&arguments) {
        return Ok(command::misused(&wrong));
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
        let user_id = arguments.account.as_deref().and_then(owner_of).unwrap_or_default().to_owned();
        let act = TerminalAct { name: "largesse export", book: arguments.book.clone(), user_id, request_json: request(&arguments) };
        let exporting = async { Ok((exported(&database, &arguments).await?, BTreeSet::new())) };
        log.recorded(&arguments.staff.actor(), &act, exporting).await?
    };
    shown(&arguments, ended);
    Ok(ExitCode::SUCCESS)
}

fn wrong_period(arguments: &ExportArguments) -> Option<&'static str> {
    let (from, until) = (arguments.from?, arguments.until?);
    (from >= until).then_some("--until must be after --from")
}

fn shown(arguments: &ExportArguments, ended: ExportEnd) {
    match ended {
        ExportEnd::Whole(rows) => eprintln!("{}: {rows} transfers", arguments.book),
        ExportEnd::BrokenPipe => {}
    }
}

/// A moment as the ledger counts.
fn micros(moment: Option<Timestamp>) -> Option<i64> {
    moment.map(Timestamp::as_microsecond)
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
        ExportRange::of_times(&*store, book, micros(arguments.from), micros(arguments.until)).await?
    } else {
        ExportRange { from_seq: arguments.from_seq, until_seq: arguments.until_seq, ..ExportRange::default() }
    };
    let fields = if arguments.fields { Some(FieldSources::open(database).await?) } else { None };
    let range = ExportRange { account: arguments.account.clone(), fields, ..range };
    if arguments.output == Path::new("-") {
        export::export(store, book, &range, std::io::stdout().lock()).await
    } else {
        export::to_file(store, book, &range, &arguments.output).await
    }
}
