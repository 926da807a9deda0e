//! Windowed debit limits: how much may leave an account in an hour, a day or a month of a named zone.
//!
//! Windows follow from the time, the zone and the kind of window alone; the zones' data is compiled in. Windows of a zone are adjacent without gaps,
//! whatever its clocks do: a day may have 23 or 25 hours.

use super::{
    Micros,
    account::{BookAccount, Counters},
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use money::time::moment_us;
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

/// The kind of a limit's window, shortest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// A clock hour.
    Hour,
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

impl Window {
    /// The number of kinds.
    pub const COUNT: i64 = 3;

    /// The stored code.
    #[inline]
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 2,
            Self::Month => 3,
        }
    }

    /// From storage; `None` for an unknown code.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Hour),
            2 => Some(Self::Day),
            3 => Some(Self::Month),
            _ => None,
        }
    }

    /// The name used in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "HOUR",
            Self::Day => "DAY",
            Self::Month => "MONTH",
        }
    }
}

/// A limit as set and stored; one for each account and kind of window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Key of the account.
    pub account: i64,
    /// The kind of window it limits.
    pub window: Window,
    /// IANA name of the zone whose clock the windows follow.
    pub zone: String,
    /// What may leave in one window, in the account's unit; 0: the limit is removed.
    pub max: i64,
    /// The event that set it.
    pub seq: i64,
}

/// Most bytes of a zone's name.
const ZONE_BYTES_MAX: usize = 64;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of exactly this name; `None` if the compiled-in data has none.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    if name.len() > ZONE_BYTES_MAX {
        return None;
    }
    ZONES.get(name).ok().filter(|zone| zone.iana_name() == Some(name))
}

/// One window: from its start (inclusive) to its end (exclusive).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpan {
    /// Its start, in microseconds since the Unix epoch.
    pub start: Micros,
    /// The start of the next window.
    pub end: Micros,
}

/// The window that contains a time.
#[must_use]
pub fn span(time: Micros, zone: &TimeZone, window: Window) -> WindowSpan {
    let at = moment_us(time);
    let date = zone.to_datetime(at).date();
    let next_day = |date: Date| date.tomorrow().unwrap_or(Date::MAX);
    let next_month = |date: Date| next_day(date.last_of_month());
    match window {
        Window::Hour => hour(at, zone),
        Window::Day => dates(time, zone, date, next_day),
        Window::Month => dates(time, zone, date.first_of_month(), next_month),
    }
}

/// The window that begins with a date; or the next, if clocks went back over midnight and the date begins for the second time.
fn dates(time: Micros, zone: &TimeZone, first: Date, next: impl Fn(Date) -> Date) -> WindowSpan {
    let of = |first: Date| WindowSpan { start: beginning(first, zone), end: beginning(next(first), zone) };
    let span = of(first);
    if time < span.end || next(first) == first { span } else { of(next(first)) }
}

/// The first time at which it is this date.
fn beginning(date: Date, zone: &TimeZone) -> Micros {
    let midnight = zone.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
    let gap = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
    let moment = midnight.compatible().unwrap_or(Timestamp::MAX);
    if !gap {
        return moment.as_microsecond();
    }
    // No clock showed midnight: the day began with the clock's jump over it.
    let jump = zone.preceding(moment_us(moment.as_microsecond() + 1)).next();
    jump.map_or(moment.as_microsecond(), |jump| jump.timestamp().as_microsecond())
}

/// A clock hour, cut at jumps of the clock.
fn hour(at: Timestamp, zone: &TimeZone) -> WindowSpan {
    const SECOND: Micros = 1_000_000;
    let offset = |seconds: i64| zone.to_offset(Timestamp::from_second(seconds).unwrap_or(at)).seconds();
    let now = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
    let shift = i64::from(offset(now));
    let first = (now + shift).div_euclid(3600) * 3600 - shift;
    let jumps = |seconds: i64| offset(seconds) != offset(seconds - 1);
    let before = Timestamp::from_second(now + 1).unwrap_or(Timestamp::MAX);
    let begun = zone.preceding(before).map(|jump| jump.timestamp().as_second()).take_while(|jump| *jump > first).find(|jump| jumps(*jump));
    let ends = zone.following(Timestamp::from_second(now).unwrap_or(at)).map(|jump| jump.timestamp().as_second());
    let ends = ends.take_while(|jump| *jump < first + 3600).find(|jump| jumps(*jump));
    WindowSpan { start: begun.unwrap_or(first) * SECOND, end: ends.unwrap_or(first + 3600) * SECOND }
}

/// A time in messages: RFC 3339, in UTC.
#[must_use]
pub fn rfc3339(time: Micros) -> String {
    moment_us(time).to_string()
}

