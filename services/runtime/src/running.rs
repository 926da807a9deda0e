//! The services of this process: started in order, supervised, and stopped.
use crate::sockets::bind_some;
use crate::{Error, IdentitySource, Options, books, check, fit, http, lists, login, options::LOOPBACK, wiring::Wiring};
use axum::Router;
use futures::{FutureExt as _, future::BoxFuture};
use identity::Service;
use rpc::{ServiceToken, Transport, WriterHealth, webhooks::WebhookGate};
use scenarios::SandboxAddresses;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long listeners may take to close: the time that calls get to finish, and a little more.
const DRAIN_MAX: Duration = rpc::serve::DRAIN_MAX.saturating_add(Duration::from_secs(2));
/// How long services may take to write pending data after the last call.
const SETTLE_MAX: Duration = Duration::from_secs(20);

/// How often crashed writers of books are checked for.
const WRITERS_EVERY: Duration = Duration::from_secs(1);

/// Where to listen for HTTP: in a sandbox always, so that its pretend banks and stores can call back.
fn http_address(options: &Options) -> Option<SocketAddr> {
    let is_called = matches!(options.identity, IdentitySource::Sandbox)
        && options.services.iter().any(|service| matches!(service, Service::Payout | Service::Purchase));
    options.http.or(is_called.then_some(LOOPBACK))
}

/// How a listener's address is reached on this machine.
fn here(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}

/// Running services.
pub struct Runtime {
    wiring: Wiring,
    readiness: http::Readiness,
    webhooks: http::Webhooks,
    addresses: Vec<(&'static str, SocketAddr)>,
    tasks: JoinSet<Result<(), Error>>,
    shutdown: CancellationToken,
}

impl Runtime {
    /// Starts the services in `options`. When it returns, every service here answers.
    pub fn start(options: Options) -> BoxFuture<'static, Result<Self, Error>> {
        // Boxed, so that it is compiled in this crate and not in every program and test that starts one.
        Self::begin(options).boxed()
    }

    async fn begin(mut options: Options) -> Result<Self, Error> {
        let mut services = options.services.clone();
        services.sort_unstable();
        services.dedup();
        check(&options)?;
        // Sockets first, so that an address in use is found before a store is opened.
        let grpc = bind_some("gRPC", options.listen).await?;
        let http = bind_some("HTTP", http_address(&options)).await?;
        let web = bind_some("the console", options.settings.console.listen).await?;
        let pretend_login = login::bind_login(&mut options).await?;
        let shutdown = CancellationToken::new();
        let wiring = Wiring::try_new(options, shutdown.clone()).await?;
        let mut runtime = Self {
            wiring,
            readiness: http::Readiness::default(),
            webhooks: http::Webhooks::default(),
            addresses: Vec::new(),
            tasks: JoinSet::new(),
            shutdown,
        };
        let mut callbacks_to = None;
        if let Some((listener, address)) = http {
            runtime.addresses.push(("http", address));
            runtime.serve_http(listener);
            // The pretend banks, which are on this machine, check no certificates.
            callbacks_to = runtime.wiring.tls.is_none().then(|| here(address));
        }
        for service in services {
            fit::start(service, &mut runtime.wiring).await?;
        }
        let webhooks = [runtime.wiring.payout.as_ref().map(payout::Service::webhooks), runtime.wiring.store_webhooks.clone()];
        if let Some(webhooks) = webhooks.into_iter().flatten().reduce(Router::merge) {
            runtime.webhooks.set(webhooks);
        }
        runtime.connect_late(callbacks_to).await?;
        if let Some(ledger) = runtime.wiring.ledger.clone() {
            runtime.readiness.follow(&ledger);
            runtime.watch_writers(ledger);
        }
        runtime.wiring.record_acts()?;
        books::ensure(&runtime.wiring).await?;
        lists::refuse_built_in(&runtime.wiring).await?;
        runtime.wiring.served.writer = runtime.writer_health();
        let grpc_address = grpc.as_ref().map(|(_, address)| here(*address));
        if let Some((listener, address)) = grpc {
            runtime.addresses.push(("grpc", address));
            runtime.serve_grpc(listener);
        }
        runtime.addresses.extend(runtime.wiring.sandbox_addresses());
        if let Some((listener, address)) = pretend_login {
            runtime.addresses.push(("login", address));
            login::start_login(listener, here(address), runtime.wiring.options.settings.login, runtime.shutdown.clone())?;
        }
        if let Some((listener, address)) = web {
            runtime.addresses.push(("console", address));
            runtime.serve_console(listener, here(address), grpc_address)?;
        }
        runtime.readiness.set(true);
        Ok(runtime)
    }

