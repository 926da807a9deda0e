//! Times as people read them: in UTC or the zone that the reader chose, to the second, with the exact instant beside it.
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use money::time::{day_start, rfc3339};
use prost_types::Timestamp as WireTime;
use rpc::wire;
use std::sync::Arc;

const UTC: &str = "UTC";
/// Bytes of a zone's name.
const ZONE_BYTES_MAX: usize = 64;
/// How a time is written: with the distance from UTC where it is not UTC, because an hour comes twice when clocks are put back.
const FORM: &str = "%Y-%m-%d %H:%M:%S";
const FORM_IN_ZONE: &str = "%Y-%m-%d %H:%M:%S %:z";

/// Characters of a day without a time.
const DAY_CHARS: usize = 10;

/// A zone of the list of IANA, under its name there.
#[derive(Debug, Clone)]
pub(crate) struct ReaderZone {
    name: Arc<str>,
    zone: TimeZone,
}

tokio::task_local! {
    /// The zone that a reader chose, while a page is made for them. What is no page of theirs is in UTC.
    static SHOWN: ReaderZone;
}

impl ReaderZone {
    /// The zone of a name such as `Europe/Berlin`. `None`: there is none, or it is UTC.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let zone = TimeZone::get(name).ok().filter(|_| name.len() <= ZONE_BYTES_MAX)?;
        let name: Arc<str> = zone.iana_name()?.into();
        (&*name != UTC).then_some(Self { name, zone })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The zone of the page that is made now.
    pub(crate) fn of_page() -> Option<Self> {
        SHOWN.try_with(Self::clone).ok()
    }

    /// What `work` shows in a zone, for what is made after its page.
    pub(crate) fn show_in<T>(zone: Option<&Self>, work: impl FnOnce() -> T) -> T {
        match zone {
            Some(zone) => SHOWN.sync_scope(zone.clone(), work),
            None => work(),
        }
    }

    /// Makes a page whose times are in this zone.
    pub(crate) async fn show<F: Future>(self, page: F) -> F::Output {
        SHOWN.scope(self, page).await
    }
}

/// The zone that times are shown in.
pub(crate) fn zone_name() -> String {
    SHOWN.try_with(|zone| zone.name.to_string()).unwrap_or_else(|_| UTC.to_owned())
}

/// A time on a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TimeView {
    /// `2026-11-20 23:51:11`, or `2026-11-21 00:51:11 +01:00` in another zone; empty if there is none.
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
        let in_zone = SHOWN.try_with(|shown| moment.to_zoned(shown.zone.clone()).strftime(FORM_IN_ZONE).to_string());
        Self { text: in_zone.unwrap_or_else(|_| moment.strftime(FORM).to_string()), exact: rfc3339(moment) }
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

/// The bound of a list that ends at a moment at the latest, whatever was asked for: the end of today may be, which is later.
pub(crate) fn no_later(asked: Option<&WireTime>, latest: Timestamp) -> WireTime {
    let asked = asked.and_then(wire::moment);
    wire::timestamp(asked.map_or(latest, |asked| asked.min(latest)))
}

/// The first moment after this one, as the ledger counts time: what was committed at a moment belongs to it.
pub(crate) fn just_after(moment: Timestamp) -> Timestamp {
    moment.checked_add(SignedDuration::from_micros(1)).unwrap_or(Timestamp::MAX)
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

    #[test]
    fn a_list_ends_at_its_moment_or_where_its_reader_wants() {
        let [early, late] = ["2026-11-20", "2026-11-21"].map(|text| read(text).unwrap());
        for (asked, bound) in [(None, early), (Some(late), early), (Some(early), early)] {
            assert_eq!(no_later(asked.map(wire::timestamp).as_ref(), early), wire::timestamp(bound), "{asked:?}");
        }
        assert_eq!(no_later(Some(&wire::timestamp(early)), late), wire::timestamp(early));
    }

    #[tokio::test]
    async fn a_reader_sees_times_in_their_zone_and_the_instant_stays() {
        let summer = read("2026-07-01T12:00:00Z").unwrap();
        let utc = TimeView::at(summer);
        assert_eq!((utc.text.as_str(), zone_name().as_str()), ("2026-07-01 12:00:00", "UTC"));
        let berlin = ReaderZone::find("europe/berlin").unwrap();
        let (shown, name) = berlin.show(async { (TimeView::at(summer), zone_name()) }).await;
        assert_eq!((shown.text.as_str(), name.as_str()), ("2026-07-01 14:00:00 +02:00", "Europe/Berlin"));
        assert_eq!(shown.exact, utc.exact);
        // The hour that comes twice.
        let twice = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map(|text| read(text).unwrap());
        let zone = ReaderZone::find("Europe/Berlin").unwrap();
        let texts = zone.show(async { twice.map(|moment| TimeView::at(moment).text) }).await;
        assert_eq!(texts, ["2026-10-25 02:30:00 +02:00", "2026-10-25 02:30:00 +01:00"]);
        for none in ["", "UTC", "utc", "Europe/Nowhere", "../../etc/passwd", "<b>", &"x".repeat(5_000)] {
            assert!(ReaderZone::find(none).is_none(), "{none}");
        }
    }
}
