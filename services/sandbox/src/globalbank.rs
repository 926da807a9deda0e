//! A pretend bank with a JSON interface modelled after J.P. Morgan's Global Payments v2: an HTTP server with books of its own, for TEST books only.
//!
//! | request | answer |
//! |---|---|
//! | `POST /oauth2/token`, a form with a signed assertion (RFC 7523) | an access token; each assertion is good for one |
//! | `POST /payments`, header `Idempotency-Key` | 202 with `paymentId`; a repeated key with the same body gets the first answer with `duplicateRequest` |
//! | `GET /payments?endToEndId=&paymentType=&view=` | `{"payments": [...]}`; 404 if there is none |
//! | `GET /payments/{payment_id}`, `GET /payments/{payment_id}/status` | one payment; always 404 for ACH and wires, as the original |
//! | `PUT /callback`, JSON `{url, shape?, signature?, copies?, reversed?}` | registers where callbacks go |
//! | `GET /public-keys` | the JWKS for signatures of callbacks |
//! | `GET /statements/{currency}` | `camt.053.001.08` since the account was opened |
//! | `POST /scenarios`, JSON `{end_to_end_id or holder, behaviour, times?}` | sets what happens to that payment, now if it waits |
//!
//! There is no recall, because the original has no request for one.
//!
//! A key is remembered for [`Config::key_retention`]; the same request after that is executed again, which is what a payer must never risk. Without a key every
//! request is a new payment. What happens is chosen by a scenario, else by the creditor's name (`Sandbox reject:11500`), else it settles.

mod behaviour;
mod callbacks;
mod desk;
mod http;
mod request;
mod signing;
mod store;
mod tokens;

pub use behaviour::{API_BEHAVIOURS, ApiBehaviour};
pub use callbacks::{CallbackRegistration, CallbackSignature, RegisteredShape};

