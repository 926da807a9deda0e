//! The units of accounts.
use money::{Currency, Money};
use std::fmt;

/// The unit of an account and of every transfer between two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unit {
    /// Whole coins.
    Coin,
    /// Whole diamonds.
    Diamond,
    /// Minor units of a currency.
    Currency(Currency),
}

impl Unit {
    /// Parses `COIN`, `DIAMOND` or an ISO 4217 code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "COIN" => Some(Self::Coin),
            "DIAMOND" => Some(Self::Diamond),
            code => Currency::try_new(code).ok().map(Self::Currency),
        }
    }

    /// An amount of whole coins, diamonds or minor units as people read it: `1 coin`, `30 diamonds`, `20.00 USD`.
    #[must_use]
    pub fn amount_text(self, amount: i64) -> String {
        let some = |one: &str| if amount.unsigned_abs() == 1 { format!("{amount} {one}") } else { format!("{amount} {one}s") };
        match self {
            Self::Coin => some("coin"),
            Self::Diamond => some("diamond"),
            Self::Currency(currency) => {
                let sign = if amount < 0 { "-" } else { "" };
                let money = amount.checked_abs().and_then(|size| Money::try_new(currency, size).ok());
                money.map_or_else(|| format!("{amount} minor units of {currency}"), |money| format!("{sign}{money}"))
            }
        }
    }

    /// As [`Self::amount_text`], of an amount among a refusal's facts; as it is, where it is no number.
    #[must_use]
    pub fn fact_text(self, amount: &str) -> String {
        amount.parse().map_or_else(|_| amount.to_owned(), |amount| self.amount_text(amount))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coin => f.write_str("COIN"),
            Self::Diamond => f.write_str("DIAMOND"),
            Self::Currency(currency) => currency.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
