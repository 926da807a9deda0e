//! Runs a program's command, with logs and spans around it, and prints its error for a person.
use crate::config::telemetry_from_env;
use money::text::shown_lines;
use std::{error::Error, future::Future, process::ExitCode};

/// An error of any kind. It is only shown to a person, so it needs no type.
pub type UntypedError = Box<dyn Error + Send + Sync>;

/// The result of a command.
pub type CommandResult = Result<ExitCode, UntypedError>;

/// The exit code when the command line or the settings are invalid; the same as clap's.
pub const USAGE: u8 = 2;

/// Runs a command inside an async runtime, with logs and spans as the environment configures them.
pub fn run(service_name: &str, command: impl Future<Output = CommandResult>) -> ExitCode {
    match telemetry_from_env() {
        Ok(telemetry) => run_with(service_name, &telemetry, command),
        Err(error) => refuse(&error),
    }
}

/// Prints every problem of the settings, one line each.
pub fn refuse(error: &settings::Error) -> ExitCode {
    for problem in &error.0 {
        eprintln!("largesse: {}", shown_lines(&problem.to_string()));
    }
    ExitCode::from(USAGE)
}

/// Prints why a command line or settings are invalid.
pub fn misused(why: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("largesse: {}", shown_lines(&why.to_string()));
    ExitCode::from(USAGE)
}

/// Runs a command inside an async runtime, with logs and spans around it.
pub fn run_with(service_name: &str, telemetry: &telemetry::Config, command: impl Future<Output = CommandResult>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return finish(Err(error.into())),
    };
    let outcome = runtime.block_on(async {
        let guard = telemetry::init(service_name, telemetry)?;
        let outcome = command.await;
        guard.shutdown().await;
        outcome
    });
    let code = finish(outcome);
    // Nothing depends any more on tasks that still run on blocking threads.
    runtime.shutdown_background();
    code
}

/// Prints an error with its causes, and returns the exit code.
pub fn finish(outcome: CommandResult) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("largesse: {}", shown_lines(&told(&*error)));
            ExitCode::FAILURE
        }
    }
}

/// An error in words. A service's answer is shown with its own message, not as the gRPC library prints it.
fn told(error: &(dyn Error + Send + Sync + 'static)) -> String {
    match error.downcast_ref::<tonic::Status>() {
        Some(status) if status.message().is_empty() => format!("the service answered {:?}", status.code()),
        Some(status) => status.message().to_owned(),
        None => identity::error::chain(error),
    }
}