use crate::{bank::line, vault};
use axum::Router;
use bankapi::BankKeySet;
use db::{Database, Migration};
use iso20022::pain001::AccountId;
use money::{Currency, Money, time::now_ms};
use std::{fmt, net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const MIGRATIONS: [Migration; 3] = [
    vault::VAULT_MIGRATION,
    Migration::contract(2, include_str!("../migrations/globalbank_0002.sql")),
    Migration::expand(3, include_str!("../migrations/globalbank_0003.sql")),
];

/// The private key of the client that `--sandbox` configurations may use, PEM. It is public, so it protects nothing.
pub const TEST_CLIENT_KEY: &str = include_str!("globalbank/test_client.pem");

/// A client that may ask for tokens.
#[derive(Debug, Clone)]
pub struct SandboxClient {
    /// Its id.
    pub client_id: String,
    /// The public keys that check its assertions.
    pub keys: BankKeySet,
}

impl SandboxClient {
    /// The client of [`TEST_CLIENT_KEY`], with that key under a key id.
    #[must_use]
    pub fn of_test_key(client_id: &str, kid: &str) -> Self {
        let key = bankapi::RsaSigningKey::from_pem(TEST_CLIENT_KEY.as_bytes()).expect("a constant");
        let set = serde_json::json!({"keys": [key.public_jwk(kid)]}).to_string();
        Self { client_id: client_id.to_owned(), keys: BankKeySet::read(set.as_bytes()).expect("one key") }
    }
}

/// The bank's options.
#[derive(Debug, Clone)]
pub struct Config {
    /// The opening balance of each account, one per currency.
    pub funding: Vec<Money>,
    /// Who may call. Empty: anybody, without a token.
    pub clients: Vec<SandboxClient>,
    /// How long an access token is valid.
    pub token_lifetime: Duration,
    /// How long an idempotency key is remembered.
    pub key_retention: Duration,
    /// How long `late` delays its answer; must be longer than the payer waits.
    pub late_answer: Duration,
    /// The time between two attempts to deliver a callback.
    pub callback_retry: Duration,
}

impl Default for Config {
    /// Ten million in each of ten currencies; keys for a day, tokens for fifteen minutes, late by 20 seconds, callbacks again every second.
    fn default() -> Self {
        let funding = |code| Currency::try_new(code).and_then(|currency| Money::try_new(currency, 1_000_000_000));
        let codes = ["USD", "EUR", "GBP", "BRL", "MXN", "CAD", "INR", "AUD", "SGD", "HKD"];
        Self {
            funding: codes.into_iter().filter_map(|code| funding(code).ok()).collect(),
            clients: Vec::new(),
            token_lifetime: Duration::from_secs(900),
            key_retention: Duration::from_secs(86_400),
            late_answer: Duration::from_secs(20),
            callback_retry: Duration::from_secs(1),
        }
    }
}

/// Our own account at the bank: a US account for USD, an IBAN for other currencies. Payments from another account are refused (11002).
#[must_use]
pub fn own_account(currency: Currency) -> AccountId {
    match currency.code() {
        "USD" => AccountId::Other { number: "5500001234".to_owned(), scheme: None },
        _ => AccountId::Iban("DE44500105175407324931".to_owned()),
    }
}

/// Why the bank can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its books can't be opened.
    #[error("the books of the sandbox's JSON bank: {0}")]
    Database(#[from] db::Error),
    /// Its books can't be written.
    #[error("the books of the sandbox's JSON bank: {0}")]
    Sqlx(#[from] sqlx::Error),
    /// Its socket is unusable.
    #[error("the socket of the sandbox's JSON bank: {0}")]
    Socket(#[from] std::io::Error),
    /// It can't call anybody back.
    #[error("the callbacks of the sandbox's JSON bank: {0}")]
    Callbacks(#[from] reqwest::Error),
}

/// A running bank.
#[derive(Debug)]
pub struct SandboxGlobalBank {
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
    caller: JoinHandle<()>,
}

impl SandboxGlobalBank {
    /// The listener's address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bank's `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where tokens are asked for, which is also the audience of assertions.
    #[must_use]
    pub fn token_url(&self) -> String {
        tokens::token_url(self.address)
    }

    /// Returns when the server has stopped after `shutdown`. Callbacks that are not delivered stay in the books.
    pub async fn stopped(self) -> Result<(), Error> {
        let joined = |error| Error::Socket(std::io::Error::other(error));
        self.server.await.map_err(joined)??;
        self.caller.await.map_err(joined)
    }
}

/// Opens the books (service name `sandbox_globalbank`) and serves until `shutdown`.
pub async fn start(
    listener: TcpListener,
    database: &Database,
    config: Config,
    shutdown: CancellationToken,
) -> Result<SandboxGlobalBank, Error> {
    let address = listener.local_addr()?;
    let (router, caller) = open(database, config, address, shutdown.clone()).await?;
    let service = router.into_make_service_with_connect_info::<line::ConnectionCutter>();
    let server = axum::serve(line::CuttableListener::new(listener), service).with_graceful_shutdown(shutdown.cancelled_owned());
    let server = tokio::spawn(async move { server.await });
    tracing::info!(%address, "sandbox JSON bank open");
    Ok(SandboxGlobalBank { address, server, caller })
}

/// Opens the books; returns the bank's routes, whose page says that they are reached at `address`, and who delivers its callbacks until `shutdown`.
pub(crate) async fn open(
    database: &Database,
    config: Config,
    address: impl fmt::Display,
    shutdown: CancellationToken,
) -> Result<(Router, JoinHandle<()>), Error> {
    let pool = database.open("sandbox_globalbank", &MIGRATIONS).await?;
    let books = vault::BankVault::new(pool.clone());
    for funding in &config.funding {
        books.open_account(*funding, now_ms()).await?;
    }
    let desk = desk::ApiDesk::new(books, store::ApiStore::new(pool), config.clone());
    let signer = signing::CallbackSigner::generate();
    let client = http_client::local().timeout(callbacks::CALL_TIMEOUT).build()?;
    let caller = callbacks::CallbackCaller::new(desk.clone(), client, signer.clone(), config.callback_retry);
    let caller = tokio::spawn(caller.run(shutdown.clone()));
    Ok((http::router(address, desk, &config, signer.jwks(), shutdown), caller))
}
