//! What checks and comparisons of files found, as lines or as JSON.
use super::files::counted;
use runtime::command::CommandResult;
use serde_json::json;
use std::{fmt::Display, process::ExitCode};

/// Prints what differs.
pub fn changes(found: &[impl Display], as_json: bool) -> CommandResult {
    if as_json {
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "changes": texts }))?);
    } else {
        found.iter().for_each(|change| println!("{change}"));
        println!("{}", counted(found.len(), "change"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints why a file can't be used. Exit code 1.
pub fn problems(found: &[impl Display], as_json: bool) -> CommandResult {
    if as_json {
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "ok": false, "problems": texts }))?);
    } else {
        found.iter().for_each(|problem| println!("{problem}"));
        println!("{}: nothing of the file can be used", counted(found.len(), "problem"));
    }
    Ok(ExitCode::FAILURE)
}

/// Prints that a file can be used, and what is in it.
pub fn sound(what: &str, as_json: bool) -> CommandResult {
    if as_json {
        println!("{}", serde_json::to_string_pretty(&json!({ "ok": true, "problems": [] }))?);
    } else {
        println!("ok: {what}");
    }
    Ok(ExitCode::SUCCESS)
}
