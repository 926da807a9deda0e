//! The pretend login of a sandbox: where it is, and what its tokens are trusted with.
use crate::{Error, Options, sockets::bind};
use identity::{
    Role, Service,
    issuers::{Algorithm, TrustedIssuer},
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long a sandbox's logins last at most, in seconds.
const LOGIN_SECONDS_MAX: u32 = 43_200;

/// The pretend login's issuer at this address, as its own machine knows it.
pub(crate) fn login_url(address: SocketAddr) -> String {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The pretend login as an issuer that a sandbox trusts: for staff, and with the keys that it publishes.
pub(crate) fn login_issuer(address: SocketAddr) -> TrustedIssuer {
    let url = login_url(address);
    TrustedIssuer {
        jwks: format!("{url}/jwks"),
        issuer: url,
        audience: sandbox::login::AUDIENCE.to_owned(),
        algorithms: vec![Algorithm::EdDSA],
        roles: vec![Role::Support, Role::Finance, Role::Auditor, Role::Admin],
        lifetime_max_s: LOGIN_SECONDS_MAX,
        // It makes a new key at every start, so a key is as good as the process that has it.
        stale_max_s: u32::MAX,
        ..TrustedIssuer::house(Vec::new())
    }
}

/// Binds the pretend login's listener where it runs here, and notes the port that it got: its address is the issuer's name, which tokens are checked by.
pub(crate) async fn bind_login(options: &mut Options) -> Result<Option<(TcpListener, SocketAddr)>, Error> {
    if !options.services.contains(&Service::Sandbox) {
        return Ok(None);
    }
    let (listener, address) = bind("the pretend login", options.login_listen).await?;
    options.login_listen = address;
    Ok(Some((listener, address)))
}

/// Serves the pretend login at `address`.
pub(crate) fn start_login(
    listener: TcpListener,
    address: SocketAddr,
    config: sandbox::login::Config,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    sandbox::login::start(listener, login_url(address), config, shutdown)
        .map_err(|source| Error::Start { service: Service::Sandbox, source: source.into() })
}
