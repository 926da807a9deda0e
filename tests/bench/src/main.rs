//! `largesse-bench`: how fast a gift is, as ratios to a bare server on the same machine in the same minute. `largesse bench` runs it.
use bench::{
    measure::echo,
    options::{BookSize, Options},
    plan::BenchRow,
};
use clap::{Args, Parser, Subcommand, ValueEnum};
use runtime::command::{self, CommandResult};
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

#[cfg(test)]
mod tests;

/// The same allocator as the production binary, so that the bare server is not slower because of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Printed after the options.
const EXPLANATION: &str = "\
Largesse and a bare gRPC server, each a process of its own, are called over loopback TCP in turns. Each line of the comparison says what was measured
here, what it is compared with, the ratio (the median over the alternations), and whether the goal for this database is met. Every gift is durable
before it is answered; at the end the server is killed, and every gift it has accepted must be in the ledger once. Needs an otherwise idle machine.

On PostgreSQL, name a server on this machine and a directory on the same disk; it must allow 100 connections and, for --stored, the creation of databases
(largesse_bench_..., which an interrupted run leaves behind):
  largesse bench --database postgres://postgres@localhost/bench --work-dir /var/tmp --baseline postgres-naive --stored

A large book that is filled once and used again:
  largesse bench --rows stored --stored-dir /var/tmp/large";

/// Measures how fast a gift is, as ratios to a bare server on the same machine.
#[derive(Parser)]
#[command(name = "largesse-bench", version, args_conflicts_with_subcommands = true)]
struct BenchCommand {
    #[command(subcommand)]
    server: Option<BareServer>,
    #[command(flatten)]
    arguments: MeasureArguments,
}

/// Commands with which this binary starts itself.
#[derive(Subcommand)]
enum BareServer {
    /// The bare server with which gifts are compared.
    #[command(hide = true, name = echo::ECHO)]
    Echo,
}

/// What to measure.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct MeasureArguments {
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; when not given, a new SQLite directory, removed afterwards. In a given database a new book is created, and
    /// stays.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Directory in which that new directory is created, and where the disk is measured; the system's temporary directory when not given. Must be on a disk,
    /// with PostgreSQL on the server's.
    #[arg(long, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// Seconds per measurement in each alternation, 0.1 to 60.
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub seconds: Duration,
    /// How often each measurement is repeated, alternating with its comparison, 1 to 100.
    #[arg(long, visible_alias = "rounds", default_value = "5", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub alternations: u16,
    /// What to measure; everything but `stored` and `naive` when not given. `telemetry` starts servers of its own.
    #[arg(long, visible_alias = "only", value_enum, value_delimiter = ',', value_name = "ROW,...")]
    pub rows: Vec<BenchRow>,
    /// Measures an alternative implementation on the same server as well: `postgres-naive`, one transaction per gift.
    #[arg(long, value_enum, value_name = "NAME")]
    pub baseline: Option<Baseline>,
    /// Measures a book with many accounts and transfers beside an empty one, its restart after a kill, and its memory. Filling it takes minutes, and gigabytes
    /// in --work-dir or, with PostgreSQL, in a database of its own; they are removed afterwards.
    #[arg(long)]
    pub stored: bool,
    /// Accounts in that book, two fifths of them viewers.
    #[arg(long, default_value = "10000000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(10..=100_000_000))]
    pub stored_accounts: u64,
    /// Transfers in that book, two of which are a gift.
    #[arg(long, default_value = "20000000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub stored_transfers: u64,
    /// Keeps that book here, and reuses one that an earlier run kept, with what that run's measurements added.
    #[arg(long, value_name = "DIR")]
    pub stored_dir: Option<PathBuf>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Fails when a goal is missed.
    #[arg(long)]
    pub assert: bool,
}

/// An alternative implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Baseline {
    /// One PostgreSQL transaction per gift: both people's rows locked, two transfers, the id stored. Needs --database postgres://….
    PostgresNaive,
}

impl MeasureArguments {
    /// The run's options, or what is wrong with these arguments.
    pub fn into_options(self) -> Result<Options, String> {
        let mut rows = if self.rows.is_empty() { BenchRow::STANDARD.to_vec() } else { self.rows };
        rows.extend(self.stored.then_some(BenchRow::Stored));
        rows.extend(self.baseline.map(|Baseline::PostgresNaive| BenchRow::Naive));
        rows.sort_unstable();
        rows.dedup();
        let postgres = self.database.as_deref().is_some_and(|database| database.starts_with("postgres"));
        if rows.contains(&BenchRow::Naive) && !postgres {
            return Err("--baseline postgres-naive needs --database postgres://…: it runs on the same server".to_owned());
        }
        let stored = BookSize { accounts: self.stored_accounts, transfers: self.stored_transfers, dir: self.stored_dir };
        if let Some(problem) = stored.problem().filter(|_| rows.contains(&BenchRow::Stored)) {
            return Err(problem);
        }
        Ok(Options {
            database: self.database,
            work_dir: self.work_dir.unwrap_or_else(std::env::temp_dir),
            slice: self.seconds,
            rounds: usize::from(self.alternations),
            rows,
            stored,
        })
    }
}

/// Measures and prints. Fails when an accepted gift is missing in the ledger or the journal does not verify.
pub async fn run(arguments: MeasureArguments) -> CommandResult {
    let (json, assert) = (arguments.json, arguments.assert);
    let options = arguments.into_options()?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let report = tokio::select! {
        report = bench::run(options, |progress| eprintln!("{progress}")) => report?,
        // Dropping the run ends its servers and removes its directory.
        _ = terminate.recv() => return Err("stopped".into()),
        _ = interrupt.recv() => return Err("stopped".into()),
    };
    if json {
        println!("{:#}", report.to_json());
    } else {
        print!("{}", report.to_text());
    }
    if let Some(problem) = report.problem() {
        return Err(problem.into());
    }
    let missed = report.missed();
    for judged in &missed {
        eprintln!("{} is {:.3}, its {} is {}", judged.key, judged.value, judged.word, judged.bound);
    }
    Ok(if assert && !missed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if (0.1..=60.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err("0.1 to 60".to_owned()) }
}

fn main() -> ExitCode {
    let BenchCommand { server, arguments } = BenchCommand::parse();
    match server {
        Some(BareServer::Echo) => command::run("largesse-bench echo", async { echo::serve().await.map(|()| ExitCode::SUCCESS) }),
        None => command::run("largesse-bench", run(arguments)),
    }
}
