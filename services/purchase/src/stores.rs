//! The stores that sell our packages. Each has a module that decides whether what it is given was said by that store, and reads it into the domain's
//! terms; from there on a purchase is one thing, whichever store sold it.
//!
//! - [`StoreConnector`]: what every store can do. [`Stores`]: all of them.
//! - [`apple`]: the App Store. [`google`]: Google Play.
//! - [`payee`]: what those do that are paid for orders that we make ([`crate::orders`]). [`stripe`]: cards on the web. [`alipay`] and [`wechat`]: wallets, with
//!   [`wallet`] for what both do.
//! - [`refunding`]: what those do that pay back what we ask them to. `billing`: what those do that make a bill of each day.
//! - [`receipt`]: what proves a purchase.

pub mod alipay;
pub mod apple;
pub(crate) mod billing;
pub mod google;
pub mod payee;
pub mod receipt;
pub mod refunding;
pub mod stripe;
pub mod wallet;
pub mod wechat;

use axum::http::HeaderMap;
use chart::BookKind;
use money::BookName;
use std::fmt::Debug;
use std::sync::Arc;
use telemetry::UnfinishedCount;

use crate::domain::event::StoreEvent;
use crate::domain::refusal::ReceiptRefusal;
use crate::domain::{Purchase, StoreKind, Transaction};
use crate::questions::answer::{AnswerEnd, NewQuestion, NotAnswered, RefundAnswer, StoreQuestion};
use crate::stores::receipt::RefusedReceipt;
use alipay::AlipayAccounts;
use apple::ReceiptVerifier;
use billing::BillingAccount;
use google::GooglePlay;
use payee::OrderAccount;
pub use receipt::StoreReceipt;
use refunding::RefundingStore;
use stripe::merchant::Merchants;
use wechat::WechatAccounts;

/// How long before its end somebody is to replace a certificate, in milliseconds: a month.
const ENDS_SOON_MS: i64 = 30 * 86_400_000;
/// Longest ids of a store that are taken; Apple's transaction ids are decimal numbers.
pub const ID_BYTES_MAX: usize = 255;

/// A sale that the store confirms and that is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSale {
    /// What was sold.
    pub transaction: Transaction,
    /// Until when the store wants to be told that its buyer has the goods, in Unix milliseconds; it pays the buyer back after that. `None`: it needs no word.
    pub acknowledge_by_ms: Option<i64>,
}

/// Why a receipt is not a sale that is paid.
#[derive(Debug)]
pub enum NotVerified {
    /// It credits nobody.
    Refused(RefusedReceipt),
    /// It is the store's, and its buyer has not paid yet.
    Pending,
    /// The store could not be asked. Nothing is decided.
    Later(Unavailable),
}

/// Why a store could not be asked or told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// What happened, for staff.
    pub why: String,
    /// Whether other requests to the store would fail as well, so that they need not be tried now.
    pub for_all: bool,
}

/// How an acknowledgement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreAcknowledgement {
    /// The store knows now, or knew before.
    Done,
    /// The store took the sale back or does not know it, so that there is nothing to acknowledge.
    Void(String),
}

/// Why a notification was not taken. In no case was anything stored.
#[derive(Debug)]
pub enum NotTaken {
    /// Not a notification at all.
    Malformed,
    /// Nothing proves that it is the store's and about an app of a book here.
    Refused(RefusedReceipt),
    /// It could not be checked or stored now.
    Later(String),
}

/// A notification that was proved to be the store's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeardEvent {
    /// What it says.
    pub event: StoreEvent,
    /// The kind of book that it may be about; `None` where it does not say, and the store is asked before anything follows from it.
    pub of: Option<BookKind>,
}

/// A store, as the use cases see it. What is not said otherwise is so of a store that is paid for our orders: it has no receipts, and was told of the order before
/// it was paid.
#[tonic::async_trait]
pub trait StoreConnector: Debug + Send + Sync {
    /// Whether a receipt is this store's, paid, and good for the book.
    async fn verify(&self, _receipt: &StoreReceipt, _book: &BookName, _kind: BookKind) -> Result<VerifiedSale, NotVerified> {
        Err(NotVerified::Refused(RefusedReceipt::new(ReceiptRefusal::Malformed, "another store's receipt")))
    }

