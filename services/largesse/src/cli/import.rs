//! `largesse import`: postings from a CSV into a book of a running ledger.
use crate::cli::{
    settings::{GivenSettings, identity_key},
    staff::StaffArguments,
};
use api::{ledger::ledger_service_client::LedgerServiceClient, support::support_service_client::SupportServiceClient};
use clap::Args;
use identity::{BookScope, Grant, Role};
use money::{BookName, UserKey};
use operations::import::{self, ImportCounts, ImportTarget, record};
use runtime::command::CommandResult;
use std::{fs::File, io::BufReader, path::PathBuf, process::ExitCode, time::Duration};

/// Long enough for a large file.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3600);
/// The subject of the token: the ledger does not let the services' own subjects import.
const SUBJECT: &str = "import";

/// Printed after the options.
const EXPLANATION: &str = "\
A posting is imported completely or not at all. All of its rows must be in the file, one after the other. If a file was sorted or truncated, or has the
transfers of one account only, this is detected, and no incomplete posting is sent. Postings that the book already has are not posted again. This applies if
they were imported before (even through another book), and if the file was exported from this same book. Holds are left out. Imported postings are marked,
so that `verify` expects no purchases and payouts for them, and reports their sums.
Repeating the import is safe. Exit code 1: some postings of the file are not in the book; each of them is reported with its line.";

/// Options of `largesse import`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct ImportArguments {
    /// A file that `largesse export` wrote without `--account`.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The book to import into.
    #[arg(long, value_name = "BOOK", value_parser = super::book)]
    pub book: BookName,
    /// The running ledger's gRPC address.
    #[arg(long, default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub url: String,
    /// The gRPC address of the support service, which writes the audit log; by default the address of `--url`.
    #[arg(long, value_name = "URL")]
    pub support_url: Option<String>,
    #[command(flatten)]
    pub given: GivenSettings,
    /// Directory with the installation's identity key; by default the setting `data_dir`.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Change nothing; report for each posting whether it would be accepted, assuming that all postings before it are accepted.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub staff: StaffArguments,
}

/// Runs the import. Exit code 1 when some postings of the file are not in the book.
pub async fn run(arguments: ImportArguments) -> CommandResult {
    let ImportArguments { file, book, url, support_url, given, data_dir, dry_run, staff } = arguments;
    let data_dir = match data_dir {
        Some(dir) => dir,
        None => given.gather()?.read()?.config.data_dir,
    };
    let faulty = |error: std::io::Error| format!("{}: {error}", file.display());
    let input = BufReader::new(File::open(&file).map_err(faulty)?);
    let books = BookScope::Only(vec![book.clone()]);
    let grant = Grant { subject: UserKey::try_new(SUBJECT)?, role: Role::Service, app: String::new(), books };
    let token = identity_key(&data_dir)?.issue(&grant, TOKEN_TTL)?;
    let client = LedgerServiceClient::new(rpc::connect(&url)?).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX);
    let mut target = ImportTarget { client, token, book: book.to_string(), dry_run };
    let tell = |what: String| eprintln!("{what}");
    let counts = if staff.unrecorded || dry_run {
        import::import(&mut target, input, tell).await?
    } else {
        let support = SupportServiceClient::new(rpc::connect(support_url.as_deref().unwrap_or(&url))?);
        record::recorded(&mut target, support, &staff.actor(), &file, tell).await?
    };
    let ImportCounts { imported, there, left_out, refused, bad } = counts;
    let done = if dry_run { "would be imported" } else { "imported" };
    println!("{book}: {imported} postings {done}, {there} there before, {left_out} of holds left out");
    println!("{book}: {refused} refused, {bad} incomplete or with lines that can't be read");
    Ok(if counts.whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
