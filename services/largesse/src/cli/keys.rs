//! `largesse keys`: the keys that encrypt bank accounts and names.
use crate::cli::settings::GivenSettings;
use clap::{Args, Subcommand};
use runtime::command::CommandResult;
use settings::Error;
use std::{path::PathBuf, process::ExitCode};

/// Printed after the options.
const EXPLANATION: &str = "\
Works on payout's key file: from --payout-key-file, from the settings (payout.key_file), or in a sandbox the one beside the data. `rotate` puts a new key
before the existing ones; no key is lost, and everything encrypted before stays readable. Running payout services reread the file within a minute and
re-encrypt every row in the background; the log says when no row uses an earlier key any more, and from then on the lines between the first and the one
that begins with `digest` may be removed from the file. The line `digest` must stay: retries are compared with it. Give every process of payout the same
file, and keep a copy of it away from backups of the database (RECOVERY.md).";

/// Options of `largesse keys`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct KeysArguments {
    #[command(flatten)]
    pub given: GivenSettings,
    /// The payout service's key file; by default the one in the settings, and in a sandbox the file beside the data.
    #[arg(long, global = true, value_name = "FILE")]
    pub payout_key_file: Option<PathBuf>,
    #[command(subcommand)]
    pub deed: KeysRequest,
}

/// What to do with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KeysRequest {
    /// Prints the ids of the keys, the one in use first. The keys themselves are not shown.
    List,
    /// Makes a new key and puts it first.
    Rotate,
}

impl KeysArguments {
    /// The key file to use.
    pub fn key_file(&self) -> Result<PathBuf, Error> {
        let mut layers = self.given.gather()?;
        if let Some(file) = &self.payout_key_file {
            layers.set("payout.key_file", &file.display().to_string(), "--payout-key-file");
        }
        let config = layers.read()?.config;
        Ok(if config.payout.has_key() { config.payout.key_file.clone() } else { runtime::payout_key_file(&config.data_dir) })
    }
}

/// Runs `largesse keys`.
pub async fn run(key_file: PathBuf, deed: KeysRequest) -> CommandResult {
    if deed == KeysRequest::Rotate {
        runtime::rotate_payout_key(&key_file)?;
    }
    for (at, id) in runtime::payout_key_ids(&key_file)?.iter().enumerate() {
        println!("{id} {}", if at == 0 { "in use" } else { "earlier" });
    }
    Ok(ExitCode::SUCCESS)
}
