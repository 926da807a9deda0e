//! What can be asked of a book.

use super::{
    Micros,
    account::AccountState,
    chart::{AccountForm, Unit},
    limit::Window,
};
use money::Amount;
use std::sync::Arc;
use uuid::Uuid;

/// An account named in a request, with what its name means.
#[derive(Debug, Clone)]
pub struct AccountName {
    /// Readable id, known to the chart.
    pub text: String,
    /// What follows from it.
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
    /// What one account counts is not what the other counts.
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
    /// An account can't give to itself.
    #[error("debit and credit account are the same")]
    SameAccount,
}

/// The two accounts of a transfer: different ones, of one unit. No other pair can be made.
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

    /// Gives.
    #[inline]
    #[must_use]
    pub fn debit(&self) -> &AccountName {
        &self.debit
    }

    /// Receives.
    #[inline]
    #[must_use]
    pub fn credit(&self) -> &AccountName {
        &self.credit
    }

    /// What both count.
    #[inline]
    #[must_use]
    pub fn unit(&self) -> Unit {
        self.debit.form.unit
    }
}

/// One movement asked for.
#[derive(Debug, Clone)]
pub struct NewTransfer {
    /// Who gives and who receives.
    pub accounts: TransferAccounts,
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
    /// A plain one: all of the amount, at once, and within what is there. The accounts must be two, of one unit.
    pub fn try_new(debit: AccountName, credit: AccountName, amount: Amount) -> Result<Self, InvalidTransfer> {
        TransferAccounts::try_new(debit, credit).map(|accounts| Self::plain(accounts, amount))
    }

    /// As [`Self::try_new`], between accounts that are known to fit.
    #[inline]
    #[must_use]
    pub const fn plain(accounts: TransferAccounts, amount: Amount) -> Self {
        Self { accounts, amount, pending: false, allow_debt: false, up_to: false, rest_of: None, expire_time: None }
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
    /// Add this to it, below zero to take away; it never goes below zero.
    Add(i64),
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
pub type RequestFields = Arc<Vec<(String, String)>>;

/// A request that is well formed.
#[derive(Debug, Clone)]
pub struct BookRequest {
    /// Id of the event it becomes; answers are kept under it.
    pub id: Uuid,
    /// What a retry is compared with.
    pub fields: RequestFields,
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

impl BookRequest {
    /// One that happens now, and for real.
    #[inline]
    #[must_use]
    pub fn new(id: Uuid, fields: RequestFields, kind: String, action: Action) -> Self {
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
        /// The number of the transfer, as in the request.
        transfer_no: i64,
        /// How much of it.
        amount: Option<Amount>,
    },
    /// Release a pending transfer.
    VoidPending {
        /// The number of the transfer, as in the request.
        transfer_no: i64,
    },
    /// The opposite of a posting, once only.
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
        /// The name of the account.
        account: AccountName,
        /// To what.
        state: AccountState,
    },
}

#[cfg(test)]
mod tests;
