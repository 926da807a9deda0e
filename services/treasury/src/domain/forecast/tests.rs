//! Weekends, holidays and clock changes, and what of an account's money counts.
use super::*;
use crate::domain::{FundsClass, Leaf, LeafState, LeafSums, Node, NodeKind, PhysicalAccount};
use money::Currency;
use std::collections::BTreeSet;

fn window(calendar: &str, zone: &str, cutoff: &str, minimum: i64) -> FundingWindow {
    FundingWindow {
        account: "bank".to_owned(),
        rail: "rtp".to_owned(),
        calendar: Some(calendar.to_owned()).filter(|id| !id.is_empty()),
        zone: TimeZone::get(zone).unwrap(),
        cutoff: DayMinute::parse(cutoff).unwrap(),
        minimum,
    }
}

fn next(window: &FundingWindow, now: &str) -> (String, String) {
    let (next, following) = window.next_two(&HolidayCalendars::default(), now.parse().unwrap()).unwrap();
    (next.to_string(), following.to_string())
}

fn texts(one: &str, other: &str) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

#[test]
fn a_rail_that_misses_friday_waits_for_monday_and_longer_over_a_holiday() {
    let fed = window("US-FED", "America/New_York", "18:30", 0);
    assert_eq!(next(&fed, "2026-11-24T23:29:59Z"), texts("2026-11-24T23:30:00Z", "2026-11-25T23:30:00Z"));
    // At the cut-off it is over; Thursday is Thanksgiving.
    assert_eq!(next(&fed, "2026-11-25T23:30:00Z"), texts("2026-11-27T23:30:00Z", "2026-11-30T23:30:00Z"));
    assert_eq!(next(&fed, "2026-11-28T12:00:00Z"), texts("2026-11-30T23:30:00Z", "2026-12-01T23:30:00Z"), "on a Saturday");
    assert_eq!(next(&window("", "UTC", "24:00", 0), "2026-11-28T12:00:00Z"), texts("2026-11-29T00:00:00Z", "2026-11-30T00:00:00Z"));
}

#[test]
fn a_cut_off_follows_the_clocks_of_its_zone() {
    // New York's clocks went forward on 8 March and go back on 1 November of 2026, both on Sundays.
    let every = window("", "America/New_York", "02:30", 0);
    assert_eq!(next(&every, "2026-03-07T12:00:00Z"), texts("2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z"), "skipped: 3:30");
    let twice = window("", "America/New_York", "01:30", 0);
    assert_eq!(next(&twice, "2026-10-31T12:00:00Z"), texts("2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"), "the first of two");
    let fed = window("US-FED", "America/New_York", "18:30", 0);
    assert_eq!(next(&fed, "2026-10-30T22:30:00Z"), texts("2026-11-02T23:30:00Z", "2026-11-03T23:30:00Z"), "an hour later in UTC");
}

#[test]
fn a_calendar_that_does_not_cover_the_day_is_an_error() {
    let unknown = window("XX-NONE", "UTC", "12:00", 0).next_two(&HolidayCalendars::default(), "2026-11-27T00:00:00Z".parse().unwrap());
    assert!(matches!(unknown, Err(CalendarGap::Unknown { .. })), "{unknown:?}");
    let late = window("US-FED", "UTC", "12:00", 0).next_two(&HolidayCalendars::default(), "9999-12-30T13:00:00Z".parse().unwrap());
    assert!(late.is_err(), "{late:?}");
}

