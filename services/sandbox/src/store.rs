//! A pretend app store: it signs purchases as Apple's App Store signs StoreKit 2 transactions, under a chain of its own.
//!
//! - [`chain`]: the three certificates and their keys, kept under the data directory.
//! - [`receipt`]: the transaction's fields and the compact JWS around them; also hostile receipts for tests.
//! - [`finance`]: the reports of a fiscal month.
//! - [`notify`]: notifications of sales, refunds and anything else, delivered on command.
//! - [`server`]: the interface for servers, with what they answered to questions about refunds. `desk`: what the store remembers for it.
//!
//! Over HTTP: `POST /apple/purchases` with a [`StorePurchase`] answers `{"signedTransaction": "…", "transactionId": "…"}`;
//! `POST /apple/notifications` with a [`StoreNotification`] answers what was signed and what the receiver said; `GET /` explains both to people.
//! Its root is for TEST books only: anybody with access to the data directory can sign anything.

pub mod chain;
mod desk;
pub mod finance;
pub mod notify;
pub mod receipt;
pub mod server;

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Json;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, State};
use axum::http::StatusCode;
use axum::routing::post;
use tokio_util::sync::CancellationToken;

use crate::bank::line;
use crate::google::SandboxGooglePlay;
use crate::page::{self, Endpoint};
use chain::CertificateChain;
use desk::StoreDesk;
pub use desk::{ConsumptionAnswer, ServerFault};
pub use finance::{FinanceOrder, FinanceReports};
use notify::NotificationOfSold;
pub use notify::{SignedNotification, StoreNotification};
pub use receipt::{HostileReceipt, SignedPurchase, StorePurchase};

/// Maximum size of a request; a purchase has a few hundred bytes.
const BODY_BYTES_MAX: usize = 16 * 1024;

/// What the store's page for people begins with.
const INTRODUCTION: &str = "\
The pretend app store, for TEST books only. It signs purchases as Apple's App Store signs StoreKit 2 transactions, under a root of its own.

Sell to a user's app with the user's app_account_token (PurchaseService/GetWallet), and give the signedTransaction that comes back to
PurchaseService/RedeemPurchase. PurchaseService/ListCoinPackages lists the products and their prices; here a price is in thousandths of the
currency's unit, as Apple has it. quantity (1 to 10) and storefront (a three-letter country, USA) may be given as well.

It also reports sales, refunds and anything else, as App Store Server Notifications (version 2), to any address and as often as asked: a repeated
notification_uuid is the same notification, a repeated transaction_id the same sale. With the user's app_account_token in purchase, a ONE_TIME_CHARGE that is
delivered to /webhooks/store/apple credits the user without any call of the app. One without a url is signed and reaches nobody, as if it were lost: the history
of notifications still has it. A CONSUMPTION_REQUEST asks about a refund, and is answered at /inApps/v2/transactions/consumption.

";

/// Everything that is answered, besides the page that lists it.
const ENDPOINTS: [Endpoint<Store>; 4] = [
    Endpoint {
        method: "POST",
        path: "/apple/finance",
        effect: "Reports what was sold and refunded; answers JSON with detail and summary, both for a fiscal month. left_out, strange, withheld, adjusted, another share or currency",
        example: r#"/apple/finance -H 'content-type: application/json' -d '{"share": 70}'"#,
        answered_by: || post(report),
    },
    Endpoint {
        method: "POST",
        path: "/apple/purchases",
        effect: "Sells and signs; answers JSON with signedTransaction and transactionId",
        example: r#"/apple/purchases -H 'content-type: application/json' -d '{"bundle_id": "sandbox.largesse.demo", "product_id": "coins.us.app.350", "price": 4990, "currency": "USD"}'"#,
        answered_by: || post(buy),
    },
    Endpoint {
        method: "POST",
        path: "/apple/notifications",
        effect: "Signs a notification (ONE_TIME_CHARGE, REFUND, ...) and delivers copies of it to url; answers JSON with the receiver's answers. forged: by a stranger",
        example: r#"/apple/notifications -H 'content-type: application/json' -d '{"notification_type": "ONE_TIME_CHARGE", "copies": 2, "url": "http://127.0.0.1:7071/webhooks/store/apple", "purchase": {"bundle_id": "sandbox.largesse.demo", "product_id": "coins.us.app.350", "price": 4990, "currency": "USD"}}'"#,
        answered_by: || post(notify),
    },
    Endpoint {
        method: "POST",
        path: "/apple/transactions/{transaction_id}/notifications",
        effect: "The same about a transaction that it sold since it started, whose purchase need not be said again; 404 for another one",
        example: r#"/apple/transactions/ID/notifications -H 'content-type: application/json' -d '{"notification_type": "REFUND", "url": "http://127.0.0.1:7071/webhooks/store/apple"}'"#,
        answered_by: || post(notify_of_sold),
    },
];

