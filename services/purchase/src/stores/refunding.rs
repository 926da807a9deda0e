//! What a store does that pays back what we ask it to. The App Store does not: only its buyers can ask it.

use std::fmt::Debug;
use std::time::SystemTime;

use money::Money;

use crate::domain::Purchase;
use crate::refund_orders::order::RefundOrder;

/// How far a store is with a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStanding {
    /// It is on its way.
    Pending,
    /// It is paid back.
    Succeeded,
    /// It will not be paid back.
    Failed,
    /// It can't be paid back before somebody acts at the store.
    Abnormal,
}

/// What a store says of a refund that it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundWord {
    /// The store's id of it; empty where it has none.
    pub store_refund_id: String,
    /// How far it is.
    pub standing: RefundStanding,
    /// How much of it, where the store says so.
    pub amount: Option<Money>,
    /// How much of all refunds of the payment together, where the store says so.
    pub together: Option<Money>,
    /// For people: why it is not paid back.
    pub why: String,
}

/// Why a store has not taken a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRefunded {
    /// It refused for good and did nothing: its words.
    Refused(String),
    /// It is not known whether anything was done, or nothing was done for now: it is asked what became of it.
    Unknown(String),
}

/// A store, or an account of ours at one, that pays back what we ask it to.
#[tonic::async_trait]
pub trait RefundingStore: Debug + Send + Sync {
    /// Whether it pays back a part of what is left.
    fn takes_parts(&self) -> bool;

    /// Asks for a refund, under an id that follows from it: asking again pays back once.
    async fn refund(&self, order: &RefundOrder, of: &Purchase, now: SystemTime) -> Result<RefundWord, NotRefunded>;

    /// What the store has of a refund. `None`: nothing, so that it may be asked for again. An error: it can't be asked now, for this reason.
    async fn refund_standing(&self, order: &RefundOrder, of: &Purchase, now: SystemTime) -> Result<Option<RefundWord>, String>;
}
