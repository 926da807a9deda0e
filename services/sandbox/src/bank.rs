//! A pretend bank: an HTTP server with books of its own, for TEST books only.
//!
//! | request | answer |
//! |---|---|
//! | `POST /payments`, a `pain.001.001.09` | `pain.002.001.10`; a duplicate EndToEndId gets the first answer and is never executed again |
//! | `GET /payments/{end_to_end_id}` | `pain.002.001.10`; 404 with one that names no status where the bank has no such payment |
//! | `GET /statements/{currency}` | `camt.053.001.08` since the account was opened |
//! | `POST /deposits`, JSON `{currency, minor_units, reference}` | a deposit from elsewhere, once per reference |
//! | `POST /scenarios`, JSON `{end_to_end_id or account, behaviour, code?, delay_ms?, times?}` | sets what happens to that payment when it arrives |
//!
//! Every answer about a payment carries the header `finality-window-seconds`: an instruction created longer ago than that is rejected (TM01) if it arrives at
//! all, so a payment not found by then was not and will not be executed.
//!
//! What happens to a payment is chosen by a scenario, else by the receiving account ([`MAGIC`]), else it settles. [`Behaviour::effect`] says what each
//! behaviour does. `GET /` lists accounts, behaviours and endpoints for people, from the same tables.

mod books;
mod http;
mod line;
mod own_accounts;
mod page;
mod payments;
mod rails;
mod scenario;
mod trace;

pub use own_accounts::{own_account, own_currencies};
pub use scenario::{Behaviour, MAGIC, MagicAccount};

use books::BankBooks;
use db::{Database, Migration};
use money::Money;
use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// The header with the bank's finality window.
pub const FINALITY_HEADER: &str = "finality-window-seconds";
/// How far a message's time may be ahead of the bank's clock; with more it would outlive the finality window.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(5);

const MIGRATIONS: [Migration; 1] = [Migration::contract(1, include_str!("../migrations/bank_0001.sql"))];

/// The bank's options.
#[derive(Debug, Clone)]
pub struct Config {
    /// The opening balance of each account, one per currency; payments from an account that is not listed are rejected.
    pub funding: Vec<Money>,
    /// The age beyond which an instruction that has not been executed never will be. Whole seconds.
    pub finality_window: Duration,
    /// How long `late` delays its answer; must be longer than the rails' time-outs.
    pub late_answer: Duration,
}

impl Default for Config {
    /// Ten million in every currency of ours, in yen a thousand million; final after 30 seconds, late by 20.
    fn default() -> Self {
        let funding = |currency| Money::try_new(currency, 1_000_000_000);
        Self {
            funding: own_currencies().into_iter().filter_map(|currency| funding(currency).ok()).collect(),
            finality_window: Duration::from_secs(30),
            late_answer: Duration::from_secs(20),
        }
    }
}

/// Why the bank can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its books can't be opened.
    #[error("the sandbox bank's books: {0}")]
    Database(#[from] db::Error),
    /// Its books can't be written.
    #[error("the sandbox bank's books: {0}")]
    Sqlx(#[from] sqlx::Error),
    /// Its socket is unusable.
    #[error("the sandbox bank's socket: {0}")]
    Socket(#[from] std::io::Error),
}

/// A running bank.
#[derive(Debug)]
pub struct SandboxBank {
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
}

impl SandboxBank {
    /// The listener's address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bank's `http://host:port`, for the payout configuration.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns when the server has stopped after `shutdown`.
    pub async fn stopped(self) -> Result<(), Error> {
        match self.server.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Error::Socket(std::io::Error::other(error))),
        }
    }
}

/// Opens the books (service name `sandbox_bank`) and serves until `shutdown`.
pub async fn start(listener: TcpListener, database: &Database, config: Config, shutdown: CancellationToken) -> Result<SandboxBank, Error> {
    let pool = database.open("sandbox_bank", &MIGRATIONS).await?;
    let books = BankBooks::new(pool);
    for funding in &config.funding {
        books.open_account(*funding, payments::now_ms()).await?;
    }
    let address = listener.local_addr()?;
    let router = http::router(address, payments::PaymentDesk::new(books, config), shutdown.clone());
    let service = router.into_make_service_with_connect_info::<line::ConnectionCutter>();
    let server = axum::serve(line::CuttableListener::new(listener), service).with_graceful_shutdown(shutdown.cancelled_owned());
    let server = tokio::spawn(async move { server.await });
    tracing::info!(%address, "sandbox bank open");
    Ok(SandboxBank { address, server })
}
