//! Windows are adjacent, contain their time, and follow the clocks of their zone.
use super::*;
use jiff::civil::DateTime;
use proptest::prelude::*;

const ZONES: [&str; 10] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",
    "America/Havana",
    "America/Sao_Paulo",
    "Africa/Casablanca",
];
const WINDOWS: [Window; 3] = [Window::Hour, Window::Day, Window::Month];
const HOUR: Micros = 3_600_000_000;

fn at(local: &str, zone_name: &str) -> Micros {
    let local: DateTime = local.parse().unwrap();
    zone(zone_name).unwrap().to_ambiguous_timestamp(local).compatible().unwrap().as_microsecond()
}

fn hours(local: &str, zone_name: &str, window: Window) -> i64 {
    let span = span(at(local, zone_name), &zone(zone_name).unwrap(), window);
    assert_eq!((span.end - span.start) % HOUR, 0);
    (span.end - span.start) / HOUR
}

#[test]
fn days_and_months_have_the_hours_their_clocks_show() {
    assert_eq!(hours("2026-03-28T12:00", "Europe/Berlin", Window::Day), 24);
    assert_eq!(hours("2026-03-29T12:00", "Europe/Berlin", Window::Day), 23);
    assert_eq!(hours("2026-10-25T12:00", "Europe/Berlin", Window::Day), 25);
    assert_eq!(hours("2026-03-01T00:00", "Europe/Berlin", Window::Month), 31 * 24 - 1);
    assert_eq!(hours("2026-10-31T23:59:59.999999", "Europe/Berlin", Window::Month), 31 * 24 + 1);
    assert_eq!(hours("2028-02-15T00:00", "UTC", Window::Month), 29 * 24);
    // Midnight came twice, or not at all.
    assert_eq!(hours("2026-11-01T12:00", "America/Havana", Window::Day), 25);
    assert_eq!(hours("2018-11-04T12:00", "America/Sao_Paulo", Window::Day), 23);
    // A skipped day: the one before it is followed by the one after it.
    assert_eq!(hours("2011-12-29T12:00", "Pacific/Apia", Window::Day), 24);
    assert_eq!(hours("2011-12-31T12:00", "Pacific/Apia", Window::Day), 24);
    assert_eq!(hours("2011-12-31T12:00", "Pacific/Apia", Window::Month), 30 * 24);
}

#[test]
fn a_window_begins_at_its_first_microsecond_and_ends_before_its_last() {
    let berlin = zone("Europe/Berlin").unwrap();
    let midnight = at("2026-05-01T00:00", "Europe/Berlin");
    for window in WINDOWS {
        assert_eq!(span(midnight, &berlin, window).start, midnight);
        assert_eq!(span(midnight - 1, &berlin, window).end, midnight);
    }
}

#[test]
fn only_a_zone_of_that_very_name_is_one() {
    for name in ["", "Mars/Olympus", "europe/berlin", "../etc/passwd", "Europe/Berlin\0", &"E".repeat(100)] {
        assert!(zone(name).is_none(), "{name}");
    }
    assert!(zone("Europe/Berlin").is_some() && zone("UTC").is_some());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]
    #[test]
    fn windows_lie_side_by_side(time in 0..4_102_444_800_000_000i64, near in any::<bool>(), zone_at in 0..ZONES.len(), window in 0..3usize) {
        let (zone, window) = (zone(ZONES[zone_at]).unwrap(), WINDOWS[window]);
        // Half of the times near a jump of the clock, the difficult cases.
        let jump = zone.following(Timestamp::from_microsecond(time).unwrap()).next().filter(|_| near);
        let time = jump.map_or(time, |jump| jump.timestamp().as_microsecond() + time % (4 * HOUR) - 2 * HOUR);
        let this = span(time, &zone, window);
        prop_assert!(this.start <= time && time < this.end, "{} {:?} {}", time, this, ZONES[zone_at]);
        for other in [this.start, this.end - 1, this.start + (this.end - this.start) / 2, this.start + (this.end - this.start) / 7] {
            prop_assert_eq!(span(other, &zone, window), this);
        }
        prop_assert_eq!(span(this.end, &zone, window).start, this.end);
        prop_assert_eq!(span(this.start - 1, &zone, window).end, this.start);
        let longest = match window { Window::Hour => 1, Window::Day => 49, Window::Month => 32 * 24 };
        prop_assert!(this.end - this.start <= longest * HOUR, "{:?}", this);
    }
}
