//! Old accounts that move into the structure: what a file may import, and when an old account may be closed.
//!
//! - [`check`]: the accounts that a file imports, or every rule that it breaks. [`closing`]: when nothing is left to come.
//!   [`forbidden`]: what they forbid a structure file.
use super::{FundsClass, LeafState, Structure};
use jiff::{Span, civil::Date};
use money::{Currency, Money};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub mod check;
pub mod closing;
pub mod forbidden;
pub mod summary;
#[cfg(test)]
mod tests;

/// Most old accounts of a book, because a plan and a report hold all of them in memory, some 600 bytes each: forty times what the largest groups had.
pub const OLD_ACCOUNTS_MAX: usize = 20_000;
/// Faults that one answer names; who has more corrects these first.
pub const FAULTS_MAX: usize = 64;

/// An account as a migration file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldAccount {
    /// Its id, unique among old accounts, physical accounts and nodes.
    pub id: String,
    /// Its number at the bank.
    pub number: String,
    /// The bank's name.
    pub bank: String,
    /// The branch: a BIC or another of the bank's names for it.
    pub branch: String,
    /// Its currency.
    pub currency: Currency,
    /// The legal entity that holds it.
    pub entity: String,
    /// Its name for people.
    pub name: String,
    /// Whose money is in it.
    pub funds: FundsClass,
    /// The leaf that its money and its receipts go to.
    pub leaf: String,
    /// Its balance in minor units.
    pub balance: i64,
    /// The bank's id of the statement with that balance.
    pub statement: String,
    /// The day of that statement.
    pub statement_day: Date,
    /// What the bank charges for it in a month, in minor units of its currency.
    pub monthly_cost: i64,
    /// Where that figure comes from.
    pub cost_source: String,
    /// Orders that name it, such as direct debits.
    pub mandates: Vec<String>,
}

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedOldAccount {
    /// Its line, from 1.
    pub line: usize,
    /// What it says.
    pub account: OldAccount,
}

/// A row with the sum of a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTotal {
    /// Its line, from 1.
    pub line: usize,
    /// The currency.
    pub currency: Currency,
    /// How many accounts of it the file has.
    pub count: usize,
    /// The sum of their balances, in minor units.
    pub sum: i64,
}

/// A file whose values all have the right form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationFile {
    /// The accounts.
    pub accounts: Vec<WantedOldAccount>,
    /// The sums.
    pub totals: Vec<WantedTotal>,
}

money::named! {
    /// Whether an old account is still used.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum OldState {
        /// Its opening balance is not booked yet.
        Planned = "planned",
        /// It is open beside its leaf.
        Open = "open",
        /// It is closed.
        Closed = "closed",
    }
}

/// An account that was imported, with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedAccount {
    /// The account.
    pub account: OldAccount,
    /// Whether it is still used.
    pub state: OldState,
    /// When the current attempt at its opening was begun, in Unix milliseconds.
    pub begun_at_ms: i64,
    /// The day on which it was imported.
    pub imported: Date,
    /// How often its balance was moved: the fence between two moves.
    pub moves: i64,
    /// What was moved so far, in minor units.
    pub moved: i64,
    /// Receipts on its number.
    pub receipts: OldReceipts,
}

/// Receipts on an old number since its import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OldReceipts {
    /// Number of receipts.
    pub count: i64,
    /// Their sum, in minor units.
    pub sum: i64,
    /// The day of the last one.
    pub last: Option<Date>,
    /// Who paid that one, masked.
    pub payer: String,
}

/// An old account's balance on its way into its leaf's physical account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldMove {
    /// The request that said that it arrived.
    pub request_id: Uuid,
    /// The old account.
    pub account_id: String,
    /// Its legal entity, which is the leaf's.
    pub entity: String,
    /// What is moved.
    pub amount: Money,
    /// The leaf.
    pub leaf: String,
    /// The leaf's physical account.
    pub cash_account: String,
    /// The legal entity of that account.
    pub cash_entity: String,
    /// When it was decided, in Unix milliseconds; 0: a program did that records no time.
    pub decided_at_ms: i64,
}

