//! A pretend bank: an HTTP server with books of its own, for TEST books only.
//!
//! | request | answer |
//! |---|---|
//! | `POST /payments`, a `pain.001.001.09` | `pain.002.001.10`; a duplicate EndToEndId gets the first answer and is never executed again |
//! | `GET /payments/{end_to_end_id}` | `pain.002.001.10`; 404 with one that names no status where the bank has no such payment |
//! | `POST /payments/{end_to_end_id}/returns`, JSON `{code, minor_units?, charge?}` | the payment comes back, all that is left or a part; never more |
//! | `GET /statements/{currency}` | `camt.053.001.08` since the account was opened; `?after=N` for the bookings after one |
//! | `POST /statements/{currency}/faults`, JSON `{fault, …}` | a mistake in the books ([`StatementFault`]) |
//! | `POST /recalls`, a `camt.055.001.08` | `camt.029.001.09` that says pending |
//! | `GET /recalls/{assignment_id}` | `camt.029.001.09` with the decision |
//! | `POST /callbacks`, JSON `{url}` | registers a receiver of signed `pain.002`, `camt.054` and `camt.029` |
//! | `GET /public-keys` | the keys of callbacks, a JWK set |
//! | `POST /payee-verifications`, JSON in the form of the EPC's Verification of Payee | whose an account is, by the name asked about (`payees`) |
//! | `POST /deposits`, JSON `{currency, minor_units, reference}` | a deposit from elsewhere, once per reference |
//! | `POST /scenarios`, JSON `{end_to_end_id or account, behaviour, code?, minor_units?, delay_ms?, times?}` | chooses what happens to payments |
//!
//! Every answer about a payment carries the header `finality-window-seconds`: an instruction created longer ago than that is rejected (TM01) if it arrives at
//! all, so a payment not found by then was not and will not be executed.
//!
//! A payment asks for a rail by the codes of `iso20022::rail::RailTable`. The rail must exist (FF03), have the payment's currency (AM03) and reach the account
//! (AC14); the paying account is ours in that currency ([`own_account`]). Rails that are not instant take a day to come and pay at once all the same.
//! Transfers of a payment with `BtchBookg` true are booked in one transaction and shown as one entry.
//!
//! What happens to a payment is chosen by a scenario, else by the receiver's name (`Sandbox reject:AC04`), else by the receiving account ([`MAGIC`]), else it
//! settles. [`Behaviour::effect`] says what each behaviour does. A return has the payment's EndToEndId and `RtrInf`; in `AmtDtls`, `InstdAmt` is the payment's
//! amount and `TxAmt` what came back before the charge. On `us-rtp` a recalled payment comes back as a new one, which the `camt.029` names.
//!
//! Below `/ach/` and `/global/` of the same listener there may be the pretend ACH bank and the one that speaks JSON ([`start_with_others`]).
//!
//! Callbacks are signed and repeated as `callbacks` says. `GET /` lists accounts, behaviours and endpoints for people, from the same tables.

mod behaviour;
mod books;
mod callbacks;
mod clock;
mod decide;
mod desk;
mod due;
mod faults;
mod http;
pub(crate) mod line;
mod news;
mod own_accounts;
mod page;
mod payees;
mod payments;
mod rails;
mod recalls;
mod returns;
mod scenario;
mod statement;
mod status;
mod trace;

pub use behaviour::{Behaviour, CallbackTrick, NOT_BY_ACCOUNT, PlannedReturn, RecallAnswer};
pub use callbacks::{KEY_ID_HEADER, SIGNATURE_HEADER};
pub use faults::StatementFault;
pub use own_accounts::{own_account, own_currencies};
pub use returns::RETURN_CHARGE;
pub use scenario::{ANY_ACCOUNT, MAGIC, MagicAccount};

use crate::{achbank, globalbank};
use axum::Router;
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

const MIGRATIONS: [Migration; 4] = [
    Migration::contract(1, include_str!("../migrations/bank_0001.sql")),
    Migration::expand(2, include_str!("../migrations/bank_0002.sql")),
    Migration::expand(3, include_str!("../migrations/bank_0003.sql")),
    Migration::expand(4, include_str!("../migrations/bank_0004.sql")),
];

/// The bank's options.
#[derive(Debug, Clone)]
pub struct Config {
    /// The opening balance of each account, one per currency; payments from an account that is not listed are rejected.
    pub funding: Vec<Money>,
    /// The age beyond which an instruction that has not been executed never will be. Whole seconds.
    pub finality_window: Duration,
    /// How long `late` delays its answer; must be longer than the rails' time-outs.
    pub late_answer: Duration,
    /// When returns and answers to recalls come that nobody asked for earlier.
    pub later: Duration,
    /// What a recall costs that was decided, in minor units of the payment's currency, booked as an entry of its own; 0: nothing.
    pub recall_fee_minor_units: i64,
}

