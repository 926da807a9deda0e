//! Audits the money continuously while it moves, and explains the whole story behind an id.
//!
//! It reads the ledger's books and the other services' `tables` directly and trusts no service: an auditor that asked them would trust what it is to check. The
//! results of the last audit run are reported over RPC and as metrics.
//!
//! - [`service`]: the RPCs. `wire`: what they answer. `error`: why they can not. `find`: what an id stands for. `case`: what happened to it. `activity`: what
//!   happened to a user's money. `work`: what needs a person. [`health`]: the results of audit runs and how they are merged. `rounds`: when to run. `meters`: the metrics.
//! - [`audit`]: the audit itself: once over everything, or as the journal grows ([`audit::continuous`]).
//! - [`explain`]: what an id stands for, where the money came from and where it went.
//! - [`config`]: its options.
mod activity;
pub mod audit;
mod case;
pub mod config;
mod error;
pub mod explain;
mod find;
pub mod health;
mod meters;
mod rounds;
pub mod service;
mod wire;
mod work;

pub use config::Config;
pub use health::{CheckResult, LookFound};

use api::monitor::monitor_service_server::MonitorServiceServer;
use audit::continuous::ContinuousAudit;
use chart::OwnPosters;
use db::Database;
use explain::tables::KeptTables;
use health::Health;
use service::Handlers;
use std::{
    path::PathBuf,
    sync::{Arc, RwLock},
};
use tokio_util::sync::CancellationToken;

/// What the service needs from the outside.
pub struct Deps {
    /// The database with all services' tables.
    pub database: Database,
    /// Directory where the ledger writes heads outside the database. `None`: it writes none, so nothing is compared with them.
    pub heads_dir: Option<PathBuf>,
    /// What the operator's own services may post into the books.
    pub posters: OwnPosters,
    /// Cancelled at shutdown: no more audit runs.
    pub shutdown: CancellationToken,
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
}

/// Checks the options and starts the audit runs.
pub fn start(deps: Deps, config: Config) -> Result<Service, config::InvalidMonitorConfig> {
    config.check()?;
    let health: Arc<RwLock<Health>> = Arc::default();
    meters::watch(&health);
    let tables = Arc::new(KeptTables::new(deps.database.clone()));
    let auditor = ContinuousAudit::new(deps.database, deps.heads_dir, config.clone()).with_posters(deps.posters);
    tokio::spawn(rounds::run(auditor, config.clone(), health.clone(), deps.shutdown));
    Ok(Service { handlers: Handlers { health, tables, config } })
}

impl Service {
    /// The tonic server as routes, to be laid under the tower stack.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(MonitorServiceServer::new(self.handlers.clone()))
    }
}
