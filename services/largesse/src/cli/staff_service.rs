//! Running services, as commands of staff reach them.
use rpc::{Tls, Transport, tls};
use runtime::command::{self, UntypedError};
use std::{path::Path, process::ExitCode};

/// A connection to a service, and the token in a file. `Err` in `Ok`: the address is none, which was printed; the code is the command's.
pub fn connect(url: &str, ca: Option<&Path>, token_file: &Path) -> Result<Result<(Transport, String), ExitCode>, UntypedError> {
    let tls = Tls::load(tls::Config { peer_ca: ca.map(Path::to_owned).unwrap_or_default(), ..tls::Config::default() })?;
    let token = std::fs::read_to_string(token_file).map_err(|error| format!("{}: {error}", token_file.display()))?;
    match rpc::connect_with(url, &tls) {
        Ok(transport) => Ok(Ok((transport, token.trim().to_owned()))),
        Err(error @ (rpc::Error::Address { .. } | rpc::Error::Peer { .. })) => {
            command::finish(Err(format!("--url {error}").into()));
            Ok(Err(ExitCode::from(command::USAGE)))
        }
        Err(error) => Err(error.into()),
    }
}
