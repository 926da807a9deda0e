//! `largesse keys`: the keys that encrypt bank accounts and names.
use crate::cli::settings::GivenSettings;
use clap::{Args, Subcommand};
use runtime::command::CommandResult;
use settings::Error;
use std::{path::PathBuf, process::ExitCode};

/// Printed after the options.
const EXPLANATION: &str = "\
Works on the payout service's key file. The file is named by --payout-key-file or by the setting payout.key_file; in a sandbox it is in the data directory.
`rotate` puts a new key before the existing keys. No key is lost, and all encrypted data stays readable. Running payout services reread the file within a
minute and re-encrypt every row in the background. The log reports when no row uses an older key any more. From then on you may delete the lines after the
first one and before the one that begins with `digest`. Do not delete the line `digest`: it is needed to compare a retry with the original request. Give
every payout process the same file, and keep a copy of the file apart from the backups of the database (RECOVERY.md).";

/// Options of `largesse keys`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct KeysArguments {
    #[command(flatten)]
    pub given: GivenSettings,
    /// The payout service's key file; by default the file that the settings name, or in a sandbox the one in the data directory.
    #[arg(long, global = true, value_name = "FILE")]
    pub payout_key_file: Option<PathBuf>,
    #[command(subcommand)]
    pub deed: KeysRequest,
}

/// What to do with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KeysRequest {
    /// Prints the ids of the keys, beginning with the key in use. The keys themselves are not shown.
    List,
    /// Creates a new key and puts it first, so that it is used from then on.
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
