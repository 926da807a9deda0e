//! What every store does that is paid for orders that we make, whichever it is.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use chart::BookKind;
use money::{BookName, Money};

use crate::domain::{OutOfRange, Package, ReceiptValue, StoreKind};
use crate::orders::order::{Order, PaymentFacts};
use crate::orders::paying::PayMethod;

/// Why a store has not made what a buyer is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOpened {
    /// The store refused the order for good and did nothing: its words.
    Refused(String),
    /// It will not be made by asking again, and may have been made before: what the store has decides.
    Look,
    /// It is not known whether anything was done, or nothing was done for now: ask again later.
    Later(String),
}

/// An account of ours at a store, to which buyers pay for the coins of one book.
#[tonic::async_trait]
pub trait OrderAccount: Debug + Send + Sync {
    /// Whose account it is.
    fn store(&self) -> StoreKind;

    /// Its id at the store, as orders keep it. Where the store has two that must both be right, both.
    fn account_id(&self) -> &str;

    /// The book whose coins it sells.
    fn book(&self) -> &BookName;

    /// The kind of book that it is for.
    fn kind(&self) -> BookKind;

    /// The store's word for the kind of money: `live` or `test`.
    fn environment(&self) -> &'static str {
        if self.kind() == BookKind::Live { "live" } else { "test" }
    }

    /// How long an order can be paid.
    fn pay_within(&self) -> Duration;

    /// What a package is worth that this account sells; refused where it can't be sold through this store.
    fn value(&self, package: &Package) -> Result<ReceiptValue, OutOfRange>;

    /// Whether an order can be paid so.
    fn takes(&self, method: PayMethod) -> bool;

    /// Whether the buyer must be authenticated, by market or price.
    fn authenticates(&self, market: &str, price: Money) -> bool;

    /// Whether a buyer may be sent there after paying.
    fn may_return_to(&self, address: &str) -> bool;

    /// Whether asking the store to open the order at this time, in Unix milliseconds, can make nothing twice and nothing that is too short-lived.
    fn may_open(&self, order: &Order, now_ms: i64) -> bool;

    /// Has the store make what the buyer is sent to. Safe to repeat while [`Self::may_open`] says so.
    async fn open(&self, order: &Order, now: SystemTime) -> Result<PaymentFacts, NotOpened>;

    /// What the store has of an order. `None`: nothing. An error: it can't be asked now, for this reason.
    async fn standing(&self, order: &Order, now: SystemTime) -> Result<Option<PaymentFacts>, String>;

    /// Has the store take no payment for an order any more whose time is over. What it says about the order afterwards decides.
    async fn close(&self, order: &Order) -> Result<(), String>;
}

/// Whether a buyer may be sent to an address of one of these origins, or of any if there are none. Without TLS on this machine only, for TEST books.
pub(crate) fn may_return_to(address: &str, origins: &[String], kind: BookKind) -> bool {
    let Ok(url) = reqwest::Url::parse(address) else { return false };
    let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && local && kind != BookKind::Live);
    is_safe && (origins.is_empty() || origins.contains(&url.origin().ascii_serialization()))
}