/// Why the store can't start or sign.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its directory can't be read or written.
    #[error("app store directory {path}: {source}")]
    Directory {
        /// The directory.
        path: String,
        /// The underlying error.
        source: std::io::Error,
    },
    /// A certificate can't be made.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A stored key can't be used.
    #[error("key {file} is damaged; remove the app store's directory to make a new chain")]
    Key {
        /// The name of the file.
        file: &'static str,
    },
    /// Its socket is unusable.
    #[error("the app store's socket: {0}")]
    Socket(std::io::Error),
    /// Signing failed.
    #[error("signing failed")]
    Signing,
    /// A field of the purchase is invalid.
    #[error("{field}: {why}")]
    Purchase {
        /// The field.
        field: &'static str,
        /// The field's requirement.
        why: &'static str,
    },
    /// Notifications can't be delivered.
    #[error("the app store's client: {0}")]
    Client(#[from] reqwest::Error),
    /// The transaction's fields can't be written as JSON.
    #[error("transaction: {0}")]
    Json(#[from] serde_json::Error),
}

/// The pretend app store. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    chain: Arc<CertificateChain>,
    client: reqwest::Client,
    desk: Arc<Mutex<StoreDesk>>,
    /// What was sold and refunded, for reports; forgotten when the program ends.
    sales: Arc<Mutex<Vec<finance::Remembered>>>,
}

/// What is served beside the store, on the same listener.
#[derive(Debug, Default)]
pub struct StoreNeighbours<'a> {
    /// A pretend Google Play.
    pub google: Option<&'a SandboxGooglePlay>,
    /// Others, each behind a path.
    pub others: Vec<(&'static str, Router)>,
}

/// Serves the store on `listener` until `shutdown`; its certificates are stored in `dir`.
pub async fn start(
    listener: tokio::net::TcpListener,
    dir: &Path,
    beside: StoreNeighbours<'_>,
    shutdown: CancellationToken,
) -> Result<Store, Error> {
    let store = Store::open(dir)?;
    let mut page = INTRODUCTION.to_owned() + &page::list(&ENDPOINTS, listener.local_addr().map_err(Error::Socket)?);
    page.push_str(&page::list(&server::ENDPOINTS, "").replace("curl /", "curl ADDRESS/"));
    if beside.google.is_some() {
        page.push_str(&SandboxGooglePlay::page());
    }
    let for_servers = server::ENDPOINTS
        .iter()
        .fold(page::router(&ENDPOINTS, page), |routes, endpoint| routes.route(endpoint.path, (endpoint.answered_by)()));
    let mut routes = for_servers.layer(DefaultBodyLimit::max(BODY_BYTES_MAX)).with_state(store.clone());
    if let Some(google) = beside.google {
        routes = routes.merge(google.routes());
    }
    let routes = beside.others.into_iter().fold(routes, |routes, (path, other)| routes.nest(path.trim_end_matches('/'), other));
    let service = routes.into_make_service_with_connect_info::<line::ConnectionCutter>();
    tokio::spawn(async move {
        let served = axum::serve(line::CuttableListener::new(listener), service).with_graceful_shutdown(shutdown.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::error!(%error, "the pretend app store stopped");
        }
    });
    Ok(store)
}

