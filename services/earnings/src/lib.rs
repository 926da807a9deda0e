//! Creators' earnings and their conversion into money. This service owns rates and quotes; diamonds and money are the ledger's. A quote is used once
//! because the ledger guards it, and posted exactly as quoted.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back.
//! - [`earnings`]: the use cases. [`domain`]: their rules. [`rates`]: the rate card.
//! - [`postings`]: which accounts a conversion debits and credits. `settle`: the worker that settles acceptances with lost answers.
//! - [`store`]: every SQL statement. [`error`]: errors as callers see them.
//! - [`tables`]: the parts that auditors, backups and erasure read.
pub mod config;
pub mod domain;
pub mod earnings;
pub mod error;
pub mod postings;
mod prune;
pub mod rates;
pub mod service;
mod settle;
pub mod store;
pub mod tables;
pub mod wire;

pub use config::Config;
pub use money::time::{Clock, system_clock};
pub use rates::RateCard;

use api::earnings::earnings_service_server::EarningsServiceServer;
use earnings::Earnings;
use futures::{FutureExt as _, future::BoxFuture};
use ledger_client::LedgerClient;
use service::Handlers;
use settings::document::DocumentError;
use std::{sync::Arc, time::SystemTime};
use store::Store;
use tokio_util::sync::CancellationToken;

/// The service's dependencies.
pub struct Deps {
    /// The connection to LedgerService, with this service's token.
    pub ledger: rpc::Transport,
    /// The database of its tables.
    pub database: db::Database,
    /// The source of time.
    pub clock: Clock,
    /// Cancelled at shutdown: background work stops.
    pub shutdown: CancellationToken,
}

/// Why the service doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rate card can't be read.
    #[error(transparent)]
    RateCard(#[from] DocumentError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
}

/// Runs the migrations; `start` does so too.
pub async fn migrate(database: &db::Database) -> Result<(), Error> {
    database.open("earnings", &store::MIGRATIONS).await?.close().await;
    Ok(())
}

/// Reads the rate card, opens the tables and builds the service.
pub fn start(deps: Deps, config: Config) -> BoxFuture<'static, Result<Service, Error>> {
    // Boxed, so that it is compiled here, with all that it spawns, and not where it is awaited.
    begin(deps, config).boxed()
}

async fn begin(deps: Deps, config: Config) -> Result<Service, Error> {
    let rates = match &config.rate_card {
        Some(path) => RateCard::load(path)?,
        None => RateCard::embedded(),
    };
    tracing::info!(version = rates.version(), withholding_bps = rates.terms().withholding_bps, "rate card read");
    let store = Store::open(&deps.database).await?;
    let watched = store.clone();
    tokio::spawn(deps.shutdown.clone().run_until_cancelled_owned(async move {
        telemetry::unfinished::watch("earnings", || watched.unfinished()).await;
    }));
    let shutdown = deps.shutdown.clone();
    tokio::spawn(prune::run(store.clone(), Arc::clone(&deps.clock), deps.shutdown));
    let ledger = LedgerClient::new(deps.ledger);
    let earnings = Earnings { store, ledger, rates: Arc::new(rates), clock: deps.clock };
    let waiting = earnings.clone();
    tokio::spawn(shutdown.clone().run_until_cancelled_owned(async move {
        telemetry::waits::watch("earnings", || waiting.end_impossible_waits((waiting.clock)())).await;
    }));
    tokio::spawn(settle::run(earnings.clone(), shutdown));
    Ok(Service { handlers: Handlers { earnings } })
}

impl Service {
    /// The tonic server, to be put under the tower stack.
    #[must_use]
    pub fn server(&self) -> EarningsServiceServer<Handlers> {
        EarningsServiceServer::new(self.handlers.clone())
    }

    /// The same as routes.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(self.server())
    }

    /// Settles acceptances that are due as of `now`, beside the regular runs; returns how many are settled.
    pub async fn settle(&self, now: SystemTime) -> Result<usize, tonic::Status> {
        Ok(self.handlers.earnings.settle_due(now, settle::BATCH_MAX).await?)
    }

    /// Makes due, as of `now`, what a clock that was ahead has put off, beside the regular rounds; of which tables, and how many rows of each.
    pub async fn end_impossible_waits(&self, now: SystemTime) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
        self.handlers.earnings.end_impossible_waits(now).await
    }

    /// Deletes quotes that are due as of `now`, beside the regular runs; returns how many.
    pub async fn prune_quotes(&self, now: SystemTime) -> Result<u64, sqlx::Error> {
        prune::prune_quotes(&self.handlers.earnings.store, now).await
    }

    /// The rate card in force; a demo shows from it what is configured.
    #[must_use]
    pub fn rate_card(&self) -> &RateCard {
        &self.handlers.earnings.rates
    }
}
