//! Options of screening, approval and limits: what a payout needs before it is sent. By default nothing.

use super::{DAY, HOUR, InvalidPayoutOption};
use jiff::civil::Date;
use money::{AMOUNT_MAX, Currency};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::PathBuf, time::Duration};

/// The longest window, delay or interval: a longer one is a typing error.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// Options of screening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScreeningConfig {
    /// Sanctions lists with which every payee's name is compared, before each payout and when a list changes. None: nobody is screened.
    pub lists: Vec<ScreeningListConfig>,
    /// How often the files are looked at, in milliseconds; changed ones are read again. Default one minute.
    #[serde(rename = "reload_interval_ms", with = "settings::millis")]
    #[schemars(with = "u64")]
    pub reload_interval: Duration,
    /// Business days after which blocked money must have been reported. Default ten (31 CFR 501.603; as of November 2026, confidence K: from general knowledge,
    /// to be confirmed by your counsel).
    pub report_business_days: u32,
    /// The calendar that counts them (`largesse rails list`). Default `US-FED`.
    pub report_calendar: String,
}

/// A sanctions list: the four files of one edition, in the layout of OFAC's. All four are replaced together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScreeningListConfig {
    /// Its name, stored with every clearance: 1 to 64 characters. Never change it.
    pub name: String,
    /// Where it is from, for people.
    pub source: String,
    /// The day of the edition, such as `2026-11-27`; empty: the day on which the primary file was last written.
    pub edition: String,
    /// The primary entries (`sdn.csv`, `cons_prim.csv`).
    pub primary_file: PathBuf,
    /// Alternate names (`alt.csv`, `cons_alt.csv`).
    pub alternate_file: PathBuf,
    /// Addresses (`add.csv`, `cons_add.csv`).
    pub address_file: PathBuf,
    /// Continued remarks (`sdn_comments.csv`, `cons_comments.csv`).
    pub comments_file: PathBuf,
    /// Programs whose payments are refused and not blocked: the money of a true match goes back to the creator if all of its entry's programs are among them.
    pub reject_programs: Vec<String>,
}

/// Options of approval and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReviewConfig {
    /// From which amount a person of the staff approves a payout, by currency. None: nobody does in that currency.
    pub approvals: Vec<ApprovalConfig>,
    /// How much may be paid without a review, by how much is known of the creator.
    pub tiers: Vec<TierConfig>,
    /// The tier of creators of whom no other was set; empty: no limits apply to them.
    pub default_tier: String,
    /// How long the first payout to an account waits, in seconds, counted from its request. Default 0: not at all.
    #[serde(rename = "first_payout_delay_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub first_payout_delay: Duration,
}

/// Approval in one currency.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ApprovalConfig {
    /// ISO 4217.
    pub currency: String,
    /// Payouts of more than this are approved, in minor units, until two people have decided on another threshold.
    pub above_minor_units: i64,
    /// The highest threshold that they can decide on, in minor units.
    pub minor_units_max: i64,
}

/// A tier.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TierConfig {
    /// Its name: 1 to 32 of a-z, 0-9 and hyphens.
    pub name: String,
    /// Where its limits are from, for people.
    pub source: String,
    /// Its limits. A currency may have several, such as one a day and one a month; without any, payouts in it are not limited.
    pub limits: Vec<TierLimitConfig>,
}

/// What one creator may be paid without a review.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TierLimitConfig {
    /// ISO 4217.
    pub currency: String,
    /// The most in one payout, in minor units; 0: no limit.
    pub payout_minor_units_max: i64,
    /// The time before a payout's request in which payouts are counted, in seconds; 0: they are not. It rolls: no midnight begins it anew.
    #[serde(rename = "window_s", with = "settings::seconds")]
    #[schemars(with = "u64")]
    pub window: Duration,
    /// The most within the window, the payout included, in minor units; 0: no limit.
    pub window_minor_units_max: i64,
    /// The most payouts within the window, it included; 0: no limit.
    pub window_payouts_max: u32,
}

