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
Largesse and a bare gRPC server, in separate processes, are called alternately over loopback TCP. Each line of the comparison says what was measured, what
it is compared with, the ratio (the median over the alternations), and whether the goal for this database is met. Every gift is durable before it is
answered. At the end the server is killed, and every gift that it accepted must be in the ledger once. Run this on an otherwise idle machine.

With PostgreSQL, name a server on this machine and a directory on the same disk. The server must accept 100 connections and, for --stored, allow the user to
create databases (largesse_bench_...; an interrupted run does not remove them):
  largesse bench --database postgres://postgres@localhost/bench --work-dir /var/tmp --baseline postgres-naive --stored

A large book that is filled once and reused by later runs:
  largesse bench --rows stored --stored-dir /var/tmp/large

Find in a book of ten million gifts, which takes some minutes to fill and to audit:
  largesse bench --rows find --stored-accounts 1000000 --stored-transfers 20400000";

/// Measures how fast gifts are, as ratios to a bare server on the same machine.
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
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; by default a new SQLite directory, which is removed afterwards. In a database that you name, the command
    /// creates a new book, which is not removed.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Directory in which the new SQLite directory is created and the speed of the disk is measured; by default the system's temporary directory. It must be on
    /// a real disk; with PostgreSQL, on the disk with the server's data.
    #[arg(long, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// Seconds that each measurement takes in each alternation, 0.1 to 60.
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub seconds: Duration,
    /// How many times each measurement is taken, alternating with the measurement that it is compared with, 1 to 100.
    #[arg(long, visible_alias = "rounds", default_value = "5", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub alternations: u16,
    /// What to measure; by default all rows but `stored`, `hostile`, `viewers`, `find`, `payouts`, `payout_run`, `payout_run_bulk` and `naive`. `telemetry` and `viewers`
    /// start separate servers.
    #[arg(long, visible_alias = "only", value_enum, value_delimiter = ',', value_name = "ROW,...")]
    pub rows: Vec<BenchRow>,
    /// Also measures an alternative implementation on the same server: `postgres-naive`, one transaction per gift.
    #[arg(long, value_enum, value_name = "NAME")]
    pub baseline: Option<Baseline>,
    /// Also measures a book with many accounts and transfers, compared with an empty one, its restart after a kill, and its memory. Filling the book takes
    /// minutes, and gigabytes in --work-dir or, with PostgreSQL, in a new database; they are removed afterwards.
    #[arg(long)]
    pub stored: bool,
    /// Accounts in the book of --stored; two fifths are viewers.
    #[arg(long, default_value = "10000000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(10..=100_000_000))]
    pub stored_accounts: u64,
    /// Transfers in the book of --stored; each gift is two transfers.
    #[arg(long, default_value = "20000000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub stored_transfers: u64,
    /// Keeps the book of --stored in this directory. If an earlier run kept a book here, uses this book again; the gifts that earlier runs sent are in it
    /// too.
    #[arg(long, value_name = "DIR")]
    pub stored_dir: Option<PathBuf>,
    /// Payouts that the row `payouts` requests, 20 a second.
    #[arg(long, default_value = "1000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub payouts: u64,
    /// Creators whom the rows `payout_run` and `payout_run_bulk` pay.
    #[arg(long, default_value = "100000", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub run_creators: u64,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Exits with 1 if a goal is missed.
    #[arg(long)]
    pub assert: bool,
}

/// An alternative implementation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Baseline {
    /// One PostgreSQL transaction per gift, which locks both people's rows and writes two transfers and the id. Needs --database postgres://….
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
        if let Some(problem) = stored.problem().filter(|_| rows.contains(&BenchRow::Stored) || rows.contains(&BenchRow::Find)) {
            return Err(problem);
        }
        Ok(Options {
            database: self.database,
            work_dir: self.work_dir.unwrap_or_else(std::env::temp_dir),
            slice: self.seconds,
            rounds: usize::from(self.alternations),
            rows,
            stored,
            payouts: self.payouts,
            run_creators: self.run_creators,
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
