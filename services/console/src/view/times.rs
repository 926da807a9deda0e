//! Times as people read them: in UTC, to the second, with the exact instant beside it.
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use money::time::{day_start, rfc3339};
use prost_types::Timestamp as WireTime;
use rpc::wire;

/// Characters of a day without a time.
const DAY_CHARS: usize = 10;

/// A time on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TimeView {
    /// `2026-11-20 23:51:11`; empty if there is none.
    pub(crate) text: String,
    /// The exact instant, RFC 3339.
    pub(crate) exact: String,
}

impl TimeView {
    /// The view of a message's time; nothing for none.
    pub(crate) fn of(time: Option<&WireTime>) -> Self {
        time.and_then(wire::moment).map(Self::at).unwrap_or_default()
    }

    pub(crate) fn at(moment: Timestamp) -> Self {
        Self { text: moment.strftime("%Y-%m-%d %H:%M:%S").to_string(), exact: rfc3339(moment) }
    }
}

/// A moment that a person wrote, in UTC: RFC 3339, or a date with or without a time.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Ok(day) = text.parse::<Date>()
        && text.len() == DAY_CHARS
    {
        return Some(day_start(day));
    }
    TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()
}

#[cfg(test)]
mod tests {
    //! Unit tests of times.
    use super::*;

    #[test]
    fn what_people_write_is_read_in_utc() {
        for (text, exact) in [
            ("2026-11-20T23:51:11.5Z", "2026-11-20T23:51:11.500+00:00"),
            ("2026-11-20T23:51:11+01:00", "2026-11-20T22:51:11+00:00"),
            ("2026-11-20T23:51", "2026-11-20T23:51:00+00:00"),
            ("2026-11-20 23:51", "2026-11-20T23:51:00+00:00"),
            (" 2026-11-20 ", "2026-11-20T00:00:00+00:00"),
        ] {
            assert_eq!(read(text).map(rfc3339).as_deref(), Some(exact), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-11-20T25:00", "<b>", &"9".repeat(5_000)] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
