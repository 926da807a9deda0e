//! What can be requested of a book.

use super::{
    Micros,
    account::AccountState,
    chart::{AccountForm, Unit},
    limit::Window,
};
use money::Amount;
use std::sync::Arc;
use uuid::Uuid;

/// An account named in a request, with the properties that follow from its name.
#[derive(Debug, Clone)]
pub struct AccountName {
    /// Readable id, known to the chart.
    pub text: String,
    /// The properties that follow from it.
    pub form: AccountForm,
}

impl AccountName {
    /// `None` for a name the chart does not know.
    #[inline]
    #[must_use]
    pub fn parse(text: String) -> Option<Self> {
        let form = super::chart::form(&text)?;
        Some(Self { text, form })
    }
}

/// Why no transfer can go from one account to another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTransfer {
    /// The two accounts have different units.
    #[error("{debit} is in {debit_unit}, {credit} in {credit_unit}")]
    UnitMismatch {
        /// Readable id of the account that would give.
        debit: String,
        /// Its unit.
        debit_unit: Unit,
        /// Readable id of the account that would receive.
        credit: String,
        /// Its unit.
        credit_unit: Unit,
    },
    /// Debit and credit account are the same.
    #[error("debit and credit account are the same")]
    SameAccount,
}

/// The two accounts of a transfer: different ones, of one unit. No other pair can be constructed.
#[derive(Debug, Clone)]
pub struct TransferAccounts {
    debit: AccountName,
    credit: AccountName,
}

impl TransferAccounts {
    /// `debit` gives, `credit` receives.
    #[inline]
    pub fn try_new(debit: AccountName, credit: AccountName) -> Result<Self, InvalidTransfer> {
        let (debit_unit, credit_unit) = (debit.form.unit, credit.form.unit);
        if debit_unit != credit_unit {
            return Err(InvalidTransfer::UnitMismatch { debit: debit.text, debit_unit, credit: credit.text, credit_unit });
        }
        if debit.text == credit.text {
            return Err(InvalidTransfer::SameAccount);
        }
        Ok(Self { debit, credit })
    }

    /// The account that gives.
    #[inline]
    #[must_use]
    pub fn debit(&self) -> &AccountName {
        &self.debit
    }

    /// The account that receives.
    #[inline]
    #[must_use]
    pub fn credit(&self) -> &AccountName {
        &self.credit
    }

    /// The unit of both.
    #[inline]
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.debit.form.unit
    }
}

/// One requested transfer.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// The account that gives and the one that receives.
    pub accounts: TransferAccounts,
    /// With an advancing guard: per unit of advance. With `rest_of`: the same as that leg's.
    pub amount: Amount,
    /// Holds the amount instead of moving it.
    pub pending: bool,
    /// Lets the debit account go below zero.
    pub allow_debt: bool,
    /// Moves at most what is available in the debit account.
    pub up_to: bool,
    /// Moves the rest that this earlier leg, from 0, could not.
    pub rest_of: Option<usize>,
    /// When the hold expires.
    pub expire_time: Option<Micros>,
}

impl NewTransfer {
    /// A plain transfer: all of the amount, at once, and within the available balance. Fails unless the accounts are two, of one unit.
    pub fn try_new(debit: AccountName, credit: AccountName, amount: Amount) -> Result<Self, InvalidTransfer> {
        TransferAccounts::try_new(debit, credit).map(|accounts| Self::plain(accounts, amount))
    }

    /// As [`Self::try_new`], between accounts that were checked.
    #[inline]
    #[must_use]
    pub const fn plain(accounts: TransferAccounts, amount: Amount) -> Self {
        Self { accounts, amount, pending: false, allow_debt: false, up_to: false, rest_of: None, expire_time: None }
    }
}

/// A condition on a guard, and its change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Key of the guard.
    pub key: String,
    /// The condition and change.
    pub operation: GuardOperation,
}

/// What a guard does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardOperation {
    /// Refuses unless its value is `expected`, then sets `next`.
    CompareAndSet {
        /// The value it must have.
        expected: i64,
        /// The new value.
        next: i64,
    },
    /// Raises it to this value, and multiplies the posting's amounts by the difference.
    AdvanceTo(i64),
    /// Refuses to advance it beyond this.
    CapAt(i64),
    /// Adds this to it, which may be negative; it never goes below zero.
    Add(i64),
}

/// The caller's own refusal, to be stored under the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallerRefusal {
    /// UPPER_SNAKE.
    pub reason: String,
    /// Facts for people.
    pub detail: String,
}

/// The fields that a retry is compared with: names and values as the first caller sent them, sorted by name. Shared between a request and
/// its event.
pub type RequestFields = Arc<Vec<(String, String)>>;

/// A request that is well formed.
#[derive(Debug, Clone)]
pub struct BookRequest {
    /// Id of the event it becomes; answers are kept under it.
    pub id: Uuid,
    /// The request fields that a retry is compared with.
    pub fields: RequestFields,
    /// Kind of business event.
    pub kind: String,
    /// When it happened outside, if not now.
    pub effective_time: Option<Micros>,
    /// Only returns what would happen; nothing is changed or stored.
    pub dry_run: bool,
    /// It happened in the past: its id may be of any age.
    pub historical: bool,
    /// What to do.
    pub action: Action,
}

impl BookRequest {
    /// A request that happens now, and is executed.
    #[inline]
    #[must_use]
    pub fn new(id: Uuid, fields: RequestFields, kind: String, action: Action) -> Self {
        Self { id, fields, kind, effective_time: None, dry_run: false, historical: false, action }
    }
}

/// The action of a request.
#[derive(Debug, Clone)]
pub enum Action {
    /// Transfers, all or none.
    Post {
        /// The transfers, 0 to 64.
        transfers: Vec<NewTransfer>,
        /// At most 8, at most one of them advancing.
        guards: Vec<Guard>,
        /// A refusal to store instead of posting anything.
        refusal: Option<CallerRefusal>,
    },
    /// Post a pending transfer; `None`: all of it.
    PostPending {
        /// The number of the transfer, as in the request.
        transfer_no: i64,
        /// How much of it.
        amount: Option<Amount>,
    },
    /// Release a pending transfer.
    VoidPending {
        /// The number of the transfer, as in the request.
        transfer_no: i64,
        /// At most 8, all of them adding: counters that the hold's posting raised.
        guards: Vec<Guard>,
    },
    /// Reverses a posting, once only.
    Reverse {
        /// The id of the posting, as in the request.
        posting: Uuid,
        /// Lets accounts go below zero.
        allow_debt: bool,
    },
    /// Open accounts ahead of use.
    Open {
        /// The names of the accounts.
        accounts: Vec<AccountName>,
    },
    /// Sets or removes a debit limit.
    SetLimit {
        /// The name of the account.
        account: AccountName,
        /// The kind of window.
        window: Window,
        /// IANA name of the zone; any where `max` is 0.
        zone: String,
        /// What may leave in one window; 0: no limit.
        max: i64,
    },
    /// Freeze, thaw or close.
    SetState {
        /// The name of the account.
        account: AccountName,
        /// The new state.
        state: AccountState,
    },
}

#[cfg(test)]
mod tests;
