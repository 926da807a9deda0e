//! Options of the treasury service.
mod funding;
mod sources;
mod sweeps;
mod terms;

pub use funding::FundingSettings;
pub use sources::StatementSource;
pub use sweeps::SweepSettings;
pub use terms::{LeafSettings, PairSettings, RateSettings};

use accounts::countries::is_country;
use jiff::civil::Date;
use money::{BookName, Currency};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf};

#[cfg(test)]
mod tests;

/// Bytes of the largest file that ImportStatement takes in parts: the least that a stream must take.
const STATEMENT_BYTES_MAX: u64 = 32 << 20;
/// Highest monthly cost of an account, in minor units: with it the costs of all accounts can be counted.
const COST_MAX: i64 = 1_000_000_000_000;

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
    /// How long a leaf's money is held for a payout that is not submitted, in milliseconds: 60,000 to 86,400,000, and longer than a payout's `lease_ms` and the
    /// deadline of its calls together. Then the hold is released; a payout that comes later reserves again.
    pub reservation_hold_ms: u64,
    /// What legal entities of the group may owe each other, and at which interest, each row from a day on. Without a row nothing is lent.
    pub pairs: Vec<PairSettings>,
    /// How full leaves may be, each row from a day on. Without a row a leaf may be emptied, never overdrawn, and filled to any amount.
    pub leaf_bounds: Vec<LeafSettings>,
    /// What leaves earn and pay of the bank's interest where it is divided by rates, each row from a day on. Without a row, nothing.
    pub leaf_rates: Vec<RateSettings>,
    /// Days without a receipt after which an old account of a migration may be closed, each entry from a day on. Without an entry: 92, a quarter.
    pub migration_quiet_days: Vec<QuietDays>,
    /// What banks charge in a month for the accounts that replace old ones, each entry from a day on; for the report of a migration. Without an entry for a
    /// currency the report has no cost after it.
    pub bank_costs: Vec<BankCost>,
    /// When physical accounts can be funded for their rails, and what each must have until then: the rows of GetForecast.
    pub funding: Vec<FundingSettings>,
    /// Rules by which money moves between physical accounts, each row from a day on.
    pub sweeps: Vec<SweepSettings>,
    /// Directories and addresses from which banks' files with statements are taken, beside those that are sent by `largesse treasury import`.
    pub statement_sources: Vec<StatementSource>,
    /// Largest file of a bank that ImportStatementStream takes, in bytes: 33,554,432 to 1,073,741,824. Reading it takes disk space of its size below `spool_dir`;
    /// matching it takes memory for each of its entries, about two kilobytes.
    pub statement_bytes_max: u64,
    /// How long ImportStatementStream waits for the next message, in milliseconds: 10 to 600,000.
    pub statement_idle_ms: u64,
    /// Where banks' files of more than a mebibyte are kept while they are read: a directory, in which they have no name and are gone with the process. Without one,
    /// `spool` below the data directory.
    pub spool_dir: Option<PathBuf>,
    /// Hours without a new statement after which a physical account's statement counts as overdue, 1 to 9,600; 0: none ever does.
    pub statement_overdue_hours: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            book: "treasury".to_owned(),
            region: "local".to_owned(),
            client_money_markets: Vec::new(),
            twin_delay_ms: 500,
            reservation_hold_ms: 900_000,
            pairs: Vec::new(),
            leaf_bounds: Vec::new(),
            leaf_rates: Vec::new(),
            migration_quiet_days: Vec::new(),
            bank_costs: Vec::new(),
            funding: Vec::new(),
            sweeps: Vec::new(),
            statement_sources: Vec::new(),
            statement_bytes_max: 512 << 20,
            statement_idle_ms: 30_000,
            spool_dir: None,
            statement_overdue_hours: 0,
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
        if !(60_000..=86_400_000).contains(&self.reservation_hold_ms) {
            return Err(InvalidOption { option: "reservation_hold_ms", must: "be 60,000 to 86,400,000".to_owned() });
        }
        if !(10..=60_000).contains(&self.twin_delay_ms) {
            return Err(InvalidOption { option: "twin_delay_ms", must: "be 10 to 60,000".to_owned() });
        }
        if !(STATEMENT_BYTES_MAX..=STATEMENT_BYTES_MAX << 5).contains(&self.statement_bytes_max) {
            let must = format!("be {STATEMENT_BYTES_MAX} to {}", STATEMENT_BYTES_MAX << 5);
            return Err(InvalidOption { option: "statement_bytes_max", must });
        }
        if !(10..=600_000).contains(&self.statement_idle_ms) {
            return Err(InvalidOption { option: "statement_idle_ms", must: "be 10 to 600,000".to_owned() });
        }
        let is_day = |text: &str| text.len() == "2026-11-27".len() && text.parse::<Date>().is_ok();
        if let Some(wrong) = self.migration_quiet_days.iter().find(|entry| !is_day(&entry.from) || !(1..=800).contains(&entry.days)) {
            let must = format!("have days such as \"2026-11-27\" and 1 to 800 days, and {wrong:?} has not");
            return Err(InvalidOption { option: "migration_quiet_days", must });
        }
        let is_cost = |cost: &BankCost| {
            let amounts = [cost.physical_account_minor_units, cost.virtual_account_minor_units];
            is_day(&cost.from)
                && Currency::try_new(&cost.currency).is_ok()
                && amounts.iter().all(|amount| (0..=COST_MAX).contains(amount))
                && !cost.source.is_empty()
        };
        if let Some(wrong) = self.bank_costs.iter().find(|cost| !is_cost(cost)) {
            let must =
                format!("have days such as \"2026-11-27\", currencies, amounts of 0 to {COST_MAX} and a source, and {wrong:?} has not");
            return Err(InvalidOption { option: "bank_costs", must });
        }
        let form = |error: money::Error| error.must().trim_start_matches("must ").to_owned();
        self.check_sources()?;
        self.terms()?;
        self.funding_windows()?;
        BookName::try_new(&self.book).map_err(|error| InvalidOption { option: "book", must: form(error) })
    }
}

