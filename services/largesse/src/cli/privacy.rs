//! `largesse privacy`: what is personal, and a user's own data: shown or erased.
use crate::{
    cli::{Outcome, book, settings::Given, user},
    house::Service,
    privacy::{self, Fate, Of, PERSONAL},
};
use clap::{Args, Subcommand};
use db::Database;
use money::{BookName, UserKey};
use settings::Error;
use std::{path::PathBuf, process::ExitCode};
use support::{
    acts::Acts,
    domain::{Deed, Phase},
    store::Store,
};
use uuid::Uuid;

/// Told after the options.
const EXPLANATION: &str = "\
Reads the stores of all services, so it runs where their database is. Both deeds are written into the record of what staff did, before and after, with
who did it and why; without that record they are refused. The journal is neither read by name nor changed: it knows users by keys that say nothing.";

/// Options of `largesse privacy`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub given: Given,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; as the settings say when not given.
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    #[command(subcommand)]
    pub deed: Request,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Request {
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
        whose: Whose,
        /// The payout service's key; as the settings say when not given, and in a sandbox the one beside the data.
        #[arg(long, value_name = "FILE")]
        payout_key_file: Option<PathBuf>,
    },
    /// Erases what is personal of a user. Refused while payouts are under way; doing it again changes nothing.
    #[command(after_long_help = EXPLANATION)]
    Erase {
        #[command(flatten)]
        whose: Whose,
    },
}

/// Whose data, and who asks.
#[derive(Debug, Args)]
pub struct Whose {
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

fn reason(text: &str) -> Result<String, String> {
    let fits = (8..=500).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err("8 to 500 bytes without control characters".to_owned()) }
}

/// Where everything is.
pub struct Place {
    database: String,
    key_file: PathBuf,
    heads_dir: PathBuf,
}

impl Arguments {
    /// What file, environment and flags say.
    pub fn place(&self) -> Result<Place, Error> {
        let mut layers = self.given.gather()?;
        if let Some(database) = &self.database {
            layers.set("database", database, "--database");
        }
        if let Request::Export { payout_key_file: Some(file), .. } = &self.deed {
            layers.set("payout.key_file", &file.display().to_string(), "--payout-key-file");
        }
        let config = layers.read()?.config;
        let beside = crate::house::payout_key_file(&config.data_dir);
        let key_file = if config.payout.has_key() { config.payout.key_file.clone() } else { beside };
        let heads_dir = config.ledger.heads_dir.clone().unwrap_or_else(|| config.data_dir.join(crate::house::HEADS));
        Ok(Place { database: config.database_address(), key_file, heads_dir })
    }
}

/// Does it.
pub async fn run(place: Place, request: Request) -> Outcome {
    let (whose, name) = match &request {
        Request::List { json } => return list(*json),
        Request::Export { whose, .. } => (whose, "largesse privacy export"),
        Request::Erase { whose } => (whose, "largesse privacy erase"),
    };
    let database = Database::parse(&place.database)?;
    if !crate::audit::exists(&database, Service::Support).await? {
        return Err("there is no record of what staff did in this database, so nothing is shown or erased".into());
    }
    let acts = Acts::new(Store::open(&database).await?, Some(place.heads_dir));
    let of = Of { database: &database, book: whose.book.clone(), user: whose.user.clone() };
    // Why is in the first line only: what is erased must not come back with the second.
    let deed = |phase, outcome: &str, act_id| Deed {
        act_id,
        phase,
        subject: whose.by.to_string(),
        issuer: "terminal".to_owned(),
        role: "admin".to_owned(),
        rpc: name.to_owned(),
        book: whose.book.to_string(),
        user_id: whose.user.to_string(),
        outcome: outcome.to_owned(),
        reason: if phase == Phase::Begun { whose.reason.clone() } else { String::new() },
        request_json: String::new(),
    };
    let act_id = Uuid::now_v7();
    acts.record(deed(Phase::Begun, "", act_id)).await.map_err(tonic::Status::from)?;
    let done = match &request {
        Request::Export { .. } => privacy::export(&of, &place.key_file).await,
        _ => privacy::erase(&of).await.and_then(|erased| Ok(serde_json::to_value(erased)?)),
    };
    let outcome = if done.is_ok() { "OK" } else { "FAILED" };
    acts.record(deed(Phase::Ended, outcome, act_id)).await.map_err(tonic::Status::from)?;
    println!("{:#}", done?);
    Ok(ExitCode::SUCCESS)
}

fn list(json: bool) -> Outcome {
    if json {
        println!("{}", serde_json::to_string_pretty(&PERSONAL)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:<10} {:<32} {:<60} on erasure", "service", "column", "what it holds");
    for personal in PERSONAL {
        let fate = match personal.fate {
            Fate::Removed => "its row is removed".to_owned(),
            Fate::Emptied => "emptied".to_owned(),
            Fate::Kept(why) => format!("kept: {why}"),
        };
        println!("{:<10} {:<32} {:<60} {fate}", personal.service.as_str(), personal.column, personal.what);
    }
    Ok(ExitCode::SUCCESS)
}
