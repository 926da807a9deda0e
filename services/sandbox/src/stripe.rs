//! A pretend card processor with Stripe's HTTP interface, as far as coins are sold through it. For TEST books only.
//!
//! - [`api`]: the interface under `/v1/`: Checkout sessions, payments, refunds and events; keys as Bearer or Basic; idempotency keys.
//! - [`commands`]: what the buyer, the cards and the banks do, on command ([`command`]). [`objects`]: the JSON of what that makes. `payouts`: what is paid to the seller.
//! - [`webhook`]: where events go, signed, and what is wrong with the deliveries.
//!
//! An idempotency key is remembered for [`Config::key_retention`]. The same request with the key after that is executed again, which is what a seller must not risk.

mod api;
mod command;
mod commands;
mod http;
mod objects;
mod payouts;
mod webhook;

pub use webhook::{WebhookRegistration, signature_header};

use crate::bank::line;
use crate::records::Records;
use axum::Router;
use db::{Database, Migration};
use money::time::now_ms;
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify},
};
use tokio_util::sync::CancellationToken;

const MIGRATIONS: [Migration; 1] = [Migration::contract(1, include_str!("../migrations/stripe_0001.sql"))];

/// Where the processor is, below the address of the pretend app store.
pub const STRIPE_PATH: &str = "/stripe/";
/// The account that everything belongs to.
pub const TEST_ACCOUNT: &str = "acct_largesse_sandbox";
/// The secret key of that account. It is public, so it protects nothing.
pub const TEST_KEY: &str = "sk_test_largesse_sandbox";
/// The secret that signs deliveries, unless another is registered. It is public as well.
pub const TEST_WEBHOOK_SECRET: &str = "whsec_largesse_sandbox";

/// The processor's options.
#[derive(Debug, Clone)]
pub struct Config {
    /// How long an idempotency key is remembered; a day, as at Stripe.
    pub key_retention: Duration,
    /// The time between two attempts to deliver an event.
    pub retry: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { key_retention: Duration::from_secs(86_400), retry: Duration::from_secs(1) }
    }
}

/// Why the processor can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its tables can't be opened.
    #[error("the tables of the sandbox's card processor: {0}")]
    Database(#[from] db::Error),
    /// Its socket is unusable.
    #[error("the socket of the sandbox's card processor: {0}")]
    Socket(#[from] std::io::Error),
    /// It can't deliver to anybody.
    #[error("the deliveries of the sandbox's card processor: {0}")]
    Client(#[from] reqwest::Error),
}

/// What all parts share. One change at a time: the lock is held from reading an object to storing it.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    store: Records,
    lock: Arc<Mutex<()>>,
    /// Notified when an event is to be delivered.
    queued: Arc<Notify>,
    config: Config,
    /// What its pages are reached under.
    address: String,
}

/// A running processor with a listener of its own.
#[derive(Debug)]
pub struct SandboxStripe {
    address: SocketAddr,
}

impl SandboxStripe {
    /// Its `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Opens the tables (service name `sandbox_stripe`) and serves until `shutdown`.
pub async fn start(
    listener: TcpListener,
    database: &Database,
    config: Config,
    shutdown: CancellationToken,
) -> Result<SandboxStripe, Error> {
    let address = listener.local_addr()?;
    let router = open(database, config, address, shutdown.clone()).await?;
    let service = router.into_make_service_with_connect_info::<line::ConnectionCutter>();
    let server = axum::serve(line::CuttableListener::new(listener), service).with_graceful_shutdown(shutdown.cancelled_owned());
    tokio::spawn(async move { server.await });
    tracing::info!(%address, "sandbox card processor open");
    Ok(SandboxStripe { address })
}

/// Opens the tables, starts the deliveries, and returns the routes, which are reached at `address`; for a listener whose connections can be cut.
pub async fn open(database: &Database, config: Config, address: impl fmt::Display, shutdown: CancellationToken) -> Result<Router, Error> {
    let pool = database.open("sandbox_stripe", &MIGRATIONS).await?;
    let desk =
        Desk { store: Records::new(pool), lock: Arc::default(), queued: Arc::default(), config, address: format!("http://{address}") };
    let client = http_client::local().timeout(webhook::CALL_TIMEOUT).build()?;
    tokio::spawn(webhook::run(desk.clone(), client, shutdown));
    Ok(http::router(&address, desk))
}
