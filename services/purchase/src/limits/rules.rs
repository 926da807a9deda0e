//! The operator's rules: who may buy coins in a market, and for how much at which age, from which day on. A versioned TOML file, with the source of each rule.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::{Currency, Money, Rounding};
use rust_decimal::Decimal;
use serde::Deserialize;
use settings::document::{DocumentError, DocumentText, VersionedDocument};
use toml::Spanned;

use super::LimitWindow;
use super::calendar::day_in;

/// The name of the file in errors.
const WHAT: &str = "spending rules";
/// Longest source of a rule, in bytes.
const SOURCE_BYTES_MAX: usize = 500;
/// Highest age, in years.
pub const AGE_MAX: u32 = 150;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesDocument {
    version: Spanned<String>,
    #[serde(default)]
    rule: Vec<Spanned<RuleEntry>>,
}

impl VersionedDocument for RulesDocument {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleEntry {
    market: String,
    valid_from: String,
    source: String,
    currency: String,
    time_zone: String,
    #[serde(default)]
    minimum_age: u32,
    unknown_counts_as: Option<u32>,
    #[serde(default)]
    band: Vec<BandEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BandEntry {
    from_age: u32,
    purchase: Option<String>,
    day: Option<String>,
    month: Option<String>,
}

/// Limits of an age, in minor units of the rule's currency; `None`: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AgeLimits {
    /// Of one purchase.
    pub purchase: Option<i64>,
    /// Of a day.
    pub day: Option<i64>,
    /// Of a month.
    pub month: Option<i64>,
}

impl AgeLimits {
    /// That of a window.
    #[must_use]
    pub fn of(self, window: LimitWindow) -> Option<i64> {
        match window {
            LimitWindow::Purchase => self.purchase,
            LimitWindow::Day => self.day,
            LimitWindow::Month => self.month,
        }
    }
}

/// The rule of a market from a day on.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketRule {
    /// ISO 3166 alpha-2 country.
    pub market: String,
    /// The first day, in the rule's time zone.
    pub valid_from: Date,
    /// Where it comes from, for people.
    pub source: String,
    /// Of its limits.
    pub currency: Currency,
    /// Where the user's is not known.
    pub zone: TimeZone,
    /// Nobody younger buys, in years.
    pub minimum_age: u32,
    /// Somebody of unknown age counts as of this age; `None`: does not buy.
    pub unknown_counts_as: Option<u32>,
    /// Limits by the age from which they hold, the lowest first.
    bands: Vec<(u32, AgeLimits)>,
}

impl MarketRule {
    /// What limits somebody of this age; `None`: they do not buy.
    #[must_use]
    pub fn limits(&self, age_at_least: Option<u32>) -> Option<AgeLimits> {
        let age = age_at_least.or(self.unknown_counts_as).filter(|age| *age >= self.minimum_age)?;
        Some(self.bands.iter().rev().find(|(from, _)| *from <= age).map_or(AgeLimits::default(), |(_, limits)| *limits))
    }
}

/// All rules of one version. Empty: no purchase is limited by a market.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpendingRules {
    version: String,
    rules: Vec<MarketRule>,
}

impl SpendingRules {
    /// Reads a file. The error names file, line and key.
    pub fn load(path: &Path) -> Result<SpendingRules, DocumentError> {
        SpendingRules::read(&DocumentText::read(WHAT, path)?)
    }

    /// Reads a text; `file` only names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<SpendingRules, DocumentError> {
        SpendingRules::read(&DocumentText::new(WHAT, file, text))
    }

    fn read(text: &DocumentText) -> Result<SpendingRules, DocumentError> {
        let document: RulesDocument = text.parse()?;
        let mut rules: Vec<MarketRule> = Vec::with_capacity(document.rule.len());
        for entry in document.rule {
            let (span, entry) = (entry.span(), entry.into_inner());
            let market = entry.market.clone();
            let new = rule(entry).map_err(|why| text.invalid(span.clone(), format!("rule {market}, {why}")))?;
            if rules.iter().any(|other| (&other.market, other.valid_from) == (&new.market, new.valid_from)) {
                return Err(text.invalid(span, format!("rule {market}, valid_from: there is a rule for the same market and day")));
            }
            rules.push(new);
        }
        Ok(SpendingRules { version: document.version.into_inner(), rules })
    }

    /// The version, as in the file; empty without one.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many rows it has, and of how many markets.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let markets: BTreeSet<&str> = self.rules.iter().map(|rule| rule.market.as_str()).collect();
        (self.rules.len(), markets.len())
    }

    /// The rule of a market that is in force at a time in Unix milliseconds: the latest that has begun.
    #[must_use]
    pub fn rule_of(&self, market: &str, at_ms: i64) -> Option<&MarketRule> {
        let begun = self.rules.iter().filter(|rule| rule.market == market && rule.valid_from <= day_in(&rule.zone, at_ms));
        begun.max_by_key(|rule| rule.valid_from)
    }
}

fn rule(entry: RuleEntry) -> Result<MarketRule, String> {
    let market = entry.market;
    if market.len() != 2 || !market.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("market: must be two capital letters".to_owned());
    }
    if !(1..=SOURCE_BYTES_MAX).contains(&entry.source.trim().len()) {
        return Err(format!("source: must say in 1 to {SOURCE_BYTES_MAX} bytes where the rule comes from"));
    }
    let currency = Currency::try_new(&entry.currency).map_err(|error| format!("currency: {error}"))?;
    let zone = TimeZone::get(&entry.time_zone).map_err(|_| "time_zone: must be a name such as Asia/Shanghai".to_owned())?;
    let ages = [entry.minimum_age, entry.unknown_counts_as.unwrap_or(0)];
    if ages.into_iter().chain(entry.band.iter().map(|band| band.from_age)).any(|age| age > AGE_MAX) {
        return Err(format!("minimum_age, unknown_counts_as and from_age: must be 0 to {AGE_MAX}"));
    }
    let mut bands: Vec<(u32, AgeLimits)> = Vec::with_capacity(entry.band.len());
    for band in entry.band {
        if bands.last().is_some_and(|(from, _)| *from >= band.from_age) {
            return Err("band: from_age must increase".to_owned());
        }
        let amount = |key: &str, text: Option<String>| text.map(|text| minor_units(currency, key, &text)).transpose();
        let limits =
            AgeLimits { purchase: amount("purchase", band.purchase)?, day: amount("day", band.day)?, month: amount("month", band.month)? };
        bands.push((band.from_age, limits));
    }
    let valid_from = entry.valid_from.parse().map_err(|_| "valid_from: must be a day such as 2026-11-01".to_owned())?;
    let (minimum_age, unknown_counts_as) = (entry.minimum_age, entry.unknown_counts_as);
    Ok(MarketRule { market, valid_from, source: entry.source, currency, zone, minimum_age, unknown_counts_as, bands })
}

fn minor_units(currency: Currency, key: &str, text: &str) -> Result<i64, String> {
    let decimal = Decimal::from_str(text).map_err(|error| format!("{key}: {error}"))?;
    let amount = Money::from_decimal(currency, decimal, Rounding::Down).map_err(|error| format!("{key}: {error}"))?;
    if amount.to_decimal() == decimal { Ok(amount.minor_units()) } else { Err(format!("{key}: has more digits than {currency}")) }
}
