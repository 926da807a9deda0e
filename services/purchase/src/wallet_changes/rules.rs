//! What becomes of the coins of a wallet that is closed, whether its owner may close it and for how long that can be taken back, after how many years without activity coins
//! are dormant, and after how many months without use they are breakage, by market and day: a document with a source for every row. Without one nothing that was paid is
//! paid back or forfeited, only staff close wallets, and nothing is dormant or breakage.

use std::ops::Range;
use std::path::Path;

use jiff::{ToSpan as _, civil::Date};
use serde::Deserialize;
use settings::document::{DocumentError, DocumentText, VersionedDocument};
use toml::Spanned;

/// The name of the file in errors.
const WHAT: &str = "rules of wallets";
/// Longest source of a row, in bytes.
const SOURCE_BYTES_MAX: usize = 500;
/// Longest dormancy, in years.
const YEARS_MAX: i32 = 100;
/// Longest time in which an owner can take back a closure, in days.
const WAITING_DAYS_MAX: u32 = 90;
/// Longest time after which coins are breakage, in months.
const MONTHS_MAX: i32 = 1_200;
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

/// A row `[[breakage]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketBreakage {
    /// ISO 3166 alpha-2 code, or `*`.
    market: String,
    /// The first day, UTC, as `2026-11-28`, of which something is breakage by it.
    from: String,
    /// After how many months in which nothing was taken of a lot what is deferred of it is breakage; 0: never.
    pub months: i32,
    /// Where that is laid down, for people.
    pub source: String,
}

/// A row `[[waiting]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketWaiting {
    /// ISO 3166 alpha-2 code, or `*`.
    market: String,
    /// The first day, UTC, as `2026-11-28`.
    from: String,
    /// Whether owners may close their wallets themselves.
    #[serde(default = "yes")]
    pub allowed: bool,
    /// For how many days an owner can take it back, before anything is done.
    pub days: u32,
    /// Where that is laid down, for people.
    pub source: String,
}

const fn yes() -> bool {
    true
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
    #[serde(default)]
    breakage: Vec<Spanned<MarketBreakage>>,
    #[serde(default)]
    waiting: Vec<Spanned<MarketWaiting>>,
}

impl VersionedDocument for RulesDocument {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

/// All rules.
#[derive(Debug, Clone, Default)]
pub struct WalletRules {
    version: String,
    closures: Vec<(Date, MarketClosure)>,
    dormancies: Vec<(Date, MarketDormancy)>,
    breakages: Vec<(Date, MarketBreakage)>,
    waitings: Vec<(Date, MarketWaiting)>,
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

impl MarketWaiting {
    fn begins(&self) -> Result<Date, String> {
        if self.days > WAITING_DAYS_MAX {
            return Err(format!("days: must be 0 to {WAITING_DAYS_MAX}"));
        }
        begins(&self.market, &self.from, &self.source)
    }
}

impl MarketBreakage {
    fn begins(&self) -> Result<Date, String> {
        if !(0..=MONTHS_MAX).contains(&self.months) {
            return Err(format!("months: must be 0 to {MONTHS_MAX}"));
        }
        begins(&self.market, &self.from, &self.source)
    }
}

/// Rows with the day on which each begins; a market has one row from a day.
fn dated<R>(
    text: &DocumentText,
    rows: Vec<Spanned<R>>,
    of: impl Fn(&R) -> (&String, Result<Date, String>),
) -> Result<Vec<(Date, R)>, DocumentError> {
    let mut dated: Vec<(Date, R)> = Vec::new();
    for row in rows {
        let (span, row) = (row.span(), row.into_inner());
        let (market, from) = of(&row);
        let from = from.map_err(|why| text.invalid(span.clone(), why))?;
        if dated.iter().any(|(other, known)| *other == from && of(known).0 == market) {
            return Err(text.invalid(span, format!("market: {market} has two rows from {from}")));
        }
        dated.push((from, row));
    }
    Ok(dated)
}

/// The latest row of a market that has begun on a day, or else of all markets.
fn in_force<'a, R>(rows: &'a [(Date, R)], market: &str, on: Date, of: impl Fn(&R) -> &String) -> Option<&'a R> {
    let latest = |market: &str| {
        let begun = rows.iter().filter(|(from, row)| of(row) == market && *from <= on);
        begun.max_by_key(|(from, _)| *from).map(|(_, row)| row)
    };
    latest(market).or_else(|| latest(ANY_MARKET))
}

