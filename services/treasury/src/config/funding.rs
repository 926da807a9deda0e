//! When accounts can be funded, as rows of the settings.
use super::{Config, InvalidOption};
use crate::domain::{forecast::FundingWindow, node::is_id};
use jiff::tz::TimeZone;
use money::{AMOUNT_MAX, text::is_plain};
use rails::{HolidayCalendars, record::DayMinute};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows that one answer shows: more accounts than a treasurer watches.
const ROWS_MAX: usize = 1_000;
/// Longest name of a rail, in bytes.
const RAIL_BYTES_MAX: usize = 32;

/// When a physical account can be funded for a rail, and what it must have until then.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FundingSettings {
    /// Id of the physical account.
    pub account: String,
    /// The rail that pays from it, such as "rtp".
    pub rail: String,
    /// Calendar of the days on which it can be funded: US-FED, EU-TARGET or GB-ENG. Empty: every day.
    pub calendar: String,
    /// Time zone of those days and of the cut-off, such as "America/New_York".
    pub zone: String,
    /// Until when funds are taken on such a day: "00:00" to "24:00".
    pub cutoff: String,
    /// The least that must be available, in minor units; what is missing is reported as short.
    pub minimum_minor_units: i64,
}

impl Config {
    /// The windows of all accounts, if all rows can be used.
    pub fn funding_windows(&self) -> Result<Vec<FundingWindow>, InvalidOption> {
        if self.funding.len() > ROWS_MAX {
            return wrong(format!("have at most {ROWS_MAX} rows"));
        }
        self.funding.iter().map(FundingSettings::read).collect()
    }
}

impl FundingSettings {
    fn read(&self) -> Result<FundingWindow, InvalidOption> {
        let Self { account, rail, calendar, .. } = self;
        if !is_id(account) || rail.is_empty() || rail.len() > RAIL_BYTES_MAX || !is_plain(rail) {
            return wrong(format!(
                "name a physical account and a rail of 1 to {RAIL_BYTES_MAX} bytes, and {account:?} and {rail:?} are not"
            ));
        }
        if !calendar.is_empty() && !HolidayCalendars::default().knows(calendar) {
            return wrong(format!(
                "have one of the calendars US-FED, EU-TARGET and GB-ENG, or none, and {calendar:?} is not, for {account}"
            ));
        }
        let Ok(zone) = TimeZone::get(&self.zone) else {
            return wrong(format!("have a time zone such as America/New_York, and {:?} is none, for {account}", self.zone));
        };
        let Some(cutoff) = DayMinute::parse(&self.cutoff) else {
            return wrong(format!("have a cutoff of 00:00 to 24:00, and {:?} is none, for {account}", self.cutoff));
        };
        if !(0..=AMOUNT_MAX).contains(&self.minimum_minor_units) {
            return wrong(format!("have a minimum of 0 to {AMOUNT_MAX}, for {account}"));
        }
        let calendar = Some(calendar.clone()).filter(|id| !id.is_empty());
        Ok(FundingWindow { account: account.clone(), rail: rail.clone(), calendar, zone, cutoff, minimum: self.minimum_minor_units })
    }
}

fn wrong<T>(must: String) -> Result<T, InvalidOption> {
    Err(InvalidOption { option: "funding", must })
}
