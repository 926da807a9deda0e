//! Identity, the stack, and the way from one service to another.
use crate::{Error, IdentitySource, Options, installation};
use db::Database;
use identity::Service;
use identity::{Issuer, Verifier, issuers};
use rpc::{ServedRoutes, ServiceToken, Stack, Tls, Transport};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::DirBuilder,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    sync::Arc,
};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tower::Layer as _;

/// What the services of a process share while they start.
pub(super) struct Wiring {
    pub(super) options: Options,
    pub(super) database: Database,
    pub(super) stack: Stack,
    pub(super) issuer: Option<Arc<Issuer>>,
    /// Whose tokens are trusted, by name.
    pub(super) identities: BTreeSet<String>,
    /// For the listeners; none without a certificate.
    pub(super) tls: Option<Tls>,
    pub(super) served: ServedRoutes,
    /// Cancelled first: workers stop, streams end.
    pub(super) shutdown: CancellationToken,
    /// Kept to be stopped last.
    pub(super) ledger: Option<Arc<ledger::Ledger>>,
    /// Kept to be waited for before the ledger stops.
    pub(super) payout: Option<payout::Service>,
    /// The pretend bank, when it runs here.
    pub(super) bank: Option<sandbox::bank::SandboxBank>,
    /// Where the pretend app store listens, when it runs here.
    pub(super) store: Option<SocketAddr>,
    transports: BTreeMap<Service, Transport>,
}

/// What checks tokens of these issuers, with their keys as far as they can be had now; those that can't are looked for on.
async fn trusting(issuers: &[issuers::TrustedIssuer], shutdown: &CancellationToken) -> Result<Arc<Verifier>, Error> {
    let verifier = Arc::new(Verifier::try_new(issuers.to_vec())?);
    // An issuer that is away must not keep money from moving: the others' tokens are as good as ever.
    for (issuer, error) in verifier.look().await {
        tracing::warn!(issuer, %error, "the keys of an issuer can't be read; its tokens are refused until they can");
    }
    let (looking, shutdown) = (verifier.clone(), shutdown.clone());
    tokio::spawn(async move { looking.keep_looking(shutdown).await });
    Ok(verifier)
}

/// Makes the data directory for its owner only where keys or heads are made below it; what makes a directory of its own there would leave it open, and an
/// error would name a file and not the directory.
fn make_data_dir(options: &Options) -> Result<(), db::Error> {
    let sandbox = matches!(options.identity, IdentitySource::Sandbox);
    let writes_heads = options.services.iter().any(|service| matches!(service, Service::Ledger | Service::Support));
    let heads_below = options.settings.ledger.heads_dir.as_ref().is_some_and(|heads| heads.starts_with(&options.data_dir));
    let needed = sandbox || (writes_heads && heads_below);
    if !needed {
        return Ok(());
    }
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&options.data_dir);
    made.map_err(|source| db::Error::Directory { path: options.data_dir.display().to_string(), source })
}

impl Wiring {
    pub(super) async fn try_new(options: Options, shutdown: CancellationToken) -> Result<Self, Error> {
        let database = Database::parse(&options.database)?;
        make_data_dir(&options)?;
        let (issuer, verifier) = match &options.identity {
            IdentitySource::Sandbox => {
                let issuer = Issuer::load_or_create(&options.data_dir)?;
                let verifier = Verifier::new(&[issuer.public_key()]);
                (Some(Arc::new(issuer)), Arc::new(verifier))
            }
            IdentitySource::Configured { issuers, .. } => (None, trusting(issuers, &shutdown).await?),
        };
        let identities = installation::identities(&options.identity, issuer.as_deref())?;
        installation::refuse_foreign(&options, &database, &identities).await?;
        let tls = Tls::load(options.tls.clone())?;
        tokio::spawn(tls.clone().keep_looking(shutdown.clone()));
        let (overload, deadline) = (options.overload, options.deadline);
        let quotas = rpc::Quotas::new(&options.quotas);
        tokio::spawn(quotas.clone().keep_forgetting(shutdown.clone()));
        let stack = Stack::try_new(rpc::Options {
            verifier,
            tls: Some(options.tls.clone()),
            overload,
            deadline,
            quotas: quotas.clone(),
            arrival: options.arrival,
            connections: options.connections,
            recorded: true,
            closing: shutdown.clone(),
        })?;
        let mut transports = BTreeMap::new();
        for (service, url) in options.peers.iter().filter(|(service, _)| service.grpc_name().is_some()) {
            transports.insert(*service, rpc::connect_with(url, &tls)?);
        }
        let tls = options.tls.serves().then_some(tls);
        let (served, ledger, payout, bank, store) = (ServedRoutes::default(), None, None, None, None);
        Ok(Self { options, database, stack, issuer, identities, tls, served, shutdown, ledger, payout, bank, store, transports })
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
            (IdentitySource::Configured { tokens, .. }, _) => {
                let file = name.parse().ok().and_then(|service: Service| tokens.get(&service));
                ServiceToken::from_file(file.ok_or_else(|| Error::TokenMissing(name.to_owned()))?)?
            }
            (IdentitySource::Sandbox, Some(issuer)) => ServiceToken::minted(issuer.clone(), name)?,
            (IdentitySource::Sandbox, None) => return Err(Error::IdentityMissing("an identity key".to_owned())),
        })
    }

    /// Has staff actions recorded by the support service, here or elsewhere, each service what was asked of it. Without one their calls are refused.
    pub(super) fn record_acts(&self) -> Result<(), Error> {
        match self.transports.get(&Service::Support) {
            Some(support) => {
                let here = self.options.services.iter().filter(|service| service.grpc_name().is_some());
                let ways = here.map(|service| Ok((service.as_str(), support.with_token(self.token(service.as_str())?))));
                self.stack.record_by(ways.collect::<Result<_, Error>>()?);
            }
            None => {
                tracing::warn!("calls of staff are refused: nothing says where the support service is (peers.support or --support-url)")
            }
        }
        Ok(())
    }

    pub(super) fn sandbox_addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let named = [("bank", self.bank.as_ref().map(sandbox::bank::SandboxBank::address)), ("store", self.store)];
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
