//! `largesse id`: ids for requests, on standard output.
use clap::Args;
use std::process::ExitCode;
use uuid::Uuid;

/// The most ids that one command prints.
const COUNT_MAX: u16 = 1_000;

/// Printed after the options.
const EXPLANATION: &str = "\
Every mutation carries a request_id. A request with the same id gets the first answer again. So retry with the same id until you have an answer, and use a new
id for every new action. A version 7 id (RFC 9562) carries the time at which it was created, in milliseconds. The ledger handles these ids fastest. The ids
that one command prints are in ascending order.

  ID=$(largesse id)";

/// Options of `largesse id`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct IdArguments {
    /// How many ids to print, 1 to 1000, one a line.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count)]
    pub count: u16,
}

fn count(text: &str) -> Result<u16, String> {
    let number = text.parse().ok().filter(|number| (1..=COUNT_MAX).contains(number));
    number.ok_or_else(|| format!("must be a whole number from 1 to {COUNT_MAX}"))
}

/// Prints the ids.
#[must_use]
pub fn run(arguments: &IdArguments) -> ExitCode {
    for _ in 0..arguments.count {
        println!("{}", Uuid::now_v7());
    }
    ExitCode::SUCCESS
}
