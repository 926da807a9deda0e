//! One rail for the time that a record of it is valid.
//!
//! - [`words`]: the words of its enums. `read`: from a table of a file. [`facts`]: back to texts, field by field, for comparison.

pub mod facts;
pub(crate) mod read;
pub mod words;

use crate::cap::{CapAnswer, DatedCap, cap_answer};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::Currency;
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Whether a rail pays in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstantKind {
    /// Whenever it is open.
    Yes,
    /// During its sessions, and outside them only to participants with extended hours.
    Partly,
    /// Usually within minutes, without a promise.
    Near,
    /// In windows or by days.
    No,
}

/// How sure a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FactConfidence {
    /// Primary: a scheme, an authority, an official schema.
    P,
    /// Secondary: somebody who quotes a primary source.
    S,
    /// General knowledge, not verified.
    K,
}

/// How a beneficiary is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BeneficiaryKind {
    /// An account at a bank, named by its number.
    BankAccount,
    /// An alias, such as a phone number or a Pix key, that a directory resolves.
    Proxy,
    /// An account with a wallet provider.
    Wallet,
}

/// Whether the payee's name is compared before paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PayeeCheck {
    /// The rail has none.
    None,
    /// Available, not demanded.
    Optional,
    /// A look-up returns the registered name.
    Lookup,
    /// Demanded before every payment.
    Mandatory,
}

/// A time of day in minutes after midnight; 1440 is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayMinute(u16);

impl DayMinute {
    /// The beginning of the day, `00:00`.
    pub const START: Self = Self(0);
    /// The end of the day, `24:00`.
    pub const END: Self = Self(1440);

    /// Accepts `00:00` to `24:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':')?;
        let two =
            |part: &str| if part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse::<u16>().ok() } else { None };
        let (hour, minute) = (two(hour)?, two(minute)?);
        (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(Self(hour * 60 + minute))
    }

    /// Minutes after midnight, 0 to 1440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }

    /// Its moment on a day in a zone; `None` outside of the calendar's years. `24:00` is the start of the next day, so that a day with a clock change is not longer or
    /// shorter than it is. Where a clock change makes it ambiguous the earlier moment counts, and one that is skipped counts as late as the skip makes it.
    #[must_use]
    pub fn on(self, day: Date, zone: &TimeZone) -> Option<Timestamp> {
        let (day, minutes) = if self == Self::END { (day.tomorrow().ok()?, 0) } else { (day, self.0) };
        let at = day.at(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0);
        zone.to_ambiguous_timestamp(at).compatible().ok()
    }
}

impl fmt::Display for DayMinute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// A time of day some business days after the day of a window: `D+1 08:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BusinessTime {
    /// Business days after the window's day, 0 to 30.
    pub days: u8,
    /// Time of that day in the rail's zone.
    pub minute: DayMinute,
}

impl BusinessTime {
    /// Accepts `D+0 00:00` to `D+30 24:00`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (days, minute) = text.strip_prefix("D+")?.split_once(' ')?;
        let digits = (1..=2).contains(&days.len()) && days.bytes().all(|byte| byte.is_ascii_digit());
        let days: u8 = days.parse().ok().filter(|days| digits && *days <= 30)?;
        Some(Self { days, minute: DayMinute::parse(minute)? })
    }
}

impl fmt::Display for BusinessTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "D+{} {}", self.days, self.minute)
    }
}

/// A time of the day, some calendar days after a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTime {
    /// Less than nothing: before it.
    pub days: i8,
    /// The time.
    pub minute: DayMinute,
}

/// When a rail with hours is open: from a time to a time, for each of its days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailSession {
    /// Only for business days of the rail's calendar; otherwise for every day.
    pub business_days: bool,
    /// Opening, -1 to 1 calendar days from the session's day.
    pub opens: DayTime,
    /// Closing, which is not part of the session, 0 to 2 calendar days from the session's day.
    pub closes: DayTime,
}

/// A cut-off of a rail that settles in batches, for each business day D.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutoffWindow {
    /// Such as `same-day 1`.
    pub name: String,
    /// The time before which a payment must be with the operator, -1 to 1 calendar days from D. A payment at the cut-off itself is too late.
    pub cutoff: DayTime,
    /// When the banks settle.
    pub settles: BusinessTime,
    /// The first time at which the money can be there.
    pub earliest: BusinessTime,
    /// The time at which it usually is there.
    pub typical: BusinessTime,
    /// The time by which it must be there.
    pub latest: BusinessTime,
}

/// How long money takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RailSpeed {
    /// Seconds from a payment while the rail is open to the money being there.
    Seconds {
        /// As a rule.
        typical: u32,
        /// At most; after it, the payment's outcome must be asked for.
        longest: u32,
    },
    /// By cut-offs, in the order of the day.
    Windows(Vec<CutoffWindow>),
}

/// When a payment is sure to stay: nobody can undo it any more, and the receiving bank no longer sends back what it can't apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalityRule {
    /// As soon as it is settled.
    AtOnce,
    /// At the end of this many business days after the day of settlement; until then it is settled and returnable.
    ReturnableBusinessDays(u16),
    /// At the end of this many calendar days after the day of settlement.
    ReturnableDays(u16),
}

/// What an item costs the payer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailCost {
    /// Currency of the fixed parts.
    pub currency: Currency,
    /// Per item at least, in decimal currency units.
    pub low: Decimal,
    /// Per item as a rule; payments are compared by it.
    pub typical: Decimal,
    /// Per item at most.
    pub high: Decimal,
    /// Part of the amount, in hundredths of a per cent.
    pub basis_points: Decimal,
    /// The most that the basis points can come to, in currency units.
    pub basis_points_max: Option<Decimal>,
}

