//! The journal: what happened to a book, event by event.

use super::{
    Micros,
    account::{AccountState, BookAccount, Counters},
    limit::Window,
    request::{Guard, RequestFields},
};
use uuid::Uuid;

/// Bits of a transfer's number that count the legs of its posting: 64 legs.
pub const LEG_BITS: u32 = 6;

/// The most transfers of one posting.
pub const LEGS_MAX: usize = 1 << LEG_BITS;

/// The number of a posting's transfer: the posting's place in the journal, then the leg.
#[inline]
#[must_use]
pub const fn transfer_no(seq: i64, leg: i64) -> i64 {
    (seq << LEG_BITS) | leg
}

/// The place in the journal of the posting that a transfer belongs to.
#[inline]
#[must_use]
pub const fn seq_of(transfer_no: i64) -> i64 {
    transfer_no >> LEG_BITS
}

/// The longest a hold with an expiry may last: 400 days, a year and its settlement, in microseconds.
pub const EXPIRY_MAX: Micros = 400 * 24 * 3_600 * 1_000_000;

/// What a transfer did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransferKind {
    /// Moved the amount.
    Posted,
    /// Holds the amount.
    Pending,
    /// Moved the amount out of a hold and released the rest of it.
    PostOfPending,
    /// Released a hold.
    VoidOfPending,
    /// Released a hold that expired.
    ExpiryOfPending,
}

impl TransferKind {
    /// The name used in messages and files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Posted => "POSTED",
            Self::Pending => "PENDING",
            Self::PostOfPending => "POST_OF_PENDING",
            Self::VoidOfPending => "VOID_OF_PENDING",
            Self::ExpiryOfPending => "EXPIRY_OF_PENDING",
        }
    }

    /// The stored code.
    #[inline]
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Posted => 0,
            Self::Pending => 1,
            Self::PostOfPending => 2,
            Self::VoidOfPending => 3,
            Self::ExpiryOfPending => 4,
        }
    }

    /// From storage; `None` for an unknown code.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            0 => Some(Self::Posted),
            1 => Some(Self::Pending),
            2 => Some(Self::PostOfPending),
            3 => Some(Self::VoidOfPending),
            4 => Some(Self::ExpiryOfPending),
            _ => None,
        }
    }
}

/// One transfer. It has both accounts' counters after it, so that in a replay the last one wins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// See [`transfer_no`].
    pub no: i64,
    /// Key of the account that gave.
    pub debit: i64,
    /// Key of the account that received.
    pub credit: i64,
    /// In the accounts' unit. Of a void or an expiry: the amount released.
    pub amount: i64,
    /// What it did.
    pub kind: TransferKind,
    /// The hold it resolves; 0 for none.
    pub pending_no: i64,
    /// The debit account's counters after it.
    pub debit_after: Counters,
    /// The credit account's counters after it.
    pub credit_after: Counters,
    /// The debit account's transfer before this one; 0 for none.
    pub debit_prev: i64,
    /// The credit account's transfer before this one; 0 for none.
    pub credit_prev: i64,
}

/// Entries of an account from one checkpoint to the next: the most that a read has to walk.
pub const CHECKPOINT_EVERY: i64 = 256;

/// An account after every 256th of its entries. Entries are chained backwards; a walk can begin at a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Key of the account.
    pub account: i64,
    /// Number of the transfer that was that entry; it contains the place in the journal.
    pub no: i64,
    /// The number of the account's entry; a multiple of [`CHECKPOINT_EVERY`].
    pub entry_no: i64,
    /// When it was committed.
    pub time: Micros,
    /// The account's counters after it.
    pub counters: Counters,
}

impl Checkpoint {
    /// The checkpoint of an account that a transfer has just touched, if it is due. Its time is only known once the batch is
    /// sealed.
    #[must_use]
    pub fn due(account: &BookAccount) -> Option<Self> {
        let BookAccount { key, last_transfer, entries, counters, .. } = *account;
        let due = entries > 0 && entries % CHECKPOINT_EVERY == 0;
        due.then_some(Self { account: key, no: last_transfer, entry_no: entries, time: 0, counters })
    }
}

/// A guard as decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardSet {
    /// The guard of the request.
    pub guard: Guard,
    /// The counter after it.
    pub after: GuardState,
}

/// A named counter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GuardState {
    /// Its value.
    pub value: i64,
    /// Its cap, if it has one.
    pub cap: Option<i64>,
}

/// The content of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Transfers and guards.
    Posting(Posting),
    /// An account was opened.
    AccountOpened {
        /// Its key.
        key: i64,
        /// Its readable id.
        name: String,
    },
    /// An account was frozen, thawed or closed.
    AccountStateSet {
        /// Its key.
        key: i64,
        /// Its new state.
        state: AccountState,
        /// The request fields that a retry is compared with.
        fields: RequestFields,
    },
    /// A debit limit was set or removed.
    LimitSet {
        /// Key of the account.
        key: i64,
        /// The kind of window.
        window: Window,
        /// IANA name of the zone.
        zone: String,
        /// What may leave in one window; 0: the limit is removed.
        max: i64,
        /// The request fields that a retry is compared with.
        fields: RequestFields,
    },
    /// A hold expired; its one transfer says which hold.
    HoldExpired,
}

/// A posting, except for its transfers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Posting {
    /// Kind of business event.
    pub kind: String,
    /// The request fields that a retry is compared with.
    pub fields: RequestFields,
    /// Guards in order.
    pub guards: Vec<GuardSet>,
    /// When it happened outside, if not at commit.
    pub effective_time: Option<Micros>,
    /// The posting it reverses.
    pub reverses: Option<Uuid>,
    /// Expiries of holds: the transfer's place in the posting, and the time.
    pub expiries: Vec<(i64, Micros)>,
}

impl Posting {
    /// The value of a request field; `None`: the request has no field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// One event of a book's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Gap-free, from 1.
    pub seq: i64,
    /// Unique in the book.
    pub id: Uuid,
    /// Its content.
    pub body: Body,
    /// In order of legs; only postings and expiries have any.
    pub transfers: Vec<Transfer>,
}

impl Event {
    /// The holds it places, with their expiries.
    #[inline]
    pub fn holds<'a>(&'a self, expiries: &'a [(i64, Micros)]) -> impl Iterator<Item = Hold> + 'a {
        let placed = self.transfers.iter().zip(0..).filter(|(transfer, _)| transfer.kind == TransferKind::Pending);
        placed.map(|(transfer, at)| {
            let Transfer { no, debit, credit, amount, .. } = *transfer;
            let expire_time = expiries.iter().find(|(leg, _)| *leg == at).map(|(_, time)| *time);
            Hold { no, debit, credit, amount, resolved_seq: 0, expire_time, expired: false }
        })
    }
}

/// A hold: a pending transfer and its resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// The pending transfer.
    pub no: i64,
    /// Key of the account that gives.
    pub debit: i64,
    /// Key of the account that receives.
    pub credit: i64,
    /// The amount held.
    pub amount: i64,
    /// Sequence number of the event that posted or released it; 0 while open.
    pub resolved_seq: i64,
    /// When it expires, if it does.
    pub expire_time: Option<Micros>,
    /// Whether it was resolved by expiring.
    pub expired: bool,
}
