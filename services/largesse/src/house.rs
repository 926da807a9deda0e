//! A house: chosen services of one process, wired to each other.
//!
//! - [`services`]: which there are and what each needs.
//! - `wiring`: identity, stack, and the way from one service to another.
//! - [`settings`]: each service's own options.
//! - [`tables`]: migrations without a start.
//! - `fit`: per service, how it is started.
//! - `http`: liveness and readiness.
//!
//! Services of the same process are laid over each other's stack; others are reached over channels. They cannot tell.
use identity::issuers::Issuer;
use rpc::{ServiceToken, Transport};
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use wiring::Wiring;

mod books;
mod fit;
mod http;
pub mod services;
pub mod settings;
pub mod tables;
mod wiring;

pub use fit::{payout_key_file, sandbox_bundle, store_directory};
pub use services::Service;
pub use settings::Settings;

/// How long listeners may take to close: what they give their calls, and a little.
const DRAIN_MAX: Duration = rpc::serve::DRAIN_MAX.saturating_add(Duration::from_secs(2));
/// How long services may take to write what they hold after the last call.
const SETTLE_MAX: Duration = Duration::from_secs(20);

/// How often it is looked whether a book's writer fell.
const WRITERS_EVERY: Duration = Duration::from_secs(1);

/// The directory of the ledger's heads, in the data directory.
pub const HEADS: &str = "heads";

/// A free port on this machine, for what nobody has to find by number.
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Whom this house believes.
#[derive(Debug, Clone)]
pub enum Identity {
    /// The key under the data directory, made when missing; also signs the services' own tokens.
    Sandbox,
    /// Keys and tokens made elsewhere.
    Configured {
        /// Who makes tokens.
        issuers: Vec<Issuer>,
        /// The services' own token.
        token_file: PathBuf,
    },
}

/// What a house is made of.
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
    /// Whom to believe.
    pub identity: Identity,
    /// Certificates; without any, listeners are plain.
    pub tls: rpc::tls::Config,
    /// How much may be in flight, per service.
    pub overload: rpc::overload::Limits,
    /// How long calls may take.
    pub deadline: rpc::deadline::Limits,
    /// How often anybody may call.
    pub quotas: rpc::quota::Config,
    /// How many connections a listener takes.
    pub connections: rpc::listener::Bounds,
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
            identity: Identity::Sandbox,
            tls: rpc::tls::Config::default(),
            overload: rpc::overload::Limits::default(),
            deadline: rpc::deadline::Limits::default(),
            quotas: rpc::quota::Config::default(),
            connections: rpc::listener::Bounds::default(),
            books: vec!["demo".to_owned()],
            listen: None,
            http: None,
            bank_listen: LOOPBACK,
            store_listen: LOOPBACK,
            settings: Settings::default(),
        }
    }
}

