//! Options of the treasury service.
mod terms;

pub use terms::{LeafSettings, PairSettings, RateSettings};

use accounts::countries::is_country;
use money::BookName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Options of the treasury service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The ledger book with the balances of all virtual accounts. The first structure that is applied creates it: LIVE if the installation has a LIVE book,
    /// otherwise TEST. It must not be changed afterwards.
    pub book: String,
    /// Data-residency region of that book.
    pub region: String,
    /// Countries, as ISO 3166 codes such as "GB", whose law demands that clients' money has a physical account of its own. A structure that has a leaf for clients'
    /// money of such a market on another account is refused.
    pub client_money_markets: Vec<String>,
    /// Pause in milliseconds between two readings of apps' books for money that they moved at banks: 10 to 60,000. What is not read yet is a timing item.
    pub twin_delay_ms: u64,
    /// What legal entities of the group may owe each other, and at which interest, each row from a day on. Without a row nothing is lent.
    pub pairs: Vec<PairSettings>,
    /// How full leaves may be, each row from a day on. Without a row a leaf may be emptied, never overdrawn, and filled to any amount.
    pub leaf_bounds: Vec<LeafSettings>,
    /// What leaves earn and pay of the bank's interest where it is divided by rates, each row from a day on. Without a row, nothing.
    pub leaf_rates: Vec<RateSettings>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            book: "treasury".to_owned(),
            region: "local".to_owned(),
            client_money_markets: Vec::new(),
            twin_delay_ms: 500,
            pairs: Vec::new(),
            leaf_bounds: Vec::new(),
            leaf_rates: Vec::new(),
        }
    }
}

/// An option that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOption {
    /// Its name.
    pub option: &'static str,
    /// What it must be.
    pub must: String,
}

impl fmt::Display for InvalidOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must {}", self.option, self.must)
    }
}

impl std::error::Error for InvalidOption {}

impl Config {
    /// The treasury book's name, if all options can be used.
    pub fn check(&self) -> Result<BookName, InvalidOption> {
        let known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=32).contains(&self.region.len()) || !self.region.bytes().all(known) {
            return Err(InvalidOption { option: "region", must: "have 1 to 32 of the characters a to z, 0 to 9 and -".to_owned() });
        }
        if let Some(wrong) = self.client_money_markets.iter().find(|market| !is_country(market)) {
            return Err(InvalidOption { option: "client_money_markets", must: format!("have ISO 3166 codes only, and {wrong:?} is none") });
        }
        if !(10..=60_000).contains(&self.twin_delay_ms) {
            return Err(InvalidOption { option: "twin_delay_ms", must: "be 10 to 60,000".to_owned() });
        }
        let form = |error: money::Error| error.must().trim_start_matches("must ").to_owned();
        self.terms()?;
        BookName::try_new(&self.book).map_err(|error| InvalidOption { option: "book", must: form(error) })
    }
}
