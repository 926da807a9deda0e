//! `largesse`: every service, and the tools around them, in one binary. This file lists the commands; each is in its own file under `cli/`.
use clap::{CommandFactory as _, Parser, Subcommand};
use cli::{
    accounting, accounts,
    backup::{self, BackupArguments, RestoreArguments},
    bank, bench, call, catalogue, config, demo, explain, export, id, import, keys, lists, lots,
    migrate::{self, MigrateArguments},
    privacy, rails, replay, report, screening, serve,
    settings::DatabaseArgument,
    settlements, status, token, treasury, trigger, usable, verify,
};
use runtime::command;
use std::process::ExitCode;

#[macro_use]
mod output;

mod cli;
#[cfg(test)]
mod tests;

/// A gift makes some hundred small allocations through protobuf and back, on two threads; with the system's allocator they took a third of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Printed after the commands.
const EXIT_CODES: &str = "\
Exit codes: 0 success, and every check passed; 1 failure, or a check failed; 2 the command line or the settings are invalid; 3 (status) a process did
not answer; 4 (status) every service serves, but the audit's result is unknown. Logs and errors go to standard error, results to standard output.";

/// The money side of live gifting.
#[derive(Parser)]
#[command(version, propagate_version = true, after_help = EXIT_CODES)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs all services, or some of them, in this process.
    Serve(Box<serve::ServeArguments>),
    /// Prints, checks or explains settings.
    Config(config::ConfigArguments),
    /// Prints or checks the lists that operators write: gifts, coin packages and rates.
    Lists(lists::ListsArguments),
    /// Checks or compares price sheets of coin packages.
    Catalogue(catalogue::CatalogueArguments),
    /// Prints, checks or compares the records of payment rails: hours, cut-offs, caps, costs.
    Rails(rails::RailsArguments),
    /// Reads the files of banks: payments, reports, statements.
    Bank(bank::BankArguments),
    /// Checks bank accounts and payment addresses of every kind.
    Accounts(accounts::AccountsArguments),
    /// Checks sanctions lists, compares their editions, and screens a name.
    Screening(screening::ScreeningArguments),
    /// Prints a signed token for a user, a member of staff or a service.
    Token(token::TokenArguments),
    /// Calls any RPC of a running installation with JSON, lists RPCs, or describes one.
    Call(call::CallArguments),
    /// Has the pretend banks and stores of a running sandbox do something by name: reject or return a payout, refund a purchase, lose a webhook.
    Trigger(Box<trigger::TriggerArguments>),
    /// Prints new ids for requests: UUIDs of version 7, one a line.
    Id(id::IdArguments),
    /// Runs the whole flow with pretend money, from buying coins to paying creators, and verifies the result.
    Demo(demo::DemoArguments),
    /// Sends recorded live gift events again; repeating the command charges nothing.
    Replay(replay::ReplayArguments),
    /// Reports on payouts of a period: sums, times, rejections, and the same payouts beside e-wallets.
    Report(report::ReportArguments),
    /// Imports stores' reports, and shows and decides what they settle.
    Settlements(settlements::SettlementsArguments),
    /// Plans, applies or lists the structure of bank accounts and their virtual accounts.
    Treasury(treasury::TreasuryArguments),
    /// Writes journals for a general ledger, trial balances and roll-forwards, and closes accounting periods.
    Accounting(accounting::AccountingArguments),
    /// Checks the books of a running or stopped installation or of a backup; if the books are wrong, prints the first bad event and exits with 1.
    Verify(verify::VerifyArguments),
    /// Explains an id: what the id is, and where the money came from and went.
    Explain(Box<explain::ExplainArguments>),
    /// Writes a book's journal, or a period of it, as CSV; the services may be running. Each use is recorded in the audit log.
    Export(Box<export::ExportArguments>),
    /// Imports a CSV file made by `export` into a book; repeating the import changes nothing.
    Import(import::ImportArguments),
    /// Runs largesse-bench: measures how fast gifts are, as ratios to a bare server on the same machine.
    Bench(bench::BenchArguments),
    /// Lists the columns with personal data; exports or erases the data of one user.
    Privacy(privacy::PrivacyArguments),
    /// Rotates the keys that encrypt bank accounts and names, or lists their ids.
    Keys(keys::KeysArguments),
    /// Asks running processes whether they serve and whether the ledger audit passes.
    Status(status::StatusArguments),
    /// Prints completions for a shell: `largesse completions bash > /etc/bash_completion.d/largesse`.
    Completions {
        /// The shell to complete for.
        shell: clap_complete::Shell,
    },
    /// Makes a backup of an installation, which may be running; all data in the backup is of the same moment.
    Backup(BackupArguments),
    /// Restores a backup without overwriting existing data, and checks the result.
    Restore(RestoreArguments),
    /// Has the lots of coins read again from the ledger's journal.
    Lots(lots::LotsArguments),
    /// Migrates the tables of services and exits.
    Migrate(MigrateArguments),
}

