//! What the group has agreed, by day: how much one legal entity may owe another and at which rate, and how full a leaf may be.
use super::sweep::rule::DatedSweepRule;
use jiff::civil::Date;
use money::Currency;
use std::collections::BTreeMap;

/// Parts of a whole in which rates are given: 25,000 of them are 2.5 %.
pub const RATE_PARTS: i64 = 1_000_000;

/// Two legal entities, of which one owes the other money of one currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The entity that is owed.
    pub lender: String,
    /// The entity that owes.
    pub borrower: String,
    /// The currency of all that is owed.
    pub currency: Currency,
}

/// What two entities agreed, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairAgreement {
    /// The most that may be owed, interest not counted, in minor units.
    pub limit: i64,
    /// Interest for a year, in millionths.
    pub rate: i64,
    /// Days of the year that interest is divided by: 360 or 365.
    pub year_days: i64,
}

/// How full a leaf may be, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LeafBounds {
    /// The least that stays in it, in minor units. 0, unless it was set: no leaf lends what it does not have.
    pub minimum: i64,
    /// The most that moves may fill it to; `None`: any amount.
    pub maximum: Option<i64>,
}

/// What a leaf earns and pays of the bank's interest, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeafRates {
    /// For a year of what is in it, in millionths.
    pub credit: i64,
    /// For a year of what is missing in it, in millionths.
    pub debit: i64,
    /// Days of the year that interest is divided by: 360 or 365.
    pub year_days: i64,
}

impl Default for LeafRates {
    fn default() -> Self {
        Self { credit: 0, debit: 0, year_days: 360 }
    }
}

/// Everything agreed, each by the day from which it is in force.
#[derive(Debug, Clone, Default)]
pub struct TreasuryTerms {
    /// By pair.
    pub pairs: BTreeMap<Pair, BTreeMap<Date, PairAgreement>>,
    /// By leaf.
    pub leaves: BTreeMap<String, BTreeMap<Date, LeafBounds>>,
    /// The same, for its interest.
    pub rates: BTreeMap<String, BTreeMap<Date, LeafRates>>,
    /// Between physical accounts, in the order in which they are run.
    pub sweeps: Vec<DatedSweepRule>,
}

impl TreasuryTerms {
    /// What a pair has agreed for a day; `None`: nothing, so nothing may be lent.
    #[must_use]
    pub fn agreement(&self, pair: &Pair, on: Date) -> Option<PairAgreement> {
        self.pairs.get(pair)?.range(..=on).next_back().map(|(_, agreement)| *agreement)
    }

    /// The rates of a leaf on a day.
    #[must_use]
    pub fn rates(&self, leaf: &str, on: Date) -> LeafRates {
        self.rates.get(leaf).and_then(|dated| dated.range(..=on).next_back()).map(|(_, rates)| *rates).unwrap_or_default()
    }

    /// The bounds of a leaf on a day.
    #[must_use]
    pub fn bounds(&self, leaf: &str, on: Date) -> LeafBounds {
        self.leaves.get(leaf).and_then(|dated| dated.range(..=on).next_back()).map(|(_, bounds)| *bounds).unwrap_or_default()
    }
}