impl Store {
    /// Loads the certificates in `dir`, or creates them. Does file I/O; safe when several processes do it at once.
    pub fn open(dir: &Path) -> Result<Store, Error> {
        Ok(Store {
            chain: Arc::new(CertificateChain::load_or_create(dir)?),
            client: http_client::local().build()?,
            desk: Arc::default(),
            sales: Arc::default(),
        })
    }

    /// The root certificate (DER), to be trusted for TEST books.
    pub fn root_der(&self) -> &[u8] {
        &self.chain.root
    }

    /// Signs a transaction with a new, unique id.
    pub fn sell(&self, purchase: &StorePurchase) -> Result<SignedPurchase, Error> {
        purchase.check()?;
        let transaction_id = receipt::new_transaction_id();
        let claims = purchase.claims(&transaction_id);
        let signed_transaction = receipt::sign(&self.chain, &claims)?;
        self.desk().remember(&transaction_id, claims);
        self.remember(purchase, 1);
        Ok(SignedPurchase { signed_transaction, transaction_id })
    }

    /// Signs any claims with the genuine chain: for receipts with false content.
    pub fn sign(&self, claims: &serde_json::Value) -> Result<String, Error> {
        receipt::sign(&self.chain, claims)
    }

    /// Makes a receipt that is signed wrongly.
    pub fn hostile(&self, purchase: &StorePurchase, hostile: HostileReceipt) -> Result<String, Error> {
        receipt::hostile(&self.chain, &purchase.claims(&receipt::new_transaction_id()), hostile)
    }
}

/// What was signed, and what the receiver said; or why nothing was.
type NotificationAnswer = Result<Json<SignedNotification>, (StatusCode, String)>;

async fn buy(State(store): State<Store>, Json(purchase): Json<StorePurchase>) -> Result<Json<SignedPurchase>, (StatusCode, String)> {
    match store.sell(&purchase) {
        Ok(signed) => Ok(Json(signed)),
        Err(error @ Error::Purchase { .. }) => Err((StatusCode::BAD_REQUEST, error.to_string())),
        Err(error) => {
            tracing::error!(%error, "the pretend app store could not sign");
            Err((StatusCode::INTERNAL_SERVER_ERROR, "could not sign".to_owned()))
        }
    }
}

async fn report(State(store): State<Store>, Json(asked): Json<FinanceOrder>) -> Json<FinanceReports> {
    Json(store.finance(&asked))
}

async fn notify(State(store): State<Store>, Json(asked): Json<StoreNotification>) -> NotificationAnswer {
    match store.notify(&asked).await {
        Ok(signed) => Ok(Json(signed)),
        Err(error @ Error::Purchase { .. }) => Err((StatusCode::BAD_REQUEST, error.to_string())),
        Err(error) => {
            tracing::error!(%error, "the pretend app store could not sign a notification");
            Err((StatusCode::INTERNAL_SERVER_ERROR, "could not sign".to_owned()))
        }
    }
}

async fn notify_of_sold(
    store: State<Store>,
    UrlPath(transaction_id): UrlPath<String>,
    Json(asked): Json<NotificationOfSold>,
) -> NotificationAnswer {
    let purchase = store.desk().transaction(&transaction_id).map(StorePurchase::of_claims);
    match purchase {
        Some(purchase) => notify(store, Json(asked.about(purchase, transaction_id))).await,
        None => Err((StatusCode::NOT_FOUND, "no such transaction was sold here since the store started; nothing was done\n".to_owned())),
    }
}

#[cfg(test)]
mod tests;
