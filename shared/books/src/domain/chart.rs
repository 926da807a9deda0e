//! The chart of accounts: a name says its owner, unit and whether it may go below zero.

use money::{Currency, UserKey};
use std::fmt;

/// What an account counts.
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
    /// Takes `COIN`, `DIAMOND` or an ISO 4217 code.
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

/// What follows from an account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// Its unit.
    pub unit: Unit,
    /// Refuses debits past its credits.
    pub debits_must_not_exceed_credits: bool,
}

/// What house accounts in a currency may be for.
const HOUSE_PURPOSES: [&str; 17] = [
    "store_receivable",
    "prepaid_commission",
    "deferred_revenue",
    "revenue",
    "tax_payable",
    "processor_receivable",
    "processor_fee",
    "bank_cash",
    "settlement_difference",
    "creator_cost",
    "accrued_creator_liability",
    "withholding_payable",
    "fee_income",
    "in_transit",
    "treasury",
    "dispute_fee",
    "return_charge",
];

/// The form of an account's name; `None` for a name the chart does not know.
#[must_use]
pub fn form(name: &str) -> Option<Form> {
    let mut parts = name.split('/');
    let path = (parts.next()?, parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let owned = |user: &str, unit, floor| UserKey::is_valid(user).then_some(Form { unit, debits_must_not_exceed_credits: floor });
    let house = |unit| Some(Form { unit, debits_must_not_exceed_credits: false });
    match path {
        ("viewer", user, "coins", None) => owned(user, Unit::Coin, true),
        ("viewer", user, "debt", None) => owned(user, Unit::Coin, false),
        ("creator" | "agency", user, "diamonds", None) => owned(user, Unit::Diamond, true),
        ("creator" | "agency", user, "payable", Some(code)) => owned(user, Unit::Currency(Currency::try_new(code).ok()?), true),
        ("house", "coins", "issued" | "redeemed", None) => house(Unit::Coin),
        ("house", "diamonds", "issued" | "redeemed", None) => house(Unit::Diamond),
        ("house", "fx_position", code, None) => house(Unit::Currency(Currency::try_new(code).ok()?)),
        ("house", purpose, code, None) if HOUSE_PURPOSES.contains(&purpose) => house(Unit::Currency(Currency::try_new(code).ok()?)),
        _ => None,
    }
}

/// The name with its user replaced by `*`: what the trial balance sums by.
#[must_use]
pub fn group(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 && parts[0] != "house" {
        parts[1] = "*";
    }
    parts.join("/")
}

#[cfg(test)]
mod tests;
