//! Identity, the stack, and the connections between services.
use crate::{Error, IdentitySource, Options, installation, login::login_issuer};
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
    /// Checks the tokens of calls, and those of logins at the console.
    pub(super) verifier: Arc<Verifier>,
    pub(super) issuer: Option<Arc<Issuer>>,
    /// The trusted identities, by name.
    pub(super) identities: BTreeSet<String>,
    /// TLS for the listeners; `None` without a certificate.
    pub(super) tls: Option<Tls>,
    pub(super) served: ServedRoutes,
    /// Cancelled first: workers stop, streams end.
    pub(super) shutdown: CancellationToken,
    /// Kept to be stopped last.
    pub(super) ledger: Option<Arc<ledger::Ledger>>,
    /// The routes of stores' notifications, when the purchase service runs here.
    pub(super) store_webhooks: Option<axum::Router>,
    /// The purchase service, when it runs here.
    pub(super) purchase: Option<purchase::Service>,
    /// Kept to be stopped before the ledger.
    pub(super) payout: Option<payout::Service>,
    /// The pretend bank, when it runs here.
    pub(super) bank: Option<sandbox::bank::SandboxBank>,
    /// Address of the pretend app store, when it runs here.
    pub(super) store: Option<SocketAddr>,
    transports: BTreeMap<Service, Transport>,
}

/// The verifier for tokens of these issuers, with the keys that are available now; the fetching of the others is retried.
async fn trusting(issuers: &[issuers::TrustedIssuer], shutdown: &CancellationToken) -> Result<Arc<Verifier>, Error> {
    let verifier = Arc::new(Verifier::try_new(issuers.to_vec())?);
    // An unavailable issuer must not block everything: the tokens of the others stay valid.
    for (issuer, error) in verifier.look().await {
        tracing::warn!(issuer, %error, "the keys of an issuer can't be read; its tokens are refused until they can");
    }
    let (looking, shutdown) = (verifier.clone(), shutdown.clone());
    tokio::spawn(async move { looking.keep_looking(shutdown).await });
    Ok(verifier)
}

/// Makes the data directory readable only by its owner where keys or heads are created below it; otherwise their own code would create it readable by others,
/// and an error would name a file and not the directory.
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
        let database = Database::parse(&options.database)?.tracked();
        make_data_dir(&options)?;
        let (issuer, verifier) = match &options.identity {
            IdentitySource::Sandbox => {
                let issuer = Issuer::load_or_create(&options.data_dir)?;
                let verifier = Verifier::new(&[issuer.public_key()]).with_issuer(login_issuer(options.login_listen))?;
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
            verifier: verifier.clone(),
            login_age_max: options.login_age_max,
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
        let (served, ledger, store_webhooks) = (ServedRoutes::default(), None, None);
        let (purchase, payout, bank, store) = (None, None, None, None);
        Ok(Self {
            options,
            database,
            stack,
            verifier,
            issuer,
            identities,
            tls,
            served,
            shutdown,
            ledger,
            store_webhooks,
            purchase,
            payout,
            bank,
            store,
            transports,
        })
    }

    /// Adds a started service to the listener, and for the other services here.
    pub(super) fn add(&mut self, service: Service, routes: Routes) {
        let routes = routes.prepare();
        self.transports.insert(service, rpc::in_process(self.stack.layer(routes.clone())));
        if let Some(name) = service.grpc_name() {
            self.served = std::mem::take(&mut self.served).add(name, routes);
        }
    }

    /// A connection to `service` without a token.
    pub(super) fn transport(&self, service: Service) -> Result<Transport, Error> {
        self.transports.get(&service).cloned().ok_or(Error::Unknown(service))
    }

    /// A connection from one service to another.
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

    /// Lets every service record its staff actions with the support service, here or elsewhere. Without one, staff calls are refused.
    pub(super) fn record_acts(&self) -> Result<(), Error> {
        match self.transports.get(&Service::Support) {
            Some(support) => {
                let here = self.options.services.iter().filter(|service| service.grpc_name().is_some());
                let ways = here.map(|service| Ok((service.as_str(), support.with_token(self.token(service.as_str())?))));
                self.stack.record_by(ways.collect::<Result<_, Error>>()?);
            }
            None => {
                tracing::warn!("calls of staff are refused: the support service is not configured (peers.support or --support-url)")
            }
        }
        Ok(())
    }

    pub(super) fn sandbox_addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let named = [("bank", self.bank.as_ref().map(sandbox::bank::SandboxBank::address)), ("store", self.store)];
        named.into_iter().filter_map(|(name, address)| Some((name, address?))).collect()
    }

    /// Stops what is left once no call is in flight, and closes the databases.
    pub(super) async fn stop(self) {
        if let Some(payout) = self.payout {
            payout.stopped().await;
        }
        if let Some(bank) = self.bank
            && let Err(error) = bank.stopped().await
        {
            tracing::error!(%error, "while shutting down");
        }
        if let Some(ledger) = &self.ledger {
            ledger.shutdown().await;
            ledger.store().close().await;
        }
        self.database.close().await;
    }
}
