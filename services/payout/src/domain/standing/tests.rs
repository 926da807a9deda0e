//! Unit tests of moments.
use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn moments(rhythm: &str, time: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(rhythm, time, zone).unwrap();
    let mut last = at(from);
    let mut found = Vec::new();
    for _ in 0..count {
        last = schedule.next_after(last);
        found.push(last.to_string());
    }
    found
}

#[test]
fn a_week_and_a_month_have_their_moments_in_their_own_zone() {
    let fridays = moments("weekly:5", "18:30", "America/New_York", "2026-10-23T00:00:00Z", 3);
    // The clocks go back on 1 November.
    assert_eq!(fridays, ["2026-10-23T22:30:00Z", "2026-10-30T22:30:00Z", "2026-11-06T23:30:00Z"]);
    let ends = moments("monthly:31", "00:00", "Europe/Berlin", "2027-01-31T00:00:00Z", 3);
    assert_eq!(ends, ["2027-02-27T23:00:00Z", "2027-03-30T22:00:00Z", "2027-04-29T22:00:00Z"]);
    assert_eq!(moments("monthly:29", "12:00", "UTC", "2028-02-01T00:00:00Z", 2), ["2028-02-29T12:00:00Z", "2028-03-29T12:00:00Z"]);
}

#[test]
fn an_amount_is_compared_by_the_words_that_earlier_programs_kept() {
    assert_eq!(StandingAmount::Fixed(1_000).text(), "Fixed(1000)");
    assert_eq!(StandingAmount::Above(0).text(), "Above(0)");
}

#[test]
fn a_time_that_the_clocks_skip_is_later_and_one_that_is_there_twice_is_due_once() {
    // 02:30 does not exist in Berlin on 28 March 2027, and exists twice on 31 October 2027. Both are Sundays.
    assert_eq!(moments("weekly:7", "02:30", "Europe/Berlin", "2027-03-25T00:00:00Z", 2), ["2027-03-28T01:30:00Z", "2027-04-04T00:30:00Z"]);
    assert_eq!(moments("weekly:7", "02:30", "Europe/Berlin", "2027-10-28T00:00:00Z", 2), ["2027-10-31T00:30:00Z", "2027-11-07T01:30:00Z"]);
}

#[test]
fn of_several_missed_moments_only_the_newest_is_due() {
    let schedule = Schedule::parse("weekly:5", "12:00", "UTC").unwrap();
    let due = at("2026-11-06T12:00:00Z");
    for (now, newest) in [
        ("2026-11-06T12:00:00Z", "2026-11-06T12:00:00Z"),
        ("2026-11-13T11:59:59Z", "2026-11-06T12:00:00Z"),
        ("2026-11-27T12:00:00Z", "2026-11-27T12:00:00Z"),
        ("2036-11-27T12:00:00Z", "2036-11-21T12:00:00Z"),
    ] {
        assert_eq!(schedule.newest(due, at(now)), at(newest), "{now}");
    }
    assert_eq!(schedule.next_after(Timestamp::MAX), Timestamp::MAX);
}

#[test]
fn malformed_schedules_are_none() {
    for (rhythm, time, zone) in [
        ("weekly:0", "12:00", "UTC"),
        ("weekly:8", "12:00", "UTC"),
        ("monthly:0", "12:00", "UTC"),
        ("monthly:32", "12:00", "UTC"),
        ("monthly:999", "12:00", "UTC"),
        ("daily:1", "12:00", "UTC"),
        ("weekly", "12:00", "UTC"),
        ("weekly:1", "24:00", "UTC"),
        ("weekly:1", "12:60", "UTC"),
        ("weekly:1", "1:00", "UTC"),
        ("weekly:1", "+1:00", "UTC"),
        ("weekly:1", "12:00:00", "UTC"),
        ("weekly:1", "", "UTC"),
        ("weekly:1", "12:00", "Atlantis/Poseidonis"),
        ("weekly:1", "12:00", ""),
    ] {
        assert_eq!(Schedule::parse(rhythm, time, zone), None, "{rhythm} {time} {zone}");
    }
    let schedule = Schedule::parse("weekly:7", "09:05", "Asia/Tokyo").unwrap();
    assert_eq!((schedule.rhythm_text().as_str(), schedule.time_text().as_str()), ("weekly:7", "09:05"));
}
