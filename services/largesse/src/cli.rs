//! The commands of the binary, one file each. `runtime::command` runs them and prints their errors.
use jiff::{Timestamp, civil::Date};
use money::{BookName, UserKey, text::is_plain};

pub mod accounting;
pub mod accounts;
pub mod backup;
pub mod bank;
pub mod bench;
pub mod call;
pub mod catalogue;
mod checked;
pub mod config;
pub mod demo;
pub mod explain;
pub mod export;
pub mod files;
pub mod id;
pub mod import;
mod interruption;
pub mod keys;
pub mod lists;
pub mod lots;
pub mod migrate;
pub mod privacy;
pub mod rails;
pub mod replay;
pub mod report;
pub mod screening;
pub mod serve;
pub mod settings;
pub mod settlements;
pub mod staff;
mod staff_service;
pub mod status;
pub mod token;
pub mod treasury;
pub mod trigger;
pub mod verify;

/// Parses a flag as a book.
fn book(text: &str) -> Result<BookName, String> {
    BookName::try_new(text).map_err(|error| error.to_string())
}

/// Whether a database given by flag or environment is valid. Not a clap parser, whose error would repeat a password.
pub fn usable(database: Option<&str>) -> Result<(), db::Error> {
    database.map_or(Ok(()), |address| db::Database::parse(address).map(|_| ()))
}

/// Parses a flag as a user.
fn user(text: &str) -> Result<UserKey, String> {
    UserKey::try_new(text).map_err(|error| error.to_string())
}

/// Parses a flag as a reason.
fn reason(text: &str) -> Result<String, String> {
    let fits = (8..=500).contains(&text.len()) && is_plain(text);
    if fits { Ok(text.to_owned()) } else { Err("8 to 500 bytes without control, bidirectional or zero-width characters".to_owned()) }
}

/// Parses a day, which begins at midnight in UTC, or a time.
fn moment(text: &str) -> Result<Timestamp, String> {
    let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
    match day {
        Some(day) => Ok(money::time::day_start(day)),
        None => text.parse().map_err(|_| "a day such as 2026-11-01, or a time such as 2026-11-01T08:00:00Z".to_owned()),
    }
}