/// Settings are read before anything starts, because they also configure logging.
fn serve(arguments: &serve::ServeArguments) -> ExitCode {
    let read = match arguments.read() {
        Ok(read) => read,
        Err(error) => return command::refuse(&error),
    };
    let telemetry = read.config.telemetry.clone();
    match read.into_options() {
        Ok((options, warnings)) => command::run_with("largesse", &telemetry, serve::run(options, warnings)),
        Err(code) => code,
    }
}

/// Runs a command on the database that its arguments, the environment or a file name.
fn on_database<F: Future<Output = command::CommandResult>>(
    name: &str,
    place: &DatabaseArgument,
    run: impl FnOnce(String) -> F,
) -> ExitCode {
    match place.address() {
        Ok(address) => command::run(name, run(address)),
        Err(error) => command::refuse(&error),
    }
}

fn main() -> ExitCode {
    match CommandLine::parse().command {
        Command::Serve(arguments) => serve(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Lists(arguments) => command::finish(lists::run(&arguments)),
        Command::Catalogue(arguments) => command::run("largesse catalogue", catalogue::run(arguments)),
        Command::Rails(arguments) => command::finish(rails::run(&arguments)),
        Command::Bank(arguments) => command::finish(bank::run(&arguments)),
        Command::Accounts(arguments) => command::finish(accounts::run(&arguments)),
        Command::Screening(arguments) => command::finish(screening::run(&arguments)),
        Command::Token(arguments) => token::run(&arguments),
        Command::Call(arguments) => call::run(arguments),
        Command::Trigger(arguments) => trigger::run(&arguments),
        Command::Id(arguments) => id::run(&arguments),
        Command::Demo(arguments) => match usable(arguments.database.as_deref()) {
            Ok(()) => command::run("largesse demo", demo::run(arguments)),
            Err(error) => command::misused(&error),
        },
        Command::Replay(arguments) => match usable(arguments.database.as_deref()) {
            Ok(()) => command::run("largesse replay", replay::run(arguments)),
            Err(error) => command::misused(&error),
        },
        Command::Verify(arguments) => on_database("largesse verify", &arguments.place.clone(), |address| verify::run(address, arguments)),
        Command::Explain(arguments) => match arguments.place.audited() {
            Ok(place) => command::run("largesse explain", explain::run(place, *arguments)),
            Err(error) => command::refuse(&error),
        },
        Command::Export(arguments) if arguments.url.is_some() => command::run("largesse export", export::ask(*arguments)),
        Command::Export(arguments) => match arguments.place.audited() {
            Ok(place) => command::run("largesse export", export::run(place, *arguments)),
            Err(error) => command::refuse(&error),
        },
        Command::Import(arguments) => command::run("largesse import", import::run(arguments)),
        Command::Report(arguments) => command::run("largesse report", report::run(arguments)),
        Command::Settlements(arguments) => command::run("largesse settlements", settlements::run(arguments)),
        Command::Treasury(arguments) => command::run("largesse treasury", treasury::run(arguments)),
        Command::Accounting(arguments) => command::run("largesse accounting", accounting::run(arguments)),
        Command::Bench(arguments) => command::finish(bench::run(arguments)),
        Command::Status(arguments) => command::run("largesse status", status::run(arguments)),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut CommandLine::command(), "largesse", &mut script);
            print!("{}", String::from_utf8_lossy(&script));
            ExitCode::SUCCESS
        }
        Command::Privacy(arguments) => match arguments.place() {
            Ok(place) => command::run("largesse privacy", privacy::run(place, arguments.deed)),
            Err(error) => command::refuse(&error),
        },
        Command::Keys(arguments) => match arguments.key_file() {
            Ok(file) => command::run("largesse keys", keys::run(file, arguments.deed)),
            Err(error) => command::refuse(&error),
        },
        Command::Lots(lots::LotsArguments { place, task }) => on_database("largesse lots", &place, |address| lots::run(address, task)),
        Command::Migrate(MigrateArguments { place, services, citus }) => {
            on_database("largesse migrate", &place, |address| migrate::run(address, services, citus))
        }
        Command::Backup(BackupArguments { place, to, sign_key }) => {
            on_database("largesse backup", &place, |address| backup::backup(address, to, sign_key))
        }
        Command::Restore(RestoreArguments { place, from, verify_key }) => {
            on_database("largesse restore", &place, |address| backup::restore(address, from, verify_key))
        }
    }
}