/// What the statuses of one kind of message mean on this rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusSet {
    /// Such as `pacs.002`.
    pub message: String,
    /// Statuses that say the money is with the payee's bank.
    pub settled: Vec<String>,
    /// Statuses after which another one follows.
    pub pending: Vec<String>,
    /// Statuses that say nothing was paid, or that it came back.
    pub rejected: Vec<String>,
}

/// What a status means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RailStatus {
    /// Paid.
    Settled,
    /// Not yet known.
    Pending,
    /// Not paid, or paid back.
    Rejected,
}

/// A time in business days of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecallAnswerTime {
    /// That many after the day of the recall.
    pub business_days: u16,
    /// The calendar; none: every day counts.
    pub calendar: Option<String>,
}

/// A rail as it is from one day to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailRecord {
    /// Such as `us-rtp`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// First day of validity, in the rail's zone.
    pub valid_from: Date,
    /// Last day of validity; none if no end is known.
    pub valid_until: Option<Date>,
    /// Countries (ISO 3166 alpha-2) whose accounts it can pay; `*` alone for every country.
    pub countries: BTreeSet<String>,
    /// Currencies it pays.
    pub currencies: BTreeSet<Currency>,
    /// Kinds of beneficiaries it can pay.
    pub kinds: BTreeSet<BeneficiaryKind>,
    /// Whether it pays in seconds; never on a rail with windows.
    pub instant: InstantKind,
    /// IANA name of the zone of its days, sessions and cut-offs.
    pub zone_name: String,
    /// That zone.
    pub zone: TimeZone,
    /// Its holiday calendar; none if every day is a business day.
    pub calendar: Option<String>,
    /// When it is open; always if there are none.
    pub sessions: Vec<RailSession>,
    /// Outside its sessions it still reaches participants with extended hours.
    pub extended_hours: bool,
    /// How long money takes.
    pub speed: RailSpeed,
    /// When a payment is final.
    pub finality: FinalityRule,
    /// How money comes back without a request.
    pub return_rule: String,
    /// How the payer can ask for it back.
    pub recall_rule: String,
    /// Business days within which a recall can be asked for, if there is a limit in business days.
    pub recall_business_days: Option<u16>,
    /// How long the other side has to answer a recall, if a rule says so.
    pub recall_answer: Option<RecallAnswerTime>,
    /// Sets of fields of a beneficiary; one complete set is enough.
    pub beneficiary_fields: Vec<BTreeSet<String>>,
    /// Whether the payee's name is compared.
    pub payee_check: PayeeCheck,
    /// How, in words.
    pub payee_check_note: Option<String>,
    /// What an item costs.
    pub cost: Option<RailCost>,
    /// Seconds within which the bank must answer; after them, the outcome must be asked for.
    pub bank_answer_s: Option<u32>,
    /// What statuses mean.
    pub statuses: Vec<StatusSet>,
    /// Caps of the scheme by currency and date. No cap of a currency: the scheme has none, unless another one is the cap "or equivalent".
    pub caps: Vec<DatedCap>,
    /// Where the facts are from.
    pub source: String,
    /// How sure they are.
    pub confidence: FactConfidence,
    /// Fields that are surer or less sure than the rest.
    pub field_confidence: BTreeMap<String, FactConfidence>,
    /// The day on which somebody looked.
    pub as_of: Date,
    /// What else an operator must know.
    pub note: Option<String>,
}

impl RailRecord {
    /// Whether the record is valid on this day of the rail's zone.
    #[must_use]
    pub fn is_valid_on(&self, day: Date) -> bool {
        self.valid_from <= day && self.valid_until.is_none_or(|until| day <= until)
    }

    /// Whether it pays accounts in this country (ISO 3166 alpha-2).
    #[must_use]
    pub fn pays_in(&self, country: &str) -> bool {
        self.countries.contains("*") || self.countries.contains(country)
    }

    /// The scheme's cap for payments in a currency on a day of the rail's zone.
    #[must_use]
    pub fn scheme_cap(&self, currency: Currency, day: Date) -> CapAnswer {
        cap_answer(&self.caps, currency, day)
    }

    /// What a status of a message means on this rail; `None` if the record doesn't list it, which proves nothing.
    #[must_use]
    pub fn status(&self, message: &str, code: &str) -> Option<RailStatus> {
        let set = self.statuses.iter().find(|set| set.message == message)?;
        let has = |codes: &[String]| codes.iter().any(|listed| listed == code);
        if has(&set.settled) {
            Some(RailStatus::Settled)
        } else if has(&set.pending) {
            Some(RailStatus::Pending)
        } else if has(&set.rejected) {
            Some(RailStatus::Rejected)
        } else {
            None
        }
    }

    /// Fields that the beneficiary lacks, for the set of which the fewest are missing (the first of several); empty if one set is complete.
    #[must_use]
    pub fn missing_fields(&self, present: &BTreeSet<String>) -> BTreeSet<String> {
        let missing = self.beneficiary_fields.iter().map(|set| set.difference(present).cloned().collect::<BTreeSet<_>>());
        missing.min_by_key(BTreeSet::len).unwrap_or_default()
    }

    /// How sure a field's facts are: its own confidence, or that of the record.
    #[must_use]
    pub fn confidence_of(&self, field: &str) -> FactConfidence {
        self.field_confidence.get(field).copied().unwrap_or(self.confidence)
    }
}

#[cfg(test)]
mod tests;
