//! What a store is answered about a purchase. No I/O, no clock.

use money::BookName;

use crate::config::RefundReview;
use crate::domain::{PurchaseState, StoreKind};
use crate::lots::lot::Lot;

/// The whole, in the milliunits in which stores count a percentage.
pub const WHOLE_MILLIUNITS: i64 = 100_000;

/// A question as it is kept with its notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuestion {
    /// What names it at its store.
    pub key: String,
    /// With what it is answered, beside the transaction; empty for none.
    pub token: String,
}

/// A question that is to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreQuestion {
    /// Who asks.
    pub store: StoreKind,
    /// What names it at its store.
    pub key: String,
    /// Its notification.
    pub event_id: String,
    /// The book of the app.
    pub book: BookName,
    /// The store's environment; empty where it does not say.
    pub environment: String,
    /// The app.
    pub bundle_id: String,
    /// The transaction that it is about.
    pub transaction_id: String,
    /// With what it is answered, beside the transaction; empty for none.
    pub token: String,
    /// When it was asked, in Unix milliseconds.
    pub asked_at_ms: i64,
    /// Until when the store takes an answer, in Unix milliseconds.
    pub deadline_ms: i64,
    /// The buyer's consent is missing.
    pub lacks_consent: bool,
    /// Up to which event of the journal the coin lots must be read; 0: not known yet.
    pub lots_seq: i64,
    /// An answer was recorded and may have reached the store.
    pub was_sent: bool,
    /// How often it was tried in vain.
    pub tries: i64,
}

/// Whether the buyer has the coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoinDelivery {
    /// They were in the wallet.
    Delivered,
    /// They are not issued yet.
    Late,
    /// They can't be issued, or are in suspense.
    Undelivered,
}

impl CoinDelivery {
    /// The word in tables and at the App Store. Stored, so never changed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Delivered => "DELIVERED",
            Self::Late => "UNDELIVERED_SERVER_OUTAGE",
            Self::Undelivered => "UNDELIVERED_OTHER",
        }
    }

    /// What a purchase's state says.
    #[must_use]
    pub fn of(state: &PurchaseState) -> Self {
        match state {
            PurchaseState::Credited(_) => Self::Delivered,
            PurchaseState::Verified => Self::Late,
            PurchaseState::Suspended { .. } | PurchaseState::Blocked => Self::Undelivered,
        }
    }
}

/// What we would like the store to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preference {
    /// Nothing is said of it.
    Unstated,
    /// Not to pay back.
    Decline,
    /// To pay back all.
    GrantFull,
    /// To pay back what was not spent.
    GrantPart,
}

impl Preference {
    /// The word in tables, and at the App Store where something is said. Stored, so never changed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unstated => "",
            Self::Decline => "DECLINE",
            Self::GrantFull => "GRANT_FULL",
            Self::GrantPart => "GRANT_PRORATED",
        }
    }

    /// What the policy wants for a purchase of which so much was spent.
    #[must_use]
    pub fn of(consumed_milliunits: Option<i64>, policy: &RefundReview) -> Self {
        match consumed_milliunits {
            Some(_) | None if !policy.states_preference => Self::Unstated,
            None => Self::Unstated,
            Some(consumed) if consumed >= i64::from(policy.decline_from_milliunits) => Self::Decline,
            Some(consumed) if consumed <= i64::from(policy.grant_up_to_milliunits) => Self::GrantFull,
            Some(_) => Self::GrantPart,
        }
    }
}

/// A use of a purchase's coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoinUse {
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// How many coins.
    pub coins: i64,
}

/// What a store is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAnswer {
    /// When the buyer consented to it, in Unix milliseconds; 0 where the store needs no consent.
    pub consented_at_ms: i64,
    /// Whether users can try before they buy.
    pub sample_content_provided: bool,
    /// Whether the buyer has the coins.
    pub delivery: CoinDelivery,
    /// How much of the coins was spent, in thousandths of a percent, rounded down; `None` where it is not known.
    pub consumed_milliunits: Option<i64>,
    /// What we would like.
    pub preference: Preference,
    /// What the coins were spent on, for a store that takes it.
    pub uses: Vec<CoinUse>,
}

/// How much of a lot was spent, in thousandths of a percent, rounded down.
#[must_use]
pub fn consumed_milliunits(lot: &Lot) -> i64 {
    crate::lots::lot::portion(WHOLE_MILLIUNITS, lot.spent.clamp(0, lot.coins), lot.coins)
}

/// How an answer ended that reached its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerEnd {
    /// The store has it.
    Taken,
    /// The store takes none, for this reason.
    Refused(String),
}

/// Why an answer did not reach its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnswered {
    /// What happened, for staff.
    pub why: String,
    /// Whether other requests to the store would fail as well.
    pub for_all: bool,
    /// When the store wants to be asked again, in Unix milliseconds; 0 if it does not say.
    pub retry_at_ms: i64,
}

#[cfg(test)]
mod tests;
