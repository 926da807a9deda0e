//! The audit log and what staff may do only in pairs. This service owns the audit log, which is chained and only grows, and proposals; what is
//! done in the end is the ledger's.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back. `act_message`: what a proposal is to do, as sent and kept.
//! - [`acts`]: the record. [`whole`]: what of a request is bound in it. [`proposals`]: what two decide, and its doing. [`domain`]: their rules.
//! - [`store`]: every SQL statement. [`postings`]: what is asked of the ledger. [`error`]: what callers are told.
//! - [`heads`]: the record's heads outside the database. [`check`]: whether the record is what it was.
//! - [`tables`]: what auditors, copies and erasure read of it.
mod act_message;
pub mod acts;
pub mod check;
pub mod domain;
pub mod error;
pub mod heads;
pub mod postings;
pub mod proposals;
pub mod service;
pub mod store;
mod sweeper;
pub mod tables;
pub mod whole;
pub mod wire;

use api::support::support_service_server::SupportServiceServer;
use futures::{FutureExt as _, future::BoxFuture};
use service::Handlers;
use std::path::PathBuf;
use store::Store;
use tokio_util::sync::CancellationToken;

/// What the service needs from the outside.
pub struct Deps {
    /// The way to LedgerService, as this service.
    pub ledger: rpc::Transport,
    /// Where its tables are.
    pub database: db::Database,
    /// Directory, outside the database, where the heads of the audit log are written. None: nowhere.
    pub heads_dir: Option<PathBuf>,
    /// Cancelled at shutdown: background work stops.
    pub shutdown: CancellationToken,
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
}

/// Opens the tables and builds the service.
pub fn start(deps: Deps) -> BoxFuture<'static, Result<Service, db::Error>> {
    // Compiled here, with all that it spawns, and not where it is awaited.
    begin(deps).boxed()
}

async fn begin(deps: Deps) -> Result<Service, db::Error> {
    let store = Store::open(&deps.database).await?;
    let proposals = proposals::Proposals { store: store.clone(), ledger: ledger_client::LedgerClient::new(deps.ledger) };
    tokio::spawn(sweeper::run(proposals.clone(), deps.shutdown));
    Ok(Service { handlers: Handlers { acts: acts::Acts::new(store, deps.heads_dir), proposals } })
}

impl Service {
    /// The tonic server as routes, to be laid under the tower stack.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(SupportServiceServer::new(self.handlers.clone()))
    }
}
