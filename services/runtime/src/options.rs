//! What a process is to run, and what can be known to be wrong with it before anything binds or opens.
use crate::{Error, Settings};
use identity::{Service, issuers::TrustedIssuer};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// A free port on this machine, for what nobody has to find by number.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Which issuers the services of this process trust.
#[derive(Debug, Clone)]
pub enum IdentitySource {
    /// The key under the data directory, made when missing; also signs the services' own tokens.
    Sandbox,
    /// Keys and tokens made elsewhere.
    Configured {
        /// Who makes tokens.
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
    /// Where the others are.
    pub peers: BTreeMap<Service, String>,
    /// `sqlite:DIR` or `postgres://…`.
    pub database: String,
    /// For keys and certificates.
    pub data_dir: PathBuf,
    /// Which issuers to trust.
    pub identity: IdentitySource,
    /// Certificates; without any, listeners are plain.
    pub tls: rpc::tls::Config,
    /// How much may be in flight, per service.
    pub overload: rpc::overload::OverloadLimits,
    /// How long calls may take.
    pub deadline: rpc::deadline::DeadlineLimits,
    /// How often anybody may call.
    pub quotas: rpc::quota::Config,
    /// How many connections a listener takes.
    pub connections: rpc::listener::ConnectionBounds,
    /// How many bytes of requests may be arriving.
    pub arrival: rpc::ArrivalBounds,
    /// TEST books to have, in a sandbox.
    pub books: Vec<String>,
    /// Where gRPC listens. None: the services here are reached in process only.
    pub listen: Option<SocketAddr>,
    /// Where HTTP listens, if at all.
    pub http: Option<SocketAddr>,
    /// Where the pretend bank listens, when the sandbox runs here.
    pub bank_listen: SocketAddr,
    /// Where the pretend app store listens, when the sandbox runs here.
    pub store_listen: SocketAddr,
    /// Each service's own options.
    pub settings: Settings,
}

impl Options {
    /// Everything in one process under `data_dir`, with pretend money, reached in process only.
    pub fn sandbox(data_dir: PathBuf) -> Self {
        Self {
            services: Service::ALL.to_vec(),
            peers: BTreeMap::new(),
            database: format!("sqlite:{}", data_dir.display()),
            data_dir,
            identity: IdentitySource::Sandbox,
            tls: rpc::tls::Config::default(),
            overload: rpc::overload::OverloadLimits::default(),
            deadline: rpc::deadline::DeadlineLimits::default(),
            quotas: rpc::quota::Config::default(),
            connections: rpc::listener::ConnectionBounds::default(),
            arrival: rpc::ArrivalBounds::default(),
            books: vec!["demo".to_owned()],
            listen: None,
            http: None,
            bank_listen: LOOPBACK,
            store_listen: LOOPBACK,
            settings: Settings::default(),
        }
    }
}

/// What can be known to be wrong before anything binds or opens.
pub fn check(options: &Options) -> Result<(), Error> {
    let services = &options.services;
    if services.is_empty() {
        return Err(Error::Nothing);
    }
    let known = |service| services.contains(&service) || options.peers.contains_key(&service);
    let sandbox = matches!(options.identity, IdentitySource::Sandbox);
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
            | Service::Monitor => {}
        }
    }
    Ok(())
}