impl Default for Config {
    /// Ten million in every currency of ours, in yen a thousand million; final after 30 seconds, late by 20, later means after three, and recalls are free.
    fn default() -> Self {
        let funding = |currency| Money::try_new(currency, 1_000_000_000);
        Self {
            funding: own_currencies().into_iter().filter_map(|currency| funding(currency).ok()).collect(),
            finality_window: Duration::from_secs(30),
            late_answer: Duration::from_secs(20),
            later: Duration::from_secs(3),
            recall_fee_minor_units: 0,
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
    /// The ACH bank behind it can't start.
    #[error(transparent)]
    Ach(#[from] achbank::Error),
    /// The JSON bank behind it can't start.
    #[error(transparent)]
    Global(#[from] globalbank::Error),
}

/// Where the ACH bank of [`start_with_others`] is, below the bank's address.
pub const ACH_PATH: &str = "/ach/";
/// The same of the bank that speaks JSON.
pub const GLOBAL_PATH: &str = "/global/";

/// The options of the banks behind one listener.
#[derive(Debug, Clone)]
pub struct TownConfig {
    /// Of the bank at the root.
    pub bank: Config,
    /// Of the ACH bank.
    pub ach: achbank::Config,
    /// Of the bank that speaks JSON.
    pub global: globalbank::Config,
}

/// A running bank.
#[derive(Debug)]
pub struct SandboxBank {
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
    workers: Vec<JoinHandle<()>>,
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
        for worker in self.workers {
            worker.await.map_err(|error| Error::Socket(std::io::Error::other(error)))?;
        }
        match self.server.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Error::Socket(std::io::Error::other(error))),
        }
    }
}

/// Opens the books (service name `sandbox_bank`) and serves until `shutdown`.
pub async fn start(listener: TcpListener, database: &Database, config: Config, shutdown: CancellationToken) -> Result<SandboxBank, Error> {
    serve(listener, database, config, Vec::new(), shutdown).await
}

/// The same, with the ACH bank behind [`ACH_PATH`] of the same listener and the one that speaks JSON behind [`GLOBAL_PATH`]: banks of their own, with books of
/// their own.
pub async fn start_with_others(
    listener: TcpListener,
    database: &Database,
    config: TownConfig,
    shutdown: CancellationToken,
) -> Result<SandboxBank, Error> {
    let address = listener.local_addr()?;
    let below = |path: &str| format!("{address}{}", path.trim_end_matches('/'));
    let ach = achbank::open(database, config.ach, below(ACH_PATH), shutdown.clone()).await?;
    let (global, caller) = globalbank::open(database, config.global, below(GLOBAL_PATH), shutdown.clone()).await?;
    let mut town = serve(listener, database, config.bank, vec![(ACH_PATH, ach), (GLOBAL_PATH, global)], shutdown).await?;
    town.workers.push(caller);
    Ok(town)
}

async fn serve(
    listener: TcpListener,
    database: &Database,
    config: Config,
    others: Vec<(&'static str, Router)>,
    shutdown: CancellationToken,
) -> Result<SandboxBank, Error> {
    let pool = database.open("sandbox_bank", &MIGRATIONS).await?;
    let books = BankBooks::new(pool);
    for funding in &config.funding {
        books.open_account(*funding, clock::now_ms()).await?;
    }
    let address = listener.local_addr()?;
    let mailbox = callbacks::Mailbox::open(books.clone()).await?;
    let desk = desk::PaymentDesk::new(books, config, mailbox.clone());
    let workers =
        vec![tokio::spawn(mailbox.deliver(clock::now_ms, shutdown.clone())), tokio::spawn(due::run(desk.clone(), shutdown.clone()))];
    let router = http::router(address, desk, shutdown.clone());
    let router = others.into_iter().fold(router, |router, (path, other)| router.nest(path.trim_end_matches('/'), other));
    let service = router.into_make_service_with_connect_info::<line::ConnectionCutter>();
    let server = axum::serve(line::CuttableListener::new(listener), service).with_graceful_shutdown(shutdown.cancelled_owned());
    let server = tokio::spawn(async move { server.await });
    tracing::info!(%address, "sandbox bank open");
    Ok(SandboxBank { address, server, workers })
}
