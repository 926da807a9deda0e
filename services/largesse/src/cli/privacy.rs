//! `largesse privacy`: what is personal, and a user's own data: shown or erased.
use crate::cli::{book, reason, settings::GivenSettings, user};
use clap::{Args, Subcommand};
use db::Database;
use money::{BookName, UserKey};
use operations::privacy::{
    OnErasure, PERSONAL, WhoseData,
    record::{self, AskedBy},
};
use runtime::command::CommandResult;
use settings::Error;
use std::{path::PathBuf, process::ExitCode};

/// Told after the options.
const EXPLANATION: &str = "\
Reads the stores of all services, so it runs where their database is. Both deeds are written into the audit log, before and after, with
who did it and why; without that record they are refused. The journal is neither read by name nor changed: it knows users by keys that say nothing.";

/// Options of `largesse privacy`.
#[derive(Debug, Args)]
pub struct PrivacyArguments {
    #[command(flatten)]
    pub given: GivenSettings,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; as the settings say when not given.
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    #[command(subcommand)]
    pub deed: PrivacyRequest,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum PrivacyRequest {
    /// Lists every column that holds what is personal, and what becomes of it.
    List {
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Prints everything there is of a user as JSON.
    #[command(after_long_help = EXPLANATION)]
    Export {
        #[command(flatten)]
        whose: WhoseArguments,
        /// The payout service's key; as the settings say when not given, and in a sandbox the one beside the data.
        #[arg(long, value_name = "FILE")]
        payout_key_file: Option<PathBuf>,
    },
    /// Erases what is personal of a user. Refused while payouts are in flight; doing it again changes nothing.
    #[command(after_long_help = EXPLANATION)]
    Erase {
        #[command(flatten)]
        whose: WhoseArguments,
    },
}

/// Whose data, and who asks.
#[derive(Debug, Args)]
pub struct WhoseArguments {
    /// The book.
    #[arg(long, value_name = "BOOK", value_parser = book)]
    pub book: BookName,
    /// The user.
    #[arg(long, value_name = "USER", value_parser = user)]
    pub user: UserKey,
    /// Who does it, for the record.
    #[arg(long, value_name = "NAME", value_parser = user)]
    pub by: UserKey,
    /// Why, for the record; 8 to 500 bytes.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
}

/// Where everything is.
pub struct PrivacyStores {
    database: String,
    key_file: PathBuf,
    heads_dir: PathBuf,
}

impl PrivacyArguments {
    /// What file, environment and flags say.
    pub fn place(&self) -> Result<PrivacyStores, Error> {
        let mut layers = self.given.gather()?;
        if let Some(database) = &self.database {
            layers.set("database", database, "--database");
        }
        if let PrivacyRequest::Export { payout_key_file: Some(file), .. } = &self.deed {
            layers.set("payout.key_file", &file.display().to_string(), "--payout-key-file");
        }
        let config = layers.read()?.config;
        let beside = runtime::payout_key_file(&config.data_dir);
        let key_file = if config.payout.has_key() { config.payout.key_file.clone() } else { beside };
        // Beside the tables, as far as they lie in files: another installation's heads may be in the data directory of the settings.
        let address = config.database_address();
        let of_files = Database::parse(&address).ok().and_then(|database| database.sqlite_dir().map(|dir| dir.join(runtime::HEADS)));
        let beside = of_files.filter(|dir| dir.is_dir()).unwrap_or_else(|| config.data_dir.join(runtime::HEADS));
        let heads_dir = config.ledger.heads_dir.clone().unwrap_or(beside);
        Ok(PrivacyStores { database: address, key_file, heads_dir })
    }
}

/// Runs `largesse privacy`.
pub async fn run(place: PrivacyStores, request: PrivacyRequest) -> CommandResult {
    let whose = match &request {
        PrivacyRequest::List { json } => return list(*json),
        PrivacyRequest::Export { whose, .. } | PrivacyRequest::Erase { whose } => whose,
    };
    let database = Database::parse(&place.database)?;
    let of = WhoseData { database: &database, book: whose.book.clone(), user: whose.user.clone() };
    let asked = AskedBy { by: &whose.by, reason: &whose.reason, heads_dir: &place.heads_dir };
    let done = match &request {
        PrivacyRequest::Export { .. } => record::export(&of, &asked, &place.key_file).await?,
        _ => record::erase(&of, &asked).await?,
    };
    println!("{done:#}");
    Ok(ExitCode::SUCCESS)
}

fn list(json: bool) -> CommandResult {
    if json {
        println!("{}", serde_json::to_string_pretty(PERSONAL.as_slice())?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:<10} {:<32} {:<60} on erasure", "service", "column", "what it holds");
    for personal in PERSONAL {
        let fate = match personal.fate {
            OnErasure::Removed => "its row is removed".to_owned(),
            OnErasure::Emptied => "emptied".to_owned(),
            OnErasure::Kept(why) => format!("kept: {why}"),
        };
        println!("{:<10} {:<32} {:<60} {fate}", personal.service.as_str(), personal.column, personal.what);
    }
    Ok(ExitCode::SUCCESS)
}
