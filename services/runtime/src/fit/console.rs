//! Starts the console: pages for staff on a listener of their own.
use crate::{Error, IdentitySource, Options, login::login_url, wiring::Wiring};
use axum::Router;
use identity::Service;
use rpc::listener::ConnectionBounds;
use scenarios::SandboxAddresses;
use std::net::SocketAddr;

/// The console's address as browsers know it, where `address` is the one of its listener on this machine.
pub(crate) fn console_base(options: &Options, address: SocketAddr) -> String {
    let configured = &options.settings.console.base_url;
    let scheme = if options.tls.serves() { "https" } else { "http" };
    if configured.is_empty() { format!("{scheme}://{address}") } else { configured.clone() }
}

/// The console's routes and the bounds of its listener at `address`; `pretend` are the counterparts that run here.
pub(crate) fn console(
    wiring: &Wiring,
    address: SocketAddr,
    grpc: Option<SocketAddr>,
    pretend: Option<SandboxAddresses>,
) -> Result<(Router, ConnectionBounds), Error> {
    let options = &wiring.options;
    let mut config = options.settings.console.clone();
    config.base_url = console_base(options, address);
    if matches!(options.identity, IdentitySource::Sandbox) && config.issuer.is_empty() {
        config.issuer = login_url(options.login_listen);
        config.client_id = sandbox::login::CLIENT_ID.to_owned();
    }
    let known = |service| {
        let is_known = options.services.contains(&service) || options.peers.contains_key(&service);
        is_known.then(|| wiring.transport(service)).transpose()
    };
    let deps = console::Deps {
        verifier: wiring.verifier.clone(),
        login_age_max: options.login_age_max,
        ledger: wiring.transport(Service::Ledger)?,
        support: wiring.transport(Service::Support)?,
        monitor: wiring.transport(Service::Monitor)?,
        more: console::MoreServices {
            payout: known(Service::Payout)?,
            purchase: known(Service::Purchase)?,
            treasury: known(Service::Treasury)?,
            gift: known(Service::Gift)?,
            earnings: known(Service::Earnings)?,
        },
        grpc: grpc.map_or_else(|| "HOST:PORT".to_owned(), |address| address.to_string()),
        tls: wiring.tls.is_some(),
        sandbox: sandbox(wiring, pretend),
    };
    Ok((console::build(deps, &config)?, config.connections()))
}

/// What drives the pretend banks and stores, where identities are pretended too.
fn sandbox(wiring: &Wiring, pretend: Option<SandboxAddresses>) -> Option<console::SandboxDeps> {
    let is_sandbox = matches!(wiring.options.identity, IdentitySource::Sandbox);
    let (addresses, issuer) = (pretend.filter(|_| is_sandbox)?, wiring.issuer.clone()?);
    Some(console::SandboxDeps { addresses, issuer, app_of: super::sandbox_bundle })
}
