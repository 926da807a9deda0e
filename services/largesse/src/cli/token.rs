//! `largesse token`: prints a signed token to the standard output.
use crate::cli::{
    book,
    settings::{GivenSettings, identity_key},
    user,
};
use clap::Args;
use identity::{BookScope, Grant, Issuer, Role};
use money::{BookName, UserKey};
use runtime::command::{self, UntypedError};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

#[cfg(test)]
mod tests;

/// Options of `largesse token`.
#[derive(Debug, Args)]
pub struct TokenArguments {
    #[command(flatten)]
    pub given: GivenSettings,
    /// Directory with the identity key, which must be there; by default the setting `data_dir`, or else `data`.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Make the key if there is none: for a new installation, before its services start. Nobody trusts a key that was made anywhere else.
    #[arg(long)]
    pub create: bool,
    /// Subject of the token, `[A-Za-z0-9_-]{1,64}`.
    #[arg(long, value_name = "USER", value_parser = user)]
    pub sub: UserKey,
    /// The role: viewer, creator, service, support, finance, auditor or admin.
    #[arg(long)]
    pub role: Role,
    /// A book the token covers; repeat for several. Without this option the token covers every book; only services and staff can have such a token.
    #[arg(long = "book", value_name = "BOOK", value_parser = book)]
    pub books: Vec<BookName>,
    /// The app the token is for.
    #[arg(long, default_value = "")]
    pub app: String,
    /// How long the token is valid, such as `90s`, `15m`, `1h` or `7d`.
    #[arg(long, value_parser = duration, default_value = "1h")]
    pub ttl: Duration,
}

/// Prints the token. Exit code 2 when such a token is not possible.
#[must_use]
pub fn run(arguments: &TokenArguments) -> ExitCode {
    if arguments.books.is_empty() && matches!(arguments.role, Role::Viewer | Role::Creator) {
        return command::misused(&"a viewer's or creator's token names its book: add --book");
    }
    match arguments.key_directory() {
        Ok(directory) => command::finish(issue(arguments, &directory).map(|token| {
            println!("{token}");
            ExitCode::SUCCESS
        })),
        Err(error) => command::refuse(&error),
    }
}

impl TokenArguments {
    /// The key's directory, by flag, environment or file.
    fn key_directory(&self) -> Result<PathBuf, settings::Error> {
        let mut layers = self.given.gather()?;
        if let Some(directory) = &self.data_dir {
            layers.set("data_dir", &directory.display().to_string(), "--data-dir");
        }
        Ok(layers.read()?.config.data_dir)
    }
}

fn issue(arguments: &TokenArguments, directory: &Path) -> Result<String, UntypedError> {
    let books = if arguments.books.is_empty() { BookScope::All } else { BookScope::Only(arguments.books.clone()) };
    let grant = Grant { subject: arguments.sub.clone(), role: arguments.role, app: arguments.app.clone(), books };
    let key = if arguments.create { Issuer::load_or_create(directory)? } else { existing(directory)? };
    Ok(key.issue(&grant, arguments.ttl)?)
}

/// The installation's key. One that was made here, in a mistyped directory, would sign tokens that everything refuses.
fn existing(directory: &Path) -> Result<Issuer, UntypedError> {
    Ok(identity_key(directory).map_err(|why| format!("{why}; for a new installation --create makes the key"))?)
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a number and one of s, m, h, d");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let amount: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    amount.checked_mul(seconds).filter(|total| *total > 0).map(Duration::from_secs).ok_or_else(wrong)
}
