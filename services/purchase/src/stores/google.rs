//! Google Play. A purchase is a token of the buyer's app, which proves nothing by itself: Google is asked about it.
//!
//! - [`answer`]: what Google says about a purchase, read into the domain's terms. `api`: the requests. `access`: the tokens that admit them.
//! - `refunds`: refunds that we start.
//! - [`notification`]: real-time developer notifications, which say only that something changed. `push`: whether Pub/Sub pushed them.
//! - `review`: what Google is answered that asks about a refund.
//!
//! Purchases that a notification should have reported and did not, and that no app submitted, are nowhere listed by Google; voided ones are, for 30 days.

mod access;
pub mod answer;
mod api;
pub mod notification;
mod push;
mod refunds;
mod review;

use std::collections::HashMap;
use std::fs;

use axum::http::HeaderMap;
use chart::BookKind;
use money::{BookName, time::unix_ms};

use crate::config::{Config, GoogleOptions, ServiceAccountKey};
use crate::domain::event::StoreEvent;
use crate::domain::refusal::ReceiptRefusal;
use crate::questions::answer::{AnswerEnd, NewQuestion, NotAnswered, RefundAnswer, StoreQuestion};
use crate::stores::receipt::GoogleReceipt;
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{HeardEvent, NotTaken, NotVerified, StoreAcknowledgement, StoreConnector, StoreReceipt, Unavailable, VerifiedSale};
use answer::{ProductPurchase, PurchaseStanding};
use api::{AboutPurchase, GoogleApi};
use notification::VoidedPage;
use push::PushChecker;

/// Longest purchase token that is taken, in bytes; real ones have some 150.
pub const PURCHASE_TOKEN_BYTES_MAX: usize = 1_024;

/// How far back Google lists voided purchases, less a few minutes in which a request may be on its way.
const VOIDED_MS: i64 = 30 * 86_400_000 - 600_000;

/// Why the connector can't be made.
#[derive(Debug, thiserror::Error)]
#[error("purchase.google.{option}: {why}")]
pub struct Error {
    /// The option.
    pub option: &'static str,
    /// What is wrong with it.
    pub why: String,
}

/// The connector: apps, and by which of the two ways each is reached.
#[derive(Debug)]
pub struct GooglePlay {
    apps: HashMap<String, KnownApp>,
    sides: Vec<GoogleSide>,
}

#[derive(Debug)]
struct KnownApp {
    book: String,
    side: usize,
}

/// Google, or the pretend one.
#[derive(Debug)]
struct GoogleSide {
    api: GoogleApi,
    push: Option<PushChecker>,
    is_pretend: bool,
    refund_revokes: bool,
}

impl GoogleSide {
    fn try_new(options: &GoogleOptions, account: &ServiceAccountKey, is_pretend: bool) -> Result<Self, Error> {
        let wrong = |option, why: String| Error { option, why };
        let client = http_client::builder(&options.ca).map_err(|error| wrong("ca", error.to_string()))?;
        let client = client.timeout(api::TIME_OUT).build().map_err(|error| wrong("ca", error.to_string()))?;
        let access = access::GoogleAccess::try_new(account, client.clone()).map_err(|why| wrong("service_account", why))?;
        let api = GoogleApi::try_new(&options.api_url, client.clone(), access).map_err(|why| wrong("api_url", why))?;
        let push = if options.push_audience.is_empty() { None } else { Some(PushChecker::try_new(options, client)) };
        let push = push.transpose().map_err(|why| wrong("push_keys_url", why))?;
        Ok(Self { api, push, is_pretend, refund_revokes: options.refund_revokes })
    }
}

/// A page of what was voided, read so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VoidedCursor {
    app: usize,
    page: String,
}

/// How far a look for voided purchases is.
#[derive(Debug, Default)]
pub struct VoidedLook {
    /// The next page.
    pub(crate) cursor: VoidedCursor,
    /// Since when the list has everything, in Unix milliseconds.
    pub(crate) since_ms: i64,
    /// How many of its transaction and extent were listed: a transaction may be paid back in several parts, each listed and each notified.
    pub(crate) ranks: HashMap<(String, String), i64>,
    /// An app's list could not be read to its end.
    pub(crate) is_cut: bool,
}

impl VoidedLook {
    /// A look that begins at this time.
    pub(crate) fn since(now_ms: i64) -> Self {
        Self { since_ms: now_ms.saturating_sub(VOIDED_MS), ..Self::default() }
    }
}