/// The total that left an account, held or posted, since it was opened.
#[inline]
#[must_use]
pub fn debits(counters: &Counters) -> i64 {
    counters.debits_posted + counters.debits_pending
}

/// A limit in force, and the account's total at the start of the window.
#[derive(Debug, Clone)]
pub struct ActiveLimit {
    /// The limit.
    pub limit: Limit,
    zone: TimeZone,
    /// The last window used, and the account's [`debits`] at its start; `None`: not read yet.
    since: Option<(WindowSpan, i64)>,
}

/// The state of a limit at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitUsage {
    /// What has left in the window; negative if more was given back.
    pub used: i64,
    /// When the next window begins.
    pub resets_at: Micros,
}

impl ActiveLimit {
    /// What an account with these counters has used by now. Callers that change counters call [`DebitLimits::roll`] first, so that a new window starts
    /// from the counters before the change.
    #[must_use]
    pub fn usage(&self, now: Micros, counters: &Counters) -> LimitUsage {
        let debits = debits(counters);
        match self.since {
            Some((span, base)) if now < span.end => LimitUsage { used: debits - base, resets_at: span.end },
            Some(_) => LimitUsage { used: 0, resets_at: span(now, &self.zone, self.limit.window).end },
            // Loaded before every decision; if it was not, the cautious answer is that everything left in this window.
            None => LimitUsage { used: debits, resets_at: span(now, &self.zone, self.limit.window).end },
        }
    }
}

/// A window of a limit, whose start has to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadWindow {
    /// Its kind.
    pub window: Window,
    /// IANA name of the zone whose clock it follows.
    pub zone: String,
    /// Its start and end.
    pub span: WindowSpan,
}

/// An account's total at the start of a window.
#[derive(Debug)]
struct WindowStart {
    account: i64,
    window: UnreadWindow,
    /// The account's [`debits`] at that time.
    base: i64,
}

/// The limits of a book that are in force.
#[derive(Debug, Default)]
pub struct DebitLimits {
    by_account: FxHashMap<i64, Vec<ActiveLimit>>,
    /// Starts of windows whose limits the coming batch may set.
    known: Vec<WindowStart>,
}

impl DebitLimits {
    /// Whether the book has no limits.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    /// The limits of an account, the shortest window first.
    #[inline]
    #[must_use]
    pub fn of(&self, account: i64) -> &[ActiveLimit] {
        self.by_account.get(&account).map_or(&[], Vec::as_slice)
    }

    /// Sets or removes a limit. `opened` says that the batch in flight opened the account, so that nothing left it before.
    pub fn set(&mut self, limit: Limit, now: Micros, opened: bool) {
        let of = self.by_account.entry(limit.account).or_default();
        of.retain(|other| other.limit.window != limit.window);
        if limit.max > 0
            && let Some(zone) = zone(&limit.zone)
        {
            let asked = |known: &&WindowStart| {
                (known.account, known.window.window, &known.window.zone) == (limit.account, limit.window, &limit.zone)
            };
            let known = self.known.iter().rev().find(asked).map(|known| (known.window.span, known.base));
            let since = if opened { Some((span(now, &zone, limit.window), 0)) } else { known };
            of.push(ActiveLimit { limit, zone, since });
            of.sort_unstable_by_key(|limited| limited.limit.window);
        } else if of.is_empty() {
            self.by_account.remove(&limit.account);
        }
    }

    /// Windows of an account whose starts have to be read.
    #[must_use]
    pub fn unknown(&self, account: i64, now: Micros) -> Vec<UnreadWindow> {
        let unread = self.of(account).iter().filter(|limited| limited.since.is_none());
        let unread = unread.map(|limited| UnreadWindow {
            window: limited.limit.window,
            zone: limited.limit.zone.clone(),
            span: span(now, &limited.zone, limited.limit.window),
        });
        unread.collect()
    }

    /// Loads an account's total at the start of a window, for a limit in force or one that the coming batch sets.
    pub fn know(&mut self, account: i64, window: UnreadWindow, base: i64) {
        for limited in self.by_account.get_mut(&account).into_iter().flatten() {
            if limited.since.is_none() && (limited.limit.window, &limited.limit.zone) == (window.window, &window.zone) {
                limited.since = Some((window.span, base));
            }
        }
        self.known.push(WindowStart { account, window, base });
    }

    /// Drops the loaded starts that only the decided batch needed.
    pub fn forget_known(&mut self) {
        self.known.clear();
    }

    /// Called before anything changes an account: windows that ended are replaced by new ones, starting from its present counters.
    pub fn roll(&mut self, before: &BookAccount, now: Micros) {
        for limited in self.by_account.get_mut(&before.key).into_iter().flatten() {
            if limited.since.is_some_and(|(span, _)| now >= span.end) {
                limited.since = Some((span(now, &limited.zone, limited.limit.window), debits(&before.counters)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
