//! Accounts of one class as texts: in messages, and as settings name them.
use crate::{Account, AccountClass, Unit, account::is_house};

/// Stands for every user and every currency.
const ANY: &str = "*";
/// A valid user, with which a pattern is parsed as a name.
const SAMPLE_USER: &str = "u";
const SAMPLE_CURRENCY: &str = "USD";

/// The currencies of a pattern's accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PatternUnit {
    /// The unit of all accounts of the class.
    Fixed(Unit),
    /// Any currency.
    AnyCurrency,
}

/// Accounts of a class, as settings name them: `viewer/*/coins`, `house/bank_cash/*`, `house/bank_cash/USD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountPattern {
    /// What they are for.
    pub class: AccountClass,
    /// Their unit.
    pub unit: PatternUnit,
}

impl AccountClass {
    /// The form for messages: a user is `*`, a currency `¤`.
    #[must_use]
    pub fn line(self) -> String {
        let currency = "¤";
        match self {
            Self::ViewerCoins => "viewer/*/coins".to_owned(),
            Self::ViewerDebt => "viewer/*/debt".to_owned(),
            Self::CreatorDiamonds => "creator/*/diamonds".to_owned(),
            Self::AgencyDiamonds => "agency/*/diamonds".to_owned(),
            Self::CreatorPayable => format!("creator/*/payable/{currency}"),
            Self::AgencyPayable => format!("agency/*/payable/{currency}"),
            Self::CoinsIssued => Account::CoinsIssued.name(),
            Self::CoinsRedeemed => Account::CoinsRedeemed.name(),
            Self::CoinsSuspense => Account::CoinsSuspense.name(),
            Self::DiamondsIssued => Account::DiamondsIssued.name(),
            Self::DiamondsRedeemed => Account::DiamondsRedeemed.name(),
            Self::House(purpose) => format!("house/{}/{currency}", purpose.name()),
        }
    }
}

impl AccountPattern {
    /// Parses `viewer/*/coins` and the like: `*` replaces the user of a name, and may replace its currency. `None` for anything else, also for one
    /// user's account: rows are for classes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts: Vec<&str> = text.split('/').collect();
        if !is_house(text) {
            let user = parts.get_mut(1).filter(|user| **user == ANY)?;
            *user = SAMPLE_USER;
        }
        let last = parts.last_mut()?;
        let any_currency = *last == ANY;
        if any_currency {
            *last = SAMPLE_CURRENCY;
        }
        let name = parts.join("/");
        let account = Account::parse(&name)?;
        let unit = match (account.unit(), any_currency) {
            (Unit::Currency(_), true) => PatternUnit::AnyCurrency,
            (_, true) => return None,
            (unit, false) => PatternUnit::Fixed(unit),
        };
        Some(Self { class: account.class(), unit })
    }

    /// Whether the pattern matches an account.
    #[must_use]
    pub fn holds(&self, class: AccountClass, unit: Unit) -> bool {
        self.class == class && (self.unit == PatternUnit::AnyCurrency || self.unit == PatternUnit::Fixed(unit))
    }
}

#[cfg(test)]
mod tests;