    /// Tells the store that the buyer of a credited receipt has the goods. Safe to repeat.
    async fn acknowledge(&self, _receipt: &StoreReceipt) -> Result<StoreAcknowledgement, Unavailable> {
        Ok(StoreAcknowledgement::Void("the store waits for no word".to_owned()))
    }

    /// Checks a notification.
    async fn event(&self, headers: &HeaderMap, body: &[u8]) -> Result<HeardEvent, NotTaken>;

    /// What a notification asks about a refund; `None` if it asks nothing.
    fn question(&self, _event: &StoreEvent) -> Option<NewQuestion> {
        None
    }

    /// Answers what the store asked about a refund. Safe to repeat.
    async fn answer(&self, _question: &StoreQuestion, _answer: &RefundAnswer) -> Result<AnswerEnd, NotAnswered> {
        Ok(AnswerEnd::Refused("the store asks nothing".to_owned()))
    }

    /// The receipt of the sale that a notification reports; `None` if it names none.
    fn receipt(&self, _event: &StoreEvent) -> Option<StoreReceipt> {
        None
    }
}

/// All stores.
#[derive(Debug)]
pub struct Stores {
    /// The App Store.
    pub apple: ReceiptVerifier,
    /// Google Play.
    pub google: GooglePlay,
    /// Stripe.
    pub stripe: Merchants,
    /// Alipay.
    pub alipay: AlipayAccounts,
    /// WeChat Pay.
    pub wechat: WechatAccounts,
}

impl Stores {
    /// The store of this kind.
    #[must_use]
    pub fn of(&self, kind: StoreKind) -> &dyn StoreConnector {
        match kind {
            StoreKind::Apple => &self.apple,
            StoreKind::Google => &self.google,
            StoreKind::Stripe => &self.stripe,
            StoreKind::Alipay => &self.alipay,
            StoreKind::Wechat => &self.wechat,
        }
    }

    /// Certificates that prove what wallets say and end within a month of a time, in Unix milliseconds, or have ended: for alerts.
    pub(crate) fn ending_certificates(&self, now_ms: i64) -> UnfinishedCount {
        let ends = self.alipay.certificate_ends().chain(self.wechat.certificate_ends());
        let begins_ms = ends.map(|end_s| end_s.saturating_mul(1_000).saturating_sub(ENDS_SOON_MS));
        let soon: Vec<i64> = begins_ms.filter(|begins_ms| *begins_ms <= now_ms).collect();
        UnfinishedCount { what: "store_certificate", state: "ends_soon", count: soon.len() as u64, since_ms: soon.into_iter().min() }
    }

    /// Who pays a purchase back if we ask; `None` where only its buyer can ask, or the account that was paid is no longer configured.
    pub(crate) fn refunding(&self, of: &Purchase) -> Option<&dyn RefundingStore> {
        match of.store {
            StoreKind::Apple => None,
            StoreKind::Google => Some(&self.google),
            StoreKind::Stripe => self.stripe.account_of(of).map(|account| account as &dyn RefundingStore),
            StoreKind::Alipay => self.alipay.account_of(of).map(|account| account as &dyn RefundingStore),
            StoreKind::Wechat => self.wechat.account_of(of).map(|account| account as &dyn RefundingStore),
        }
    }

    /// Our accounts at the wallets, of each of which there is a bill of each day.
    pub(crate) fn billing_accounts(&self) -> impl Iterator<Item = &dyn BillingAccount> {
        self.alipay.billing().chain(self.wechat.billing())
    }

    /// Our accounts at the stores that are paid for orders.
    pub(crate) fn order_accounts(&self) -> Vec<Arc<dyn OrderAccount>> {
        self.stripe.accounts().chain(self.alipay.accounts()).chain(self.wechat.accounts()).collect()
    }
}
