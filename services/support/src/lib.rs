//! The audit log, and the actions that need two members of staff. This service owns the audit log, which is hash-chained and append-only, and proposals; the
//! ledger carries them out.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back. `act_message`: a proposed action as sent and stored.
//! - `approvers`: the approvers' own tokens, without which the ledger carries out nothing. `sweeper`: what a call left undone.
//! - [`acts`]: the audit log. [`whole`]: what is recorded of a whole request. [`proposals`]: how they are decided and carried out. [`previews`]: what they would do.
//!   [`domain`]: their rules.
//! - `words`: the ledger's refusals for people. [`store`]: every SQL statement. [`postings`]: requests to the ledger. [`error`]: the statuses that callers get.
//! - [`heads`]: the log's heads outside the database. [`check`]: verifies that the log was not tampered with.
//! - [`tables`]: what auditors, backup and erasure read of it.
mod act_message;
pub mod acts;
mod approvers;
pub mod check;
pub mod domain;
pub mod error;
pub mod heads;
pub mod postings;
pub mod previews;
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
    /// Connection to LedgerService, with this service's identity.
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

/// Opens the tables and starts the service.
pub fn start(deps: Deps) -> BoxFuture<'static, Result<Service, db::Error>> {
    // Boxed, so that it is compiled in this crate with all that it spawns, and not where it is awaited.
    begin(deps).boxed()
}

async fn begin(deps: Deps) -> Result<Service, db::Error> {
    let store = Store::open(&deps.database).await?;
    let (ledger, approvers) = (ledger_client::LedgerClient::new(deps.ledger), approvers::Approvers::default());
    let proposals = proposals::Proposals { store: store.clone(), ledger, approvers };
    let waiting = proposals.clone();
    tokio::spawn(deps.shutdown.clone().run_until_cancelled_owned(async move {
        telemetry::waits::watch("support", || sweeper::end_impossible_waits(&waiting, acts::now_ms())).await;
    }));
    tokio::spawn(sweeper::run(proposals.clone(), deps.shutdown));
    Ok(Service { handlers: Handlers { acts: acts::Acts::new(store, deps.heads_dir), proposals } })
}

impl Service {
    /// One run of the background work as of this time, in milliseconds since the Unix epoch. Returns how many approved proposals it tried and could not end.
    pub async fn sweep(&self, now_ms: i64) -> Result<usize, error::Error> {
        sweeper::sweep(&self.handlers.proposals, now_ms).await
    }

    /// Makes due, as of this time, what a clock that was ahead has put off, beside the regular rounds; of which tables, and how many rows of each.
    pub async fn end_impossible_waits(&self, now_ms: i64) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
        sweeper::end_impossible_waits(&self.handlers.proposals, now_ms).await
    }

    /// The tonic server as routes, to be laid under the tower stack.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(SupportServiceServer::new(self.handlers.clone()))
    }
}
