//! Audits the money continuously while it moves, explains the whole story behind an id, and shows payments as they are committed.
//!
//! The audit reads the ledger's books and the other services' `tables` directly and trusts no service: an auditor that asked them would trust what it is to check.
//! The results of the last audit run are reported over RPC and as metrics. Payments are read from the ledger's stream of the journal, as soon as they are published.
//!
//! - [`service`], [`wire`]: the RPCs. [`error`]: why a call fails. `find`: what an id stands for. `case`: what happened to it. `activity`: what happened to a user's
//!   money. `work`: what needs a person. [`health`]: the results of audit runs and how they are merged. `rounds`: when to run. `meters`: the metrics.
//! - [`audit`]: the audit itself: once over everything, or as the journal grows ([`audit::continuous`]).
//! - [`explain`]: what an id stands for, where the money came from and where it went.
//! - [`listing`]: purchases and payouts, newest first. [`export`]: a journal as CSV. `exporting`: the same over RPC.
//! - [`payments`]: what is committed, live, and the figures of charts. [`store`], [`tables`]: the monitor's own tables, with the figures of hours and which person users are.
//! - [`config`]: its options.
mod activity;
pub mod audit;
mod case;
pub mod config;
pub mod error;
pub mod explain;
pub mod export;
mod exporting;
mod find;
pub mod health;
pub(crate) mod house;
pub mod listing;
mod meters;
pub mod payments;
mod rounds;
pub mod service;
pub mod store;
pub mod tables;
pub mod wire;
mod work;

pub use config::Config;
pub use health::{CheckResult, LookFound};

use api::monitor::monitor_service_server::MonitorServiceServer;
use audit::continuous::ContinuousAudit;
use chart::OwnPosters;
use db::Database;
use explain::tables::KeptTables;
use futures::{FutureExt as _, future::BoxFuture};
use health::Health;
use ledger_client::LedgerClient;
use payments::Payments;
use rpc::Transport;
use service::Handlers;
use std::{
    path::PathBuf,
    sync::{Arc, RwLock},
};
use store::Store;
use tokio_util::sync::CancellationToken;

/// What the service needs from the outside.
pub struct Deps {
    /// The database with all services' tables.
    pub database: Database,
    /// The ledger, whose journals are followed for payments and figures. `None`: those are not shown.
    pub ledger: Option<Transport>,
    /// Directory where the ledger writes heads outside the database. `None`: it writes none, so nothing is compared with them.
    pub heads_dir: Option<PathBuf>,
    /// What the operator's own services may post into the books.
    pub posters: OwnPosters,
    /// Cancelled at shutdown: no more audit runs.
    pub shutdown: CancellationToken,
}

/// Why the service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// An option has an invalid value.
    #[error(transparent)]
    Config(#[from] config::InvalidMonitorConfig),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
}

/// Checks the options, opens the monitor's own tables, and starts the audit runs and the followers.
pub fn start(deps: Deps, config: Config) -> BoxFuture<'static, Result<Service, StartFault>> {
    // Boxed, so that it is compiled here, with all that it spawns, and not where it is awaited.
    begin(deps, config).boxed()
}

async fn begin(deps: Deps, config: Config) -> Result<Service, StartFault> {
    config.check()?;
    let health: Arc<RwLock<Health>> = Arc::default();
    meters::watch(&health);
    let own = Store::open(&deps.database).await?;
    let payments = match deps.ledger {
        Some(ledger) => {
            let payments = Payments::new(LedgerClient::new(ledger), own.clone(), config.clone(), deps.shutdown.clone());
            meters::watch_viewers(&payments);
            tokio::spawn(payments.clone().follow_books());
            Some(payments)
        }
        None => None,
    };
    let tables = Arc::new(KeptTables::new(deps.database.clone()));
    let auditor = ContinuousAudit::new(deps.database, deps.heads_dir, config.clone()).with_posters(deps.posters);
    tokio::spawn(rounds::run(auditor, config.clone(), health.clone(), deps.shutdown));
    Ok(Service { handlers: Handlers { health, tables, reads: service::reads(), payments, own, config, exports: service::exports() } })
}

impl Service {
    /// The tonic server as routes, to be laid under the tower stack.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(MonitorServiceServer::new(self.handlers.clone()))
    }
}
