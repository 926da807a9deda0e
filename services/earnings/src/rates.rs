//! The rate card: what a diamond is worth in each currency from which day on, and on which terms. Read from a versioned TOML file (`rate_card.toml`
//! when none is named).
use crate::domain::{Rate, Terms};
use jiff::civil::Date;
use money::{Currency, Money};
use rust_decimal::Decimal;
use serde::Deserialize;
use settings::document::{DocumentError, DocumentText, VersionedDocument};
use std::{collections::BTreeSet, path::Path};
use toml::Spanned;

/// The built-in rate card, as a file.
pub const EMBEDDED: &str = include_str!("../rate_card.toml");
/// The name of the file in errors.
const WHAT: &str = "rate card";
/// Most decimal places of a rate.
const RATE_SCALE_MAX: u32 = 12;
/// Highest rate of a diamond, in whole currency units: far above any real one, and low enough for exact arithmetic.
const RATE_MAX: i64 = 1_000_000;
/// Longest lifetime of a quote: rates move.
const QUOTE_TTL_MINUTES_MAX: i64 = 1_440;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateDocument {
    version: Spanned<String>,
    terms: Spanned<TermsEntry>,
    #[serde(default)]
    rates: Vec<Spanned<RateEntry>>,
}

impl VersionedDocument for RateDocument {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermsEntry {
    withholding_bps: i64,
    maturity_days: i64,
    quote_ttl_minutes: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateEntry {
    currency: String,
    from: String,
    per_diamond: String,
    /// For people: where the rate comes from.
    basis: String,
    minimum_minor_units: i64,
    fee_minor_units: i64,
}

/// All rates of one version.
#[derive(Clone, Debug)]
pub struct RateCard {
    version: String,
    terms: Terms,
    rates: Vec<Rate>,
    built_in: bool,
}

impl RateCard {
    /// The built-in rate card.
    #[must_use]
    pub fn embedded() -> Self {
        let read = Self::read_entries(&DocumentText::new(WHAT, "rate_card.toml (built in)", EMBEDDED));
        Self { built_in: true, ..read.expect("a test reads it") }
    }

    /// Reads a file. The error names file, line and key.
    pub fn load(path: &Path) -> Result<Self, DocumentError> {
        Self::read(&DocumentText::read(WHAT, path)?)
    }

    /// Reads a text; `file` only names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        Self::read(&DocumentText::new(WHAT, file, text))
    }

    /// A copy of the built-in card still counts as built in, whatever its version is called.
    fn read(text: &DocumentText) -> Result<Self, DocumentError> {
        let (read, embedded) = (Self::read_entries(text)?, Self::embedded());
        Ok(Self { built_in: read.terms == embedded.terms && read.rates == embedded.rates, ..read })
    }

    fn read_entries(text: &DocumentText) -> Result<Self, DocumentError> {
        let document: RateDocument = text.parse()?;
        let terms = terms(document.terms.get_ref()).map_err(|why| text.invalid(document.terms.span(), why))?;
        let mut rates: Vec<Rate> = Vec::with_capacity(document.rates.len());
        for entry in &document.rates {
            let rate = rate(entry.get_ref()).map_err(|why| text.invalid(entry.span(), why))?;
            if rates.iter().any(|other| other.currency == rate.currency && other.from == rate.from) {
                return Err(text.invalid(entry.span(), format!("rates: {} from {} is there twice", rate.currency, rate.from)));
            }
            rates.push(rate);
        }
        Ok(Self { version: document.version.into_inner(), terms, rates, built_in: false })
    }

    /// The version, as in the file.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether these are the built-in rates, which are for TEST books.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }

    /// Terms of every conversion.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// The row that applies on this day.
    #[must_use]
    pub fn rate(&self, currency: Currency, day: Date) -> Option<&Rate> {
        self.rates.iter().filter(|rate| rate.currency == currency && rate.from <= day).max_by_key(|rate| rate.from)
    }

    /// Every currency that diamonds could ever be converted to.
    #[must_use]
    pub fn currencies(&self) -> BTreeSet<Currency> {
        self.rates.iter().map(|rate| rate.currency).collect()
    }
}

fn terms(entry: &TermsEntry) -> Result<Terms, String> {
    let withholding_bps = u32::try_from(entry.withholding_bps).ok().filter(|bps| *bps <= 10_000);
    if entry.maturity_days != 0 {
        return Err("maturity_days: must be 0; diamonds have no age yet".to_owned());
    }
    if !(1..=QUOTE_TTL_MINUTES_MAX).contains(&entry.quote_ttl_minutes) {
        return Err(format!("quote_ttl_minutes: must be 1 to {QUOTE_TTL_MINUTES_MAX}"));
    }
    Ok(Terms { withholding_bps: withholding_bps.ok_or("withholding_bps: must be 0 to 10000")?, quote_ttl_minutes: entry.quote_ttl_minutes })
}

fn rate(entry: &RateEntry) -> Result<Rate, String> {
    let currency = Currency::try_new(&entry.currency).map_err(|error| format!("currency: {error}"))?;
    let from = Date::strptime("%Y-%m-%d", &entry.from).map_err(|_| "from: must be a day, YYYY-MM-DD".to_owned())?;
    let per_diamond = Decimal::from_str_exact(&entry.per_diamond).map_err(|_| "per_diamond: must be a decimal string".to_owned())?;
    if per_diamond <= Decimal::ZERO || per_diamond > Decimal::from(RATE_MAX) || per_diamond.scale() > RATE_SCALE_MAX {
        return Err(format!("per_diamond: must be above 0, at most {RATE_MAX}, with at most {RATE_SCALE_MAX} places"));
    }
    if entry.basis.is_empty() {
        return Err("basis: must say where the rate comes from".to_owned());
    }
    let minimum = Money::try_new(currency, entry.minimum_minor_units).map_err(|error| format!("minimum_minor_units: {error}"))?;
    let fee = Money::try_new(currency, entry.fee_minor_units).map_err(|error| format!("fee_minor_units: {error}"))?;
    Ok(Rate { currency, from, per_diamond, minimum, fee })
}

#[cfg(test)]
mod tests;
