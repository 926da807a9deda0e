//! `largesse replay`: a recording against an installation.
use clap::Args;
use demo::{
    fleet::{self, Fleet},
    installation::Installation,
    replay::{self, ReplayReport},
};
use identity::Service;
use money::BookName;
use runtime::command::{CommandResult, UntypedError};
use runtime::{Options, Runtime};
use std::{path::PathBuf, process::ExitCode};

/// Options of `largesse replay`.
#[derive(Debug, Args)]
pub struct ReplayArguments {
    /// JSON lines of live gift events: msg, room, from_user, to_user, gift_id, group_id, repeat_count, repeat_end, combo.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME` of the installation to start; a new one in a temporary directory when not given.
    #[arg(long, env = "LARGESSE_DATABASE", value_name = "URL")]
    pub database: Option<String>,
    /// Start one process for each service.
    #[arg(long)]
    pub split: bool,
    /// A running sandbox's gRPC address instead of starting one; needs --data-dir and --store-url.
    #[arg(long, value_name = "URL", conflicts_with_all = ["database", "split"], requires_all = ["data_dir", "store_url"])]
    pub url: Option<String>,
    /// The running sandbox's app store.
    #[arg(long, value_name = "URL")]
    pub store_url: Option<String>,
    /// Directory with the sandbox's keys; the embedded database's own when not given.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The TEST book to work on.
    #[arg(long, default_value = "demo")]
    pub book: String,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// Runs the recording.
pub async fn run(arguments: ReplayArguments) -> CommandResult {
    let events = replay::read(&arguments.file)?;
    let book = BookName::try_new(&arguments.book)?;
    let report = if let (Some(url), Some(store_url), Some(data_dir)) = (&arguments.url, &arguments.store_url, &arguments.data_dir) {
        let urls = Service::ALL.into_iter().map(|service| (service, url.clone())).collect();
        replay::run(&Installation::at(&urls, data_dir, book, store_url.clone(), String::new())?, &events).await?
    } else {
        let temporary = tempfile::tempdir()?;
        let sqlite_dir = arguments.database.as_deref().and_then(|url| url.strip_prefix("sqlite:")).map(PathBuf::from);
        let data_dir = arguments.data_dir.clone().or(sqlite_dir).unwrap_or_else(|| temporary.path().to_owned());
        let database = arguments.database.clone().unwrap_or_else(|| format!("sqlite:{}", data_dir.display()));
        if arguments.split { split(database, data_dir, book, &events).await? } else { inside(database, data_dir, book, &events).await? }
    };
    print(&report, arguments.json)?;
    Ok(ExitCode::SUCCESS)
}

async fn inside(
    database: String,
    data_dir: PathBuf,
    book: BookName,
    events: &[replay::RecordedEvent],
) -> Result<ReplayReport, UntypedError> {
    let options = Options { database, books: vec![book.to_string()], ..Options::sandbox(data_dir) };
    let runtime = Runtime::start(options).await?;
    let report = replay::run(&Installation::inside(&runtime, book)?, events).await;
    runtime.shutdown().await;
    report
}

async fn split(
    database: String,
    data_dir: PathBuf,
    book: BookName,
    events: &[replay::RecordedEvent],
) -> Result<ReplayReport, UntypedError> {
    let options = fleet::Options {
        binary: std::env::current_exe()?,
        database,
        data_dir,
        book: book.to_string(),
        split: true,
        services: Service::ALL.to_vec(),
        environment: Vec::new(),
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
    Ok(())
}
