//! `largesse config`: prints, checks and explains settings.
use crate::cli::settings::GivenSettings;
use clap::{Args, Subcommand};
use runtime::command;
use runtime::config::{Config, PREFIX};
use settings::{SettingKind, keys::keys};
use std::{io::Write as _, process::ExitCode};

/// Options of `largesse config`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct ConfigArguments {
    /// Print every option with its documentation and default, as a file to start from.
    #[arg(long)]
    pub default: bool,
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Reads settings and every file that they name, as `serve` would, and reports what is wrong or dangerous. Opens no database and no port. Exit code 2 if
    /// `serve` would refuse to start.
    Check(GivenSettings),
    /// Prints every setting and its source; secrets are redacted.
    Show(GivenSettings),
}

/// Runs `largesse config`.
#[must_use]
pub fn run(arguments: &ConfigArguments) -> ExitCode {
    if arguments.default {
        return print(&settings::template::<Config>(PREFIX));
    }
    match &arguments.command {
        Some(ConfigCommand::Check(given)) => check(given),
        Some(ConfigCommand::Show(given)) => show(given),
        None => ExitCode::from(command::USAGE),
    }
}

fn check(given: &GivenSettings) -> ExitCode {
    let read = match given.gather().and_then(crate::cli::settings::GatheredSettings::read) {
        Ok(read) => read,
        Err(error) => return command::refuse(&error),
    };
    for warning in &read.warnings {
        println!("warning: {warning}");
    }
    match read.into_options() {
        Ok((options, _)) => {
            let services: Vec<&str> = options.services.iter().map(|service| service.as_str()).collect();
            println!("ok: {} would start", services.join(", "));
            ExitCode::SUCCESS
        }
        Err(code) => code,
    }
}

fn show(given: &GivenSettings) -> ExitCode {
    let read = match given.gather().and_then(crate::cli::settings::GatheredSettings::read) {
        Ok(read) => read,
        Err(error) => return command::refuse(&error),
    };
    let Ok(toml::Value::Table(tree)) = toml::Value::try_from(&read.config) else {
        eprintln!("largesse: the settings can't be written as TOML");
        return ExitCode::FAILURE;
    };
    let mut text = String::new();
    for key in keys::<Config>().iter().filter(|key| key.kind != SettingKind::Table) {
        let value = key.path.split('.').try_fold(None::<&toml::Value>, |above, name| {
            let found = match above {
                None => tree.get(name),
                Some(value) => value.get(name),
            };
            found.map(Some)
        });
        let shown = value.flatten().map_or_else(|| "(nothing)".to_owned(), ToString::to_string);
        text.push_str(&format!("{} = {shown}  # {}\n", key.path, read.layers.origin(&key.path)));
    }
    print(&text)
}

/// Prints to a reader that may close the output before the end.
pub(super) fn print(text: &str) -> ExitCode {
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("largesse: standard output: {error}");
            ExitCode::FAILURE
        }
    }
}
