//! What the group has agreed, as rows of the settings.
use super::{Config, InvalidOption};
use crate::domain::{
    node::is_id,
    terms::{LeafBounds, LeafRates, Pair, PairAgreement, RATE_PARTS, TreasuryTerms},
};
use jiff::civil::Date;
use money::{AMOUNT_MAX, Currency};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one legal entity may owe another, from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PairSettings {
    /// Id of the legal entity that lends.
    pub lender: String,
    /// Id of the one that borrows.
    pub borrower: String,
    /// ISO 4217 code of what is lent.
    pub currency: String,
    /// The first day of this row, such as "2026-11-27"; until the day before the pair's next row.
    pub from: String,
    /// The most that moves may make the borrower owe, in minor units.
    pub limit_minor_units: i64,
    /// Interest for a year in millionths: 25000 is 2.5 %. At most 1000000.
    pub rate_millionths: i64,
    /// Days of the year that interest is divided by: 360 or 365. 0: 360 for EUR and USD, 365 for GBP; other currencies must say.
    pub year_days: i64,
}

/// How full a leaf may be, from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LeafSettings {
    /// Id of the leaf.
    pub leaf: String,
    /// The first day of this row, such as "2026-11-27"; until the day before the leaf's next row.
    pub from: String,
    /// The least that moves leave in it, in minor units.
    pub minimum_minor_units: i64,
    /// The most that moves fill it to, in minor units; 0: any amount.
    pub maximum_minor_units: i64,
}

/// What a leaf earns and pays of the bank's interest, from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RateSettings {
    /// Id of the leaf.
    pub leaf: String,
    /// The first day of this row, such as "2026-11-27"; until the day before the leaf's next row.
    pub from: String,
    /// Interest for a year of what is in it, in millionths: 25000 is 2.5 %. At most 1000000.
    pub credit_rate_millionths: i64,
    /// Interest for a year of what is missing in it, in millionths.
    pub debit_rate_millionths: i64,
    /// Days of the year that interest is divided by: 360 or 365.
    pub year_days: i64,
}

fn invalid<T>(option: &'static str, must: impl Into<String>) -> Result<T, InvalidOption> {
    Err(InvalidOption { option, must: must.into() })
}

impl Config {
    /// What was agreed, if all rows can be used.
    pub fn terms(&self) -> Result<TreasuryTerms, InvalidOption> {
        let mut terms = TreasuryTerms { sweeps: self.sweep_rules()?, ..TreasuryTerms::default() };
        for row in &self.pairs {
            let (pair, from, agreement) = row.read()?;
            if terms.pairs.entry(pair).or_default().insert(from, agreement).is_some() {
                return invalid(
                    "pairs",
                    format!("have one row for each pair, currency and day, and {} and {} have two", row.lender, row.borrower),
                );
            }
        }
        for row in &self.leaf_bounds {
            let (from, bounds) = row.read()?;
            if terms.leaves.entry(row.leaf.clone()).or_default().insert(from, bounds).is_some() {
                return invalid("leaf_bounds", format!("have one row for each leaf and day, and {} has two for {from}", row.leaf));
            }
        }
        for row in &self.leaf_rates {
            let (from, rates) = row.read()?;
            if terms.rates.entry(row.leaf.clone()).or_default().insert(from, rates).is_some() {
                return invalid("leaf_rates", format!("have one row for each leaf and day, and {} has two for {from}", row.leaf));
            }
        }
        Ok(terms)
    }
}

impl PairSettings {
    fn read(&self) -> Result<(Pair, Date, PairAgreement), InvalidOption> {
        const OPTION: &str = "pairs";
        let Self { lender, borrower, .. } = self;
        if !is_id(lender) || !is_id(borrower) || lender == borrower {
            return invalid(OPTION, format!("name two legal entities, and {lender:?} and {borrower:?} are not"));
        }
        let Ok(currency) = Currency::try_new(&self.currency) else {
            return invalid(OPTION, format!("have an ISO 4217 code, and {:?} is none", self.currency));
        };
        if !(0..=AMOUNT_MAX).contains(&self.limit_minor_units) || !(0..=RATE_PARTS).contains(&self.rate_millionths) {
            return invalid(
                OPTION,
                format!("have a limit of 0 to {AMOUNT_MAX} and a rate of 0 to {RATE_PARTS}, for {lender} and {borrower}"),
            );
        }
        let year_days = match (self.year_days, currency.code()) {
            (360 | 365, _) => self.year_days,
            (0, "EUR" | "USD") => 360,
            (0, "GBP") => 365,
            _ => return invalid(OPTION, format!("have year_days of 360 or 365, for {lender}, {borrower} and {currency}")),
        };
        let agreement = PairAgreement { limit: self.limit_minor_units, rate: self.rate_millionths, year_days };
        Ok((Pair { lender: lender.clone(), borrower: borrower.clone(), currency }, day(OPTION, &self.from)?, agreement))
    }
}

impl LeafSettings {
    fn read(&self) -> Result<(Date, LeafBounds), InvalidOption> {
        const OPTION: &str = "leaf_bounds";
        let (minimum, maximum) = (self.minimum_minor_units, self.maximum_minor_units);
        if !is_id(&self.leaf) {
            return invalid(OPTION, format!("name a leaf, and {:?} is no id", self.leaf));
        }
        if !(0..=AMOUNT_MAX).contains(&minimum) || !(0..=AMOUNT_MAX).contains(&maximum) || (maximum != 0 && maximum < minimum) {
            return invalid(OPTION, format!("have amounts of 0 to {AMOUNT_MAX}, and no maximum below the minimum, for {}", self.leaf));
        }
        Ok((day(OPTION, &self.from)?, LeafBounds { minimum, maximum: (maximum != 0).then_some(maximum) }))
    }
}

impl RateSettings {
    fn read(&self) -> Result<(Date, LeafRates), InvalidOption> {
        const OPTION: &str = "leaf_rates";
        let (credit, debit, year_days) = (self.credit_rate_millionths, self.debit_rate_millionths, self.year_days);
        if !is_id(&self.leaf) {
            return invalid(OPTION, format!("name a leaf, and {:?} is no id", self.leaf));
        }
        if !(0..=RATE_PARTS).contains(&credit) || !(0..=RATE_PARTS).contains(&debit) || !matches!(year_days, 360 | 365) {
            return invalid(OPTION, format!("have rates of 0 to {RATE_PARTS} and year_days of 360 or 365, for {}", self.leaf));
        }
        Ok((day(OPTION, &self.from)?, LeafRates { credit, debit, year_days }))
    }
}

fn day(option: &'static str, text: &str) -> Result<Date, InvalidOption> {
    match text.parse() {
        Ok(day) => Ok(day),
        Err(_) => invalid(option, format!("have a first day such as 2026-11-27, and {text:?} is none")),
    }
}