impl GooglePlay {
    /// Reads the file of the service account that `config` names. Asks Google nothing.
    pub fn load(config: &Config) -> Result<Self, Error> {
        let mut play = Self { apps: HashMap::new(), sides: Vec::new() };
        let given = &config.google;
        if !given.apps.is_empty() {
            let shown = given.service_account.display();
            let unusable = |why: String| Error { option: "service_account", why: format!("{shown}: {why}") };
            let bytes = fs::read(&given.service_account).map_err(|error| unusable(error.to_string()))?;
            // Never with the content: an error of the reader names a place, and the file has a key.
            let account = serde_json::from_slice(&bytes).map_err(|error| unusable(format!("line {}", error.line())))?;
            play.add(given, GoogleSide::try_new(given, &account, false)?);
        }
        if let Some(sandbox) = &config.sandbox_google {
            play.add(&sandbox.options, GoogleSide::try_new(&sandbox.options, &sandbox.account, true)?);
        }
        Ok(play)
    }

    /// An app that both have is the real one's.
    fn add(&mut self, options: &GoogleOptions, side: GoogleSide) {
        let number = self.sides.len();
        for app in &options.apps {
            self.apps.entry(app.package_name.clone()).or_insert(KnownApp { book: app.book.clone(), side: number });
        }
        self.sides.push(side);
    }

    /// The app of a book that a receipt is about, and how it is reached.
    fn app(&self, receipt: &GoogleReceipt, book: &str) -> Option<(&str, &GoogleSide)> {
        let of_book = |(_, app): &(&String, &KnownApp)| app.book == book;
        let found = if receipt.package_name.is_empty() {
            let mut of_book = self.apps.iter().filter(of_book);
            let only = of_book.next();
            only.filter(|_| of_book.next().is_none())
        } else {
            self.apps.get_key_value(&receipt.package_name).filter(of_book)
        };
        found.map(|(name, app)| (name.as_str(), &self.sides[app.side]))
    }

    /// The app that a receipt names, or that is its book's only one; empty for none.
    #[must_use]
    pub fn package(&self, receipt: &GoogleReceipt, book: &BookName) -> String {
        self.app(receipt, book.as_str()).map_or_else(String::new, |(name, _)| name.to_owned())
    }

    /// How many of how many of a purchase were paid back by now; `None` where Google doesn't know the purchase, or doesn't say.
    pub(crate) async fn paid_back(&self, package: &str, token: &str) -> Result<Option<(i64, i64)>, Unavailable> {
        let unknown = || Unavailable { why: format!("the app {package} is not configured any more"), for_all: false };
        let app = self.apps.get(package).ok_or_else(unknown)?;
        if token.is_empty() {
            return Ok(None);
        }
        match self.sides[app.side].api.purchase(package, token).await? {
            AboutPurchase::Found(body) => Ok(ProductPurchase::read(&body).and_then(|purchase| purchase.paid_back())),
            AboutPurchase::Unknown(_) => Ok(None),
        }
    }

    /// A page of the purchases that were taken back in the last 30 days, and where the next one begins.
    pub(crate) async fn voided(&self, cursor: VoidedCursor, now_ms: i64) -> Result<(Vec<StoreEvent>, Option<VoidedCursor>), Unavailable> {
        let mut names: Vec<&String> = self.apps.keys().collect();
        names.sort();
        let Some((name, app)) = names.get(cursor.app).and_then(|name| self.apps.get_key_value(*name)) else {
            return Ok((Vec::new(), None));
        };
        let body = self.sides[app.side].api.voided(name, now_ms.saturating_sub(VOIDED_MS), &cursor.page).await?;
        let unreadable = || Unavailable { why: "a list of voided purchases can't be read".to_owned(), for_all: false };
        let book = BookName::try_new(&app.book).map_err(|_| unreadable())?;
        let VoidedPage { events, next } = VoidedPage::read(&body, name, &book).ok_or_else(unreadable)?;
        let next = next.map_or(VoidedCursor { app: cursor.app + 1, page: String::new() }, |page| VoidedCursor { app: cursor.app, page });
        Ok((events, (next.app < names.len()).then_some(next)))
    }

    /// Where the list of the next app begins.
    pub(crate) fn after_app(&self, cursor: &VoidedCursor) -> Option<VoidedCursor> {
        let app = cursor.app + 1;
        (app < self.apps.len()).then(|| VoidedCursor { app, page: String::new() })
    }

    async fn ask(&self, receipt: &GoogleReceipt, book: &BookName, kind: BookKind) -> Result<VerifiedSale, NotVerified> {
        let refused = |refusal, why: &str| NotVerified::Refused(RefusedReceipt::new(refusal, why));
        let of_no_app = || refused(ReceiptRefusal::Bundle, "the purchase is not for an app of this book");
        let (package, side) = self.app(receipt, book.as_str()).ok_or_else(of_no_app)?;
        if side.is_pretend && kind == BookKind::Live {
            return Err(refused(ReceiptRefusal::Environment, "LIVE books take no purchases of the pretend store"));
        }
        let body = match side.api.purchase(package, &receipt.purchase_token).await.map_err(NotVerified::Later)? {
            AboutPurchase::Found(body) => body,
            AboutPurchase::Unknown(_) => return Err(refused(ReceiptRefusal::Unknown, "the store knows no such purchase in this app")),
        };
        let purchase = ProductPurchase::read(&body);
        let purchase = purchase.ok_or_else(|| refused(ReceiptRefusal::Malformed, "the store's answer can't be read"))?;
        purchase.check_product(&receipt.product_id).map_err(NotVerified::Refused)?;
        purchase.check_environment(kind).map_err(NotVerified::Refused)?;
        match purchase.standing() {
            PurchaseStanding::Paid => {}
            PurchaseStanding::Pending => return Err(NotVerified::Pending),
            PurchaseStanding::Cancelled => return Err(refused(ReceiptRefusal::Revoked, "the store cancelled this purchase")),
            PurchaseStanding::Unknown => {
                return Err(refused(ReceiptRefusal::Malformed, "the store gives the purchase no state that is known"));
            }
        }
        purchase.sale(package, receipt).map_err(NotVerified::Refused)
    }
}

