//! `largesse bench`: runs `largesse-bench`, a program of its own, so that nothing of it is in this one.
use clap::Args;
use runtime::command::CommandResult;
use std::{env, ffi::OsString, os::unix::process::CommandExt as _, process::Command};

/// The program, beside this one.
const PROGRAM: &str = "largesse-bench";

/// Options of `largesse bench`.
#[derive(Debug, Args)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct BenchArguments {
    /// Options of `largesse-bench`; `--help` tells them.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    pub arguments: Vec<OsString>,
}

/// Becomes that program, so that its exit code and signals are what they would be; returns only when it can't.
pub fn run(arguments: BenchArguments) -> CommandResult {
    let program = env::current_exe()?.with_file_name(PROGRAM);
    if !program.is_file() {
        let build = "build it with `cargo build --release -p bench` (`make bench` does)";
        return Err(format!("{} is not there, so nothing was measured; {build}", program.display()).into());
    }
    let error = Command::new(&program).args(arguments.arguments).exec();
    Err(format!("{}: {error}", program.display()).into())
}
