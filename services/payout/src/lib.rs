//! Money to creators' bank accounts: bank accounts sealed, money held before anything is sent, ISO 20022 to the bank and back, and no outcome ever
//! guessed. A payout that was recorded is finished by [`worker`], whatever crashes in between.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back. [`error`]: errors as callers see them.
//! - [`beneficiaries`], [`payouts`], [`routes`], [`cancel`], [`resolutions`], [`watch`], [`runs`], [`standing`]: the use cases. [`domain`]: what a bank's answer means.
//! - [`review`]: screening, approval and limits, before anything is sent. [`liquidity`]: reserves money of the bank account that pays. [`leaves`]: reserves it with treasury.
//! - [`drive`]: advances a payout step by step. `sending`: sends it to its bank, alone or with others. [`worker`]: drives due payouts. [`statements`]: the bank's own books.
//! - [`ach`]: payouts in ACH files. [`debits`]: booked debits that nothing explains. `own_transfers`: sweeps between our own accounts.
//! - [`returns`], [`recalls`], [`callbacks`], `afterwards`: money that comes back, requests for it, what banks tell, and the loops that see to them.
//! - [`privacy`]: export of a user's data. [`prune`]: deletes old refusals. [`resealing`]: seals rows under the key in use. `meters`: metrics.
//! - [`postings`]: which accounts a payout debits and credits. [`banks`]: our banks, and payouts as their messages. [`vault`]: seals personal data. [`store`]: the tables.
//! - [`report`]: sums of payouts, beside e-wallets. [`wallets`]: the dated figures of those.
//! - [`tables`]: the parts that auditors, backups and erasure read.

pub mod ach;
mod afterwards;
pub mod banks;
mod batches;
pub mod beneficiaries;
pub mod callbacks;
pub mod cancel;
pub mod config;
pub mod debits;
pub mod decoders;
pub mod domain;
pub mod drive;
pub mod error;
pub mod leaves;
pub mod liquidity;
mod meters;
mod own_transfers;
pub mod payouts;
pub mod postings;
pub mod privacy;
pub mod prune;
pub mod recalls;
pub mod report;
pub mod resealing;
pub mod resolutions;
pub mod returns;
pub mod review;
pub mod routes;
pub mod runs;
mod sending;
pub mod service;
pub mod standing;
pub mod statements;
pub mod store;
pub mod tables;
pub mod vault;
mod waits;
pub mod wallets;
pub mod watch;
pub mod wire;
pub mod worker;

pub use config::{BankAccountConfig, BankBooksKind, BankConfig, BankRailConfig, Config};

use crate::beneficiaries::desk::PayeeDesk;
use api::payout::payout_service_server::PayoutServiceServer;
use banks::{Banks, connector::UnusableBank};
use domain::PayoutKey;
use futures::{FutureExt as _, future::BoxFuture};
use money::BookName;
use payouts::Payouts;
use service::Handlers;
use std::sync::Arc;
use store::{Store, messages::BankMessage};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;
use vault::Vault;

/// The service's dependencies.
pub struct Deps {
    /// The connection to LedgerService, with this service's token.
    pub ledger: rpc::Transport,
    /// The database of its tables.
    pub database: db::Database,
    /// Cancelled at shutdown: the worker stops, streams end.
    pub shutdown: CancellationToken,
}