#[test]
fn clients_money_counts_as_cash_and_is_never_swept() {
    let account = PhysicalAccount {
        id: "bank".to_owned(),
        name: "Bank".to_owned(),
        bank: "A bank".to_owned(),
        branch: "TESTUS33".to_owned(),
        currency: Currency::try_new("USD").unwrap(),
        entity: "main".to_owned(),
        number: "1".to_owned(),
        number_root: String::new(),
        client_money: false,
    };
    let mut structure = Structure::default();
    structure.make(&crate::domain::Change::AddAccount(account));
    let uses = BTreeSet::from([FundsUse::Sweep]);
    for (id, funds, uses) in
        [("own", FundsClass::Own, uses.clone()), ("kept", FundsClass::Own, BTreeSet::new()), ("client", FundsClass::Client, uses)]
    {
        let kind = NodeKind::Leaf(Leaf { funds, uses, state: LeafState::Open, standard: None });
        let (id, parent) = (id.to_owned(), "bank".to_owned());
        structure.make(&crate::domain::Change::Add(Node { name: id.clone(), id, parent, entity: "main".to_owned(), level: None, kind }));
    }
    let mut view = BookView::default();
    view.cash.insert("bank".to_owned(), 1_000);
    let sums = |booked, pending_debits, pending_credits| LeafSums { booked, pending_debits, pending_credits };
    for (leaf, sums) in
        [("own", sums(300, 50, 0)), ("kept", sums(200, 0, 7)), ("client", sums(400, 60, 0)), ("bank-in-transit", sums(100, 0, 0))]
    {
        view.leaves.insert(leaf.to_owned(), sums);
    }
    let now = "2026-11-27T12:00:00Z".parse().unwrap();
    let coming = BTreeMap::new();
    let none = Inflow { announced: &[], coming: &coming };
    let (terms, calendars) = (TreasuryTerms::default(), HolidayCalendars::default());
    let at = |minimum| {
        let window = window("US-FED", "America/New_York", "18:30", minimum);
        let found = forecast(base(&structure, &view, &terms, &calendars), none, &window, now).unwrap();
        (found.available, found.sweepable, found.short)
    };
    assert_eq!(at(0), (790, 250, 0), "1,000 less 100 in transit and 110 held");
    assert_eq!(at(700), (790, 90, 0), "no more than what is above the minimum");
    assert_eq!(at(1_000), (790, 0, 210));
    let empty = view.clone();
    let window = FundingWindow { account: "other".to_owned(), ..window("", "UTC", "12:00", 5) };
    let found = forecast(base(&structure, &empty, &terms, &calendars), none, &window, now).unwrap();
    assert_eq!((found.cash, found.expected, found.short), (0, 0, 5), "another account's money is not its");
    assert_eq!(with_inflow(&structure, &view), [(790, 790, 210), (0, 930, 70), (30, 960, 40)]);
}

fn base<'a>(structure: &'a Structure, view: &'a BookView, terms: &'a TreasuryTerms, calendars: &'a HolidayCalendars) -> ForecastBase<'a> {
    ForecastBase { structure, view, terms, calendars }
}

/// What is expected or coming, the forecast and what is missing to 1,000: without anything, with announcements, with a sweep too.
fn with_inflow(structure: &Structure, view: &BookView) -> [(i64, i64, i64); 3] {
    let announced = |id: &str, leaf: &str, min, until: &str| Expected {
        expected_id: id.to_owned(),
        leaf: leaf.to_owned(),
        currency: Currency::try_new("USD").unwrap(),
        min,
        max: 10_000,
        from: "2026-11-20".parse().unwrap(),
        until: until.parse().unwrap(),
        source: String::new(),
        receipt_id: String::new(),
    };
    let received = Expected { receipt_id: "received".to_owned(), ..announced("e", "own", 5, "2026-11-27") };
    // The next funding is on the evening of Friday, the 27th.
    let all = [
        announced("a", "own", 100, "2026-11-27"),
        announced("b", "client", 40, "2026-11-27"),
        announced("c", "own", 5, "2026-11-28"),
        announced("d", "own", 5, "2026-11-26"),
        announced("f", "elsewhere", 5, "2026-11-27"),
        received,
    ];
    let coming = BTreeMap::from([("bank".to_owned(), 30), ("other".to_owned(), 7)]);
    let none = BTreeMap::new();
    let window = window("US-FED", "America/New_York", "18:30", 1_000);
    let found = |announced: &[Expected], coming: &BTreeMap<String, i64>| {
        let (terms, calendars, now) = (TreasuryTerms::default(), HolidayCalendars::default(), "2026-11-27T12:00:00Z".parse().unwrap());
        forecast(base(structure, view, &terms, &calendars), Inflow { announced, coming }, &window, now).unwrap()
    };
    let (bare, told, swept) = (found(&[], &none), found(&all, &none), found(&all, &coming));
    assert_eq!((bare.expected, told.expected, told.short, told.available), (0, 140, 210, 790), "what is short stays what is short");
    [
        (bare.forecast, bare.forecast, bare.forecast_short),
        (told.coming, told.forecast, told.forecast_short),
        (swept.coming, swept.forecast, swept.forecast_short),
    ]
}
