//! `largesse bench`: runs the separate program `largesse-bench`, so that this binary contains none of it.
use clap::Args;
use runtime::command::CommandResult;
use std::{env, ffi::OsString, os::unix::process::CommandExt as _, process::Command};

/// The program, in the same directory as this one.
const PROGRAM: &str = "largesse-bench";

/// Options of `largesse bench`.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct BenchArguments {
    /// Options of `largesse-bench`; see its `--help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub arguments: Vec<OsString>,
}

/// Replaces this process by that program, so that its exit code and signals are passed on; returns only on failure.
pub fn run(arguments: BenchArguments) -> CommandResult {
    let program = env::current_exe()?.with_file_name(PROGRAM);
    if !program.is_file() {
        let build = "build it with `cargo build --release -p bench` (`make bench` does)";
        return Err(format!("{} does not exist, so nothing was measured; {build}", program.display()).into());
    }
    let error = Command::new(&program).args(arguments.arguments).exec();
    Err(format!("{}: {error}", program.display()).into())
}
