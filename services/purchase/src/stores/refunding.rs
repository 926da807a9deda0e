//! What a store does that pays back what we ask it to. The App Store does not: only its buyers can ask it.

use std::fmt::Debug;
use std::time::SystemTime;

use money::Money;

use crate::domain::{Purchase, StoreKind};
use crate::refund_orders::order::RefundOrder;
use crate::refunds::fact::{CUMULATIVE, FactStatus, RefundFact, WHOLE, order_of_google};

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

impl RefundWord {
    /// With this amount, where the store states none.
    pub(crate) fn or_amount(&self, amount: Money) -> Self {
        Self { amount: self.amount.or(Some(amount)), ..self.clone() }
    }

    /// The same of a purchase as its notification would say it, at this time in Unix milliseconds; `None` where that says nothing.
    pub(crate) fn fact(&self, of: &Purchase, now_ms: i64) -> Option<RefundFact> {
        let status = match self.standing {
            RefundStanding::Succeeded => FactStatus::Granted,
            RefundStanding::Pending => FactStatus::Pending,
            RefundStanding::Failed => FactStatus::Undone,
            RefundStanding::Abnormal => return None,
        };
        // It is so now, whatever notifications say of the time before; they have whole seconds. That one is on its way is superseded by everything else.
        let said_at_ms = now_ms / 1_000 * 1_000;
        let order_no =
            if status == FactStatus::Pending { status.number() } else { said_at_ms.saturating_mul(4).saturating_add(status.number()) };
        let whole = RefundFact {
            store: of.store,
            // As Google's own statements: of no environment, and of all of it.
            environment: String::new(),
            bundle_id: of.bundle_id.clone(),
            transaction_id: of.transaction_id.clone(),
            fact_id: WHOLE.to_owned(),
            book: of.book.clone(),
            part: 1,
            whole: 1,
            currency: String::new(),
            status,
            order_no: order_of_google(1, 1),
            said_at_ms,
            withdrawn: 0,
            fee: 0,
        };
        let of_amount = |fact_id: &str, amount: Money, order_no: i64| RefundFact {
            environment: of.environment.clone(),
            fact_id: fact_id.to_owned(),
            part: amount.minor_units(),
            currency: amount.currency().code().to_owned(),
            order_no,
            ..whole.clone()
        };
        match (of.store, self.together, self.amount) {
            (StoreKind::Google, ..) => (status == FactStatus::Granted).then_some(whole),
            // As Alipay's notifications, of which the largest sum stands.
            (StoreKind::Alipay, Some(together), _) if status == FactStatus::Granted => {
                Some(of_amount(CUMULATIVE, together, together.minor_units()))
            }
            (_, _, Some(amount)) if !self.store_refund_id.is_empty() => Some(of_amount(&self.store_refund_id, amount, order_no)),
            _ => None,
        }
    }
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
