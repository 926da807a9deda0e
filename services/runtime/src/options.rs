//! A process's options, and the checks that are possible before anything binds or opens.
use crate::{Error, Settings};
use identity::{Service, issuers::TrustedIssuer};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// A free port on this machine, for listeners whose port number does not matter.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The services that the console's pages call.
const CONSOLE_NEEDS: [Service; 3] = [Service::Ledger, Service::Support, Service::Monitor];

/// Which issuers the services of this process trust.
#[derive(Debug, Clone)]
pub enum IdentitySource {
    /// The key under the data directory, made when missing; also signs the services' own tokens.
    Sandbox,
    /// Keys and tokens made elsewhere.
    Configured {
        /// The trusted issuers of tokens.
        issuers: Vec<TrustedIssuer>,
        /// The file with each service's own token.
        tokens: BTreeMap<Service, PathBuf>,
    },
}

/// What a process runs, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The services to run here.
    pub services: Vec<Service>,
    /// Addresses of the other services.
    pub peers: BTreeMap<Service, String>,
    /// `sqlite:DIR` or `postgres://…`.
    pub database: String,
    /// Directory for keys and certificates.
    pub data_dir: PathBuf,
    /// Which issuers to trust.
    pub identity: IdentitySource,
    /// How long ago staff may have signed in to approve something. `None`: it is not asked.
    pub login_age_max: Option<Duration>,
    /// Certificates; without any, listeners use no TLS.
    pub tls: rpc::tls::Config,
    /// Maximum calls in flight, per service.
    pub overload: rpc::overload::OverloadLimits,
    /// Bounds on the duration of calls.
    pub deadline: rpc::deadline::DeadlineLimits,
    /// Bounds on how often callers may call.
    pub quotas: rpc::quota::Config,
    /// Bounds on the connections of the gRPC listener.
    pub connections: rpc::listener::ConnectionBounds,
    /// Bounds on the connections of the HTTP listener.
    pub http_connections: rpc::listener::ConnectionBounds,
    /// Bounds on calls of banks and stores.
    pub webhooks: rpc::webhooks::Config,
    /// Bounds on incomplete requests.
    pub arrival: rpc::ArrivalBounds,
    /// TEST books to create in a sandbox.
    pub books: Vec<String>,
    /// Address of the gRPC listener. `None`: the services here are reached in process only.
    pub listen: Option<SocketAddr>,
    /// Address of the HTTP listener, if any.
    pub http: Option<SocketAddr>,
    /// Address of the pretend bank's listener, when the sandbox runs here.
    pub bank_listen: SocketAddr,
    /// Address of the pretend app store's listener, when the sandbox runs here.
    pub store_listen: SocketAddr,
    /// Address of the pretend login's listener, when the sandbox runs here; and where the others of this sandbox find it.
    pub login_listen: SocketAddr,
    /// Each service's own options.
    pub settings: Settings,
}

impl Options {
    /// All services in one process under `data_dir`, with pretend money, reached in process only.
    pub fn sandbox(data_dir: PathBuf) -> Self {
        Self {
            services: Service::ALL.to_vec(),
            peers: BTreeMap::new(),
            database: format!("sqlite:{}", data_dir.display()),
            data_dir,
            identity: IdentitySource::Sandbox,
            login_age_max: None,
            tls: rpc::tls::Config::default(),
            overload: rpc::overload::OverloadLimits::default(),
            deadline: rpc::deadline::DeadlineLimits::default(),
            quotas: rpc::quota::Config::default(),
            connections: rpc::listener::ConnectionBounds::default(),
            http_connections: rpc::http1::CONNECTIONS,
            webhooks: rpc::webhooks::Config::default(),
            arrival: rpc::ArrivalBounds::default(),
            books: vec!["demo".to_owned()],
            listen: None,
            http: None,
            bank_listen: LOOPBACK,
            store_listen: LOOPBACK,
            login_listen: LOOPBACK,
            settings: Settings::default(),
        }
    }
}

/// Reports what is known to be wrong before anything binds or opens.
pub fn check(options: &Options) -> Result<(), Error> {
    let services = &options.services;
    if services.is_empty() {
        return Err(Error::Nothing);
    }
    let known = |service| services.contains(&service) || options.peers.contains_key(&service);
    let sandbox = matches!(options.identity, IdentitySource::Sandbox);
    if options.settings.console.listen.is_some() {
        for needed in CONSOLE_NEEDS {
            if !known(needed) {
                return Err(Error::ConsoleNeeds(needed));
            }
        }
    }
    for &service in services {
        if let Some(&needed) = service.needs().iter().find(|needed| !known(**needed)) {
            return Err(Error::PeerMissing { service, needed });
        }
        match service {
            Service::Sandbox if !sandbox => return Err(Error::SandboxOnly),
            Service::Payout if options.settings.payout.has_key() => {}
            Service::Payout if !sandbox => return Err(Error::PayoutKeyMissing),
            Service::Payout if !known(Service::Sandbox) => return Err(Error::PeerMissing { service, needed: Service::Sandbox }),
            Service::Ledger
            | Service::Support
            | Service::Sandbox
            | Service::Purchase
            | Service::Gift
            | Service::Earnings
            | Service::Payout
            | Service::Treasury
            | Service::Monitor => {}
        }
    }
    Ok(())
}
