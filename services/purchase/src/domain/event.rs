//! What a store says on its own about a sale, in terms that are the same for every store.

use super::StoreKind;
use money::BookName;

/// Kind of Google's notification that a purchase was paid back.
pub const VOIDED_PUSH: &str = "voidedPurchaseNotification";
/// Kind of what Google's list of voided purchases says.
pub const VOIDED_LISTED: &str = "voidedPurchase";

/// What becomes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventState {
    /// A sale, to be read.
    New,
    /// A sale, and its purchase is kept: from there on it is credited like any other.
    Kept,
    /// There is nothing to do: a test, or about things that we don't sell.
    Noted,
    /// About a refund, to be read; or about a dispute, or the store's question about a refund: those staff see, and nothing is posted.
    WaitsForRefunds,
    /// Staff have to act: consent that was withdrawn, a sale outside of the store that must be reported to it.
    WaitsForStaff,
    /// A type that this program does not know.
    Unknown,
    /// A sale whose buyer is unknown: it carries no token, or an unknown or erased user's. It is credited once the buyer submits the receipt.
    Ownerless,
    /// A sale whose receipt is refused, for the reason in its note.
    Refused,
    /// A member of staff ended it.
    Ended,
}

impl EventState {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::New,
        Self::Kept,
        Self::Noted,
        Self::WaitsForRefunds,
        Self::WaitsForStaff,
        Self::Unknown,
        Self::Ownerless,
        Self::Refused,
        Self::Ended,
    ];

    /// The name in metrics and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Kept => "kept",
            Self::Noted => "noted",
            Self::WaitsForRefunds => "waits_for_refunds",
            Self::WaitsForStaff => "waits_for_staff",
            Self::Unknown => "unknown",
            Self::Ownerless => "ownerless",
            Self::Refused => "refused",
            Self::Ended => "ended",
        }
    }

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::New => 1,
            Self::Kept => 2,
            Self::Noted => 3,
            Self::WaitsForRefunds => 4,
            Self::WaitsForStaff => 5,
            Self::Unknown => 6,
            Self::Ownerless => 7,
            Self::Refused => 8,
            Self::Ended => 9,
        }
    }

    /// Whether nothing is left to do, so that its content need not be kept.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Kept | Self::Noted | Self::Ended)
    }
}

/// An event that was proved to be the store's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreEvent {
    /// Who says it.
    pub store: StoreKind,
    /// The store's id of it: the same however often it is delivered.
    pub event_id: String,
    /// The book of the app that it is about.
    pub book: BookName,
    /// What becomes of it.
    pub state: EventState,
    /// The store's own word for its type.
    pub kind: String,
    /// The store's own word for its subtype; empty if it has none.
    pub subtype: String,
    /// The store's environment.
    pub environment: String,
    /// The app.
    pub bundle_id: String,
    /// The transaction that it is about; empty if it is about none.
    pub transaction_id: String,
    /// The token that binds that transaction to a user; empty without one.
    pub account_token: String,
    /// When the store signed it, in Unix milliseconds; 0 if it does not say so.
    pub signed_at_ms: i64,
    /// The event as it came.
    pub payload: String,
    /// How often it was read in vain.
    pub tries: i64,
}
