//! The file that maps ledger accounts to accounts of a general ledger. No two of its rules may cover the same account, so the order of rules means nothing.
//!
//! - `read`: the form of the file. [`listing`]: the chart of accounts.
pub mod listing;
mod read;

use crate::account::LedgerAccount;
use chart::pattern::{AccountPattern, PatternUnit};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

money::named! {
    /// What an account of the general ledger is; says which side its balance normally has.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum GlType {
        /// What the entity has; normally a debit.
        Asset = "asset",
        /// What the entity owes; normally a credit.
        Liability = "liability",
        /// What is left for the owners; normally a credit.
        Equity = "equity",
        /// Normally a credit.
        Income = "income",
        /// Normally a debit.
        Expense = "expense",
    }
}

impl GlType {
    /// Whether a balance is normally a debit.
    #[must_use]
    pub const fn is_debit_normal(self) -> bool {
        matches!(self, Self::Asset | Self::Expense)
    }
}

/// An account of the general ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlAccount {
    /// Its code: 1 to 32 of the characters A to Z, a to z, 0 to 9, `.`, `_` and `-`.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Asset, liability, equity, income or expense.
    pub gl_type: GlType,
}

/// A fault of a mapping file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the key.
    pub why: String,
}

/// Ledger accounts, and the account of the general ledger that they belong to.
#[derive(Debug, Clone)]
struct MappingRule {
    pattern: AccountPattern,
    /// The entities that the rule is for; `None`: all.
    entities: Option<BTreeSet<String>>,
    code: String,
}

impl MappingRule {
    /// Whether some account is covered by both.
    fn overlaps(&self, other: &Self) -> bool {
        let units = self.pattern.unit == other.pattern.unit
            || self.pattern.unit == PatternUnit::AnyCurrency
            || other.pattern.unit == PatternUnit::AnyCurrency;
        let entities = match (&self.entities, &other.entities) {
            (Some(one), Some(two)) => !one.is_disjoint(two),
            (None, _) | (_, None) => true,
        };
        self.pattern.class == other.pattern.class && units && entities
    }
}

/// A mapping file that was read.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// The code that each entity has in the general ledger.
    companies: BTreeMap<String, String>,
    accounts: BTreeMap<String, GlAccount>,
    rules: Vec<MappingRule>,
    /// Where accounts go that no rule covers.
    suspense: Option<String>,
    /// Where lines between two entities go.
    intercompany: Option<String>,
    hash: String,
}

/// The longest mapping file, in bytes: thousands of rules.
pub const MAPPING_BYTES_MAX: usize = 1 << 20;

impl Mapping {
    /// Reads a file; or everything that is wrong with it, in the order of its lines.
    pub fn read(text: &str) -> Result<Self, Vec<MappingFault>> {
        read::read(text)
    }

    /// SHA-256 of the file, in hexadecimal digits: every export names the mapping that it was made with.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The code that an entity has in the general ledger; `None` for one that the file does not name.
    #[must_use]
    pub fn company(&self, entity: &str) -> Option<&str> {
        self.companies.get(entity).map(String::as_str)
    }

    /// The account of the general ledger of an entity's line; `None` if nothing covers it. Coins and diamonds have none.
    #[must_use]
    pub fn account(&self, entity: &str, line: LedgerAccount) -> Option<&GlAccount> {
        let suspense = match line {
            LedgerAccount::Money(..) | LedgerAccount::Unknown => self.suspense.as_ref(),
            LedgerAccount::Between(_) | LedgerAccount::Memo(_) => None,
        };
        self.ruled(entity, line).or_else(|| self.accounts.get(suspense?))
    }

    /// The same without the account for what no rule covers.
    #[must_use]
    pub fn ruled(&self, entity: &str, line: LedgerAccount) -> Option<&GlAccount> {
        let code = match line {
            LedgerAccount::Money(class, currency) => {
                let covers = |rule: &&MappingRule| {
                    rule.pattern.holds(class, chart::Unit::Currency(currency))
                        && rule.entities.as_ref().is_none_or(|entities| entities.contains(entity))
                };
                self.rules.iter().find(covers).map(|rule| &rule.code)
            }
            LedgerAccount::Between(_) => self.intercompany.as_ref(),
            LedgerAccount::Unknown | LedgerAccount::Memo(_) => None,
        };
        self.accounts.get(code?)
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests;
