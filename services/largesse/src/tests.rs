//! Unit tests of the list of commands.
use super::{Command, CommandLine};
use clap::{CommandFactory as _, Parser as _};

#[test]
fn every_command_is_well_formed() {
    CommandLine::command().debug_assert();
}

#[test]
fn what_follows_bench_is_for_its_program() {
    let given = ["--seconds", "9", "--help", "--version", "--rows", "lone"];
    let parsed = CommandLine::try_parse_from(["largesse", "bench"].into_iter().chain(given)).unwrap();
    let Command::Bench(bench) = parsed.command else { panic!("another command") };
    assert_eq!(bench.arguments, given);
}
