//! Identity, the stack, and the way from one service to another.
use crate::house::{Error, Identity, Options, Service};
use db::Database;
use identity::{Issuer, Verifier, keys::PublicKey};
use rpc::{Served, ServiceToken, Stack, Transport};
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tower::Layer as _;

/// What the services of a process share while they start.
pub(super) struct Wiring {
    pub(super) options: Options,
    pub(super) database: Database,
    pub(super) stack: Stack,
    pub(super) issuer: Option<Arc<Issuer>>,
    pub(super) served: Served,
    /// Cancelled first: workers stop, streams end.
    pub(super) shutdown: CancellationToken,
    /// Kept to be stopped last.
    pub(super) ledger: Option<Arc<ledger::Ledger>>,
    /// Kept to be waited for before the ledger stops.
    pub(super) payout: Option<payout::Service>,
    /// The pretend bank, when it runs here.
    pub(super) bank: Option<sandbox::bank::Bank>,
    /// Where the pretend app store listens, when it runs here.
    pub(super) store: Option<SocketAddr>,
    transports: BTreeMap<Service, Transport>,
}

impl Wiring {
    pub(super) fn try_new(options: Options, shutdown: CancellationToken) -> Result<Self, Error> {
        let database = Database::parse(&options.database)?;
        let (issuer, keys) = match &options.identity {
            Identity::Sandbox => {
                let issuer = Issuer::load_or_create(&options.data_dir)?;
                let key = issuer.public_key();
                (Some(Arc::new(issuer)), vec![key])
            }
            Identity::Configured { keys, .. } => (None, keys.iter().map(|path| PublicKey::read(path)).collect::<Result<_, _>>()?),
        };
        let stack = Stack::try_new(rpc::Options {
            verifier: Arc::new(Verifier::new(&keys)),
            overload: rpc::overload::Limits::default(),
            deadline: rpc::deadline::Limits::default(),
            closing: shutdown.clone(),
        })?;
        let mut transports = BTreeMap::new();
        for (service, url) in options.peers.iter().filter(|(service, _)| service.grpc_name().is_some()) {
            transports.insert(*service, rpc::connect(url)?);
        }
        let (served, ledger, payout, bank, store) = (Served::default(), None, None, None, None);
        Ok(Self { options, database, stack, issuer, served, shutdown, ledger, payout, bank, store, transports })
    }

    /// Adds a service that has started: to the listener, and for its neighbours.
    pub(super) fn add(&mut self, service: Service, routes: Routes) {
        let routes = routes.prepare();
        self.transports.insert(service, rpc::in_process(self.stack.layer(routes.clone())));
        if let Some(name) = service.grpc_name() {
            self.served = std::mem::take(&mut self.served).add(name, routes);
        }
    }

    /// The way to `service` without a token.
    pub(super) fn transport(&self, service: Service) -> Result<Transport, Error> {
        self.transports.get(&service).cloned().ok_or(Error::Unknown(service))
    }

    /// The way from one service to another.
    pub(super) fn way(&self, from: Service, to: Service) -> Result<Transport, Error> {
        Ok(self.transport(to)?.with_token(self.token(from.as_str())?))
    }

    /// The token with which `name` calls.
    pub(super) fn token(&self, name: &str) -> Result<ServiceToken, Error> {
        Ok(match (&self.options.identity, &self.issuer) {
            (Identity::Configured { token_file, .. }, _) => ServiceToken::from_file(token_file)?,
            (Identity::Sandbox, Some(issuer)) => ServiceToken::minted(issuer.clone(), name)?,
            (Identity::Sandbox, None) => return Err(Error::IdentityMissing("an identity key".to_owned())),
        })
    }

    pub(super) fn sandbox_addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let named = [("bank", self.bank.as_ref().map(sandbox::bank::Bank::address)), ("store", self.store)];
        named.into_iter().filter_map(|(name, address)| Some((name, address?))).collect()
    }

    /// Stops what is left once no call is in flight.
    pub(super) async fn stop(self) {
        if let Some(payout) = self.payout {
            payout.stopped().await;
        }
        if let Some(bank) = self.bank
            && let Err(error) = bank.stopped().await
        {
            tracing::error!(%error, "while shutting down");
        }
        if let Some(ledger) = self.ledger {
            ledger.shutdown().await;
        }
    }
}