#[tonic::async_trait]
impl StoreConnector for GooglePlay {
    async fn verify(&self, receipt: &StoreReceipt, book: &BookName, kind: BookKind) -> Result<VerifiedSale, NotVerified> {
        match receipt {
            StoreReceipt::Google(receipt) => self.ask(receipt, book, kind).await,
            StoreReceipt::Apple(_) => Err(NotVerified::Refused(RefusedReceipt::new(ReceiptRefusal::Malformed, "another store's receipt"))),
        }
    }

    /// Consumes, which acknowledges as well and lets the buyer buy the same again.
    async fn acknowledge(&self, receipt: &StoreReceipt) -> Result<StoreAcknowledgement, Unavailable> {
        let StoreReceipt::Google(receipt) = receipt else { return Ok(StoreAcknowledgement::Void("another store's receipt".to_owned())) };
        let unknown = || Unavailable { why: format!("the app {} is not configured any more", receipt.package_name), for_all: false };
        let app = self.apps.get(&receipt.package_name).ok_or_else(unknown)?;
        let api = &self.sides[app.side].api;
        let Err(why) = api.consume(receipt).await? else { return Ok(StoreAcknowledgement::Done) };
        // Refused: because it was done before, by the app or by a request whose answer was lost, or because the purchase is gone.
        let body = match api.purchase(&receipt.package_name, &receipt.purchase_token).await? {
            AboutPurchase::Found(body) => body,
            AboutPurchase::Unknown(why) => return Ok(StoreAcknowledgement::Void(why)),
        };
        match ProductPurchase::read(&body) {
            Some(purchase) if purchase.is_consumed() => Ok(StoreAcknowledgement::Done),
            Some(purchase) if purchase.standing() == PurchaseStanding::Cancelled => {
                Ok(StoreAcknowledgement::Void("the store cancelled the purchase".to_owned()))
            }
            _ => Err(Unavailable { why, for_all: false }),
        }
    }

    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken> {
        let pushed = notification::PushedMessage::read(body).ok_or(NotTaken::Malformed)?;
        let refused = |refusal, why: &str| NotTaken::Refused(RefusedReceipt::new(refusal, why));
        // Only claimed so far: which keys, account and audience must fit follows from the app.
        let app = self.apps.get(&pushed.package_name);
        let app = app.ok_or_else(|| refused(ReceiptRefusal::Bundle, "the notification is not about an app of ours"))?;
        let side = &self.sides[app.side];
        let push = side.push.as_ref();
        let push =
            push.ok_or_else(|| refused(ReceiptRefusal::Bundle, "no notifications are taken for this app (purchase.google.push_audience)"))?;
        push.check(headers, unix_ms(std::time::SystemTime::now()) / 1_000).await?;
        let book = BookName::try_new(&app.book).map_err(|error| NotTaken::Later(error.to_string()))?;
        let event = pushed.into_event(book).map_err(NotTaken::Refused)?;
        Ok(HeardEvent { event, of: side.is_pretend.then_some(BookKind::Test) })
    }

    fn question(&self, event: &StoreEvent) -> Option<NewQuestion> {
        review::question(event)
    }

    async fn answer(&self, question: &StoreQuestion, answer: &RefundAnswer) -> Result<AnswerEnd, NotAnswered> {
        let why = || format!("the app {} is not configured any more", question.bundle_id);
        let app = self.apps.get(&question.bundle_id).ok_or_else(|| NotAnswered { why: why(), for_all: false, retry_at_ms: 0 })?;
        let review = review::body(question, answer);
        match self.sides[app.side].api.review_refund(&question.bundle_id, &question.transaction_id, &review).await {
            Ok(Ok(())) => Ok(AnswerEnd::Taken),
            Ok(Err(why)) => Ok(AnswerEnd::Refused(why)),
            Err(Unavailable { why, for_all }) => Err(NotAnswered { why, for_all, retry_at_ms: 0 }),
        }
    }

    fn receipt(&self, event: &StoreEvent) -> Option<StoreReceipt> {
        notification::receipt(&event.payload).map(StoreReceipt::Google)
    }
}
