//! `largesse privacy`: lists personal data; exports or erases a user's own.
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

/// Printed after the options.
const EXPLANATION: &str = "\
Reads the stores of all services, so run it where their database is. Export and erasure are recorded in the audit log before and after, with who did
it and why; if there is no audit log, they are refused. The journal is not changed: it identifies users only by keys, which mean nothing outside the app.";

/// Options of `largesse privacy`.
#[derive(Debug, Args)]
pub struct PrivacyArguments {
    #[command(flatten)]
    pub given: GivenSettings,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; by default the setting `database`, or SQLite in `data_dir`.
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    #[command(subcommand)]
    pub deed: PrivacyRequest,
}

/// What to do with personal data.
#[derive(Debug, Subcommand)]
pub enum PrivacyRequest {
    /// Lists every column with personal data, and what an erasure does with the column.
    List {
        /// Prints JSON instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Prints all data of a user as JSON.
    #[command(after_long_help = EXPLANATION)]
    Export {
        #[command(flatten)]
        whose: WhoseArguments,
        /// The payout service's key file; by default the file that the settings name, or in a sandbox the one in the data directory.
        #[arg(long, value_name = "FILE")]
        payout_key_file: Option<PathBuf>,
        /// Prints JSON; this is also the default.
        #[arg(long)]
        json: bool,
    },
    /// Erases a user's personal data. Refused while payouts of the user are in flight. Repeating the command changes nothing.
    #[command(after_long_help = EXPLANATION)]
    Erase {
        #[command(flatten)]
        whose: WhoseArguments,
    },
}

/// The user whose data it is, and the member of staff who asks.
#[derive(Debug, Args)]
pub struct WhoseArguments {
    /// The book.
    #[arg(long, value_name = "BOOK", value_parser = book)]
    pub book: BookName,
    /// The user.
    #[arg(long, value_name = "USER", value_parser = user)]
    pub user: UserKey,
    /// Name of the member of staff, for the audit log.
    #[arg(long, value_name = "NAME", value_parser = user)]
    pub by: UserKey,
    /// The reason, for the audit log; 8 to 500 bytes.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: String,
}

/// The stores and keys of the installation.
pub struct PrivacyStores {
    database: String,
    key_file: PathBuf,
    heads_dir: PathBuf,
}

impl PrivacyArguments {
    /// Resolves the stores from file, environment and flags.
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
        // Beside the tables, if they are files: the data directory in the settings may have another installation's heads.
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
