//! Options of refunds that are started here.

use jiff::civil::Date;
use money::Currency;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PriceFrom;

/// Options of refunds that are started here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RefundOptions {
    /// Within how many days buyers may withdraw from purchases on the web, by market. Without any, only staff start refunds.
    pub withdrawal: Vec<WithdrawalRight>,
    /// Up to which amounts one member of staff may have a purchase paid back. Above it, and in currencies that are not listed, a second person approves.
    pub one_person_up_to: Vec<PriceFrom>,
}

/// A right of withdrawal in a market, for purchases since a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalRight {
    /// ISO 3166 alpha-2 code of the market; empty: every market without a row of its own.
    #[serde(default)]
    pub market: String,
    /// The first day (UTC) of purchases for which it holds, such as `2026-11-28`. The latest row that has begun counts.
    pub from: String,
    /// Within how many days after the purchase. 0: there is no such right from that day on. At most 3,650.
    pub days: u32,
    /// Whether only coins that were not spent are paid back.
    #[serde(default = "yes")]
    pub unspent_only: bool,
    /// Where that is laid down, for people.
    #[serde(default)]
    pub source: String,
}

const fn yes() -> bool {
    true
}

/// Longest right of withdrawal, in days: ten years.
const DAYS_MAX: u32 = 3_650;

impl WithdrawalRight {
    fn begins(&self) -> Option<Date> {
        self.from.parse().ok()
    }
}

impl RefundOptions {
    /// Those of a sandbox whose operator has set none: fourteen days everywhere, and small amounts by one person.
    #[must_use]
    pub fn pretend() -> Self {
        let up_to = |currency: &str, minor_units| PriceFrom { currency: currency.to_owned(), minor_units };
        let right = WithdrawalRight {
            market: String::new(),
            from: "2026-01-01".to_owned(),
            days: 14,
            unspent_only: true,
            source: "pretend".to_owned(),
        };
        Self { withdrawal: vec![right], one_person_up_to: vec![up_to("USD", 1_000), up_to("CNY", 5_000)] }
    }

    /// The right of withdrawal from a purchase of this market and day.
    #[must_use]
    pub fn withdrawal_of(&self, market: &str, day: Date) -> Option<&WithdrawalRight> {
        let latest = |market: &str| {
            let begun = self.withdrawal.iter().filter(|right| right.market == market && right.begins().is_some_and(|first| first <= day));
            begun.max_by_key(|right| right.begins())
        };
        let of_market = latest(market).or_else(|| if market.is_empty() { None } else { latest("") });
        of_market.filter(|right| right.days > 0)
    }

    /// The largest amount, in minor units, that one member of staff may have paid back.
    #[must_use]
    pub fn one_person_max(&self, currency: Currency) -> i64 {
        self.one_person_up_to.iter().find(|of| of.currency == currency.code()).map_or(0, |of| of.minor_units)
    }

    /// The option that is wrong, and why.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        for (at, right) in self.withdrawal.iter().enumerate() {
            let is_market =
                right.market.is_empty() || (right.market.len() == 2 && right.market.bytes().all(|byte| byte.is_ascii_uppercase()));
            if !is_market || right.begins().is_none() || right.days > DAYS_MAX {
                let why = "each has a market of two capitals or none, a day such as 2026-11-28 in `from`, and days of 0 to 3,650";
                return Some(("refunds.withdrawal", why.to_owned()));
            }
            if self.withdrawal[..at].iter().any(|other| other.market == right.market && other.begins() == right.begins()) {
                return Some(("refunds.withdrawal", format!("{} has two rows from {}", right.market, right.from)));
            }
        }
        for (at, of) in self.one_person_up_to.iter().enumerate() {
            if Currency::try_new(&of.currency).is_err() || of.minor_units < 0 {
                return Some(("refunds.one_person_up_to", "each has a currency of ISO 4217 and its minor units".to_owned()));
            }
            if self.one_person_up_to[..at].iter().any(|other| other.currency == of.currency) {
                return Some(("refunds.one_person_up_to", format!("{} is listed twice", of.currency)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
