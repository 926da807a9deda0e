//! Windowed debit limits: how much may leave an account in an hour, a day or a month of a named zone.
//!
//! Windows follow from the time, the zone and the kind of window alone; the zones' data is compiled in. For each zone they lie side by side
//! without a gap, whatever its clocks do: a day may have 23 or 25 hours.

use super::{
    Micros,
    account::{BookAccount, Counters},
};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
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
    /// How many kinds there are.
    pub const COUNT: i64 = 3;

    /// As stored.
    #[inline]
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 2,
            Self::Month => 3,
        }
    }

    /// From storage; `None` for a code nobody wrote.
    #[must_use]
    pub const fn from_code(code: i64) -> Option<Self> {
        match code {
            1 => Some(Self::Hour),
            2 => Some(Self::Day),
            3 => Some(Self::Month),
            _ => None,
        }
    }

    /// As told.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "HOUR",
            Self::Day => "DAY",
            Self::Month => "MONTH",
        }
    }
}

/// A limit as it is set and stored; one for each account and kind of window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Key of the account.
    pub account: i64,
    /// Over which time.
    pub window: Window,
    /// IANA name of the zone whose clock the windows follow.
    pub zone: String,
    /// What may leave in one window, in the account's unit; 0: there is no limit any more.
    pub max: i64,
    /// The event that set it.
    pub seq: i64,
}

/// Bytes of a zone's name at the most.
const ZONE_BYTES_MAX: usize = 64;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of this very name; `None` if there is none in the data that is compiled in.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    if name.len() > ZONE_BYTES_MAX {
        return None;
    }
    ZONES.get(name).ok().filter(|zone| zone.iana_name() == Some(name))
}

/// One window: from its start up to, and without, its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSpan {
    /// Its first moment, in microseconds since the Unix epoch.
    pub start: Micros,
    /// The first moment of the next.
    pub end: Micros,
}

/// The window that a time is in.
#[must_use]
pub fn span(time: Micros, zone: &TimeZone, window: Window) -> WindowSpan {
    let at = Timestamp::from_microsecond(time).unwrap_or(if time < 0 { Timestamp::MIN } else { Timestamp::MAX });
    let date = zone.to_datetime(at).date();
    let next_day = |date: Date| date.tomorrow().unwrap_or(Date::MAX);
    let next_month = |date: Date| next_day(date.last_of_month());
    match window {
        Window::Hour => hour(at, zone),
        Window::Day => dates(time, zone, date, next_day),
        Window::Month => dates(time, zone, date.first_of_month(), next_month),
    }
}

/// The window that begins with a date; or the one after it, where clocks went back over midnight and the date is there for the second time.
fn dates(time: Micros, zone: &TimeZone, first: Date, next: impl Fn(Date) -> Date) -> WindowSpan {
    let of = |first: Date| WindowSpan { start: beginning(first, zone), end: beginning(next(first), zone) };
    let span = of(first);
    if time < span.end || next(first) == first { span } else { of(next(first)) }
}

/// The first moment at which it is this date.
fn beginning(date: Date, zone: &TimeZone) -> Micros {
    let midnight = zone.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
    let gap = matches!(midnight.offset(), AmbiguousOffset::Gap { .. });
    let moment = midnight.compatible().unwrap_or(Timestamp::MAX);
    if !gap {
        return moment.as_microsecond();
    }
    // No clock showed midnight: the day began with the jump over it.
    let jump = zone.preceding(Timestamp::from_microsecond(moment.as_microsecond() + 1).unwrap_or(Timestamp::MAX)).next();
    jump.map_or(moment.as_microsecond(), |jump| jump.timestamp().as_microsecond())
}

/// A clock hour, cut where the clock jumps.
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

/// A time as it is told to people: RFC 3339, in UTC.
#[must_use]
pub fn rfc3339(time: Micros) -> String {
    Timestamp::from_microsecond(time).unwrap_or(Timestamp::MAX).to_string()
}

/// What had left an account, held or posted, since it was opened.
#[inline]
#[must_use]
pub fn debits(counters: &Counters) -> i64 {
    counters.debits_posted + counters.debits_pending
}

/// A limit in force, and where its account stood when the window began.
#[derive(Debug, Clone)]
pub struct ActiveLimit {
    /// As set.
    pub limit: Limit,
    zone: TimeZone,
    /// The last window that was looked at, and the account's [`debits`] at its start; `None`: to be read.
    since: Option<(WindowSpan, i64)>,
}

/// A limit asked about at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitUsage {
    /// What has left in the window; less than nothing where more was given back.
    pub used: i64,
    /// When the next window begins.
    pub resets_at: Micros,
}

impl ActiveLimit {
    /// What an account with these counters has used by now. Whoever changed them called [`DebitLimits::roll`] before, so that in a new window they are
    /// still what they were at its start.
    #[must_use]
    pub fn usage(&self, now: Micros, counters: &Counters) -> LimitUsage {
        let debits = debits(counters);
        match self.since {
            Some((span, base)) if now < span.end => LimitUsage { used: debits - base, resets_at: span.end },
            Some(_) => LimitUsage { used: 0, resets_at: span(now, &self.zone, self.limit.window).end },
            // Read before every decision; if it was not, the cautious answer is that everything left in this window.
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
    /// From when to when.
    pub span: WindowSpan,
}

/// Where an account stood when a window began.
#[derive(Debug)]
struct WindowStart {
    account: i64,
    window: UnreadWindow,
    /// The account's [`debits`] then.
    base: i64,
}

/// The limits of a book that are in force.
#[derive(Debug, Default)]
pub struct DebitLimits {
    by_account: FxHashMap<i64, Vec<ActiveLimit>>,
    /// Where accounts stood at the starts of windows whose limits the coming batch may set.
    known: Vec<WindowStart>,
}

impl DebitLimits {
    /// Whether the book has none.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_account.is_empty()
    }

    /// Those of an account, the shortest window first.
    #[inline]
    #[must_use]
    pub fn of(&self, account: i64) -> &[ActiveLimit] {
        self.by_account.get(&account).map_or(&[], Vec::as_slice)
    }

    /// Puts a limit in force, or out of it. `opened` says that the account came to be with the batch in flight, so that nothing left it before.
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

    /// Where an account stood at the start of a window, for a limit in force or one that the coming batch sets.
    pub fn know(&mut self, account: i64, window: UnreadWindow, base: i64) {
        for limited in self.by_account.get_mut(&account).into_iter().flatten() {
            if limited.since.is_none() && (limited.limit.window, &limited.limit.zone) == (window.window, &window.zone) {
                limited.since = Some((window.span, base));
            }
        }
        self.known.push(WindowStart { account, window, base });
    }

    /// The coming batch has been decided.
    pub fn forget_known(&mut self) {
        self.known.clear();
    }

    /// Before anything changes an account: where its windows ended, new ones begin from what it is now.
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
