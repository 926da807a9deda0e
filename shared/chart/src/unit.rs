//! The units of accounts.
use money::Currency;
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
