//! Physical bank accounts, each divided into virtual accounts: a tree of summary nodes and leaves, whose every change is planned as a file, applied as a whole
//! and dated. This service owns the structure and the numbers; the money is in the treasury book of the ledger.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back. [`document`]: structure files.
//! - [`treasury`]: the use cases of the structure. `closings`: the balances of past days. [`domain`]: the rules.
//! - [`twins`]: follows apps' books. [`proof`]: proves the books. [`postings`]: which accounts events debit and credit.
//! - [`reservations`]: what payouts take of leaves, before they are submitted. `reserving`: decides many at a time.
//! - [`movements`]: what is decided, recorded and then posted. [`moves`]: money from leaf to leaf, positions and their interest. [`allocations`]: the bank's
//!   interest and fees, divided among leaves. [`forecasts`]: whether accounts have enough until they can be funded.
//! - [`sweeps`]: money between physical accounts. `unheard`: posts what is decided and not known to be posted.
//! - [`migration`]: old accounts that move into the structure. [`receipts`]: what came, and what should come.
//! - [`reconcile`], [`cases`], [`closing`]: banks' statements, what does not agree, and days that are closed. [`intake`]: statements from directories and
//!   addresses. `uploads`: those that come as a stream. [`spool`]: their bytes while they are read.
//! - [`statements`]: statements that are issued. [`rendering`]: as files. [`accounting`]: accounting days of any book, for a general ledger.
//! - [`store`]: every SQL statement. [`error`]: errors as callers see them. [`config`]: its options. `meters`: the metrics.
//! - [`rows`]: what its rows say was posted. [`tables`]: what backups and audits read of it.
pub mod accounting;
pub mod allocations;
pub mod cases;
pub mod closing;
mod closings;
pub mod config;
pub mod document;
pub mod domain;
pub mod error;
pub mod forecasts;
pub mod intake;
mod meters;
pub mod migration;
pub mod movements;
pub mod moves;
pub mod postings;
pub mod proof;
pub mod receipts;
pub mod reconcile;
pub mod rendering;
pub mod reservations;
mod reserving;
pub mod rows;
pub mod service;
pub mod spool;
pub mod statements;
pub mod store;
pub mod sweeps;
pub mod tables;
pub mod treasury;
pub mod twins;
mod unheard;
mod uploads;
pub mod wire;

pub use config::Config;
pub use money::time::{Clock, system_clock};

use accounting::Accounting;
use api::treasury::treasury_service_server::TreasuryServiceServer;
use futures::{FutureExt as _, future::BoxFuture};
use intake::StatementIntake;
use ledger_client::LedgerClient;
use service::Handlers;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;
use treasury::Treasury;
use twins::TwinFollower;

/// The service's dependencies.
pub struct Deps {
    /// The connection to LedgerService, with this service's token.
    pub ledger: rpc::Transport,
    /// The database of its tables.
    pub database: db::Database,
    /// The source of time.
    pub clock: Clock,
}

/// Why the service doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option can't be used.
    #[error("treasury.{0}")]
    Config(#[from] config::InvalidOption),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
    twin_delay: Duration,
}

/// Opens the tables and builds the service.
pub fn start(deps: Deps, config: Config) -> BoxFuture<'static, Result<Service, Error>> {
    // Boxed, so that it is compiled here and not where it is awaited.
    begin(deps, config).boxed()
}

async fn begin(deps: Deps, config: Config) -> Result<Service, Error> {
    meters::begin();
    let (book, agreed) = (config.check()?, (config.terms()?, config.funding_windows()?));
    let store = Store::open(&deps.database).await?;
    let ledger = LedgerClient::new(deps.ledger);
    let accounting = Accounting::new(store.clone(), ledger.clone(), Clock::clone(&deps.clock));
    let treasury = Treasury::new(store, ledger, &config, book, agreed, deps.clock);
    Ok(Service { handlers: Handlers { treasury, accounting }, twin_delay: Duration::from_millis(config.twin_delay_ms) })
}

impl Service {
    /// Reads the treasury book's journal for the balances of past days, until `shutdown`.
    pub async fn follow_closings(self, shutdown: CancellationToken) {
        self.handlers.treasury.follow_closings(shutdown).await;
    }

    /// Follows apps' books until `shutdown`. At most one for each process: more would do the same work twice.
    pub async fn follow(self, shutdown: CancellationToken) {
        self.follower().run(self.twin_delay, shutdown).await;
    }

    /// Runs the rules of sweeps every minute until `shutdown`. Any number of processes may.
    pub async fn follow_sweeps(self, shutdown: CancellationToken) {
        self.handlers.treasury.follow_sweeps(shutdown).await;
    }

    /// Posts what is decided and not known to be posted every minute until `shutdown`. Any number of processes may.
    pub async fn follow_unheard(self, shutdown: CancellationToken) {
        self.handlers.treasury.follow_unheard(shutdown).await;
    }

    /// Posts that once, by hand.
    pub async fn post_unheard(&self) -> Result<(), error::Error> {
        self.handlers.treasury.post_unheard().await
    }

    /// Takes banks' files from directories and addresses until `shutdown`. Any number of processes may.
    pub async fn follow_sources(self, shutdown: CancellationToken) {
        match self.intakes() {
            Ok(intakes) => intake::follow(intakes, shutdown).await,
            // A file of certificates was replaced since the start.
            Err(error) => tracing::error!(%error, "no statements are taken from directories and addresses until the next start"),
        }
    }

    /// Exports what is short or not over, for alerts, until `shutdown`.
    pub async fn watch(self, shutdown: CancellationToken) {
        let watched = self.handlers.treasury;
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = telemetry::unfinished::watch("treasury", || watched.unfinished()) => {}
        }
    }

    /// What the metrics say is short or not over.
    pub async fn unfinished(&self) -> Result<Vec<telemetry::unfinished::UnfinishedCount>, error::Error> {
        self.handlers.treasury.unfinished().await
    }

    /// The sources of statements, to be looked at by hand.
    pub fn intakes(&self) -> Result<Vec<StatementIntake>, config::InvalidOption> {
        self.handlers.treasury.intakes()
    }

    /// A follower of apps' books that is run by hand.
    #[must_use]
    pub fn follower(&self) -> TwinFollower {
        TwinFollower::new(self.handlers.treasury.clone())
    }

    /// The tonic server as routes, to be laid under the tower stack.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(TreasuryServiceServer::new(self.handlers.clone()))
    }
}
