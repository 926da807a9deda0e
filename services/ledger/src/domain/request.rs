//! What can be asked of a book.

use super::{Micros, account::AccountState, chart::Form, limit::Window};
use money::Amount;
use std::sync::Arc;
use uuid::Uuid;

/// An account named in a request, with what its name means.
#[derive(Debug, Clone)]
pub struct AccountName {
    /// Readable id, known to the chart.
    pub text: String,
    /// What follows from it.
    pub form: Form,
}

impl AccountName {
    /// `None` for a name the chart does not know.
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        let form = super::chart::form(&text)?;
        Some(Self { text, form })
    }
}

/// One movement asked for.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// Gives.
    pub debit: AccountName,
    /// Receives; same unit.
    pub credit: AccountName,
    /// With an advancing guard: per unit of advance. Of the rest of another: as of that one.
    pub amount: Amount,
    /// Holds the amount instead of moving it.
    pub pending: bool,
    /// Lets the debit account go below zero.
    pub allow_debt: bool,
    /// Moves at most what is available in the debit account.
    pub up_to: bool,
    /// Moves what this earlier leg, from 0, could not.
    pub rest_of: Option<usize>,
    /// When the hold ends by itself.
    pub expire_time: Option<Micros>,
}

impl NewTransfer {
    /// A plain one: all of the amount, at once, and within what is there.
    #[must_use]
    pub const fn plain(debit: AccountName, credit: AccountName, amount: Amount) -> Self {
        Self { debit, credit, amount, pending: false, allow_debt: false, up_to: false, rest_of: None, expire_time: None }
    }
}

/// A condition on a named counter, and its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Name of the counter.
    pub key: String,
    /// What to do with it.
    pub operation: GuardOperation,
}

/// What a guard does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardOperation {
    /// Refuse unless it holds `expected`, then set `next`.
    CompareAndSet {
        /// Must be there.
        expected: i64,
        /// Comes there.
        next: i64,
    },
    /// Raise it, and multiply the posting's amounts by the difference.
    AdvanceTo(i64),
    /// Never let it advance past this.
    CapAt(i64),
}

/// The caller's own no, to be kept under the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerRefusal {
    /// UPPER_SNAKE.
    pub reason: String,
    /// Facts for people.
    pub detail: String,
}

/// What a retry is compared with: names and values as the first caller sent them, sorted by name. Shared between a request and its event.
pub type Fields = Arc<Vec<(String, String)>>;

/// A request that is well formed.
#[derive(Debug, Clone)]
pub struct Request {
    /// Id of the event it becomes; answers are kept under it.
    pub id: Uuid,
    /// What a retry is compared with.
    pub fields: Fields,
    /// Kind of business event.
    pub kind: String,
    /// When it happened in the world, if not now.
    pub effective_time: Option<Micros>,
    /// Only says what would become of it; nothing is changed or kept.
    pub dry_run: bool,
    /// Happened before: its id may be of any age.
    pub historical: bool,
    /// What to do.
    pub action: Action,
}

impl Request {
    /// One that happens now, and for real.
    #[must_use]
    pub fn new(id: Uuid, fields: Fields, kind: String, action: Action) -> Self {
        Self { id, fields, kind, effective_time: None, dry_run: false, historical: false, action }
    }
}

/// What a request does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Transfers, all or none.
    Post {
        /// 0 to 64.
        transfers: Vec<NewTransfer>,
        /// At most 8, at most one of them advancing.
        guards: Vec<Guard>,
        /// Nothing but a no to remember.
        refusal: Option<CallerRefusal>,
    },
    /// Post a pending transfer; `None`: all of it.
    PostPending {
        /// Which.
        transfer_no: i64,
        /// How much of it.
        amount: Option<Amount>,
    },
    /// Release a pending transfer.
    VoidPending {
        /// Which.
        transfer_no: i64,
    },
    /// The opposite of a posting, once only.
    Reverse {
        /// Which.
        posting: Uuid,
        /// Lets accounts go below zero.
        allow_debt: bool,
    },
    /// Open accounts ahead of use.
    Open {
        /// Which.
        accounts: Vec<AccountName>,
    },
    /// Set or take away a debit limit.
    SetLimit {
        /// Of which account.
        account: AccountName,
        /// Over which time.
        window: Window,
        /// IANA name of the zone; any where `max` is 0.
        zone: String,
        /// What may leave in one window; 0: no limit.
        max: i64,
    },
    /// Freeze, thaw or close.
    SetState {
        /// Which.
        account: AccountName,
        /// To what.
        state: AccountState,
    },
}
