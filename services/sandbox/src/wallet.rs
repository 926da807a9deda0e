//! What both pretend wallets have in common: trades that buyers pay on command, keys of their own, and reports to the seller that go wrong on command. For TEST
//! books only.
//!
//! - [`trade`]: a trade. [`refund`]: a refund of one. [`commands`]: what buyers and staff do. [`report`]: where reports go.
//!   [`bills`]: what the bill of a day has in it. `http`: the endpoints that both have. [`keys`]: who signs;
//!   [`certificates`]: whose key that is.

pub mod bills;
pub mod certificates;
pub mod commands;
pub(crate) mod http;
pub mod keys;
pub mod refund;
pub mod report;
pub mod trade;

use crate::bank::line;
use crate::records::Records;
use axum::Router;
use db::{Database, Migration};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify},
};
use tokio_util::sync::CancellationToken;

use keys::WalletKey;
use trade::Trade;

/// A wallet's options.
#[derive(Debug, Clone)]
pub struct Config {
    /// The time between two attempts to deliver a report.
    pub retry: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { retry: Duration::from_secs(1) }
    }
}

/// Why a wallet can't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its tables can't be opened.
    #[error("the tables of a pretend wallet: {0}")]
    Database(#[from] db::Error),
    /// Its socket is unusable.
    #[error("the socket of a pretend wallet: {0}")]
    Socket(#[from] std::io::Error),
    /// It can't report to anybody.
    #[error("the reports of a pretend wallet: {0}")]
    Client(#[from] reqwest::Error),
}

/// Which wallet it is, and what only it does.
pub(crate) struct WalletBrand {
    /// The name of its tables, and their migrations.
    pub service: &'static str,
    pub migrations: &'static [Migration],
    /// The routes that only it has, below its own address.
    pub routes: fn(&str, Desk) -> Router,
    /// What happened to a trade, as it is stored.
    pub event: fn(&Trade, &refund::TradeNews) -> serde_json::Value,
    /// The request that reports a stored event, signed now.
    pub report: fn(&serde_json::Value, WalletKey) -> report::WalletReport,
    /// Whether an answer to a report ends it.
    pub is_taken: fn(u16, &str) -> bool,
}

/// What all parts share. One change at a time: the lock is held from reading a trade to storing it.
#[derive(Clone)]
pub(crate) struct Desk {
    pub store: Records,
    pub lock: Arc<Mutex<()>>,
    /// Notified when a report is to be delivered.
    pub queued: Arc<Notify>,
    pub config: Config,
    /// Where it is reached: `http://host:port`, perhaps with a path.
    pub url: Arc<str>,
    pub brand: &'static WalletBrand,
}

/// A running wallet with a listener of its own.
#[derive(Debug)]
pub struct SandboxWallet {
    address: SocketAddr,
}

impl SandboxWallet {
    /// Its `http://host:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

pub(crate) async fn start(
    brand: &'static WalletBrand,
    listener: TcpListener,
    database: &Database,
    config: Config,
    shutdown: CancellationToken,
) -> Result<SandboxWallet, Error> {
    let address = listener.local_addr()?;
    let router = open(brand, database, config, address, shutdown.clone()).await?;
    let service = router.into_make_service_with_connect_info::<line::ConnectionCutter>();
    let server = axum::serve(line::CuttableListener::new(listener), service).with_graceful_shutdown(shutdown.cancelled_owned());
    tokio::spawn(async move { server.await });
    Ok(SandboxWallet { address })
}

pub(crate) async fn open(
    brand: &'static WalletBrand,
    database: &Database,
    config: Config,
    address: impl fmt::Display,
    shutdown: CancellationToken,
) -> Result<Router, Error> {
    let pool = database.open(brand.service, brand.migrations).await?;
    let url = format!("http://{address}").into();
    let desk = Desk { store: Records::new(pool), lock: Arc::default(), queued: Arc::default(), config, url, brand };
    let client = http_client::local().timeout(report::CALL_TIMEOUT).build()?;
    tokio::spawn(report::run(desk.clone(), client, shutdown));
    Ok((brand.routes)(&address.to_string(), desk))
}

pub(crate) use money::time::now_ms;
