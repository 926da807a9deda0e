//! `largesse demo`: the whole product from end to end, with pretend money.
use super::interruption::Interruption;
use clap::Args;
use demo::{
    scratch,
    story::{self, Options, summary::StorySummary, tell},
};
use money::BookName;
use runtime::command::{CommandResult, UntypedError};
use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, path::PathBuf, process::ExitCode};
use tempfile::TempDir;

/// Exit code after the whole story.
const SUCCESS: u8 = 0;

/// Options of `largesse demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Start one process for each service.
    #[arg(long)]
    pub split: bool,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; by default SQLite in the data directory. Each run creates a new book.
    #[arg(long, env = "LARGESSE_DATABASE", hide_env_values = true, value_name = "URL")]
    pub database: Option<String>,
    /// Directory for keys, logs and embedded databases. By default a new temporary directory, which is removed at the end unless the run failed or --keep is
    /// given. With PostgreSQL: by default a directory under the user's state directory, because the database remains, and later runs on it need the same keys.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Leave everything running and print how to call and stop it.
    #[arg(long)]
    pub keep: bool,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
    /// Seed of the gifts: the same seed gives the same gifts.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Runs the demo. Exit code 1 when an expected outcome is missing.
pub async fn run(arguments: DemoArguments) -> CommandResult {
    // Before anything is there that a signal could leave behind.
    let mut signals = Interruption::listen()?;
    // Readable only by its owner, as any data directory should be: it has the keys.
    let owner_only = Permissions::from_mode(0o700);
    let temporary = tempfile::Builder::new().prefix("largesse-demo-").permissions(owner_only).tempdir()?;
    let options = options(&arguments, &temporary)?;
    let place = format!("seed {}, database {}, logs in {}", options.seed, story::shown(&options.database), options.data_dir.display());
    let in_temporary = options.data_dir == temporary.path();
    let database = story::shown(&options.database);
    let mut code = SUCCESS;
    let interrupted = async { code = signals.code().await };
    let told = story::run(options, Box::pin(interrupted)).await;
    let well = told.as_ref().is_ok_and(|told| told.as_ref().is_none_or(|summary| summary.missing.is_empty()));
    // An interrupted demo is removed; a failed one is kept for inspection.
    let keep = in_temporary && (!well || (arguments.keep && code == SUCCESS));
    if keep {
        let _kept = temporary.keep();
    } else {
        scratch::remove(temporary).await?;
    }
    let Some(summary) = told.map_err(|fault| format!("the demo failed ({place}): {fault}"))? else {
        let left = if in_temporary { "nothing is left of it".to_owned() } else { format!("what it did stays ({place})") };
        eprintln!("largesse: the demo was interrupted, and everything it started was stopped; {left}");
        return Ok(ExitCode::from(code));
    };
    let left = match (arguments.keep, in_temporary && arguments.database.is_none()) {
        (true, _) => format!("kept: {place}"),
        (false, true) => "everything was stopped and removed".to_owned(),
        (false, false) => format!("everything was stopped; {database} stays"),
    };
    print(&summary, arguments.json, &place, &left)?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(arguments: &DemoArguments, temporary: &TempDir) -> Result<Options, UntypedError> {
    let given = arguments.database.as_deref();
    let of_database = given.map(|url| url.strip_prefix("sqlite:").map_or_else(|| state_dir(url), PathBuf::from));
    let data_dir = arguments.data_dir.clone().or(of_database).unwrap_or_else(|| temporary.path().to_owned());
    let database = given.map_or_else(|| format!("sqlite:{}", data_dir.display()), str::to_owned);
    let fresh = arguments.database.is_none() && arguments.data_dir.is_none();
    // Another database may have an earlier story's book, and this story counts everything in its book.
    let seconds = money::time::now_ms() / 1_000;
    let book = if fresh { "demo".to_owned() } else { format!("demo-{seconds}") };
    Ok(Options {
        binary: std::env::current_exe()?,
        database,
        stays: arguments.keep || data_dir != temporary.path(),
        data_dir,
        book: BookName::try_new(&book)?,
        split: arguments.split,
        keep: arguments.keep,
        seed: arguments.seed,
        progress: !arguments.json,
    })
}

/// Directory of the keys for a database that is not a directory: `$XDG_STATE_HOME/largesse/demo-<from the address>`.
fn state_dir(database: &str) -> PathBuf {
    let home = || std::env::home_dir().map(|home| home.join(".local/state"));
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(home).unwrap_or_else(std::env::temp_dir);
    let name = money::derive_id(uuid::Uuid::nil(), &["demo", database]).simple().to_string();
    state.join("largesse").join(format!("demo-{name}"))
}

fn print(summary: &StorySummary, json: bool, place: &str, left: &str) -> Result<(), UntypedError> {
    if json {
        println!("{}", serde_json::to_string_pretty(summary)?);
    } else {
        print!("{}", tell::tell(summary));
        if summary.missing.is_empty() {
            println!("finished in {:.1} s; {left}", summary.seconds);
        }
    }
    for missing in &summary.missing {
        eprintln!("MISSING: {missing}");
    }
    if !summary.missing.is_empty() {
        eprintln!("{} expected outcomes are missing ({place})", summary.missing.len());
    }
    Ok(())
}
