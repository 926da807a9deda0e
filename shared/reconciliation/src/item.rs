//! What should happen on an account, and what the books say about it.

use jiff::civil::Date;
use matching::ExpectedItem;
use money::Money;
use serde::Serialize;

/// What kind of money it is. It decides how long nobody worries, and where the booking is posted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A payout on a rail that pays within seconds.
    #[default]
    Instant,
    /// A payout by ACH.
    Ach,
    /// A payout by an ordinary credit transfer.
    CreditTransfer,
    /// A payout by wire.
    Wire,
    /// A payout of a card processor to us.
    Processor,
    /// Proceeds of a store.
    Store,
    /// Another receipt that was announced.
    Receipt,
    /// A charge that was agreed with the bank; as a credit, interest that it pays.
    Charge,
    /// A movement between accounts of our own.
    Internal,
}

impl ItemKind {
    /// Banking days after which a payment without a debit, or a receipt that did not come, is a case: after the sending of a payment, after the last day of a
    /// receipt.
    #[must_use]
    pub const fn patience_banking_days(self) -> u32 {
        match self {
            // Hours in which the statement of the day already comes.
            Self::Instant | Self::Wire | Self::Receipt | Self::Charge => 0,
            Self::Ach | Self::CreditTransfer | Self::Internal => 1,
            Self::Processor => 2,
            // 45 days, of which about 32 are banking days.
            Self::Store => 32,
        }
    }

    /// Banking days after which a payment that was not debited will not be any more, where the item does not say its last day.
    #[must_use]
    pub const fn final_banking_days(self) -> u32 {
        match self {
            Self::Instant => 1,
            Self::Wire | Self::Internal => 2,
            Self::CreditTransfer => 3,
            Self::Ach | Self::Processor | Self::Store | Self::Receipt | Self::Charge => 5,
        }
    }
}

/// What our books say of an item.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BooksState {
    /// Sent or announced.
    #[default]
    Submitted,
    /// The bank accepted it and has not said that it was settled.
    Accepted,
    /// Nobody knows whether the bank has it.
    Unknown,
    /// The books have it on the bank account already.
    Settled,
}

/// Something that should happen once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is recognised by. Its standing says what was recorded of earlier statements; its amount is the smallest that is expected.
    pub expected: ExpectedItem,
    /// The largest amount that is expected; `None` if only one is.
    pub amount_most: Option<Money>,
    /// What kind of money it is.
    pub kind: ItemKind,
    /// What our books say.
    pub state: BooksState,
    /// The day on which it was sent or announced.
    pub since: Option<Date>,
    /// The last day on which it can still be debited.
    pub final_day: Option<Date>,
    /// The agreed value date.
    pub value_date: Option<Date>,
    /// Id or trace id of a processor's or a store's payout.
    pub settlement: Option<String>,
    /// What a processor or store writes on its payouts, such as `STRIPE`.
    pub descriptor: Option<String>,
    /// Name of the other party.
    pub counterparty: Option<String>,
}

impl Item {
    /// An item of which nothing more is known.
    #[must_use]
    pub fn new(expected: ExpectedItem, kind: ItemKind) -> Self {
        Self {
            expected,
            amount_most: None,
            kind,
            state: BooksState::default(),
            since: None,
            final_day: None,
            value_date: None,
            settlement: None,
            descriptor: None,
            counterparty: None,
        }
    }
}
