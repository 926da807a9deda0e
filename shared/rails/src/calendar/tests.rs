//! Computed calendars against days that are known, and lists that end.

use super::{computed::easter, *};
use crate::{
    RailBook,
    sample::{book, day},
};
use proptest::prelude::*;

const US: Option<&str> = Some("US-FED");

fn open(id: &str, date: &str) -> bool {
    HolidayCalendars::default().is_business_day(Some(id), day(date)).unwrap()
}

#[test]
fn easter_is_where_it_was_and_will_be() {
    for (year, sunday) in [
        (1818, "1818-03-22"),
        (2000, "2000-04-23"),
        (2024, "2024-03-31"),
        (2025, "2025-04-20"),
        (2026, "2026-04-05"),
        (2038, "2038-04-25"),
        (2049, "2049-04-18"),
    ] {
        assert_eq!(easter(year), Some(day(sunday)));
    }
    assert_eq!((easter(1582), easter(9999), easter(i16::MIN)), (None, None, None));
}

#[test]
fn fed_is_open_on_the_friday_before_a_holiday_on_saturday() {
    assert!(open("US-FED", "2026-07-03") && open("US-FED", "2027-12-24") && open("US-FED", "2027-12-31"));
    assert!(!open("US-FED", "2027-07-05"), "the Monday after a holiday on Sunday");
    assert!(!open("US-FED", "2022-12-26") && !open("US-FED", "2023-01-02"));
    assert!(!open("US-FED", "2026-11-26") && open("US-FED", "2026-11-27"), "Thanksgiving is the fourth Thursday, and its Friday is open");
    assert!(!open("US-FED", "2026-05-25") && open("US-FED", "2026-05-18"), "Memorial Day is the last Monday");
    assert_eq!(ComputedCalendar::UsFed.holidays(2025).len(), 11);
}

#[test]
fn target_closes_on_six_days_only() {
    for date in ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25"] {
        assert!(!open("EU-TARGET", date), "{date}");
    }
    for date in ["2026-10-02", "2026-11-11", "2026-12-24", "2026-12-28", "2026-12-31", "2027-12-27"] {
        assert!(open("EU-TARGET", date), "national holidays and Mondays after one are open: {date}");
    }
    assert_eq!(ComputedCalendar::EuTarget.holidays(2026).len(), 6);
}

#[test]
fn england_has_substitute_days() {
    let cases: [(&str, &[&str]); 6] = [
        ("2024", &["2024-12-25", "2024-12-26"]),
        ("2026", &["2026-12-25", "2026-12-28"]),
        ("2027", &["2027-12-27", "2027-12-28"]),
        ("2028", &["2028-01-03", "2028-12-25", "2028-12-26"]),
        ("2033", &["2033-01-03", "2033-12-26", "2033-12-27"]),
        ("2034", &["2034-01-02", "2034-12-25", "2034-12-26"]),
    ];
    for (year, dates) in cases {
        let holidays = ComputedCalendar::GbEng.holidays(year.parse().unwrap());
        assert_eq!(holidays.len(), 8, "{holidays:?}");
        for date in dates {
            assert!(holidays.contains(&day(date)), "{date}: {holidays:?}");
        }
    }
    assert!(!open("GB-ENG", "2026-05-04") && !open("GB-ENG", "2026-05-25") && !open("GB-ENG", "2026-08-31"));
}

#[test]
fn business_days_are_counted_over_a_long_weekend() {
    let calendars = HolidayCalendars::default();
    let friday = day("2027-01-15");
    assert_eq!(calendars.next_business_day(US, friday), Ok(day("2027-01-19")));
    assert_eq!(calendars.previous_business_day(US, day("2027-01-19")), Ok(friday));
    assert_eq!(calendars.add_business_days(US, friday, 0), Ok(friday));
    assert_eq!(calendars.add_business_days(US, friday, 2), Ok(day("2027-01-20")));
    assert_eq!(calendars.add_business_days(US, day("2027-01-16"), 0), Ok(day("2027-01-19")), "a Saturday");
    assert_eq!(calendars.add_business_days(US, day("2027-01-16"), 1), Ok(day("2027-01-19")));
    assert_eq!(calendars.add_business_days(None, day("2027-01-16"), 1), Ok(day("2027-01-17")), "without a calendar every day counts");
    assert!(matches!(calendars.add_business_days(US, friday, u32::MAX), Err(CalendarGap::TooFar { .. })));
}

