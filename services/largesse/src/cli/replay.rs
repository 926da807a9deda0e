//! `largesse replay`: sends a recording to an installation.
use super::{interruption::Interruption, settings::identity_key};
use clap::Args;
use demo::{
    fleet::{self, Fleet},
    installation::Installation,
    replay::{self, RecordedEvent, Recording, ReplayReport},
    scratch,
};
use identity::Service;
use money::BookName;
use runtime::command::{CommandResult, UntypedError};
use runtime::{Options, Runtime};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Options of `largesse replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// JSON lines of live gift events with the fields msg, room, from_user, to_user, gift_id, group_id, repeat_count, repeat_end and combo. If a gift is not in
    /// the catalogue, or had another price, add diamond_count (its price in coins) and gift_name. If this command starts the installation, gifts cost what they
    /// cost in the recording.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME` of the installation to start; by default a new database in a temporary directory.
    #[arg(long, env = "LARGESSE_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,
    /// Start one process for each service.
    #[arg(long)]
    pub split: bool,
    /// Address (gRPC) of a running sandbox to use instead of starting one; needs --data-dir and --store-url.
    #[arg(long, value_name = "URL", conflicts_with_all = ["database", "split"], requires_all = ["data_dir", "store_url"])]
    pub url: Option<String>,
    /// Address of the running sandbox's app store.
    #[arg(long, value_name = "URL")]
    pub store_url: Option<String>,
    /// Directory with the sandbox's keys; by default the directory of the SQLite database.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The TEST book to use.
    #[arg(long, default_value = "demo")]
    pub book: String,
    /// Skip lines that can't be sent, and list them. Without this option the first such line ends the run before anything is sent.
    #[arg(long)]
    pub skip_bad: bool,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// Replays the recording.
pub async fn run(arguments: ReplayArguments) -> CommandResult {
    let recording = if arguments.skip_bad { Recording::read(&arguments.file)? } else { strict(&arguments.file)? };
    for bad in &recording.bad {
        eprintln!("left out: {bad}");
    }
    let events = recording.events;
    let book = BookName::try_new(&arguments.book)?;
    let report = if let (Some(url), Some(store_url), Some(data_dir)) = (&arguments.url, &arguments.store_url, &arguments.data_dir) {
        // It signs tokens that the installation must trust.
        identity_key(data_dir)?;
        let urls = Service::ALL.into_iter().map(|service| (service, url.clone())).collect();
        replay::run(&Installation::at(&urls, data_dir, book, store_url.clone(), String::new())?, &events).await?
    } else {
        match started(&arguments, book, &events).await? {
            Ok(report) => report,
            Err(code) => {
                eprintln!("largesse: the replay was interrupted, and everything it started was stopped");
                return Ok(ExitCode::from(code));
            }
        }
    };
    let report = ReplayReport { skipped: recording.bad.len(), ..report };
    print(&report, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

fn strict(file: &Path) -> Result<Recording, UntypedError> {
    Ok(Recording { events: replay::read(file)?, bad: Vec::new() })
}

/// Starts an installation that sells the recorded gifts, and replays the recording there; or returns the exit code after a signal.
async fn started(arguments: &ReplayArguments, book: BookName, events: &[RecordedEvent]) -> Result<Result<ReplayReport, u8>, UntypedError> {
    let text = replay::catalogue(events)?;
    let mut signals = Interruption::listen()?;
    let temporary = tempfile::Builder::new().prefix("largesse-replay-").tempdir()?;
    let catalogue = temporary.path().join("recorded-gifts.toml");
    std::fs::write(&catalogue, text)?;
    let sqlite_dir = arguments.database.as_deref().and_then(|url| url.strip_prefix("sqlite:")).map(PathBuf::from);
    let data_dir = arguments.data_dir.clone().or(sqlite_dir).unwrap_or_else(|| temporary.path().to_owned());
    let database = arguments.database.clone().unwrap_or_else(|| format!("sqlite:{}", data_dir.display()));
    let place = ReplayPlace { database, data_dir, book, catalogue };
    let replayed = async { if arguments.split { split(place, events).await } else { inside(place, events).await } };
    // A signal comes first: what fails at the same moment may fail because of it.
    let report = tokio::select! {
        biased;
        code = signals.code() => Ok(Err(code)),
        report = replayed => report.map(Ok),
    };
    scratch::remove(temporary).await?;
    report
}

/// The directories of an installation that is started for a recording.
struct ReplayPlace {
    database: String,
    data_dir: PathBuf,
    book: BookName,
    /// Its gift catalogue.
    catalogue: PathBuf,
}

async fn inside(place: ReplayPlace, events: &[RecordedEvent]) -> Result<ReplayReport, UntypedError> {
    let ReplayPlace { database, data_dir, book, catalogue } = place;
    let mut options = Options { database, books: vec![book.to_string()], ..Options::sandbox(data_dir) };
    options.settings.gift.catalogue = Some(catalogue);
    let runtime = Runtime::start(options).await?;
    let report = replay::run(&Installation::inside(&runtime, book)?, events).await;
    runtime.shutdown().await;
    report
}

async fn split(place: ReplayPlace, events: &[RecordedEvent]) -> Result<ReplayReport, UntypedError> {
    let ReplayPlace { database, data_dir, book, catalogue } = place;
    let options = fleet::Options {
        binary: std::env::current_exe()?,
        database,
        data_dir,
        book: book.to_string(),
        split: true,
        services: Service::ALL.to_vec(),
        environment: vec![("LARGESSE_GIFT_CATALOGUE".to_owned(), catalogue.display().to_string())],
        bank_line: None,
    };
    let fleet = Fleet::start(options).await?;
    let report = replay::run(&Installation::of_fleet(&fleet, book)?, events).await;
    fleet.stop().await?;
    report
}

fn print(report: &ReplayReport, json: bool) -> Result<(), UntypedError> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    let ReplayReport { events, bought_coins, replayed, free, refused, .. } = report;
    println!("{events} events, {bought_coins} coins bought, {replayed} answered before, {free} worth nothing");
    for (reason, count) in refused {
        println!("refused {count}: {reason}");
    }
    for (creator, diamonds) in &report.creators {
        println!("creator {creator} has {diamonds} diamonds");
    }
    println!("charged {} coins in {} postings", report.charged_coins, report.postings);
    if report.skipped > 0 {
        println!("{} lines were left out", report.skipped);
    }
    if !report.unknown_gifts.is_empty() {
        let unknown: Vec<String> = report.unknown_gifts.iter().map(ToString::to_string).collect();
        println!("not in the installation's catalogue: {}", unknown.join(", "));
    }
    if !report.catalogue.is_empty() {
        println!(
            "a catalogue that has them, for gift.catalogue there (events that were refused keep that answer for a week):\n\n{}",
            report.catalogue
        );
    }
    Ok(())
}
