//! Coins bought with real money. This service owns coin packages, the tokens that bind receipts to users, and one row per valid receipt. It promises
//! that a receipt credits its coins exactly once, even if several users submit it many times or a process crashes.
//!
//! - [`service`]: the RPCs. [`wire`]: protobuf to domain and back.
//! - [`purchases`]: the use cases of buyers. [`events`]: those of stores, which report sales and refunds at [`webhooks`]. `outbox`: what stores are told and
//!   asked; `history` and `lost`: what notifications lost. [`sweeper`]: finishes what was cut short by a crash; `retry`: when what failed is tried again.
//!   [`domain`]: what a receipt is worth.
//! - [`refunds`]: what stores pay back, and what viewers owe after that.
//! - [`questions`]: what stores ask before they decide about refunds.
//! - [`refund_orders`]: refunds that are started here.
//! - [`wallet_changes`]: wallets that are closed, or merged into another. [`escheat`]: coins of owners who are no longer active.
//! - [`settlements`]: what stores owe us, against what they report.
//! - [`orders`]: orders that we make ourselves and a store is paid for.
//! - [`limits`]: what limits purchases, by age, day and month.
//! - [`lots`]: to which purchase each coin belongs, and what each day earned.
//! - [`stores`]: whether a receipt is valid, by the store that sold. [`catalogue`]: what is sold; [`sheets`]: at which price, by market, channel and day;
//!   [`price_lists`]: by which list, of those that were loaded.
//! - [`postings`]: which accounts a purchase debits and credits. [`store`]: the tables. [`error`]: errors as callers see them.
//! - Files are in layers, of which `ARCHITECTURE.md` tells; each names only what is below it.
//! - [`decoders`]: what the fuzz targets reach. [`tables`]: the parts that auditors, backups and erasure read.

pub mod catalogue;
pub mod config;
pub mod decoders;
pub mod domain;
pub mod error;
pub mod escheat;
pub mod events;
mod history;
pub mod limits;
mod lost;
pub mod lots;
mod meters;
pub mod orders;
mod outbox;
pub mod postings;
pub mod price_lists;
pub mod purchases;
pub mod questions;
pub mod refund_orders;
pub mod refunds;
mod retry;
pub mod service;
pub mod settlements;
pub mod sheets;
pub mod store;
pub mod stores;
pub mod sweeper;
pub mod tables;
mod waits;
pub mod wallet_changes;
pub mod webhooks;
pub mod wire;

use futures::{FutureExt as _, future::BoxFuture};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::SystemTime;

use api::purchase::purchase_service_server::PurchaseServiceServer;
use tokio_util::sync::CancellationToken;

pub use catalogue::PackageCatalogue;
pub use config::{
    AlipayAccount, AlipayCertificates, AppleOptions, BillOptions, BillReady, Bundle, Config, GoogleApp, GoogleOptions, PretendAlipay,
    PretendApple, PretendCertificates, PretendStripe, PretendWechat, PriceFrom, RefundOptions, RefundReview, SandboxGoogle,
    ServiceAccountKey, SettlementAccount, StripeAccount, WechatAccount, WechatKey, WithdrawalRight,
};
pub use store::Store;

use domain::SaleRates;
use ledger_client::LedgerClient;
use limits::SpendingTerms;
use limits::rules::SpendingRules;
use lots::Lots;
use money::time::millis;
use orders::accounts::Orders;
use price_lists::PriceLists;
use purchases::Purchases;
use refunds::hold::HoldTerms;
use service::Handlers;
use settings::document::DocumentError;
use settlements::Settlements;
use stores::Stores;
use stores::alipay::AlipayAccounts;
use stores::apple::ReceiptVerifier;
use stores::google::GooglePlay;
use stores::stripe::merchant::Merchants;
use stores::wechat::WechatAccounts;
use wallet_changes::rules::WalletRules;

/// The service's dependencies.
pub struct Deps {
    /// The database of its tables.
    pub database: db::Database,
    /// The connection to LedgerService, with this service's token.
    pub ledger: rpc::Transport,
    /// Cancelled at shutdown: the sweeper stops.
    pub shutdown: CancellationToken,
}

