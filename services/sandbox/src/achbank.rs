//! A pretend ACH bank: an HTTP server that takes NACHA files, with books and a clock of its own, for TEST books only.
//!
//! | request | answer |
//! |---|---|
//! | `PUT /files/{name}`, a NACHA file | 202 with its SHA-256; the same bytes again get the first answer, other bytes under the name 409 |
//! | `GET /files/{name}/acknowledgement` | JSON: accepted with when each batch settles, or rejected with every problem; 404 until there is one |
//! | `GET /returns` | the oldest file that is not confirmed: returns, or notifications of change; its name in the header `file-name`; 204 if there is none |
//! | `DELETE /returns/{name}` | confirms a file, so that the next one comes; 204, 404 if it is not there |
//! | `GET /statements/USD`, `?details=true` | `camt.053.001.08`: one debit per batch and day of settlement, perhaps with its entries; a credit per return |
//! | `GET /clock`, `POST /clock`, JSON `{now}` or `{advance_seconds}` | the bank's time; it only goes forward |
//! | `POST /scenarios`, JSON `{file, behaviour, times?}` | sets what happens to an upload; `*` is every file |
//!
//! A file is accepted or refused whole: wrong hashes, counts and totals, a modifier that its day has had, entries that are no credits of PPD or CCD, too little
//! money. When a batch settles follows from its effective date, the bank's clock and the dated records `us-ach-same-day` and `us-ach`: a date that is past or
//! no banking day, a missed window or an amount over the cap of the day only move it. Nothing is ever confirmed beyond that: an entry is paid if no return comes.
//!
//! An entry's name selects what its receiver's bank does: `Sandbox return:R03` on the next banking day, `Sandbox return:R23/40` on the fortieth,
//! `Sandbox noc:C01`. Returns have the whole amount and the entry's trace number. The bank dishonours nothing.

mod answers;
mod desk;
mod details;
mod fault;
mod http;
mod schedule;
mod store;

pub use fault::{ACH_FAULTS, AchFault, ReceiverReply};

use crate::{bank::line, vault};
use axum::Router;
use db::{Database, Migration};
use iso20022::pain001::AccountId;
use money::{
    Currency, Money,
    time::{Clock, system_clock},
};
use rails::RailBook;
use std::{fmt, net::SocketAddr};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const MIGRATIONS: [Migration; 2] = [vault::VAULT_MIGRATION, Migration::contract(2, include_str!("../migrations/achbank_0002.sql"))];

/// The bank's own routing number: the destination of files, and the originating bank of their entries.
pub const ACH_ROUTING_NUMBER: &str = "021000021";

/// The bank's options.
#[derive(Clone)]
pub struct Config {
    /// The opening balance of our account, in USD.
    pub funding: Money,
    /// The clock that `POST /clock` moves ahead of.
    pub clock: Clock,
    /// The records of ACH.
    pub rails: RailBook,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("funding", &self.funding).finish_non_exhaustive()
    }
}

/// US dollars.
#[must_use]
pub fn dollar() -> Currency {
    Currency::try_new("USD").expect("a currency of ISO 4217")
}

impl Default for Config {
    /// Ten million dollars, the system's clock, our own records of rails.
    fn default() -> Self {
        let funding = Money::try_new(dollar(), 1_000_000_000).expect("within the range");
        Self { funding, clock: system_clock(), rails: RailBook::built_in() }
    }
}

/// Our own account at the bank.
#[must_use]
pub fn own_account() -> AccountId {
    AccountId::Other { number: "6600001234".to_owned(), scheme: None }
}

/// Why the bank can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its books can't be opened.
    #[error("the books of the sandbox's ACH bank: {0}")]
    Database(#[from] db::Error),
    /// Its books can't be written.
    #[error("the books of the sandbox's ACH bank: {0}")]
    Sqlx(#[from] sqlx::Error),
    /// Its socket is unusable.
    #[error("the socket of the sandbox's ACH bank: {0}")]
    Socket(#[from] std::io::Error),
}

/// A running bank.
#[derive(Debug)]
pub struct SandboxAchBank {
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
}

impl SandboxAchBank {
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

    /// Returns when the server has stopped after `shutdown`.
    pub async fn stopped(self) -> Result<(), Error> {
        match self.server.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Error::Socket(std::io::Error::other(error))),
        }
    }
}

/// Opens the books (service name `sandbox_achbank`) and serves until `shutdown`.
pub async fn start(
    listener: TcpListener,
    database: &Database,
    config: Config,
    shutdown: CancellationToken,
) -> Result<SandboxAchBank, Error> {
    let address = listener.local_addr()?;
    let router = open(database, config, address, shutdown.clone()).await?;
    let service = router.into_make_service_with_connect_info::<line::ConnectionCutter>();
    let server = axum::serve(line::CuttableListener::new(listener), service).with_graceful_shutdown(shutdown.cancelled_owned());
    let server = tokio::spawn(async move { server.await });
    tracing::info!(%address, "sandbox ACH bank open");
    Ok(SandboxAchBank { address, server })
}

/// Opens the books and returns the bank's routes, whose page says that they are reached at `address`.
pub(crate) async fn open(
    database: &Database,
    config: Config,
    address: impl fmt::Display,
    shutdown: CancellationToken,
) -> Result<Router, Error> {
    let pool = database.open("sandbox_achbank", &MIGRATIONS).await?;
    let books = vault::BankVault::new(pool.clone());
    books.open_account(config.funding, money::time::unix_ms((config.clock)())).await?;
    let desk = desk::AchDesk::new(books, store::AchStore::new(pool), config);
    Ok(http::router(address, desk, shutdown))
}
