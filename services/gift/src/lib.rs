//! Gifts sent in live rooms. This service owns the catalogue and no money state: a gift is one posting in the ledger, and every answer is built from
//! that posting, so that a retry gets the first answer whatever has changed since. All it records is which catalogues were served, and when.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back.
//! - [`gifts`]: the use case. [`domain`]: its rules. [`postings`]: which accounts it debits and credits. [`catalogue`]: the gifts on sale.
//! - [`batch`]: gifts that wait for the ledger share calls. [`markers`]: ends of streaks, which cost nothing and are rate-limited. [`error`]: errors as
//!   callers see them.
//! - [`prices`]: a catalogue as it is recorded, and whether it explains a gift. `serving`: the worker that records it. [`store`]: every SQL statement.
//! - [`tables`]: the parts that auditors and backups read.
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

/// The service's dependencies.
pub struct Deps {
    /// The connection to LedgerService, with this service's token.
    pub ledger: rpc::Transport,
    /// The database of its tables.
    pub database: db::Database,
    /// The source of time.
    pub clock: Clock,
    /// Cancelled at shutdown: streams read no more items.
    pub shutdown: CancellationToken,
}

/// Why the service doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An invalid option.
    #[error(transparent)]
    Config(#[from] config::InvalidGiftOption),
    /// The catalogue can't be read.
    #[error(transparent)]
    Catalogue(#[from] DocumentError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// Recording which catalogue is served failed.
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
    // Boxed, so that it is compiled here, with all that it spawns, and not where it is awaited.
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
    /// The tonic server, to be put under the tower stack.
    #[must_use]
    pub fn server(&self) -> GiftServiceServer<Handlers> {
        GiftServiceServer::new(self.handlers.clone())
    }

    /// The same as routes.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(self.server())
    }

    /// Records another catalogue and puts it in force.
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
