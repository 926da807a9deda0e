//! Options of a bank that takes ACH files: who we are in them, and how long payments are collected into one.

use super::{HOUR, InvalidPayoutOption};
use crate::domain::ach::is_filed_text;
use bankfiles::nacha::is_routing_number;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What only banks with the protocol `nacha` need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NachaBankConfig {
    /// The bank's routing number, nine digits: where files go, and the originating bank of their entries.
    pub routing_number: String,
    /// Our company id as registered with the bank, 1 to 10 characters. Also the sender of files, where `origin` is empty.
    pub company_id: String,
    /// The sender of files as the bank assigned it, 9 or 10 characters; empty: the company id, which then has as many.
    pub origin: String,
    /// Our name as receivers see it, 1 to 16 characters.
    pub company_name: String,
    /// The bank's name in the file's header, 23 characters at most.
    pub bank_name: String,
    /// What receivers see beside our name, 1 to 10 characters. Earnings of creators are not wages: never `PAYROLL`.
    pub description: String,
    /// How long payments are collected into one file, in milliseconds; a file is closed earlier for a cut-off. Default 90 minutes: a sender has 36 files a
    /// day, and there are two rails.
    #[serde(rename = "collect_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub collect: Duration,
    /// Time between two questions for returns, and at least between two for a file's acknowledgement, in milliseconds. Default a minute.
    #[serde(rename = "poll_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub poll: Duration,
    /// Time between two statements of this bank in milliseconds, if that is less than `statement_interval_ms`: only a statement settles what ACH has paid.
    /// Default an hour.
    #[serde(rename = "statement_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub statement: Duration,
}

impl Default for NachaBankConfig {
    fn default() -> Self {
        Self {
            routing_number: String::new(),
            company_id: String::new(),
            origin: String::new(),
            company_name: String::new(),
            bank_name: String::new(),
            description: "Payout".to_owned(),
            collect: Duration::from_secs(90 * 60),
            poll: Duration::from_secs(60),
            statement: HOUR,
        }
    }
}

impl NachaBankConfig {
    /// For the pretend bank: files are closed after half a second, so that people can watch.
    pub(super) fn sandbox(routing_number: &str) -> Self {
        Self {
            routing_number: routing_number.to_owned(),
            company_id: "1234567890".to_owned(),
            company_name: "Largesse".to_owned(),
            bank_name: "SANDBOX ACH BANK".to_owned(),
            collect: Duration::from_millis(500),
            poll: Duration::from_millis(500),
            statement: Duration::from_secs(1),
            ..Self::default()
        }
    }

    /// The sender of files.
    #[must_use]
    pub fn sender(&self) -> &str {
        if self.origin.is_empty() { &self.company_id } else { &self.origin }
    }

    /// Refuses options that cannot work.
    pub(super) fn check(&self) -> Result<(), InvalidPayoutOption> {
        let is_text = |text: &str, least: usize, most: usize| (least..=most).contains(&text.len()) && is_filed_text(text);
        let within = |duration: Duration, least_ms| (Duration::from_millis(least_ms)..=24 * HOUR).contains(&duration);
        let reserved = ["payroll", "reversal", "purchase"].iter().any(|word| self.description.to_ascii_lowercase().starts_with(word));
        let rules = [
            (
                "a bank's nacha.routing_number",
                is_routing_number(&self.routing_number),
                "nine digits, the last of them the right check digit",
            ),
            ("a bank's nacha.company_id", is_text(&self.company_id, 1, 10), "1 to 10 printable characters of ASCII"),
            (
                "a bank's nacha.origin",
                is_text(self.sender(), 9, 10),
                "9 or 10 printable characters of ASCII, or empty beside such a company id",
            ),
            ("a bank's nacha.company_name", is_text(&self.company_name, 1, 16), "1 to 16 printable characters of ASCII"),
            ("a bank's nacha.bank_name", is_text(&self.bank_name, 0, 23), "23 printable characters of ASCII at most"),
            (
                "a bank's nacha.description",
                is_text(&self.description, 1, 10) && !reserved,
                "1 to 10 printable characters of ASCII, and not begin with PAYROLL, REVERSAL or PURCHASE",
            ),
            ("a bank's nacha.collect_ms", within(self.collect, 0), "0 to 86,400,000"),
            ("a bank's nacha.poll_ms", within(self.poll, 10), "10 to 86,400,000"),
            ("a bank's nacha.statement_ms", within(self.statement, 10), "10 to 86,400,000"),
        ];
        match rules.into_iter().find(|(_, fits, _)| !fits) {
            Some((name, _, bounds)) => Err(InvalidPayoutOption::Range { name, bounds }),
            None => Ok(()),
        }
    }
}
