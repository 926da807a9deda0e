//! A refund that is started here. No I/O, no clock.

use money::{BookName, Money, UserKey};
use uuid::Uuid;

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundOrderState {
    /// It waits for a second person.
    Asked,
    /// The store is to be asked.
    Approved,
    /// The store was asked, or is being asked.
    Sent,
    /// The store's answer is lost or says nothing.
    Unknown,
    /// The store has paid back.
    Succeeded,
    /// Nothing was paid back, or it came back.
    Failed,
    /// The store can't pay back by itself, or says something else than it was asked for.
    Abnormal,
    /// The second person said no.
    Rejected,
    /// Staff ended it when the store could not, or said something else than it was asked for.
    Ended,
}

impl RefundOrderState {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Asked,
        Self::Approved,
        Self::Sent,
        Self::Unknown,
        Self::Succeeded,
        Self::Failed,
        Self::Abnormal,
        Self::Rejected,
        Self::Ended,
    ];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Asked => 1,
            Self::Approved => 2,
            Self::Sent => 3,
            Self::Unknown => 4,
            Self::Succeeded => 5,
            Self::Failed => 6,
            Self::Abnormal => 7,
            Self::Rejected => 8,
            Self::Ended => 9,
        }
    }

    /// Whether the store is never asked about it again.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Rejected | Self::Ended => true,
            Self::Asked | Self::Approved | Self::Sent | Self::Unknown | Self::Abnormal => false,
        }
    }
}

/// Who started a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStarter {
    /// The buyer, by right of withdrawal.
    Buyer,
    /// Staff.
    Staff,
}

impl RefundStarter {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Buyer, Self::Staff];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Buyer => 1,
            Self::Staff => 2,
        }
    }
}

/// A refund that is started here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// The book.
    pub book: BookName,
    /// Our id, a UUID of version 7; the store knows the refund by it.
    pub refund_id: Uuid,
    /// What is paid back.
    pub purchase_id: Uuid,
    /// The buyer.
    pub user: UserKey,
    /// Who started it.
    pub started_by: RefundStarter,
    /// In whose name: the buyer, or the member of staff.
    pub asked_by: UserKey,
    /// The request that made it.
    pub request_id: Uuid,
    /// Part of the price.
    pub amount: Money,
    /// How far it is.
    pub state: RefundOrderState,
    /// The second person, where one decided.
    pub decided_by: String,
    /// Who wants it to be ended that the store can't end, and the second person who agreed; empty where nobody did.
    pub end_asked_by: String,
    /// See `end_asked_by`.
    pub end_agreed_by: String,
    /// The store's id of it; empty until the store has answered, and where it has none.
    pub store_refund_id: String,
    /// For people: the store's words.
    pub note: String,
    /// When it was asked for, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When the second person decided; 0: nobody did.
    pub decided_at_ms: i64,
    /// When the store was asked first; 0: never.
    pub sent_at_ms: i64,
    /// When it ended; 0: it has not.
    pub ended_at_ms: i64,
    /// How often the store was asked since it last said something.
    pub tries: i64,
}
