//! Rules by which money moves between physical accounts, as rows of the settings.
use super::{Config, InvalidOption};
use crate::domain::{
    node::is_id,
    sweep::rule::{DatedSweepRule, SweepRule},
};
use jiff::{civil::Date, tz::TimeZone};
use money::AMOUNT_MAX;
use rails::{HolidayCalendars, record::DayMinute};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows that one run goes through.
const ROWS_MAX: usize = 1_000;

/// How full a physical account is kept, from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SweepSettings {
    /// Id of the rule: 1 to 32 of the characters a to z, 0 to 9 and -. Rules are run in the order in which their ids first occur.
    pub rule: String,
    /// The first day (UTC) of this row, such as "2026-11-27"; until the day before the rule's next row.
    pub from: String,
    /// "zero": all that the leaf may give goes to the other leaf. "target": what the account has above the target goes there, and what is missing to it comes from
    /// there. "threshold": the same above the maximum and below the minimum. "off": nothing moves, and no other option of the row counts.
    pub kind: String,
    /// The leaf whose physical account is kept so. Own funds with the use `sweep`.
    pub leaf: String,
    /// The leaf of the other physical account; of the same legal entity and currency. With the use `sweep` where it gives: targets, thresholds, overnight.
    pub other_leaf: String,
    /// For "target": what the account is kept at, in minor units.
    pub target_minor_units: i64,
    /// For "threshold": what it is filled to when it has less.
    pub minimum_minor_units: i64,
    /// For "threshold": what stays of it when it has more.
    pub maximum_minor_units: i64,
    /// Calendar of the days on which it is due: US-FED, EU-TARGET or GB-ENG. Empty: every day.
    pub calendar: String,
    /// Time zone of those days and of the two times, such as "America/New_York".
    pub zone: String,
    /// From when on it is due on such a day: "00:00" to "24:00".
    pub opens: String,
    /// Until when. After it, nothing moves until the next such day.
    pub cutoff: String,
    /// Whether what it moved goes back on the next such day.
    pub overnight: bool,
}

impl Config {
    /// The rules, if all rows can be used.
    pub fn sweep_rules(&self) -> Result<Vec<DatedSweepRule>, InvalidOption> {
        if self.sweeps.len() > ROWS_MAX {
            return wrong(format!("have at most {ROWS_MAX} rows"));
        }
        let mut rules: Vec<DatedSweepRule> = Vec::new();
        for row in &self.sweeps {
            let (from, rule) = row.read()?;
            let at = rules.iter().position(|known| known.id == row.rule).unwrap_or_else(|| {
                rules.push(DatedSweepRule { id: row.rule.clone(), rows: BTreeMap::new() });
                rules.len() - 1
            });
            if rules[at].rows.insert(from, rule).is_some() {
                return wrong(format!("have one row for each rule and day, and {} has two for {from}", row.rule));
            }
        }
        Ok(rules)
    }
}

impl SweepSettings {
    fn read(&self) -> Result<(Date, Option<SweepRule>), InvalidOption> {
        let Self { rule, leaf, other_leaf, calendar, .. } = self;
        if !is_id(rule) {
            return wrong(format!("name each rule, and {rule:?} is no id"));
        }
        let Some(from) = self.from.parse().ok().filter(|_| self.from.len() == "2026-11-27".len()) else {
            return wrong(format!("have a first day such as 2026-11-27, and {:?} is none, for {rule}", self.from));
        };
        if self.kind == "off" {
            return Ok((from, None));
        }
        if !is_id(leaf) || !is_id(other_leaf) || leaf == other_leaf {
            return wrong(format!("name two leaves, and {leaf:?} and {other_leaf:?} are not, for {rule}"));
        }
        let (lower, upper) = self.amounts()?;
        if !calendar.is_empty() && !HolidayCalendars::default().knows(calendar) {
            return wrong(format!("have one of the calendars US-FED, EU-TARGET and GB-ENG, or none, and {calendar:?} is not, for {rule}"));
        }
        let Ok(zone) = TimeZone::get(&self.zone) else {
            return wrong(format!("have a time zone such as America/New_York, and {:?} is none, for {rule}", self.zone));
        };
        let times = DayMinute::parse(&self.opens).zip(DayMinute::parse(&self.cutoff)).filter(|(opens, cutoff)| opens < cutoff);
        let Some((opens, cutoff)) = times else {
            let (opens, cutoff) = (&self.opens, &self.cutoff);
            return wrong(format!("have times of 00:00 to 24:00, the cutoff last, and {opens:?} and {cutoff:?} are not, for {rule}"));
        };
        let (leaf, other_leaf, overnight) = (leaf.clone(), other_leaf.clone(), self.overnight);
        let calendar = Some(calendar.clone()).filter(|id| !id.is_empty());
        Ok((from, Some(SweepRule { leaf, other_leaf, lower, upper, calendar, zone, opens, cutoff, overnight })))
    }

    /// What the account is filled to, and what stays of it.
    fn amounts(&self) -> Result<(Option<i64>, i64), InvalidOption> {
        let (target, least, most) = (self.target_minor_units, self.minimum_minor_units, self.maximum_minor_units);
        if ![target, least, most].iter().all(|amount| (0..=AMOUNT_MAX).contains(amount)) || least > most {
            return wrong(format!("have amounts of 0 to {AMOUNT_MAX}, and no maximum below the minimum, for {}", self.rule));
        }
        match self.kind.as_str() {
            "zero" => Ok((None, 0)),
            "target" => Ok((Some(target), target)),
            "threshold" => Ok((Some(least), most)),
            other => wrong(format!("be of the kind zero, target, threshold or off, and {other:?} is none, for {}", self.rule)),
        }
    }
}

fn wrong<T>(must: String) -> Result<T, InvalidOption> {
    Err(InvalidOption { option: "sweeps", must })
}