#[test]
fn a_list_that_ends_is_an_error_and_no_empty_calendar() {
    let text = "[[calendar]]\nid = \"XX\"\nfrom = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2026-12-31\"]\nweekend = [\"friday\"]\nsource = \"test\"";
    let calendars = book(text).calendars().clone();
    assert_eq!(calendars.is_business_day(Some("XX"), day("2026-12-31")), Ok(false));
    assert_eq!(calendars.is_business_day(Some("XX"), day("2026-12-18")), Ok(false), "a Friday");
    assert_eq!(calendars.is_business_day(Some("XX"), day("2026-12-19")), Ok(true), "a Saturday");
    let beyond = CalendarGap::Beyond { id: "XX".to_owned(), until: day("2026-12-31"), asked: day("2027-01-01") };
    assert_eq!(calendars.is_business_day(Some("XX"), day("2027-01-01")), Err(beyond.clone()));
    assert_eq!(calendars.next_business_day(Some("XX"), day("2026-12-31")), Err(beyond.clone()));
    assert_eq!(beyond.to_string(), "holiday calendar XX ends on 2026-12-31; load a list that covers 2027-01-01");
    assert!(matches!(calendars.is_holiday("XX", day("2025-12-31")), Err(CalendarGap::Before { .. })));
    assert!(matches!(calendars.is_holiday("YY", day("2026-12-31")), Err(CalendarGap::Unknown { .. })));
    assert!(matches!(calendars.is_business_day(Some("GB-ENG"), day("2023-05-08")), Err(CalendarGap::BeyondRules { .. })), "the coronation");
    assert!(matches!(calendars.is_business_day(US, day("2100-01-02")), Err(CalendarGap::BeyondRules { .. })), "also on a weekend");
    assert_eq!(calendars.next_business_day(None, Date::MAX), Err(CalendarGap::OutOfRange { id: "every day".to_owned() }));
}

#[test]
fn nobody_is_told_to_load_a_list_of_a_computed_calendar() {
    let calendars = HolidayCalendars::default();
    let ask = |id: &str, date: &str| calendars.is_business_day(Some(id), day(date)).unwrap_err().to_string();
    assert_eq!(
        ask("US-FED", "2100-01-04"),
        "holiday calendar US-FED is computed from 2022-01-01 to 2099-12-31 only, and 2100-01-04 is outside; a list can't be loaded for it"
    );
    for calendar in ComputedCalendar::ALL {
        for date in ["2000-01-01", "2100-01-04"] {
            let told = ask(calendar.id(), date);
            assert!(!told.contains("load a list") && told.contains(date), "{told}");
        }
    }
    assert!(ask("XX", "2100-01-04").contains("load a list"));
}

#[test]
fn a_correction_adds_and_removes_days_of_a_computed_calendar() {
    let text = "[[calendar]]\nid = \"GB-ENG\"\nadded = [\"2028-06-09\"]\nremoved = [\"2028-05-29\"]\nsource = \"a proclamation\"";
    let calendars = RailBook::built_in().overlaid(book(text)).calendars().clone();
    let gb = Some("GB-ENG");
    assert_eq!(calendars.is_business_day(gb, day("2028-06-09")), Ok(false));
    assert_eq!(calendars.is_business_day(gb, day("2028-05-29")), Ok(true));
    assert_eq!(calendars.is_business_day(gb, day("2028-05-01")), Ok(false), "the other days stay");
}

proptest! {
    #[test]
    fn next_and_previous_business_days_are_neighbours(days in 0_i64..27_000, which in 0_usize..3) {
        let id = Some(ComputedCalendar::ALL[which].id());
        let calendars = HolidayCalendars::default();
        let date = day("2024-03-01").checked_add(jiff::Span::new().days(days)).unwrap();
        let next = calendars.next_business_day(id, date).unwrap();
        prop_assert!(next > date && calendars.is_business_day(id, next).unwrap());
        let mut between = date.tomorrow().unwrap();
        while between < next {
            prop_assert!(!calendars.is_business_day(id, between).unwrap());
            between = between.tomorrow().unwrap();
        }
        let back = calendars.previous_business_day(id, next).unwrap();
        prop_assert_eq!(back == date, calendars.is_business_day(id, date).unwrap());
    }
}
