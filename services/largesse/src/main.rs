//! `largesse`: every service, and the tools around them, in one binary. A table of commands; each is in its own file under `cli/`.
use clap::{CommandFactory as _, Parser, Subcommand};
use largesse::{
    bench::echo,
    cli::{self, backup, bench, config, demo, explain, export, import, migrate, privacy, replay, serve, status, token, verify},
    house,
};
use std::process::ExitCode;

/// A gift passes through some hundred small allocations on its way through protobuf and back, on two threads; with the system's allocator a third of
/// its time went there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Told after the commands.
const EXIT_CODES: &str = "\
Exit codes: 0 done, and what was asked about is right; 1 it failed, or what was asked about is wrong; 2 the command line or the settings can't be used;
3 (status) a process could not be asked. Logs and errors go to standard error, results to standard output.";

/// The money side of live gifting.
#[derive(Parser)]
#[command(version, propagate_version = true, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs services: all of them in this process, or some.
    Serve(Box<serve::Arguments>),
    /// Prints, checks or explains settings.
    Config(config::Arguments),
    /// Prints a signed token for a user, a member of staff or a service.
    Token(token::Arguments),
    /// Tells the whole story in pretend money, from coins bought to creators paid, and proves it.
    Demo(demo::Arguments),
    /// Sends recorded live gift events again; doing it twice charges nothing.
    Replay(replay::Arguments),
    /// Checks the books; exit code 1 and the first bad event when they are wrong.
    Verify(verify::Arguments),
    /// Tells the whole story behind an id: what it is, where the money came from and what became of it.
    Explain(Box<explain::Arguments>),
    /// Writes a book's journal as CSV.
    Export(export::Arguments),
    /// Posts a CSV such as export writes into a book; doing it twice changes nothing.
    Import(import::Arguments),
    /// Measures how fast a gift is, as ratios to a bare server on the same machine.
    Bench(bench::Arguments),
    /// The bare server that bench compares with.
    #[command(hide = true)]
    BenchEcho,
    /// Lists what is personal; shows or erases a user's own data.
    Privacy(privacy::Arguments),
    /// Asks running processes whether they serve and whether the money is where it should be.
    Status(status::Arguments),
    /// Prints completions for a shell: `largesse completions bash > /etc/bash_completion.d/largesse`.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Takes a copy of everything while it runs, all of one moment.
    Backup(backup::BackupArguments),
    /// Makes an installation of a copy, elsewhere, and checks it.
    Restore(backup::RestoreArguments),
    /// Brings the tables of services up to date and ends.
    Migrate(migrate::Arguments),
}

/// Settings are read before anything starts, because they also say how to log.
fn serve(arguments: &serve::Arguments) -> ExitCode {
    let read = match arguments.read() {
        Ok(read) => read,
        Err(error) => return cli::refuse(&error),
    };
    let telemetry = read.config.telemetry.clone();
    let options = read.config.into_options().and_then(|options| house::check(&options).map(|()| options));
    match options {
        Ok(options) => cli::run_with("largesse", &telemetry, serve::run(options, read.warnings)),
        Err(error) => {
            cli::finish(Err(error.into()));
            ExitCode::from(cli::USAGE)
        }
    }
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Serve(arguments) => serve(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Token(arguments) => cli::finish(token::run(&arguments)),
        Command::Demo(arguments) => cli::run("largesse demo", demo::run(arguments)),
        Command::Replay(arguments) => cli::run("largesse replay", replay::run(arguments)),
        Command::Verify(arguments) => cli::run("largesse verify", verify::run(arguments)),
        Command::Explain(arguments) => match arguments.place.address() {
            Ok(address) => cli::run("largesse explain", explain::run(address, *arguments)),
            Err(error) => cli::refuse(&error),
        },
        Command::Export(arguments) => cli::run("largesse export", export::run(arguments)),
        Command::Import(arguments) => cli::run("largesse import", import::run(arguments)),
        Command::Bench(arguments) => cli::run("largesse bench", bench::run(arguments)),
        Command::BenchEcho => cli::run("largesse bench echo", echo::serve()),
        Command::Status(arguments) => cli::run("largesse status", status::run(arguments)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "largesse", &mut std::io::stdout());
            ExitCode::SUCCESS
        }
        Command::Privacy(arguments) => match arguments.place() {
            Ok(place) => cli::run("largesse privacy", privacy::run(place, arguments.deed)),
            Err(error) => cli::refuse(&error),
        },
        Command::Migrate(arguments) => match arguments.place.address() {
            Ok(address) => cli::run("largesse migrate", migrate::run(address, arguments.services, arguments.citus)),
            Err(error) => cli::refuse(&error),
        },
        Command::Backup(arguments) => match arguments.place.address() {
            Ok(address) => cli::run("largesse backup", backup::backup(address, arguments.to)),
            Err(error) => cli::refuse(&error),
        },
        Command::Restore(arguments) => match arguments.place.address() {
            Ok(address) => cli::run("largesse restore", backup::restore(address, arguments.from)),
            Err(error) => cli::refuse(&error),
        },
    }
}