/// Why a house does not start, or falls.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a sandbox nor an identity.
    #[error("nobody could be identified: add {0}; or --sandbox to play with pretend money")]
    IdentityMissing(String),
    /// A sandbox and an identity.
    #[error("--sandbox makes its own identity: leave out --identity-key and --service-token-file")]
    IdentityTwice,
    /// A service is neither here nor elsewhere.
    #[error("{service} needs {needed}: add it to --services, or say where it is with --{needed}-url")]
    PeerMissing {
        /// Who needs.
        service: Service,
        /// Whom.
        needed: Service,
    },
    /// Nobody knows where a service is.
    #[error("{0} does not run here and no --{0}-url says where it is")]
    Unknown(Service),
    /// Pretend money beside a real identity.
    #[error("the pretend stores and bank run with --sandbox only")]
    SandboxOnly,
    /// Payouts without a key.
    #[error("payout seals bank accounts and names: say where its key is with --payout-key-file FILE (32 bytes in base64)")]
    PayoutKeyMissing,
    /// Nothing to run.
    #[error("no service to run: --services is empty")]
    Nothing,
    /// A key or token.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// Calling or being called.
    #[error(transparent)]
    Rpc(#[from] rpc::Error),
    /// The database's address.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A listener.
    #[error("{what} on {address}: {source}")]
    Listen {
        /// What was to listen.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A service could not start.
    #[error("{service} does not start: {source}")]
    Start {
        /// Which.
        service: Service,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A sandbox's book could not be made.
    #[error("book {book}: {status}")]
    Book {
        /// Which.
        book: String,
        /// What the ledger said.
        status: Box<tonic::Status>,
    },
    /// Something that should run until shutdown ended.
    #[error("{0} ended unasked")]
    Ended(&'static str),
}

/// Running services.
pub struct House {
    wiring: Wiring,
    readiness: http::Readiness,
    addresses: Vec<(&'static str, SocketAddr)>,
    tasks: JoinSet<Result<(), Error>>,
    shutdown: CancellationToken,
}

impl House {
    /// Starts what `options` say. When it returns, every service here answers.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let mut services = options.services.clone();
        services.sort_unstable();
        services.dedup();
        check(&options)?;
        // Sockets first: an address in use is found before a store is opened.
        let grpc = bind_some("gRPC", options.listen).await?;
        let http = bind_some("HTTP", options.http).await?;
        let shutdown = CancellationToken::new();
        let wiring = Wiring::try_new(options, shutdown.clone()).await?;
        let mut house = Self { wiring, readiness: http::Readiness::default(), addresses: Vec::new(), tasks: JoinSet::new(), shutdown };
        if let Some((listener, address)) = http {
            house.addresses.push(("http", address));
            house.serve_http(listener);
        }
        for service in services {
            fit::start(service, &mut house.wiring).await?;
        }
        if let Some(ledger) = house.wiring.ledger.clone() {
            house.readiness.follow(&ledger);
            house.watch_writers(ledger);
        }
        house.wiring.record_acts()?;
        books::ensure(&house.wiring).await?;
        if let Some((listener, address)) = grpc {
            house.addresses.push(("grpc", address));
            house.serve_grpc(listener);
        }
        house.addresses.extend(house.wiring.sandbox_addresses());
        house.readiness.set(true);
        Ok(house)
    }

    fn serve_http(&mut self, listener: TcpListener) {
        let (readiness, shutdown, tls) = (self.readiness.clone(), self.shutdown.clone(), self.wiring.tls.clone());
        let bounds = self.wiring.stack.connections();
        self.tasks.spawn(async move {
            match http::serve(listener, tls, readiness, bounds, shutdown).await {
                Ok(()) => Ok(()),
                Err(error) => {
                    tracing::error!(%error, "the HTTP listener fell");
                    Err(Error::Ended("the HTTP listener"))
                }
            }
        });
    }

    /// A book whose writer fell can be written by a new process only, and by none while this one keeps the lease: so the process ends.
    fn watch_writers(&mut self, ledger: Arc<ledger::Ledger>) {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            while shutdown.run_until_cancelled(tokio::time::sleep(WRITERS_EVERY)).await.is_some() {
                if let Some(book) = ledger.fallen() {
                    tracing::error!(book, "the writer of a book fell");
                    return Err(Error::Ended("the writer of a book"));
                }
            }
            Ok(())
        });
    }

    fn serve_grpc(&mut self, listener: TcpListener) {
        let (served, stack, shutdown) = (self.wiring.served.clone(), self.wiring.stack.clone(), self.shutdown.clone());
        let tls = self.wiring.tls.clone();
        self.tasks.spawn(async move { Ok(rpc::serve(listener, tls, served, stack, shutdown).await?) });
    }

    /// The way to `service`, here or elsewhere, without a token: callers bring their own, such as a user's.
    pub fn transport_for(&self, service: Service) -> Result<Transport, Error> {
        self.wiring.transport(service)
    }

    /// The way to `service` for a program of this house that calls as itself, under `name` (role service).
    pub fn service_transport_for(&self, service: Service, name: &str) -> Result<Transport, Error> {
        Ok(self.wiring.transport(service)?.with_token(self.wiring.token(name)?))
    }

    /// The token of a program of this house.
    pub fn service_token(&self, name: &str) -> Result<ServiceToken, Error> {
        self.wiring.token(name)
    }

    /// Signs tokens; in a sandbox only.
    pub fn issuer(&self) -> Option<&Arc<identity::Issuer>> {
        self.wiring.issuer.as_ref()
    }

    /// The payout service, when it runs here: its messages to and from the bank.
    pub fn payout(&self) -> Option<&payout::Service> {
        self.wiring.payout.as_ref()
    }

    /// The address of a listener: `grpc`, `http`, `bank`, `store`.
    pub fn address(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.iter().find(|(known, _)| *known == name).map(|(_, address)| *address)
    }

    /// One line per listener, for people.
    pub fn listening(&self) -> Vec<String> {
        self.addresses.iter().map(|(name, address)| format!("{name} on {address}")).collect()
    }

    /// Returns when something that should run on has ended.
    pub async fn failed(&mut self) -> Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Ok(Ok(())) | Err(_)) => Error::Ended("a listener"),
            // Nothing listens, so nothing can fail.
            None => std::future::pending().await,
        }
    }

    /// Sends watchers away, finishes the calls in flight, then stops what answered them.
    pub async fn shutdown(mut self) {
        self.readiness.set(false);
        self.shutdown.cancel();
        let drained = async {
            while let Some(ended) = self.tasks.join_next().await {
                if let Ok(Err(error)) = ended {
                    tracing::error!(%error, "while shutting down");
                }
            }
        };
        if timeout(DRAIN_MAX, drained).await.is_err() {
            tracing::warn!(seconds = DRAIN_MAX.as_secs(), "a listener did not close in time");
        }
        if timeout(SETTLE_MAX, self.wiring.stop()).await.is_err() {
            tracing::warn!(seconds = SETTLE_MAX.as_secs(), "services did not settle in time; what is durable stays");
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
    let sandbox = matches!(options.identity, Identity::Sandbox);
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

async fn bind_some(what: &'static str, address: Option<SocketAddr>) -> Result<Option<(TcpListener, SocketAddr)>, Error> {
    match address {
        Some(address) => bind(what, address).await.map(Some),
        None => Ok(None),
    }
}

async fn bind(what: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { what, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
