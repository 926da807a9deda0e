//! `largesse token`: a signed token on standard output.
use clap::Args;
use identity::{BookScope, Grant, Issuer, Role};
use money::{BookName, UserKey};
use runtime::command::CommandResult;
use std::{path::PathBuf, process::ExitCode, time::Duration};

#[cfg(test)]
mod tests;

/// Options of `largesse token`.
#[derive(Debug, Args)]
pub struct TokenArguments {
    /// Directory with the identity key; one is made where there is none.
    #[arg(long, value_name = "DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// Whom the token is for, `[A-Za-z0-9_-]{1,64}`.
    #[arg(long, value_name = "USER")]
    pub sub: String,
    /// viewer, creator, service, support, finance, auditor or admin.
    #[arg(long)]
    pub role: Role,
    /// A book the token covers; repeat for several. None: every book, for services and staff only.
    #[arg(long = "book", value_name = "BOOK")]
    pub books: Vec<String>,
    /// The app the token is for.
    #[arg(long, default_value = "")]
    pub app: String,
    /// How long it is good, such as `90s`, `15m`, `1h` or `7d`.
    #[arg(long, value_parser = duration, default_value = "1h")]
    pub ttl: Duration,
}

/// Prints the token.
pub fn run(arguments: &TokenArguments) -> CommandResult {
    println!("{}", issue(arguments)?);
    Ok(ExitCode::SUCCESS)
}

fn issue(arguments: &TokenArguments) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let books = if arguments.books.is_empty() {
        if matches!(arguments.role, Role::Viewer | Role::Creator) {
            return Err("a viewer's or creator's token names its book: add --book".into());
        }
        BookScope::All
    } else {
        BookScope::Only(arguments.books.iter().map(|name| BookName::try_new(name)).collect::<Result<_, _>>()?)
    };
    let grant = Grant { subject: UserKey::try_new(&arguments.sub)?, role: arguments.role, app: arguments.app.clone(), books };
    Ok(Issuer::load_or_create(&arguments.data_dir)?.issue(&grant, arguments.ttl)?)
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
