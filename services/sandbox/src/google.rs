//! A pretend Google Play: the part of the Android Publisher API (v3) that sells consumables, and Pub/Sub's push of its real-time developer notifications. For
//! TEST books only: its keys are in this repository, so they protect nothing.
//!
//! - [`PlaySale`] and [`SoldProduct`]: what is bought, and what becomes of it. `shop` keeps it.
//! - `api`: token endpoint, `productsv2`, acknowledge, consume, `voidedpurchases`, and the keys of pushes.
//! - [`PlayPush`]: notifications, signed as Pub/Sub signs them, delivered, repeated, reordered, forged.
//! - [`PendingRefund`]: questions about refunds, and what they were answered.
//! - `commands`: the requests that make purchases, refunds and trouble.

mod api;
mod commands;
pub mod earnings;
mod push;
mod review;
mod shop;

use crate::page::{self, Endpoint};
use axum::{Router, extract::DefaultBodyLimit};
use bankapi::{BankKeySet, RsaSigningKey};
use db::{Database, Migration};
use money::time::now_ms;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use api::PlayFault;
pub use push::{PlayPush, PlaySubscription, PushedNotification, SignedPush};
pub use review::PendingRefund;
pub use shop::{PlaySale, PlayState, SoldProduct};

const MIGRATIONS: [Migration; 1] = [Migration::contract(1, include_str!("../migrations/google_0001.sql"))];

/// The service account that may call; its key is [`crate::globalbank::TEST_CLIENT_KEY`].
pub const SERVICE_ACCOUNT: &str = "largesse@sandbox.iam.gserviceaccount.com";
/// The id of that account's key.
pub const SERVICE_KEY_ID: &str = "sandbox-service-key";
/// The account whose tokens pushes carry.
pub const PUSH_ACCOUNT: &str = "push@sandbox.iam.gserviceaccount.com";
/// Who a push is for, unless a subscription says otherwise.
pub const PUSH_AUDIENCE: &str = "largesse-sandbox";
/// Where tokens are asked for, below the store's address.
pub const TOKEN_PATH: &str = "/google/token";
/// Where the keys are that check pushes, below the store's address.
pub const KEYS_PATH: &str = "/google/certs";
/// Largest request that is taken.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// The private key that signs pushes, PEM.
const PUSH_KEY: &str = include_str!("google/push_key.pem");

/// Why the store can't start or do as it is asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its tables can't be opened.
    #[error("the tables of the pretend Google Play: {0}")]
    Database(#[from] db::Error),
    /// Its tables can't be read or written.
    #[error("the tables of the pretend Google Play: {0}")]
    Sqlx(#[from] sqlx::Error),
    /// Its socket is unusable.
    #[error("the socket of the pretend Google Play: {0}")]
    Socket(#[from] std::io::Error),
    /// It can't push.
    #[error("the client of the pretend Google Play: {0}")]
    Client(#[from] reqwest::Error),
    /// What was kept or sent is not JSON of its form.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It can't sign.
    #[error("signing a push failed: {0}")]
    Signing(#[from] bankapi::keys::UnusableKey),
    /// A command that can't be done.
    #[error("{0}")]
    Asked(&'static str),
}

/// The pretend Google Play. Clones share it.
#[derive(Clone)]
pub struct SandboxGooglePlay {
    shared: Arc<Shared>,
}

struct Shared {
    pool: sqlx::AnyPool,
    /// One change of a purchase at a time.
    changing: tokio::sync::Mutex<()>,
    client: reqwest::Client,
    url: String,
    push_key: RsaSigningKey,
    /// Signs forged pushes, and is the service account's.
    service_key: RsaSigningKey,
    service_keys: BankKeySet,
    state: Mutex<PlayMemory>,
}

/// What is forgotten when the program ends.
#[derive(Debug, Default)]
struct PlayMemory {
    /// Access tokens and when they end, in Unix milliseconds.
    tokens: HashMap<String, i64>,
    fault: PlayFault,
    subscription: PlaySubscription,
    /// Notifications that were not delivered, in the order in which they were made.
    queue: Vec<PlayPush>,
    /// Voided purchases of one page, if it is not [`shop::PAGE`].
    page: Option<i64>,
    /// Questions about refunds, in the order in which they were asked.
    questions: Vec<PendingRefund>,
}

impl fmt::Debug for SandboxGooglePlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxGooglePlay").field("url", &self.shared.url).finish_non_exhaustive()
    }
}

impl SandboxGooglePlay {
    /// Opens the tables (service name `sandbox_google`); the store is reached at `url`.
    pub async fn open(database: &Database, url: impl fmt::Display) -> Result<Self, Error> {
        let pool = database.open("sandbox_google", &MIGRATIONS).await?;
        let key = |pem: &str| RsaSigningKey::from_pem(pem.as_bytes());
        let service_key = key(crate::globalbank::TEST_CLIENT_KEY)?;
        let set = serde_json::json!({"keys": [service_key.public_jwk(SERVICE_KEY_ID)]}).to_string();
        let shared = Shared {
            pool,
            changing: tokio::sync::Mutex::default(),
            client: http_client::local().timeout(push::DELIVERY_TIMEOUT).build()?,
            url: url.to_string(),
            push_key: key(PUSH_KEY)?,
            service_keys: BankKeySet::read(set.as_bytes()).expect("one public key"),
            service_key,
            state: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The store's `http://host:port`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.url
    }

    /// Its routes, without a page for people.
    pub(crate) fn routes(&self) -> Router {
        let routes = Router::new();
        let routes = api::ENDPOINTS
            .iter()
            .chain(&commands::ENDPOINTS)
            .fold(routes, |routes, Endpoint { path, answered_by, .. }| routes.route(path, answered_by()));
        routes.layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(self.clone())
    }

    /// What people are shown about it.
    pub(crate) fn page() -> String {
        let list = |endpoints: &[Endpoint<Self>]| page::list(endpoints, "").replace("curl /", "curl ADDRESS/");
        format!("\nGoogle Play, for TEST books only.\n\n{}\n{}", list(&commands::ENDPOINTS), list(&api::ENDPOINTS))
    }

    fn memory(&self) -> MutexGuard<'_, PlayMemory> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves the store alone on `listener` until `shutdown`.
pub async fn start(listener: TcpListener, database: &Database, shutdown: CancellationToken) -> Result<SandboxGooglePlay, Error> {
    let play = SandboxGooglePlay::open(database, format!("http://{}", listener.local_addr()?)).await?;
    let routes = play.routes();
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(shutdown.cancelled_owned()).await {
            tracing::error!(%error, "the pretend Google Play stopped");
        }
    });
    Ok(play)
}
