//! When entries settle: by the effective date of their batch, the bank's clock, and the dated records of ACH.

use bankfiles::nacha::AchBatch;
use jiff::{Timestamp, civil::Date};
use money::{Currency, Money};
use rails::{CalendarGap, CapAnswer, RailBook, RailRecord, SendTerms};
use std::collections::BTreeMap;

/// The record of settlement on the same day.
const SAME_DAY: &str = "us-ach-same-day";
/// The record of settlement on the next banking day.
const NEXT_DAY: &str = "us-ach";

/// Why a batch can't be scheduled: the records or their calendar don't cover its days.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unscheduled {
    /// No record is valid.
    #[error("no record of {0} is valid at that time")]
    NoRecord(&'static str),
    /// A calendar has no answer.
    #[error(transparent)]
    Calendar(#[from] CalendarGap),
    /// `YYMMDD` of no day.
    #[error("the effective entry date is no date")]
    EffectiveDate,
}

fn record<'a>(rails: &'a RailBook, id: &'static str, at: Timestamp) -> Result<&'a RailRecord, Unscheduled> {
    rails.record_at(id, at).ok_or(Unscheduled::NoRecord(id))
}

/// The effective entry date; `None` where the batch names none.
fn effective(batch: &AchBatch) -> Result<Option<Date>, Unscheduled> {
    let text = batch.header.effective_date.as_str();
    if matches!(text, "" | "000000") {
        return Ok(None);
    }
    Date::strptime("%y%m%d", text).map(Some).map_err(|_| Unscheduled::EffectiveDate)
}

/// The next settlement after a moment on the next-day rail.
pub fn next_settlement(rails: &RailBook, at: Timestamp) -> Result<Timestamp, Unscheduled> {
    Ok(record(rails, NEXT_DAY, at)?.expectation(rails.calendars(), at, SendTerms::default())?.settles)
}

/// The morning some banking days after a settlement, at least 1: when an answer of the receiver's bank is there.
pub fn morning_after(rails: &RailBook, settled: Timestamp, days: u32) -> Result<Timestamp, Unscheduled> {
    let next_day = record(rails, NEXT_DAY, settled)?;
    let calendar = next_day.calendar.as_deref();
    let before = rails.calendars().add_business_days(calendar, next_day.local_day(settled), days.max(1) - 1)?;
    next_settlement(rails, noon(next_day, before).max(settled))
}

fn noon(record: &RailRecord, day: Date) -> Timestamp {
    record.zone.to_ambiguous_timestamp(day.at(12, 0, 0, 0)).compatible().unwrap_or(Timestamp::MAX)
}

/// When each entry of a batch settles, as positions in the batch by moment. Entries of the same moment settle as one sum.
pub fn settlements(rails: &RailBook, batch: &AchBatch, now: Timestamp) -> Result<BTreeMap<Timestamp, Vec<usize>>, Unscheduled> {
    let next_day = record(rails, NEXT_DAY, now)?;
    let today = next_day.local_day(now);
    let usual = match effective(batch)? {
        Some(date) if date > today => {
            let calendar = next_day.calendar.as_deref();
            let day = rails.calendars().business_day_from(calendar, date)?;
            let before = rails.calendars().previous_business_day(calendar, day)?;
            next_settlement(rails, noon(next_day, before).max(now))?
        }
        _ => next_settlement(rails, now)?,
    };
    let same_day = same_day(rails, batch, now)?;
    let mut found: BTreeMap<Timestamp, Vec<usize>> = BTreeMap::new();
    for (index, entry) in batch.entries.iter().enumerate() {
        let fits = |cap: Option<Money>| cap.is_none_or(|cap| entry.amount_cents <= cap.minor_units());
        let at = same_day.filter(|(_, cap)| fits(*cap)).map_or(usual, |(at, _)| at);
        found.entry(at).or_default().push(index);
    }
    Ok(found)
}

/// When a batch settles today, and the most that an entry may be. `None`: it asks for another day, or the last window is over.
fn same_day(rails: &RailBook, batch: &AchBatch, now: Timestamp) -> Result<Option<(Timestamp, Option<Money>)>, Unscheduled> {
    // A rail that does not exist on the day leaves the usual one.
    let Some(record) = rails.record_at(SAME_DAY, now) else { return Ok(None) };
    let today = record.local_day(now);
    if effective(batch)? != Some(today) {
        return Ok(None);
    }
    let window = record.cutoff_at(rails.calendars(), now, SendTerms::default())?;
    if window.is_none_or(|(_, day, _)| day != today) {
        return Ok(None);
    }
    let settles = record.expectation(rails.calendars(), now, SendTerms::default())?.settles;
    let cap = Currency::try_new("USD").map(|dollar| record.scheme_cap(dollar, today));
    let cap = match cap {
        Ok(CapAnswer::AtMost(cap)) => Some(cap),
        _ => None,
    };
    Ok(Some((settles, cap)))
}

#[cfg(test)]
mod tests;
