//! The ledger account of a line: a line of the trial balance, or what a legal entity owes another because of a transfer between the two.
use chart::{Account, AccountClass, HouseId, Unit};
use money::Currency;

/// The beginning of the names of lines between two entities. No account of a book has such a name.
const BETWEEN: &str = "between/";

/// The entity of accounts that name none: users' accounts, and those of all books before there were other entities.
pub const MAIN_ENTITY: &str = "main";

/// A line's account, by its name: an account's with `*` in place of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerAccount {
    /// Accounts of the chart, in money.
    Money(AccountClass, Currency),
    /// What the line's entity and another owe each other, because of transfers from an account of one to an account of the other.
    Between(Currency),
    /// Coins or diamonds, which no general ledger has: they are listed apart.
    Memo(Unit),
    /// Accounts that this program's chart does not know.
    Unknown,
}

impl LedgerAccount {
    /// The account of a line with this name and unit.
    #[must_use]
    pub fn parse(name: &str, unit: &str) -> Self {
        let currency = match Unit::parse(unit) {
            Some(Unit::Currency(currency)) => currency,
            Some(memo) => return Self::Memo(memo),
            None => return Self::Unknown,
        };
        if is_between(name) {
            return Self::Between(currency);
        }
        // `*` is no user; any valid one has the same class.
        let sample = name.replacen("/*/", "/u/", 1);
        match Account::parse(&sample) {
            Some(account) if account.unit() == Unit::Currency(currency) => Self::Money(account.class(), currency),
            _ => Self::Unknown,
        }
    }
}

/// The legal entity of an account of a book, by its name.
#[must_use]
pub fn entity(name: &str) -> String {
    let entity = Account::parse(name).and_then(|account| account.entity().map(|entity| entity.as_str().to_owned()));
    entity.unwrap_or_else(|| MAIN_ENTITY.to_owned())
}

/// Whether a text is the id of a legal entity.
#[must_use]
pub fn is_entity(text: &str) -> bool {
    HouseId::try_new(text).is_some()
}

/// The name of the line that says what an entity and `other` owe each other.
#[must_use]
pub fn between(other: &str, unit: &str) -> String {
    format!("{BETWEEN}{other}/{unit}")
}

/// Whether a line is one between two entities, and so has no account in the ledger.
#[must_use]
pub fn is_between(name: &str) -> bool {
    name.starts_with(BETWEEN)
}

#[cfg(test)]
mod tests;