impl Default for ScreeningConfig {
    fn default() -> Self {
        let reload_interval = Duration::from_secs(60);
        Self { lists: Vec::new(), reload_interval, report_business_days: 10, report_calendar: "US-FED".to_owned() }
    }
}

impl Default for ReviewConfig {
    fn default() -> Self {
        Self { approvals: Vec::new(), tiers: Vec::new(), default_tier: String::new(), first_payout_delay: Duration::ZERO }
    }
}

fn range(name: &'static str, bounds: &'static str) -> InvalidPayoutOption {
    InvalidPayoutOption::Range { name, bounds }
}

impl ScreeningConfig {
    /// Refuses values that cannot work; files are read when the service starts.
    pub fn check(&self) -> Result<(), InvalidPayoutOption> {
        if !(Duration::from_millis(10)..=24 * HOUR).contains(&self.reload_interval) {
            return Err(range("screening.reload_interval_ms", "10 to 86,400,000"));
        }
        if !(1..=366).contains(&self.report_business_days) {
            return Err(range("screening.report_business_days", "1 to 366"));
        }
        let mut names = BTreeSet::new();
        for list in &self.lists {
            let named = (1..=64).contains(&list.name.chars().count()) && list.name.trim() == list.name && names.insert(list.name.as_str());
            if !named {
                return Err(range("screening.lists.name", "1 to 64 characters that no other list has"));
            }
            if !list.edition.is_empty() && list.edition.parse::<Date>().is_err() {
                return Err(range("screening.lists.edition", "a day such as 2026-11-27, or empty"));
            }
        }
        Ok(())
    }
}

impl ReviewConfig {
    /// Refuses values that cannot work.
    pub fn check(&self) -> Result<(), InvalidPayoutOption> {
        let mut currencies = BTreeSet::new();
        for approval in &self.approvals {
            if Currency::try_new(&approval.currency).is_err() || !currencies.insert(approval.currency.as_str()) {
                return Err(range("review.approvals.currency", "an ISO 4217 code that no other of them has"));
            }
            if !(0..=AMOUNT_MAX).contains(&approval.minor_units_max)
                || !(0..=approval.minor_units_max).contains(&approval.above_minor_units)
            {
                return Err(range("review.approvals.above_minor_units", "0 to minor_units_max, which is an amount"));
            }
        }
        if self.first_payout_delay > 31 * DAY {
            return Err(range("review.first_payout_delay_s", "0 to 2,678,400"));
        }
        let mut names = BTreeSet::new();
        for tier in &self.tiers {
            let form = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            if !(1..=32).contains(&tier.name.len()) || !tier.name.bytes().all(form) || !names.insert(tier.name.as_str()) {
                return Err(range("review.tiers.name", "1 to 32 of a-z, 0-9 and hyphens, that no other tier has"));
            }
            tier.limits.iter().try_for_each(TierLimitConfig::check)?;
        }
        if !self.default_tier.is_empty() && !names.contains(self.default_tier.as_str()) {
            return Err(range("review.default_tier", "the name of one of the tiers, or empty"));
        }
        Ok(())
    }
}

impl TierLimitConfig {
    fn check(&self) -> Result<(), InvalidPayoutOption> {
        if Currency::try_new(&self.currency).is_err() {
            return Err(range("review.tiers.limits.currency", "an ISO 4217 code"));
        }
        let amounts = [self.payout_minor_units_max, self.window_minor_units_max];
        if amounts.iter().any(|amount| !(0..=AMOUNT_MAX).contains(amount)) {
            return Err(range("review.tiers.limits.payout_minor_units_max and window_minor_units_max", "0, or an amount in minor units"));
        }
        let windowed = self.window_minor_units_max > 0 || self.window_payouts_max > 0;
        if self.window > LONGEST || windowed == self.window.is_zero() {
            return Err(range("review.tiers.limits.window_s", "1 to 31,622,400 with a limit within the window, 0 without"));
        }
        Ok(())
    }
}
