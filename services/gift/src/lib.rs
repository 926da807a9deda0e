//! Gifts sent in live rooms. This service owns the catalogue and no money state: a gift is one posting in the ledger, and every answer is read off
//! that posting, so that a retry gets the first answer whatever has changed since. Which catalogues were served, and when, is all that it records.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back.
//! - [`gifts`]: the use case. [`domain`]: its rules. [`postings`]: which accounts it debits and credits. [`catalogue`]: what there is to send.
//! - [`batch`]: gifts that wait for the ledger share calls. [`markers`]: ends of streaks, which cost nothing and are bounded. [`error`]: what callers are told.
//! - [`prices`]: a catalogue as it is recorded, and whether it explains a gift. `serving`: the worker that records it. [`store`]: every SQL statement.
//! - [`tables`]: what auditors and copies read of it.
pub mod batch;
pub mod catalogue;
pub mod config;
pub mod domain;
pub mod error;
pub mod gifts;
pub mod markers;
pub mod postings;
pub mod prices;
pub mod service;
mod serving;
pub mod store;
pub mod tables;
pub mod wire;

pub use catalogue::{GiftCatalogue, Shelf};
pub use config::Config;
pub use money::time::{Clock, system_clock};

use api::gift::gift_service_server::GiftServiceServer;
use batch::{BatchLimits, Batcher};
use futures::{FutureExt as _, future::BoxFuture};
use gifts::{Gifts, LedgerRoute};
use ledger_client::LedgerClient;
use markers::EndMarkers;
use prices::RecordedCatalogue;
use service::Handlers;
use serving::Serving;
use settings::document::DocumentError;
use std::sync::Arc;
use store::Store;
use tokio_util::sync::CancellationToken;

/// What the service needs from the outside.
pub struct Deps {
    /// The way to LedgerService, as this service.
    pub ledger: rpc::Transport,
    /// Where its tables are.
    pub database: db::Database,
    /// Where the time comes from.
    pub clock: Clock,
    /// Cancelled at shutdown: streams take no more items.
    pub shutdown: CancellationToken,
}

/// Why it doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option.
    #[error(transparent)]
    Config(#[from] config::InvalidGiftOption),
    /// The catalogue.
    #[error(transparent)]
    Catalogue(#[from] DocumentError),
    /// The database.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// Which catalogue is served can't be recorded.
    #[error("recording which gift catalogue is served: {0}")]
    Record(#[from] sqlx::Error),
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
    serving: Serving,
}

/// Checks the options, reads the catalogue and builds the service.
pub fn start(deps: Deps, config: Config) -> BoxFuture<'static, Result<Service, Error>> {
    // Compiled here, with all that it spawns, and not where it is awaited.
    begin(deps, config).boxed()
}

async fn begin(deps: Deps, config: Config) -> Result<Service, Error> {
    config.check()?;
    let catalogue = match &config.catalogue {
        Some(path) => GiftCatalogue::load(path)?,
        None => GiftCatalogue::embedded(),
    };
    tracing::info!(version = catalogue.version(), gifts = catalogue.on_sale().len(), "gift catalogue read");
    let shelf = Shelf::new(catalogue);
    let store = Store::open(&deps.database).await?;
    let serving = Serving { store, shelf: shelf.clone(), rate: config.diamonds_per_coin_bps, clock: deps.clock };
    // Before the first gift is sold.
    serving.confirm().await?;
    tokio::spawn(serving.clone().run(deps.shutdown.clone()));
    let ledger = LedgerClient::new(deps.ledger);
    let gifts = Gifts {
        shelf,
        batcher: Batcher::new(ledger.clone(), BatchLimits::from(&config)),
        markers: EndMarkers::new(ledger.clone(), config.end_markers_per_hour, config.post_timeout),
        ledger,
        rate: config.diamonds_per_coin_bps,
        post_timeout: config.post_timeout,
    };
    let route = |batched: bool| if batched { LedgerRoute::Batched } else { LedgerRoute::Alone };
    let handlers = Handlers {
        gifts: Arc::new(gifts),
        unary: route(config.batch_unary),
        streamed: route(config.batch_streams),
        stream_in_flight_max: config.stream_in_flight_max,
        stream_age_max: config.stream_age_max,
        shutdown: deps.shutdown,
    };
    Ok(Service { handlers, serving })
}

impl Service {
    /// The tonic server, to be laid under the tower stack.
    #[must_use]
    pub fn server(&self) -> GiftServiceServer<Handlers> {
        GiftServiceServer::new(self.handlers.clone())
    }

    /// The same as routes.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(self.server())
    }

    /// Puts another catalogue in force, recorded before.
    pub async fn replace_catalogue(&self, catalogue: GiftCatalogue) -> Result<(), Error> {
        self.serving.record(&RecordedCatalogue::of(&catalogue, self.serving.rate)).await?;
        self.serving.shelf.replace(catalogue);
        Ok(())
    }

    /// The catalogue in force.
    #[must_use]
    pub fn shelf(&self) -> &Shelf {
        &self.handlers.gifts.shelf
    }
}