/// Why the service doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An invalid option.
    #[error(transparent)]
    Config(#[from] config::InvalidPayoutOption),
    /// The key can't be used.
    #[error(transparent)]
    Vault(#[from] vault::Error),
    /// The tables can't be opened, or were written with another key.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The HTTP client can't be built.
    #[error("the bank's HTTP client: {0}")]
    Bank(#[from] reqwest::Error),
}

impl From<UnusableBank> for Error {
    fn from(unusable: UnusableBank) -> Self {
        match unusable {
            UnusableBank::Option(error) => Self::Config(error),
            UnusableBank::Client(error) => Self::Bank(error),
        }
    }
}

/// The running service.
#[derive(Clone)]
pub struct Service {
    handlers: Handlers,
    tasks: TaskTracker,
}

/// Checks the options, opens key and tables, and starts the worker, which drives every payout that is not final.
pub fn start(deps: Deps, config: Config) -> BoxFuture<'static, Result<Service, Error>> {
    // Boxed, so that it is compiled here, with all that it spawns, and not where it is awaited.
    begin(deps, config).boxed()
}

async fn begin(deps: Deps, config: Config) -> Result<Service, Error> {
    config.check()?;
    let vault = Vault::open(&config.key_file, config.create_key)?;
    let store = Store::open(&deps.database, &vault).await?;
    let banks = Banks::try_new(&config)?;
    let lists = review::ScreeningLists::read(&config.screening, std::time::SystemTime::now())?;
    let ledger = ledger_client::LedgerClient::new(deps.ledger);
    let payees = PayeeDesk { verifier: banks.verifier(&ledger), ..PayeeDesk::default() };
    let payouts = Payouts::new(store, vault, ledger, banks, config);
    let payouts = Arc::new(Payouts { lists, payees, ..payouts });
    let tasks = TaskTracker::new();
    tasks.spawn(worker::run(payouts.clone(), deps.shutdown.clone()));
    tasks.spawn(runs::paying::run(payouts.clone(), deps.shutdown.clone()));
    tasks.spawn(standing::run(payouts.clone(), deps.shutdown.clone()));
    tasks.spawn(statements::run(payouts.clone(), deps.shutdown.clone()));
    tasks.spawn(review::rescreen::run(payouts.clone(), deps.shutdown.clone()));
    tasks.spawn(afterwards::run(payouts.clone(), deps.shutdown.clone()));
    tasks.spawn(prune::run(payouts.clone(), deps.shutdown.clone()));
    tasks.spawn(resealing::run(payouts.clone(), deps.shutdown.clone()));
    let (watched, shutdown) = (payouts.clone(), deps.shutdown.clone());
    tasks.spawn(shutdown.run_until_cancelled_owned(async move {
        telemetry::unfinished::watch("payout", || watched.unfinished()).await;
    }));
    let (waiting, shutdown) = (payouts.clone(), deps.shutdown.clone());
    tasks.spawn(shutdown.run_until_cancelled_owned(async move {
        telemetry::waits::watch("payout", || waiting.end_impossible_waits()).await;
    }));
    tasks.close();
    Ok(Service { handlers: Handlers { payouts, shutdown: deps.shutdown }, tasks })
}

impl Service {
    /// The tonic server, to be put under the tower stack.
    #[must_use]
    pub fn server(&self) -> PayoutServiceServer<Handlers> {
        PayoutServiceServer::new(self.handlers.clone()).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX)
    }

    /// The same as routes.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(self.server())
    }

    /// The routes of banks' callbacks, for the listener of HTTP.
    pub fn webhooks(&self) -> axum::Router {
        callbacks::routes(self.handlers.payouts.clone())
    }

    /// Tells the pretend banks of TEST books that their callbacks go to the listener of HTTP at this address, now or as soon as they can be told.
    pub async fn register_callbacks(&self, address: std::net::SocketAddr) {
        let failed = callbacks::registering::register(&self.handlers.payouts, address).await;
        let telling = callbacks::registering::keep_registering(failed, address);
        self.tasks.spawn(self.handlers.shutdown.clone().run_until_cancelled_owned(telling));
    }

    /// Treasury over this connection, with this service's token. If payouts are set to reserve there, none is submitted until it is known.
    pub fn use_treasury(&self, transport: rpc::Transport) {
        self.handlers.payouts.treasury.open(transport);
        self.handlers.payouts.wake.notify_one();
    }

    /// Returns when the worker has stopped after `shutdown`.
    pub async fn stopped(&self) {
        self.tasks.wait().await;
    }

    /// Deletes bank accounts that are due as of `now`, beside the regular rounds; returns how many.
    pub async fn forget_beneficiaries(&self, now: std::time::SystemTime) -> Result<u64, store::Error> {
        self.handlers.payouts.forget_beneficiaries(now).await
    }

    /// Reads changed sanctions lists and screens everybody with new editions, beside the regular rounds; returns how many beneficiaries resemble a listed name.
    pub async fn look_at_lists(&self) -> Result<u64, error::Error> {
        self.handlers.payouts.look_at_lists().await
    }

    /// Digests the accounts of rows of older programs, beside the regular rounds; returns how many.
    pub async fn digest_accounts(&self) -> Result<u64, error::Error> {
        self.handlers.payouts.digest_accounts().await
    }

    /// Ids of payouts as they change or get answers, in this process.
    #[must_use]
    pub fn changes(&self) -> tokio::sync::broadcast::Receiver<Uuid> {
        self.handlers.payouts.changed.subscribe()
    }

    /// The notifications of change that banks sent about a payout's ACH entries, with what they say, oldest first.
    pub async fn corrections(&self, book: &BookName, payout_id: Uuid) -> Result<Vec<store::ach::KeptChange>, store::Error> {
        self.handlers.payouts.store.changes_of(&self.handlers.payouts.vault, book, payout_id).await
    }

    /// Every message to and from the bank about a payout, oldest first.
    pub async fn messages(&self, book: &BookName, payout_id: Uuid) -> Result<Vec<BankMessage>, store::Error> {
        let payout_key = PayoutKey { book: book.clone(), payout_id };
        self.handlers.payouts.store.messages(&self.handlers.payouts.vault, &payout_key).await
    }
}
