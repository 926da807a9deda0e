//! What becomes of the coins of a wallet that is closed, and after how many years without activity coins are dormant, by market and day: a document with a source for
//! every row. Without one nothing that was paid is paid back or forfeited, and nothing is dormant.

use std::path::Path;

use jiff::civil::Date;
use serde::Deserialize;
use settings::document::{DocumentError, DocumentText, VersionedDocument};
use toml::Spanned;

/// The name of the file in errors.
const WHAT: &str = "rules of wallets";
/// Longest source of a row, in bytes.
const SOURCE_BYTES_MAX: usize = 500;
/// Longest dormancy, in years.
const YEARS_MAX: i32 = 100;
/// The market of a row that holds wherever no row names the market.
const ANY_MARKET: &str = "*";

/// What becomes of coins that were paid and not spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosureRule {
    /// The store that sold them pays them back.
    Refund,
    /// They are forfeited.
    Forfeit,
    /// Nothing: a wallet that has some is not closed.
    Wait,
}

/// A row `[[closure]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketClosure {
    /// ISO 3166 alpha-2 code, or `*`.
    market: String,
    /// The first day, UTC, as `2026-11-28`.
    from: String,
    /// What becomes of the coins.
    pub rule: ClosureRule,
    /// What becomes of those that should be paid back and can't be, because we can't ask their store for it.
    #[serde(default = "waits")]
    pub not_refundable: ClosureRule,
    /// Where that is laid down, for people.
    source: String,
}

/// A row `[[dormancy]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketDormancy {
    /// ISO 3166 alpha-2 code, or `*`.
    market: String,
    /// The first day, UTC, as `2026-11-28`.
    from: String,
    /// After how many years without activity of their owner coins are dormant; 0: never.
    pub years: i32,
    /// Where that is laid down, for people.
    pub source: String,
}

const fn waits() -> ClosureRule {
    ClosureRule::Wait
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesDocument {
    version: Spanned<String>,
    #[serde(default)]
    closure: Vec<Spanned<MarketClosure>>,
    #[serde(default)]
    dormancy: Vec<Spanned<MarketDormancy>>,
}

impl VersionedDocument for RulesDocument {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

/// All rules.
#[derive(Debug, Clone, Default)]
pub struct WalletRules {
    closures: Vec<(Date, MarketClosure)>,
    dormancies: Vec<(Date, MarketDormancy)>,
}

/// The first day of a row, or what is wrong with it.
fn begins(market: &str, from: &str, source: &str) -> Result<Date, String> {
    if market != ANY_MARKET && (market.len() != 2 || !market.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err("market: must be two capital letters, or `*`".to_owned());
    }
    if !(1..=SOURCE_BYTES_MAX).contains(&source.trim().len()) {
        return Err(format!("source: must say in 1 to {SOURCE_BYTES_MAX} bytes where the rule comes from"));
    }
    from.parse().map_err(|_| "from: must be a day such as 2026-11-28".to_owned())
}

impl MarketClosure {
    fn begins(&self) -> Result<Date, String> {
        if self.not_refundable == ClosureRule::Refund {
            return Err("not_refundable: must be forfeit or wait".to_owned());
        }
        begins(&self.market, &self.from, &self.source)
    }
}

impl MarketDormancy {
    fn begins(&self) -> Result<Date, String> {
        if !(0..=YEARS_MAX).contains(&self.years) {
            return Err(format!("years: must be 0 to {YEARS_MAX}"));
        }
        begins(&self.market, &self.from, &self.source)
    }
}

impl WalletRules {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, DocumentError> {
        Self::read(&DocumentText::read(WHAT, path)?)
    }

    fn read(text: &DocumentText) -> Result<Self, DocumentError> {
        let document: RulesDocument = text.parse()?;
        let mut closures: Vec<(Date, MarketClosure)> = Vec::new();
        for row in document.closure {
            let (span, row) = (row.span(), row.into_inner());
            let from = row.begins().map_err(|why| text.invalid(span.clone(), why))?;
            if closures.iter().any(|(other, known)| *other == from && known.market == row.market) {
                return Err(text.invalid(span, format!("market: {} has two rows from {from}", row.market)));
            }
            closures.push((from, row));
        }
        let mut dormancies: Vec<(Date, MarketDormancy)> = Vec::new();
        for row in document.dormancy {
            let (span, row) = (row.span(), row.into_inner());
            let from = row.begins().map_err(|why| text.invalid(span.clone(), why))?;
            if dormancies.iter().any(|(other, known)| *other == from && known.market == row.market) {
                return Err(text.invalid(span, format!("market: {} has two rows from {from}", row.market)));
            }
            dormancies.push((from, row));
        }
        Ok(Self { closures, dormancies })
    }

    /// The rule of a market on a day, and what becomes of coins that it can't have paid back: the latest row that has begun, of the market or else of all. Without one
    /// both wait.
    #[must_use]
    pub fn closure(&self, market: &str, on: Date) -> (ClosureRule, ClosureRule) {
        let latest = |market: &str| {
            let rows = self.closures.iter().filter(|(from, row)| row.market == market && *from <= on);
            rows.max_by_key(|(from, _)| *from).map(|(_, row)| (row.rule, row.not_refundable))
        };
        latest(market).or_else(|| latest(ANY_MARKET)).unwrap_or((ClosureRule::Wait, ClosureRule::Wait))
    }

    /// When coins of a market are dormant, by the rule of a day; `None`: no rule is configured.
    #[must_use]
    pub fn dormancy(&self, market: &str, on: Date) -> Option<&MarketDormancy> {
        let latest = |market: &str| {
            let rows = self.dormancies.iter().filter(|(from, row)| row.market == market && *from <= on);
            rows.max_by_key(|(from, _)| *from).map(|(_, row)| row)
        };
        latest(market).or_else(|| latest(ANY_MARKET))
    }
}

#[cfg(test)]
mod tests;