/// Why the service doesn't start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An invalid option.
    #[error(transparent)]
    Config(#[from] config::InvalidPurchaseOption),
    /// The coin packages, or the rules of wallets or of spending, can't be read.
    #[error(transparent)]
    Catalogue(#[from] DocumentError),
    /// The trusted roots can't be read.
    #[error(transparent)]
    Receipt(#[from] stores::apple::Error),
    /// Google Play can't be reached with these options.
    #[error(transparent)]
    Google(#[from] stores::google::Error),
    /// An account at Stripe can't be used.
    #[error(transparent)]
    Stripe(#[from] stores::stripe::Error),
    /// An account at Alipay or WeChat Pay can't be used.
    #[error(transparent)]
    Wallet(#[from] stores::wallet::Error),
    /// The tables can't be opened.
    #[error(transparent)]
    Database(#[from] db::Error),
}

/// The running service.
#[derive(Debug, Clone)]
pub struct Service {
    handlers: Handlers,
    sweep: sweeper::Options,
    order_sweep: orders::sweep::OrderSweep,
}

/// Checks the options, reads packages and roots, opens the tables and starts the sweeper.
pub fn start(deps: Deps, config: Config) -> BoxFuture<'static, Result<Service, Error>> {
    meters::begin();
    // Boxed, so that it is compiled here, with all that it spawns, and not where it is awaited.
    begin(deps, config).boxed()
}

/// The projection beside these purchases.
fn lots_of(purchases: &Purchases) -> Lots {
    Lots {
        store: purchases.store.clone(),
        ledger: purchases.ledger.clone(),
        news: purchases.news.clone(),
        rules: Arc::new(purchases.wallet_rules.clone()),
    }
}

async fn begin(deps: Deps, config: Config) -> Result<Service, Error> {
    config.check()?;
    let rules = config.spending_rules.as_deref().map_or(Ok(SpendingRules::default()), SpendingRules::load)?;
    let catalogue = match &config.packages {
        Some(path) => PackageCatalogue::load(path)?,
        None => PackageCatalogue::embedded()?,
    };
    let wallet_rules = match &config.wallet_rules {
        Some(path) => WalletRules::load(path)?,
        None => WalletRules::default(),
    };
    let stores = Stores {
        apple: ReceiptVerifier::load(&config)?,
        google: GooglePlay::load(&config)?,
        stripe: Merchants::load(&config)?,
        alipay: AlipayAccounts::load(&config)?,
        wechat: WechatAccounts::load(&config)?,
    };
    let orders =
        Orders { accounts: stores.order_accounts(), check_after_ms: millis(config.order_check_after), open_max: config.open_orders_max };
    let store = Store::open(&deps.database).await?;
    let purchases = Arc::new(Purchases {
        store,
        ledger: LedgerClient::new(deps.ledger),
        stores,
        price_lists: PriceLists::new(catalogue),
        spending: SpendingTerms { rules, raise_delay: config.spending_raise_delay },
        rates: SaleRates { commission: config.store_commission_basis_points, tax: config.included_tax_basis_points },
        credit_other_prices: config.credit_other_prices,
        sweep_after_ms: i64::try_from(config.sweep_after.as_millis()).unwrap_or(i64::MAX),
        news: Arc::default(),
        next_look_ms: AtomicI64::new(0),
        voided_look: std::sync::Mutex::default(),
        look_interval_ms: i64::try_from(config.lost_refunds_interval.as_millis()).unwrap_or(i64::MAX),
        review: config.refund_review.clone(),
        next_history_ms: AtomicI64::new(0),
        refund_lookups_max: i64::from(config.apple.refund_lookups_max),
        holds: HoldTerms {
            refund_ms: millis(config.pending_refund_hold),
            dispute_ms: millis(config.dispute_hold),
            other_lots_pay: config.other_lots_pay,
        },
        settlements: Settlements { accounts: config.settlements.clone(), ..Settlements::default() },
        orders,
        order_news: tokio::sync::Notify::new(),
        refund_options: config.refunds.clone(),
        wallet_rules,
        bills: config.bills.clone(),
    });
    let lots = lots_of(&purchases);
    if config.follow_lots {
        tokio::spawn(lots.clone().run(deps.shutdown.clone()));
    }
    let sweep = sweeper::Options {
        interval: config.sweep_interval,
        batch_max: config.sweep_batch_max,
        refusal_retention: config.refusal_retention,
        store_event_retention: config.store_event_retention,
        refused_receipt_retention: config.refused_receipt_retention,
    };
    let order_sweep = orders::sweep::OrderSweep { interval: config.order_sweep_interval, batch_max: config.sweep_batch_max };
    watch(&purchases, &deps.shutdown);
    tokio::spawn(sweeper::run(purchases.clone(), sweep, deps.shutdown.clone()));
    tokio::spawn(lost::run(purchases.clone(), config.lost_refunds_interval, deps.shutdown.clone()));
    tokio::spawn(orders::sweep::run(purchases.clone(), order_sweep, deps.shutdown));
    Ok(Service { handlers: Handlers { purchases, lots }, sweep, order_sweep })
}

/// Counts what is unfinished, and ends waits that a clock which was ahead has set, until `shutdown`.
fn watch(purchases: &Arc<Purchases>, shutdown: &CancellationToken) {
    let watched = purchases.clone();
    tokio::spawn(shutdown.clone().run_until_cancelled_owned(async move {
        telemetry::unfinished::watch("purchase", || watched.unfinished()).await;
    }));
    let waiting = purchases.clone();
    tokio::spawn(shutdown.clone().run_until_cancelled_owned(async move {
        telemetry::waits::watch("purchase", || waiting.end_impossible_waits(SystemTime::now())).await;
    }));
}

impl Service {
    /// The tonic server, to be put under the tower stack.
    #[must_use]
    pub fn server(&self) -> PurchaseServiceServer<Handlers> {
        PurchaseServiceServer::new(self.handlers.clone())
    }

    /// The same as routes.
    #[must_use]
    pub fn routes(&self) -> tonic::service::Routes {
        tonic::service::Routes::new(self.server())
    }

    /// The routes of the stores' notifications, for the listener of HTTP.
    pub fn webhooks(&self) -> axum::Router {
        webhooks::routes(self.handlers.purchases.clone())
    }

    /// Treasury over this connection, with this service's token: what stores pay is announced there from now on. The first call counts.
    pub fn use_treasury(&self, transport: rpc::Transport) {
        let client = api::treasury::treasury_service_client::TreasuryServiceClient::new(transport);
        let _known = self.handlers.purchases.settlements.treasury.set(client);
    }

    /// The tables, for comparing them with the ledger.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.handlers.purchases.store
    }

    /// The lots of coins, for reading the journal and posting revenue beside the regular runs.
    #[must_use]
    pub fn lots(&self) -> &Lots {
        &self.handlers.lots
    }

    /// One sweep of orders as of `now`: the stores are asked about those that are due; returns how many purchases got their coins.
    pub async fn sweep_orders(&self, now: SystemTime) -> Result<usize, tonic::Status> {
        Ok(orders::sweep::sweep(&self.handlers.purchases, self.order_sweep, now).await?)
    }

    /// One look as of `now` for what notifications lost at the stores that are paid for our orders; returns how much was found.
    pub async fn look_for_lost(&self, now: SystemTime) -> Result<usize, tonic::Status> {
        Ok(lost::look(&self.handlers.purchases, now).await?)
    }

    /// Makes due, as of `now`, what a clock that was ahead has put off, beside the regular rounds; of which tables, and how many rows of each.
    pub async fn end_impossible_waits(&self, now: SystemTime) -> Result<Vec<(&'static str, u64)>, store::Error> {
        self.handlers.purchases.end_impossible_waits(now).await
    }

    /// One sweep as of `now`, beside the regular ones; returns how many purchases got their coins.
    pub async fn sweep(&self, now: SystemTime) -> Result<usize, tonic::Status> {
        Ok(sweeper::sweep(&self.handlers.purchases, self.sweep, now).await?)
    }
}
