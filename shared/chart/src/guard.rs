//! Named counters of a book that a posting may depend on. A guard's name is stored in the book for ever, so its form never changes.
use money::{BookName, Currency, UserKey};
use std::fmt::{self, Write as _};
use uuid::Uuid;

/// Longest name of a guard, in bytes; the ledger's own limit.
const KEY_BYTES_MAX: usize = 256;

/// What a guard of the services counts, given by the prefix of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GuardFamily {
    /// See [`GuardKey::streak`].
    Streak,
    /// See [`GuardKey::quote`].
    Quote,
    /// See [`GuardKey::receipt`].
    Receipt,
    /// See [`GuardKey::in_flight`].
    InFlight,
    /// See [`GuardKey::twin`].
    Twin,
    /// See [`GuardKey::reservation`].
    Reservation,
    /// See [`GuardKey::refund`].
    Refund,
    /// See [`GuardKey::debt`].
    Debt,
    /// See [`GuardKey::settlement`].
    Settlement,
    /// See [`GuardKey::wallet`].
    Wallet,
    /// Ensures that a posting is reversed only once; the ledger's own.
    Reversed,
}

impl GuardFamily {
    /// All families.
    pub const ALL: [Self; 11] = [
        Self::Streak,
        Self::Quote,
        Self::Receipt,
        Self::InFlight,
        Self::Twin,
        Self::Reservation,
        Self::Refund,
        Self::Debt,
        Self::Settlement,
        Self::Wallet,
        Self::Reversed,
    ];

    /// The prefix of the names of its guards.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Streak => "streak/",
            Self::Quote => "quote/",
            Self::Receipt => "receipt/",
            Self::InFlight => "in_flight/",
            Self::Twin => "twin/",
            Self::Reservation => "reservation/",
            Self::Refund => "refund/",
            Self::Debt => "debt/",
            Self::Settlement => "settlement/",
            Self::Wallet => "wallet/",
            Self::Reversed => "reversed/",
        }
    }

    /// The family of a guard of that name; `None` if none of our services sets it.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| key.starts_with(family.prefix()))
    }
}

/// The name of a guard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GuardKey(String);

/// The identity of a streak of gifts.
#[derive(Debug, Clone, Copy)]
pub struct Streak<'a> {
    /// Who pays.
    pub sender: &'a str,
    /// The room that shows it.
    pub room: &'a str,
    /// The creator who receives the diamonds.
    pub creator: &'a str,
    /// Catalogue number.
    pub gift_id: i64,
    /// The streak's own id.
    pub group: &'a str,
}

impl GuardKey {
    /// A streak's counter: `streak/<sender>/<room>/<creator>/<gift>/<group>`. If that would be too long for a guard, its hash replaces it; `~` is in
    /// no user key, so that the two forms can't collide.
    #[must_use]
    pub fn streak(streak: Streak<'_>) -> Self {
        let Streak { sender, room, creator, gift_id, group } = streak;
        let mut key = String::with_capacity(32 + sender.len() + room.len() + creator.len() + group.len());
        for part in ["streak/", sender, "/", room, "/", creator, "/"] {
            key.push_str(part);
        }
        write!(key, "{gift_id}/").expect("a String takes everything");
        key.push_str(group);
        if key.len() > KEY_BYTES_MAX {
            let low = money::derive_id(Uuid::nil(), &["gift.streak", "low", &key]);
            let high = money::derive_id(Uuid::nil(), &["gift.streak", "high", &key]);
            key = format!("streak/{sender}/~{}{}", low.simple(), high.simple());
        }
        Self(key)
    }

    /// Whether a quote was used: 0, then 1.
    #[must_use]
    pub fn quote(quote: Uuid) -> Self {
        Self(format!("quote/{quote}"))
    }

    /// Whether a paid receipt waits for its wallet, or no longer does: 0, then 1, then more.
    #[must_use]
    pub fn receipt(purchase: Uuid) -> Self {
        Self(format!("receipt/{purchase}"))
    }

    /// Whether a posting of a purchase's refunds was made: 0, then 1. `step_no` counts the changes of what was paid back, each of which moves coins and then money.
    #[must_use]
    pub fn refund(purchase: Uuid, step_no: i64, kind: crate::PostingKind) -> Self {
        Self(format!("refund/{purchase}/{step_no}/{}", kind.name()))
    }

    /// How often a viewer's debt changed. Each change sets it from the one before, so that none is decided by a debt that is another by then.
    #[must_use]
    pub fn debt(user: &UserKey) -> Self {
        Self(format!("debt/{user}"))
    }

    /// Whether an edition of a store's settlement was posted in a currency: 0, then 1.
    #[must_use]
    pub fn settlement(settlement: Uuid, edition: i64, currency: Currency) -> Self {
        Self(format!("settlement/{settlement}/{edition}/{}", currency.code()))
    }

    /// Whether a posting of a wallet's closure or merge was made: 0, then 1.
    #[must_use]
    pub fn wallet(change: Uuid, posting_no: i64) -> Self {
        Self(format!("wallet/{change}/{posting_no}"))
    }

    /// How many payments of an account are in flight: raised when one is sent, lowered when it ends. Above zero, the account can't be closed.
    #[must_use]
    pub fn in_flight(account: &str) -> Self {
        Self(format!("in_flight/{account}"))
    }

    /// The last event of an app's book that an account's twins in the treasury book account for. Each twin sets it from the one before, so that none is missing
    /// between two, and none is posted twice, under whichever ids.
    #[must_use]
    pub fn twin(book: &BookName, account: &str) -> Self {
        Self(format!("twin/{book}/{account}"))
    }

    /// Whether a step of a payout's reservation was posted: 0, then 1. A step that the ledger refused is tried again under another id, and is never posted twice.
    #[must_use]
    pub fn reservation(app: &BookName, reservation: Uuid, step: crate::PostingKind) -> Self {
        Self(format!("reservation/{app}/{}/{}", reservation.simple(), step.name()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, owned.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl fmt::Display for GuardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
