//! Whether the money is where it should be, looked at again and again while it moves.
//!
//! This service keeps what the last look found and tells it over RPC and as metrics. How to look is its [`Auditor`]'s, which knows the other services'
//! stores; no service knows another.
//!
//! - [`service`]: the RPC. [`health`]: what a look found, and how one look follows another. [`rounds`]: when to look. [`meters`]: the metrics.
//! - [`config`]: its options.
pub mod config;
pub mod health;
mod meters;
pub mod rounds;
pub mod service;

pub use config::Config;
pub use health::{Found, Outcome};
pub use rounds::Auditor;

use api::monitor::monitor_service_server::MonitorServiceServer;
use health::Health;
use service::Handlers;
use std::sync::{Arc, RwLock};
use tokio_util::sync::CancellationToken;

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
}

/// Starts looking with `auditor` until `shutdown`.
pub fn start(auditor: impl Auditor, config: Config, shutdown: CancellationToken) -> Result<Service, config::Invalid> {
    config.check()?;
    let health: Arc<RwLock<Health>> = Arc::default();
    meters::watch(&health);
    tokio::spawn(rounds::run(auditor, config, health.clone(), shutdown));
    Ok(Service { handlers: Handlers { health } })
}

impl Service {
    /// The tonic server as routes, to be laid under the tower stack.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(MonitorServiceServer::new(self.handlers.clone()))
    }
}