impl OldMove {
    /// As [`super::receipt::BankReceipt::planned_at_ms`].
    #[must_use]
    pub fn planned_at_ms(&self) -> i64 {
        planned_at_ms(self.request_id, self.decided_at_ms)
    }
}

/// When the id of a posting was made that follows from a caller's, in Unix milliseconds: the caller's own time, unless that is later than the decision to post.
pub(super) fn planned_at_ms(callers: Uuid, decided_at_ms: i64) -> i64 {
    let own = money::id_time_ms(callers).and_then(|own_ms| i64::try_from(own_ms).ok());
    own.map_or(decided_at_ms, |own_ms| own_ms.min(decided_at_ms))
}

/// A rule that migration files can break. Its name is for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MigrationRule {
    /// An id, or a bank's account, occurs twice.
    Duplicate,
    /// An account was imported before with other values.
    Fixed,
    /// There is no such open leaf, or it is a standard one.
    Leaf,
    /// The leaf has another currency.
    Currency,
    /// The leaf is of another legal entity, so the move would be a loan.
    Entity,
    /// The leaf holds another class of funds.
    Funds,
    /// The account is overdrawn, or costs less than nothing.
    Negative,
    /// The statement is of a day to come.
    Statement,
    /// A currency's accounts are not as its last row says.
    Totals,
    /// There would be too many accounts.
    Size,
}

/// A rule that a row breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationProblem {
    /// The line of the row, from 1.
    pub line: usize,
    /// The id of the row.
    pub id: String,
    /// The rule.
    pub rule: MigrationRule,
    /// What is wrong, as the rest of a sentence that begins with the id.
    pub why: String,
}

/// What a file imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationPlan {
    /// The structure's revision that has the leaves.
    pub revision: i64,
    /// The accounts, in the order of the file.
    pub accounts: Vec<OldAccount>,
}

/// Sums of accounts of one currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OldTotal {
    /// Number of accounts.
    pub accounts: i64,
    /// Sum of balances, in minor units.
    pub balance: i64,
    /// Sum of monthly costs, in minor units.
    pub monthly_cost: i64,
}

impl OldAccount {
    /// Its balance, if there is any: the ledger moves nothing less than one.
    #[must_use]
    pub fn opening(&self) -> Option<Money> {
        Money::try_new(self.currency, self.balance).ok().filter(|amount| amount.minor_units() > 0)
    }
}

impl MigrationRule {
    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Fixed => "fixed",
            Self::Leaf => "leaf",
            Self::Currency => "currency",
            Self::Entity => "entity",
            Self::Funds => "funds",
            Self::Negative => "negative",
            Self::Statement => "statement",
            Self::Totals => "totals",
            Self::Size => "size",
        }
    }
}

impl MigrationPlan {
    /// SHA-256 over the file and what it imports, in hexadecimal digits.
    #[must_use]
    pub fn hash(&self, file: &str) -> String {
        let mut hasher = Sha256::new();
        let head = ["migration".to_owned(), format!("revision {}", self.revision), file.to_owned()];
        for part in head.into_iter().chain(self.accounts.iter().map(|account| account.id.clone())) {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hex::encode(hasher.finalize())
    }

    /// Sums by currency; `None`: more than can be counted.
    #[must_use]
    pub fn totals(&self) -> Option<BTreeMap<Currency, OldTotal>> {
        let mut totals: BTreeMap<Currency, OldTotal> = BTreeMap::new();
        for account in &self.accounts {
            totals.entry(account.currency).or_default().add(account.balance, account.monthly_cost)?;
        }
        Some(totals)
    }
}

impl OldTotal {
    /// Adds an account; `None`: more than can be counted.
    pub fn add(&mut self, balance: i64, monthly_cost: i64) -> Option<()> {
        self.accounts = self.accounts.checked_add(1)?;
        self.balance = self.balance.checked_add(balance)?;
        self.monthly_cost = self.monthly_cost.checked_add(monthly_cost)?;
        Some(())
    }
}
