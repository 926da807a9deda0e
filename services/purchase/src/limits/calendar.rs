//! Days and months in a user's time zone. What is spent is counted by the name of its day, so that a day that comes again in another zone has one allowance.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use money::time::moment_ms;

use super::SpendingProfile;

/// The zone whose days end last.
const LAST_ZONE: &str = "Etc/GMT+12";
/// How often the end of a day is looked for: once in each of two zones, and once more where the second is behind.
const LOOKS_MAX: usize = 4;

/// A day in a user's zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingDay {
    /// The day.
    pub day: Date,
    /// When the next one begins, in Unix milliseconds.
    pub ends_at_ms: i64,
    /// When the next month begins.
    pub month_ends_at_ms: i64,
    /// Name of the zone.
    pub zone: String,
}

impl SpendingDay {
    /// The name of its month, such as `2026-11`.
    #[must_use]
    pub fn month(&self) -> String {
        self.day.strftime("%Y-%m").to_string()
    }
}

/// The day in a zone.
#[must_use]
pub fn day_in(zone: &TimeZone, at_ms: i64) -> Date {
    moment_ms(at_ms).to_zoned(zone.clone()).date()
}

/// When a day begins in a zone, in Unix milliseconds.
fn begins(zone: &TimeZone, day: Date) -> i64 {
    day.to_zoned(zone.clone()).map_or(i64::MAX, |begin| begin.timestamp().as_millisecond())
}

fn next_day(day: Date) -> Date {
    day.saturating_add(1.day())
}

fn next_month(day: Date) -> Date {
    day.first_of_month().saturating_add(1.month())
}

/// The zone that a profile has at a time; otherwise the one given.
fn zone_at(profile: &SpendingProfile, otherwise: &TimeZone, at_ms: i64) -> TimeZone {
    let name = match &profile.next_zone {
        Some((next, from_ms)) if *from_ms <= at_ms => next,
        _ => &profile.time_zone,
    };
    // A name that a newer list of zones lacks counts as unknown.
    name.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(|| otherwise.clone())
}

/// The name of the zone that counts at a time; `None`: the market's.
#[must_use]
pub fn zone_name(profile: &SpendingProfile, at_ms: i64) -> Option<&str> {
    match &profile.next_zone {
        Some((next, from_ms)) if *from_ms <= at_ms => next.as_deref(),
        _ => profile.time_zone.as_deref(),
    }
}

/// The user's day at a time. `otherwise`: the zone of a user whose zone is not known.
#[must_use]
pub fn day_of(profile: &SpendingProfile, otherwise: &TimeZone, at_ms: i64) -> SpendingDay {
    let zone = zone_at(profile, otherwise, at_ms);
    let day = day_in(&zone, at_ms);
    let ends = |next: fn(Date) -> Date, is_over: &dyn Fn(Date) -> bool| {
        let (mut at, mut zone) = (at_ms, zone.clone());
        for _ in 0..LOOKS_MAX {
            at = begins(&zone, next(day_in(&zone, at)));
            zone = zone_at(profile, otherwise, at);
            if is_over(day_in(&zone, at)) {
                break;
            }
        }
        at
    };
    SpendingDay {
        day,
        ends_at_ms: ends(next_day, &|then| then > day),
        month_ends_at_ms: ends(next_month, &|then| then >= next_month(day)),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
    }
}

/// A profile with another zone. Where something may have been spent on the present day, it counts from the end of that day, wherever the user is.
#[must_use]
pub fn with_zone(profile: SpendingProfile, zone: Option<String>, at_ms: i64, has_spent: bool) -> SpendingProfile {
    let stands = zone_name(&profile, at_ms).map(str::to_owned);
    if stands == zone {
        return SpendingProfile { time_zone: zone, next_zone: None, ..profile };
    }
    if !has_spent {
        return SpendingProfile { time_zone: zone, next_zone: None, ..profile };
    }
    let last = TimeZone::get(LAST_ZONE).unwrap_or(TimeZone::UTC);
    let from_ms = match &profile.next_zone {
        // It is awaited already: asking for it again does not put it off.
        Some((next, from_ms)) if *from_ms > at_ms && *next == zone => *from_ms,
        _ => {
            let present = zone_at(&profile, &last, at_ms);
            begins(&present, next_day(day_in(&present, at_ms)))
        }
    };
    SpendingProfile { time_zone: stands, next_zone: Some((zone, from_ms)), ..profile }
}