impl WalletRules {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Self, DocumentError> {
        Self::read(&DocumentText::read(WHAT, path)?)
    }

    fn read(text: &DocumentText) -> Result<Self, DocumentError> {
        let document: RulesDocument = text.parse()?;
        let closures = dated(text, document.closure, |row| (&row.market, row.begins()))?;
        let dormancies = dated(text, document.dormancy, |row| (&row.market, row.begins()))?;
        let spans: Vec<Range<usize>> = document.breakage.iter().map(Spanned::span).collect();
        let breakages = dated(text, document.breakage, |row| (&row.market, row.begins()))?;
        let waitings = dated(text, document.waiting, |row| (&row.market, row.begins()))?;
        let rules = Self { version: document.version.into_inner(), closures, dormancies, breakages, waitings };
        for ((from, row), span) in rules.breakages.iter().zip(spans) {
            if let Some(why) = rules.unclaimed(*from, row) {
                return Err(text.invalid(span, why));
            }
        }
        Ok(rules)
    }

    /// The version, as in the file; empty without one.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How many rows it has of closures, dormancy, breakage and waiting.
    #[must_use]
    pub fn counts(&self) -> [usize; 4] {
        [self.closures.len(), self.dormancies.len(), self.breakages.len(), self.waitings.len()]
    }

    /// Why a row of breakage would keep what a state may claim: coins of one market can't be both.
    fn unclaimed(&self, from: Date, row: &MarketBreakage) -> Option<String> {
        let markets =
            [&row.market].into_iter().chain(self.dormancies.iter().map(|(_, other)| &other.market).filter(|_| row.market == ANY_MARKET));
        let days = || [from].into_iter().chain(self.dormancies.iter().map(|(day, _)| *day).filter(|day| *day >= from));
        for (market, on) in markets.flat_map(|market| days().map(move |on| (market, on))) {
            let is_in_force = self.breakage(market, on).is_some_and(|other| other == row);
            if let Some(dormancy) = self.dormancy(market, on).filter(|dormancy| is_in_force && dormancy.years > 0) {
                let years = dormancy.years;
                return Some(format!(
                    "market: on {on} coins of {market} would be breakage after {} months, and unclaimed property after {years} years of no activity; they can't be both, and a row with months = 0 leaves them to their owners",
                    row.months
                ));
            }
        }
        None
    }

    /// When coins of a market are breakage, by the rule of a day; `None`: never.
    #[must_use]
    pub fn breakage(&self, market: &str, on: Date) -> Option<&MarketBreakage> {
        in_force(&self.breakages, market, on, |row| &row.market).filter(|row| row.months > 0)
    }

    /// The last day on which something of a lot may have been taken that is breakage by any rule of a day; `None`: no rule is in force.
    #[must_use]
    pub fn left_since(&self, on: Date) -> Option<Date> {
        let begun = self.breakages.iter().filter(|(from, row)| *from <= on && row.months > 0);
        begun.map(|(_, row)| row.months).min().map(|months| on.saturating_sub(months.months()))
    }

    /// The rule of a market on a day, and what becomes of coins that it can't have paid back: the latest row that has begun, of the market or else of all. Without one
    /// both wait.
    #[must_use]
    pub fn closure(&self, market: &str, on: Date) -> (ClosureRule, ClosureRule) {
        let row = in_force(&self.closures, market, on, |row| &row.market);
        row.map_or((ClosureRule::Wait, ClosureRule::Wait), |row| (row.rule, row.not_refundable))
    }

    /// For how many days an owner who asks for the closure of a wallet on a day can take it back; `None`: owners can't ask.
    #[must_use]
    pub fn waiting(&self, market: &str, on: Date) -> Option<u32> {
        in_force(&self.waitings, market, on, |row| &row.market).filter(|row| row.allowed).map(|row| row.days)
    }

    /// When coins of a market are dormant, by the rule of a day; `None`: no rule is configured.
    #[must_use]
    pub fn dormancy(&self, market: &str, on: Date) -> Option<&MarketDormancy> {
        in_force(&self.dormancies, market, on, |row| &row.market)
    }
}

#[cfg(test)]
mod tests;