    /// The connections that need every service: treasury starts after payouts, and the banks call back where this process listens.
    async fn connect_late(&self, callbacks_to: Option<SocketAddr>) -> Result<(), Error> {
        if let Some(payout) = &self.wiring.payout {
            if let Some(address) = callbacks_to {
                payout.register_callbacks(address).await;
            }
            // Also where payouts reserve nothing: what they reserved before is given back, and sweeps are sent.
            if fit::reserves_at_treasury(&self.wiring.options) || fit::knows_treasury(&self.wiring.options) {
                // After all services: treasury starts after payouts.
                let missing = |_| Error::PeerMissing { service: Service::Payout, needed: Service::Treasury };
                payout.use_treasury(self.wiring.way(Service::Payout, Service::Treasury).map_err(missing)?);
            }
        }
        if let Some(purchase) = &self.wiring.purchase
            && fit::knows_treasury(&self.wiring.options)
        {
            let missing = |_| Error::PeerMissing { service: Service::Purchase, needed: Service::Treasury };
            purchase.use_treasury(self.wiring.way(Service::Purchase, Service::Treasury).map_err(missing)?);
        }
        Ok(())
    }

    /// The health of a process whose ledger may not write: services that need the ledger report that they do not serve.
    fn writer_health(&mut self) -> Option<WriterHealth> {
        let ledger = self.wiring.ledger.clone()?;
        let of_no_use = |service: &Service| *service == Service::Ledger || service.needs().contains(&Service::Ledger);
        let dependent = self.wiring.options.services.iter().filter(|service| of_no_use(service)).filter_map(|service| service.grpc_name());
        let may_write = move |ledger: &ledger::Ledger| ledger.is_writer() && ledger.too_new().is_none();
        let (told, writes) = watch::channel(may_write(&ledger));
        let health = WriterHealth { dependent: dependent.collect(), writes };
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            let mut holds = ledger.writes();
            // A newer version's commit is found on reading, without notification, so this polls.
            let changed = async |holds: &mut watch::Receiver<bool>| drop(timeout(WRITERS_EVERY, holds.changed()).await);
            while shutdown.run_until_cancelled(changed(&mut holds)).await.is_some() {
                told.send_if_modified(|told| std::mem::replace(told, may_write(&ledger)) != *told);
            }
            Ok(())
        });
        Some(health)
    }

    /// The process that writes the books, if this process has a ledger that stands by for it.
    pub fn stands_by_for(&self) -> Option<String> {
        self.wiring.ledger.as_ref().and_then(|ledger| ledger.other_writer())
    }

    fn serve_http(&mut self, listener: TcpListener) {
        let (shutdown, tls, bounds) = (self.shutdown.clone(), self.wiring.tls.clone(), self.wiring.options.http_connections);
        let gate = WebhookGate::new(&self.wiring.options.webhooks);
        let parts = http::HttpParts { readiness: self.readiness.clone(), webhooks: self.webhooks.clone(), gate };
        self.tasks.spawn(async move {
            http::serve(listener, tls, parts, bounds, shutdown).await.map_err(|error| {
                tracing::error!(%error, "the HTTP listener failed");
                Error::Ended("the HTTP listener")
            })
        });
    }

    fn serve_console(&mut self, listener: TcpListener, address: SocketAddr, grpc: Option<SocketAddr>) -> Result<(), Error> {
        let (routes, bounds) = fit::console(&self.wiring, address, grpc, self.pretend())?;
        let (shutdown, tls) = (self.shutdown.clone(), self.wiring.tls.clone());
        self.tasks.spawn(async move {
            rpc::web::serve(listener, tls, routes, bounds, shutdown).await.map_err(|error| {
                tracing::error!(%error, "the console's listener failed");
                Error::Ended("the console's listener")
            })
        });
        Ok(())
    }

    /// The pretend banks and stores, where they run here and their reports are taken here. They check no certificates, so not where this process has some.
    fn pretend(&self) -> Option<SandboxAddresses> {
        let url = |name: &str| self.address(name).filter(|_| self.wiring.tls.is_none()).map(|address| format!("http://{}", here(address)));
        let (bank, store, http) = (url("bank")?, url("store")?, url("http")?);
        SandboxAddresses::try_new(&bank, &store, &http)
            .inspect_err(|why| tracing::warn!(why, "the console has no page for the sandbox"))
            .ok()
    }

    /// Only a new process can write a book whose writer crashed, and not while this process keeps the lease; so this process ends.
    fn watch_writers(&mut self, ledger: Arc<ledger::Ledger>) {
        let shutdown = self.shutdown.clone();
        self.tasks.spawn(async move {
            while shutdown.run_until_cancelled(tokio::time::sleep(WRITERS_EVERY)).await.is_some() {
                if let Some(book) = ledger.crashed() {
                    tracing::error!(book, "the writer of a book crashed");
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

    /// A connection to `service`, here or elsewhere, without a token: callers add their own, such as a user's.
    pub fn transport_for(&self, service: Service) -> Result<Transport, Error> {
        self.wiring.transport(service)
    }

    /// A connection to `service` for a program of this installation that calls under `name` (role service).
    pub fn service_transport_for(&self, service: Service, name: &str) -> Result<Transport, Error> {
        Ok(self.wiring.transport(service)?.with_token(self.wiring.token(name)?))
    }

    /// The token for a program of this installation.
    pub fn service_token(&self, name: &str) -> Result<ServiceToken, Error> {
        self.wiring.token(name)
    }

    /// The issuer that signs tokens; in a sandbox only.
    pub fn issuer(&self) -> Option<&Arc<identity::Issuer>> {
        self.wiring.issuer.as_ref()
    }

    /// The payout service, when it runs here, with its messages to and from the bank.
    pub fn payout(&self) -> Option<&payout::Service> {
        self.wiring.payout.as_ref()
    }

    /// The address of a listener: `grpc`, `http`, `bank`, `store`, `login`, `console`.
    pub fn address(&self, name: &str) -> Option<SocketAddr> {
        self.addresses.iter().find(|(known, _)| *known == name).map(|(_, address)| *address)
    }

    /// One line per listener, as shown to people.
    pub fn listening(&self) -> Vec<String> {
        let lines = self.addresses.iter().map(|(name, address)| format!("{name} on {address}"));
        lines.chain(self.console_url().map(|url| format!("open {url}/"))).collect()
    }

    /// The address at which browsers find the console, if it runs here.
    pub fn console_url(&self) -> Option<String> {
        let address = self.address("console")?;
        Some(fit::console_base(&self.wiring.options, here(address)))
    }

    /// Returns when a task that should keep running has ended.
    pub async fn failed(&mut self) -> Error {
        match self.tasks.join_next().await {
            Some(Ok(Err(error))) => error,
            Some(Ok(Ok(())) | Err(_)) => Error::Ended("a listener"),
            // Nothing listens, so nothing can fail.
            None => std::future::pending().await,
        }
    }

    /// Ends watch calls, lets the calls in flight finish, then stops the services.
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
