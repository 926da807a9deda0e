//! Unit tests of the command line.
use super::{BareServer, BenchCommand};
use clap::{CommandFactory as _, Parser as _};

#[test]
fn it_is_well_formed_and_tells_measuring_from_serving() {
    BenchCommand::command().debug_assert();
    let measuring = BenchCommand::try_parse_from(["largesse-bench", "--rows", "lone", "--json"]).unwrap();
    assert!(measuring.server.is_none() && measuring.arguments.json);
    let serving = BenchCommand::try_parse_from(["largesse-bench", "echo"]).unwrap();
    assert!(matches!(serving.server, Some(BareServer::Echo)));
}
