//! Openings, cut-offs and finality over nights, weekends, holidays and clock changes.

use super::*;
use crate::{
    RailBook,
    sample::{at, book, ours, rail_text, record},
};

const NEW_YORK: &str = "America/New_York";

fn ny(local: &str) -> Timestamp {
    at(&format!("{local}[{NEW_YORK}]"))
}

fn calendars() -> HolidayCalendars {
    RailBook::built_in().calendars().clone()
}

fn open(rail: &RailRecord, at: Timestamp) -> bool {
    rail.is_open(&calendars(), at, false).unwrap()
}

fn opens(rail: &RailRecord, at: Timestamp) -> Timestamp {
    rail.next_open(&calendars(), at, false).unwrap()
}

fn expect(rail: &RailRecord, at: Timestamp) -> PaymentExpectation {
    rail.expectation(&calendars(), at, SendTerms::default()).unwrap()
}

fn window(rail: &RailRecord, at: Timestamp, lead_minutes: u32) -> (String, Timestamp) {
    let terms = SendTerms { lead_minutes, extended: false };
    rail.expectation(&calendars(), at, terms).unwrap().cutoff.unwrap()
}

#[test]
fn a_session_begins_on_the_evening_before_and_ends_before_its_closing() {
    let wire = ours("us-fedwire");
    assert!(open(&wire, ny("2026-11-25T18:44:59")) && !open(&wire, ny("2026-11-25T18:45")));
    assert!(!open(&wire, ny("2026-11-25T21:00")), "Thanksgiving has no session, so none begins on its eve");
    assert_eq!(opens(&wire, ny("2026-11-25T18:45")), ny("2026-11-26T21:00"), "Friday's begins on the evening of Thanksgiving");
    assert!(open(&wire, ny("2026-11-26T21:00")) && !open(&wire, ny("2026-11-26T20:59:59")));
    assert_eq!(opens(&wire, ny("2027-01-15T19:00")), ny("2027-01-18T21:00"), "a long weekend: Tuesday's begins on the holiday's evening");
    assert_eq!(opens(&wire, ny("2026-11-25T12:00")), ny("2026-11-25T12:00"));
}

#[test]
fn a_rail_without_sessions_is_always_open() {
    for id in ["us-rtp", "sepa-instant", "br-pix", "mx-spei"] {
        let now = at("2026-12-25T03:00[UTC]");
        assert!(open(&ours(id), now), "{id}");
        let expected = expect(&ours(id), now);
        assert_eq!((expected.starts, expected.cutoff.clone()), (now, None));
        assert!(expected.earliest < expected.typical && expected.typical <= expected.latest && expected.final_at == expected.settles);
    }
}

#[test]
fn same_day_windows_follow_each_other_and_the_cutoff_itself_is_too_late() {
    let ach = ours("us-ach-same-day");
    assert_eq!(window(&ach, ny("2026-11-25T10:29:59"), 0), ("same-day 1".to_owned(), ny("2026-11-25T10:30")));
    assert_eq!(window(&ach, ny("2026-11-25T10:30"), 0), ("same-day 2".to_owned(), ny("2026-11-25T14:45")));
    assert_eq!(window(&ach, ny("2026-11-25T09:30"), 60), ("same-day 2".to_owned(), ny("2026-11-25T13:45")), "the bank's lead");
    assert_eq!(window(&ach, ny("2026-11-25T14:45"), 0), ("same-day 3".to_owned(), ny("2026-11-25T16:45")));
    let late = expect(&ach, ny("2026-11-25T16:45"));
    assert_eq!((late.starts, late.cutoff), (ny("2026-11-27T03:00"), Some(("same-day 1".to_owned(), ny("2026-11-27T10:30")))));
    assert_eq!((late.settles, late.typical, late.latest), (ny("2026-11-27T13:00"), ny("2026-11-27T13:30"), ny("2026-11-28T00:00")));
    assert_eq!(late.final_at, ny("2026-12-02T00:00"), "returnable until the end of Tuesday, the second banking day");
}

