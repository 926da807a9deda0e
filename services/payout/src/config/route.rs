//! Options of the choice of rails.

use super::InvalidPayoutOption;
use jiff::civil::Date;
use money::{Currency, Money, Rounding};
use rails::{DatedCap, ParticipantBook, ParticipantList, RailBook, RoutePolicy, RoutePreference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the choice of a rail goes by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RailPreference {
    /// The cheapest rail that is instant at this moment; if none is, the fastest.
    #[default]
    CheapestInstant,
    /// The fastest, whatever it costs.
    Fastest,
    /// The cheapest, however long it takes.
    Cheapest,
}

/// Who bears what a payout costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CostPolicy {
    /// We do.
    #[default]
    House,
    /// The person paid: the usual cost, rounded up, is taken off the amount once it is paid.
    Creator,
}

/// Options of the choice of rails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RouteConfig {
    /// What the choice goes by: `cheapest_instant`, `fastest` or `cheapest`.
    pub preference: RailPreference,
    /// Whether a rail that usually takes minutes counts as instant.
    pub near_is_instant: bool,
    /// Whether a rail of which no list of participants is loaded is taken to reach everybody in its countries.
    pub reach_without_list: bool,
    /// Whether a payout that a bank refused is tried over another rail, if the refusal's code says that this may help, after it is proved that nothing was paid.
    pub fallback: bool,
    /// Who bears the cost: `house` or `creator`.
    pub cost_bearer: CostPolicy,
    /// File with records of rails that replace the built-in ones of the same ids (`largesse rails check`); empty: none.
    pub rails_file: PathBuf,
    /// Lists of rails' participants.
    pub participants: Vec<ParticipantsFile>,
    /// Our own caps.
    pub caps: Vec<PolicyCap>,
}

/// A list of a rail's participants.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ParticipantsFile {
    /// Id of the rail.
    pub rail: String,
    /// The list's date, such as `2026-11-26`.
    pub edition: String,
    /// The file: CSV with the columns kind, key, receives, extended_hours, from, until.
    pub file: PathBuf,
}

/// A cap of our own on payments over a rail.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PolicyCap {
    /// Id of the rail.
    pub rail: String,
    /// The most that one payment may be, in decimal currency units, such as `5000.00`.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// First day, in the rail's zone, such as `2026-12-01`; empty: it always applied.
    pub from: String,
}

impl Default for RouteConfig {
    fn default() -> Self {
        Self {
            preference: RailPreference::default(),
            near_is_instant: true,
            reach_without_list: true,
            fallback: true,
            cost_bearer: CostPolicy::default(),
            rails_file: PathBuf::new(),
            participants: Vec::new(),
            caps: Vec::new(),
        }
    }
}

/// Rails, participants and policy, read from the options and the files that they name.
#[derive(Debug, Clone)]
pub struct RouteFacts {
    /// Records of rails, and calendars.
    pub book: RailBook,
    /// Lists of participants.
    pub participants: ParticipantBook,
    /// The policy of the choice.
    pub policy: RoutePolicy,
}

impl RouteConfig {
    /// Reads everything; names the first problem.
    pub fn read(&self) -> Result<RouteFacts, InvalidPayoutOption> {
        let file = |file: &PathBuf, problem: String| InvalidPayoutOption::File { file: file.clone(), problem };
        let mut book = RailBook::built_in();
        if !self.rails_file.as_os_str().is_empty() {
            let text = std::fs::read_to_string(&self.rails_file).map_err(|error| file(&self.rails_file, error.to_string()))?;
            let over = rails::check(&text).map_err(|faults| {
                let first = faults.first().map(ToString::to_string).unwrap_or_default();
                file(&self.rails_file, format!("{first} ({} problems; `largesse rails check` lists them)", faults.len()))
            })?;
            book = book.overlaid(over);
        }
        let mut participants = ParticipantBook::default();
        for list in &self.participants {
            let edition: Date =
                list.edition.parse().map_err(|_| file(&list.file, "its edition must be a day such as 2026-11-26".to_owned()))?;
            let bytes = std::fs::read(&list.file).map_err(|error| file(&list.file, error.to_string()))?;
            let read = ParticipantList::from_csv(&list.rail, edition, &bytes)
                .map_err(|faults| file(&list.file, faults.first().map(ToString::to_string).unwrap_or_default()))?;
            participants.load(read);
        }
        let mut policy = RoutePolicy {
            preference: match self.preference {
                RailPreference::CheapestInstant => RoutePreference::CheapestInstant,
                RailPreference::Fastest => RoutePreference::Fastest,
                RailPreference::Cheapest => RoutePreference::Cheapest,
            },
            near_is_instant: self.near_is_instant,
            reach_without_list: self.reach_without_list,
            caps: Default::default(),
        };
        for cap in &self.caps {
            policy.caps.entry(cap.rail.clone()).or_default().push(cap.read()?);
        }
        Ok(RouteFacts { book, participants, policy })
    }
}

impl PolicyCap {
    fn read(&self) -> Result<DatedCap, InvalidPayoutOption> {
        let wrong = |bounds| InvalidPayoutOption::Range { name: "route.caps", bounds };
        let currency = Currency::try_new(&self.currency).map_err(|_| wrong("a currency of ISO 4217"))?;
        let decimal = self.amount.parse().map_err(|_| wrong("an amount such as 5000.00"))?;
        let amount = Money::from_decimal(currency, decimal, Rounding::Down).map_err(|_| wrong("an amount such as 5000.00"))?;
        let from = match self.from.as_str() {
            "" => None,
            day => Some(day.parse().map_err(|_| wrong("a day such as 2026-12-01"))?),
        };
        Ok(DatedCap { amount, from, or_equivalent: false })
    }
}
