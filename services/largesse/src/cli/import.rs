//! `largesse import`: postings from a CSV into a book of a running ledger.
use api::ledger::ledger_service_client::LedgerServiceClient;
use clap::Args;
use identity::{BookScope, Grant, Issuer, Role};
use money::{BookName, UserKey};
use operations::import::{self, ImportTarget};
use runtime::command::CommandResult;
use std::{fs::File, io::BufReader, path::PathBuf, process::ExitCode, time::Duration};

/// As long as a large file takes.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3600);

/// Options of `largesse import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
    /// As `largesse export` writes it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Which book.
    #[arg(long, value_name = "BOOK")]
    pub book: String,
    /// The running ledger's gRPC address.
    #[arg(long, default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub url: String,
    /// Directory with the installation's identity key.
    #[arg(long, default_value = "data", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Only say what would become of each posting, on the book as it is now; change nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Exit code 1 when something of the file is not in the book.
pub async fn run(arguments: ImportArguments) -> CommandResult {
    let told = |error: std::io::Error| format!("{}: {error}", arguments.file.display());
    let file = BufReader::new(File::open(&arguments.file).map_err(told)?);
    let books = BookScope::Only(vec![BookName::try_new(&arguments.book)?]);
    let grant = Grant { subject: UserKey::try_new("import")?, role: Role::Service, app: String::new(), books };
    let token = Issuer::load_or_create(&arguments.data_dir)?.issue(&grant, TOKEN_TTL)?;
    let client = LedgerServiceClient::new(rpc::connect(&arguments.url)?).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX);
    let mut target = ImportTarget { client, token, book: arguments.book, dry_run: arguments.dry_run };
    let counts = import::import(&mut target, file, |what| eprintln!("{what}")).await?;
    let import::ImportCounts { imported, there, left_out, refused, bad } = counts;
    let done = if arguments.dry_run { "would be imported" } else { "imported" };
    println!("{}: {imported} postings {done}, {there} there before, {left_out} of holds left out", target.book);
    println!("{}: {refused} refused, {bad} with lines that can't be read", target.book);
    Ok(if counts.whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