#[test]
fn the_banks_lead_moves_the_end_of_a_session_forward() {
    let wire = ours("us-fedwire");
    let starts = |rail: &RailRecord, at: Timestamp, lead_minutes: u32, extended: bool| {
        rail.expectation(&calendars(), at, SendTerms { lead_minutes, extended }).map(|expected| expected.starts)
    };
    let (last, late) = (ny("2026-11-24T18:14:59"), ny("2026-11-24T18:15"));
    assert_eq!(starts(&wire, last, 30, false), Ok(last));
    assert_eq!(starts(&wire, late, 30, false), Ok(ny("2026-11-24T21:00")), "18:45 less half an hour is itself too late");
    assert_eq!(starts(&wire, late, 0, false), Ok(late));
    let expected = wire.expectation(&calendars(), late, SendTerms { lead_minutes: 30, extended: false }).unwrap();
    assert_eq!(expected.typical, ny("2026-11-24T21:05"), "the money waits for the next session too");
    assert_eq!(starts(&wire, ny("2026-11-26T21:00"), 21 * 60, false), Ok(ny("2026-11-26T21:00")), "a session of 21 hours and 45 minutes");
    assert!(matches!(starts(&wire, last, 22 * 60, false), Err(CalendarGap::TooFar { .. })), "no session is that long");
    let zengin = ours("jp-zengin");
    let afternoon = at("2026-11-27T15:00[Asia/Tokyo]");
    assert_eq!(starts(&zengin, afternoon, 60, false), Ok(at("2026-11-30T08:30[Asia/Tokyo]")));
    assert_eq!(starts(&zengin, afternoon, 60, true), Ok(afternoon), "with extended hours no session ends");
    let every = "seconds = { typical = 1, longest = 2 }\nsessions = [{ days = \"every\", opens = \"00:00\", closes = \"24:00\" }]";
    let day = record(&rail_text("day", "Europe/Berlin", every));
    let evening = at("2026-11-27T23:50[Europe/Berlin]");
    assert_eq!(starts(&day, evening, 60, false), Ok(evening), "the next session adjoins, so nothing ends at midnight");
}

#[test]
fn a_night_window_belongs_to_the_banking_day_before() {
    let ach = ours("us-ach");
    let night = expect(&ach, ny("2026-11-25T23:00"));
    assert_eq!(night.cutoff, Some(("night".to_owned(), ny("2026-11-26T02:15"))));
    assert_eq!(night.settles, ny("2026-11-27T08:30"), "Thanksgiving is between");
    assert_eq!(expect(&ach, ny("2026-11-26T02:14:59")).settles, ny("2026-11-27T08:30"));
    let missed = expect(&ach, ny("2026-11-26T02:15"));
    assert_eq!((missed.starts, missed.settles), (ny("2026-11-27T03:00"), ny("2026-11-30T08:30")));
    let weekend = expect(&ach, ny("2027-01-16T12:00"));
    assert_eq!(weekend.settles, ny("2027-01-20T08:30"), "a Saturday before a holiday on Monday");
}

#[test]
fn clock_changes_move_openings_in_utc_only() {
    let wire = ours("us-fedwire");
    assert_eq!(opens(&wire, ny("2027-03-06T12:00")), at("2027-03-08T02:00[UTC]"), "21:00 EST on Sunday");
    assert_eq!(opens(&wire, ny("2027-03-13T12:00")), at("2027-03-15T01:00[UTC]"), "21:00 EDT on the Sunday of the change");
    assert_eq!(opens(&wire, ny("2026-10-31T12:00")), at("2026-11-02T02:00[UTC]"), "21:00 EST on the Sunday of the change back");
}

#[test]
fn a_session_that_a_clock_change_skips_does_not_take_place() {
    let text = rail_text(
        "night",
        "Europe/Berlin",
        "seconds = { typical = 1, longest = 2 }\nsessions = [{ days = \"every\", opens = \"02:30\", closes = \"03:30\" }]",
    );
    let night = record(&text);
    let berlin = |local: &str| at(&format!("{local}[Europe/Berlin]"));
    assert!(!open(&night, berlin("2027-03-28T03:30")) && !open(&night, berlin("2027-03-28T03:15")));
    assert_eq!(opens(&night, berlin("2027-03-28T01:00")), berlin("2027-03-29T02:30"));
    // On the day of 25 hours it begins with the first 02:30 and ends at the only 03:30.
    assert!(
        open(&night, at("2026-10-25T00:30[UTC]"))
            && open(&night, at("2026-10-25T01:45[UTC]"))
            && !open(&night, at("2026-10-25T02:30[UTC]"))
    );
    let day = record(&rail_text(
        "day",
        "Europe/Berlin",
        "seconds = { typical = 1, longest = 2 }\nsessions = [{ days = \"every\", opens = \"00:00\", closes = \"24:00\" }]",
    ));
    for hour in 0..50 {
        let moment = at("2027-03-27T23:00[UTC]").checked_add(jiff::Span::new().minutes(hour * 30)).unwrap();
        assert!(open(&day, moment), "{moment}");
    }
}