/// How long an old account must be quiet before it is closed, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietDays {
    /// The first day of this entry, such as "2026-11-27".
    pub from: String,
    /// Days without a receipt, 1 to 800.
    pub days: i32,
}

/// What a bank charges in a month for accounts in a currency, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BankCost {
    /// The first day of this entry, such as "2026-11-27".
    pub from: String,
    /// ISO 4217 code.
    pub currency: String,
    /// For a physical account, in minor units of the currency.
    pub physical_account_minor_units: i64,
    /// For a virtual account, in minor units of the currency.
    pub virtual_account_minor_units: i64,
    /// Where the figures come from: a price list with its date, or an offer.
    pub source: String,
}

impl QuietDays {
    /// The days in force on a day; without an entry, a quarter: who pays once a quarter has paid by then.
    #[must_use]
    pub fn at(entries: &[Self], on: Date) -> i32 {
        newest(entries, on, |entry| &entry.from).map_or(92, |entry| entry.days)
    }
}

impl BankCost {
    /// The costs of a currency in force on a day.
    #[must_use]
    pub fn at<'a>(entries: &'a [Self], currency: &str, on: Date) -> Option<&'a Self> {
        let of_currency: Vec<&Self> = entries.iter().filter(|entry| entry.currency == currency).collect();
        newest(&of_currency, on, |entry| &entry.from).copied()
    }
}

/// The entry with the latest day that is not after this one.
fn newest<T>(entries: &[T], on: Date, from: impl Fn(&T) -> &String) -> Option<&T> {
    let dated = entries.iter().filter_map(|entry| Some((from(entry).parse::<Date>().ok()?, entry)));
    dated.filter(|(from, _)| *from <= on).max_by_key(|(from, _)| *from).map(|(_, entry)| entry)
}
