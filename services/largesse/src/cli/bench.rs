//! `largesse bench`: how fast a gift is, as ratios to a bare server on the same machine in the same minute.
use crate::{
    bench::{self, Group, Options},
    cli::Outcome,
};
use clap::Args;
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// Options of `largesse bench`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; an SQLite directory of its own, removed afterwards, when not given. A book of its own is made in
    /// a database that is given, and stays.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Where the directory of its own is made; the system's temporary directory when not given. Must be on a disk.
    #[arg(long, value_name = "DIR")]
    pub work_dir: Option<PathBuf>,
    /// Seconds each measurement takes in each round, 0.1 to 60.
    #[arg(long, default_value = "1", value_parser = seconds)]
    pub seconds: Duration,
    /// How often each measurement is taken, 1 to 100.
    #[arg(long, default_value = "5", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub rounds: u16,
    /// What to measure; everything when not given.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "GROUP,...")]
    pub only: Vec<Group>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// Fails when a floor is missed.
    #[arg(long)]
    pub assert: bool,
}

/// Measures and prints. Fails when an accepted gift is missing in the ledger or the ledger's journal is not sound.
pub async fn run(arguments: Arguments) -> Outcome {
    let mut groups = if arguments.only.is_empty() { Group::ALL.to_vec() } else { arguments.only };
    groups.sort_unstable();
    groups.dedup();
    let options = Options {
        database: arguments.database,
        work_dir: arguments.work_dir.unwrap_or_else(std::env::temp_dir),
        slice: arguments.seconds,
        rounds: usize::from(arguments.rounds),
        groups,
    };
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let report = tokio::select! {
        report = bench::run(options, |progress| eprintln!("{progress}")) => report?,
        // Dropping the run ends its servers and removes its directory.
        _ = terminate.recv() => return Err("stopped".into()),
        _ = interrupt.recv() => return Err("stopped".into()),
    };
    if arguments.json {
        println!("{:#}", report.to_json());
    } else {
        print!("{}", report.to_text());
    }
    if let Some(problem) = report.problem() {
        return Err(problem.to_owned().into());
    }
    let missed = report.missed();
    for (key, floor, ratio) in &missed {
        eprintln!("{key} is {ratio:.3}, below its floor of {floor}");
    }
    Ok(if arguments.assert && !missed.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if (0.1..=60.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err("0.1 to 60".to_owned()) }
}