#[test]
fn midnight_is_the_end_of_its_day_and_half_hours_are_kept() {
    let windows = "sessions = [{ days = \"business\", opens = \"00:00\", closes = \"24:00\" }]\nwindows = [{ name = \"day\", cutoff = \"24:00\", settles = \
                   \"D+1 09:30\", earliest = \"D+1 09:30\", typical = \"D+1 10:00\", latest = \"D+1 24:00\" }]";
    let india = record(&rail_text("india", "Asia/Kolkata", &format!("calendar = \"EU-TARGET\"\n{windows}")));
    let local = |text: &str| at(&format!("{text}[Asia/Kolkata]"));
    let friday = expect(&india, local("2026-11-27T23:59:59"));
    assert_eq!(friday.cutoff, Some(("day".to_owned(), at("2026-11-27T18:30[UTC]"))));
    assert_eq!((friday.settles, friday.latest), (at("2026-11-30T04:00[UTC]"), local("2026-12-01T00:00")));
    let saturday = expect(&india, local("2026-11-28T00:00"));
    assert_eq!((saturday.starts, saturday.settles), (local("2026-11-30T00:00"), local("2026-12-01T09:30")));
    // Lord Howe Island moves its clocks by half an hour.
    let island = record(&rail_text("island", "Australia/Lord_Howe", windows));
    let before = island.final_at(&calendars(), at("2026-10-03T15:29[UTC]")).unwrap();
    assert_eq!(before, at("2026-10-03T15:29[UTC]"));
    assert_eq!(expect(&island, at("2026-10-03T14:00[UTC]")).cutoff.unwrap().1, at("2026-10-04T13:00[UTC]"), "23.5 hours after its start");
}

#[test]
fn extended_hours_are_for_participants_that_have_them() {
    let zengin = ours("jp-zengin");
    let tokyo = |text: &str| at(&format!("{text}[Asia/Tokyo]"));
    let evening = tokyo("2026-11-27T16:00");
    assert_eq!(zengin.is_open(&calendars(), evening, true), Ok(true));
    assert!(!open(&zengin, evening) && open(&zengin, tokyo("2026-11-27T15:29:59")) && !open(&zengin, tokyo("2026-11-27T15:30")));
    assert_eq!(opens(&zengin, evening), tokyo("2026-11-30T08:30"));
    assert_eq!(opens(&zengin, tokyo("2026-12-30T16:00")), tokyo("2027-01-04T08:30"), "31 December to 3 January");
}

#[test]
fn a_calendar_that_ends_is_an_error_and_not_an_opening() {
    let zengin = ours("jp-zengin");
    let tokyo = |text: &str| at(&format!("{text}[Asia/Tokyo]"));
    assert!(open(&zengin, tokyo("2028-12-29T10:00")));
    let gap = zengin.next_open(&calendars(), tokyo("2028-12-29T16:00"), false).unwrap_err();
    assert_eq!(gap.to_string(), "holiday calendar JP ends on 2028-12-31; load a list that covers 2029-01-01");
    assert!(zengin.is_open(&calendars(), tokyo("2029-02-05T10:00"), false).is_err());
    assert_eq!(zengin.is_open(&calendars(), tokyo("2029-02-05T20:00"), false), Ok(false), "closed at this hour on any day");
    let eft = ours("ca-eft");
    assert!(eft.expectation(&calendars(), at("2028-12-29T10:00[America/Toronto]"), SendTerms::default()).is_err());
}

#[test]
fn bacs_and_sepa_cross_christmas_and_easter() {
    let bacs = expect(&ours("gb-bacs"), at("2026-12-24T22:00[Europe/London]"));
    assert_eq!(bacs.settles, at("2026-12-30T07:00[Europe/London]"), "25 and 28 December are bank holidays");
    let sepa = expect(&ours("sepa-ct"), at("2026-04-02T14:00[Europe/Berlin]"));
    assert_eq!(sepa.cutoff.unwrap().1, at("2026-04-07T14:00[Europe/Berlin]"));
    assert_eq!(sepa.latest, at("2026-04-09T00:00[Europe/Berlin]"), "the end of the next business day");
    assert_eq!(sepa.final_at, at("2026-04-11T00:00[Europe/Berlin]"), "three business days after the day of settlement");
}

#[test]
fn a_bacs_payment_waits_for_unapplied_credits_and_its_record_says_so() {
    let record = ours("gb-bacs");
    let paid = expect(&record, at("2026-11-30T12:00[Europe/London]"));
    assert_eq!(paid.settles, at("2026-12-02T07:00[Europe/London]"), "the third day, on which Bacs itself is final");
    assert_eq!(paid.final_at, at("2026-12-08T00:00[Europe/London]"), "three working days later, over a weekend");
    assert!(record.note.unwrap().contains("Bacs is final on the third day; we wait"));
}

#[test]
fn a_wallet_payment_is_returnable_for_calendar_days() {
    let paid = at("2026-11-27T10:00[UTC]");
    let final_at = ours("ewallet-paypal").final_at(&calendars(), paid).unwrap();
    assert_eq!(final_at, at("2026-12-28T00:00[UTC]"));
}

#[test]
fn no_moment_and_no_lead_panics() {
    let all = RailBook::built_in();
    for id in all.ids() {
        let rail = &all.records(id)[0];
        for moment in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            for lead_minutes in [0, 100_000, u32::MAX] {
                let terms = SendTerms { lead_minutes, extended: false };
                let _ = rail.expectation(all.calendars(), moment, terms);
                let _ = rail.next_open(all.calendars(), moment, true);
                let _ = rail.final_at(all.calendars(), moment);
            }
        }
    }
    assert_eq!(book("").ids().count(), 0);
}
