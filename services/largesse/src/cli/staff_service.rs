//! Running services, as commands of staff reach them.
use clap::Args;
use rpc::{Tls, Transport, tls};
use runtime::command::{self, UntypedError};
use std::{path::PathBuf, process::ExitCode};

/// The running service that is asked, by whom, and why. A command that flattens this says in the help of `url` which service it asks.
#[derive(Debug, Args)]
pub struct CallerArguments {
    /// gRPC address of a process with the service.
    #[arg(long, default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub url: String,
    /// File with the token of a member of staff.
    #[arg(long, env = "LARGESSE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: PathBuf,
    /// The reason, for the audit log; 8 to 500 bytes.
    #[arg(long, value_name = "TEXT", value_parser = super::reason)]
    pub reason: String,
    /// CA certificates (PEM) to verify https:// addresses with; by default those of the system.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

impl CallerArguments {
    /// A connection to the service, and the token in the file. `Err` in `Ok`: the address is none, which was printed; the code is the command's.
    pub fn connect(&self) -> Result<Result<(Transport, String), ExitCode>, UntypedError> {
        let tls = Tls::load(tls::Config { peer_ca: self.ca.clone().unwrap_or_default(), ..tls::Config::default() })?;
        let token = std::fs::read_to_string(&self.token_file).map_err(|error| format!("{}: {error}", self.token_file.display()))?;
        match rpc::connect_with(&self.url, &tls) {
            Ok(transport) => Ok(Ok((transport, token.trim().to_owned()))),
            Err(error @ (rpc::Error::Address { .. } | rpc::Error::Peer { .. })) => {
                command::finish(Err(format!("--url {error}").into()));
                Ok(Err(ExitCode::from(command::USAGE)))
            }
            Err(error) => Err(error.into()),
        }
    }
}
