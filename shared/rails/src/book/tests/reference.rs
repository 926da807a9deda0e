//! Our records and computed calendars against the reference data, where they are at hand.

use crate::{
    RailBook,
    calendar::{HolidayCalendars, computed::ComputedCalendar},
    record::{FinalityRule, InstantKind},
    sample::{book, day},
};
use jiff::civil::Date;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// The rows of a file as maps from column to cell; nothing if the data are not at hand.
fn rows(path: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let Ok(folder) = std::env::var("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return None;
    };
    let text = fs::read(format!("{folder}/{path}")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_slice());
    Some(reader.deserialize().map(|row| row.unwrap()).collect())
}

/// Days by calendar.
fn listed() -> Option<BTreeMap<String, BTreeSet<Date>>> {
    let mut found: BTreeMap<String, BTreeSet<Date>> = BTreeMap::new();
    for row in rows("rails/holidays.csv")? {
        found.entry(row["calendar"].clone()).or_default().insert(day(&row["date"]));
    }
    Some(found)
}

#[test]
fn reference_holidays_are_those_that_are_computed() {
    let Some(listed) = listed() else { return };
    for calendar in ComputedCalendar::ALL {
        let days = &listed[calendar.id()];
        let years: BTreeSet<i16> = days.iter().map(|day| day.year()).collect();
        assert_eq!(years, BTreeSet::from([2026, 2027, 2028]));
        let computed: BTreeSet<Date> = years.into_iter().flat_map(|year| calendar.holidays(year)).collect();
        assert_eq!(&computed, days, "{}", calendar.id());
    }
    for day in &listed["US-FED-INFO"] {
        let calendars = HolidayCalendars::default();
        assert!(calendars.is_business_day(Some("US-FED"), day.yesterday().unwrap()).unwrap() || ComputedCalendar::UsFed.is_holiday(*day));
    }
}

#[test]
fn reference_lists_of_our_rails_are_ours_and_the_others_load() {
    let Some(listed) = listed() else { return };
    let ours = RailBook::built_in();
    for (id, days) in &listed {
        if ComputedCalendar::from_id(id).is_some() || id == "US-FED-INFO" {
            continue;
        }
        if let Some(list) = ours.calendars().listed(id) {
            assert_eq!(&list.days, days, "{id}");
            continue;
        }
        let quoted: Vec<String> = days.iter().map(|day| format!("\"{day}\"")).collect();
        let text = format!(
            "[[calendar]]\nid = \"{id}\"\nfrom = \"2026-01-01\"\nuntil = \"2028-12-31\"\ndays = [{}]\nsource = \"reference\"",
            quoted.join(", ")
        );
        let loaded = book(&text);
        assert!(days.iter().all(|day| loaded.calendars().is_holiday(id, *day) == Ok(true)), "{id}");
        assert!(loaded.calendars().is_holiday(id, day("2029-01-01")).is_err(), "{id}");
    }
}

#[test]
fn reference_rails_agree_with_our_records() {
    let (Some(rails), Some(sepa)) = (rows("rails/rails.csv"), rows("rails/sepa_countries.csv")) else { return };
    let sepa: BTreeSet<String> = sepa.into_iter().map(|row| row["iban_prefix"].clone()).collect();
    let ours = RailBook::built_in();
    assert_eq!(rails.len(), ours.ids().count());
    for row in rails {
        let id = if row["rail"] == "sepa-inst" { "sepa-instant" } else { row["rail"].as_str() };
        let record = ours.record_on(id, day("2026-11-26")).unwrap_or_else(|| panic!("{id} has no record"));
        let countries: BTreeSet<String> = match row["countries"].as_str() {
            "about 156 receiving" => BTreeSet::from(["*".to_owned()]),
            words if words.starts_with("SEPA") => sepa.clone(),
            words => words.split(' ').take_while(|word| !word.starts_with('(')).map(str::to_owned).collect(),
        };
        assert_eq!(record.countries, countries, "{id}");
        if row["currency"] == "23+" {
            assert_eq!(record.currencies.len(), 23, "{id}");
        } else {
            let currencies: BTreeSet<&str> = row["currency"].split(' ').collect();
            assert_eq!(record.currencies.iter().map(money::Currency::code).collect::<BTreeSet<_>>(), currencies, "{id}");
        }
        let instant = InstantKind::from_word(&row["instant"]).unwrap();
        assert_eq!(record.instant, instant, "{id}");
        let calendar = row["holiday_calendar"].split(' ').next().filter(|word| *word != "none");
        assert_eq!(record.calendar.as_deref(), calendar, "{id}");
        let cap = crate::cap::cap_on(
            &record.caps,
            record.caps.first().map_or_else(|| *record.currencies.first().unwrap(), |cap| cap.amount.currency()),
            day("2026-11-26"),
        );
        let expected: Option<rust_decimal::Decimal> =
            Some(row["scheme_cap"].as_str()).filter(|cap| !cap.is_empty()).map(|cap| cap.parse().unwrap());
        assert_eq!(cap.map(|cap| cap.to_decimal().normalize()), expected.map(|cap| cap.normalize()), "{id}");
        let equivalent = record.caps.iter().any(|cap| cap.or_equivalent);
        assert_eq!(equivalent, row["cap_note"].contains("equivalent"), "{id}");
        let timeout = Some(row["bank_timeout_s"].as_str()).filter(|seconds| !seconds.is_empty()).map(|seconds| seconds.parse().unwrap());
        assert_eq!(record.bank_answer_s, timeout, "{id}");
    }
}

#[test]
fn reference_finality_is_ours_or_the_note_says_why_not() {
    let Some(rails) = rows("rails/rails.csv") else { return };
    let ours = RailBook::built_in();
    let mut later = Vec::new();
    for row in rails {
        let id = if row["rail"] == "sepa-inst" { "sepa-instant" } else { row["rail"].as_str() };
        let record = ours.record_on(id, day("2026-11-26")).unwrap();
        let at_once = record.finality == FinalityRule::AtOnce;
        if row["finality"].starts_with("not final") || row["finality"].starts_with("returnable") {
            assert!(!at_once, "{id}");
        } else if row["finality"].starts_with("final") && !at_once {
            assert!(record.note.as_ref().is_some_and(|note| note.contains("we wait")), "{id}");
            later.push(record.id.as_str());
        }
    }
    assert_eq!(later, ["sepa-ct", "gb-bacs"]);
}

#[test]
fn reference_windows_are_our_cutoffs() {
    let Some(rows) = rows("nacha/windows.csv") else { return };
    let cutoffs = |id: &str| -> Vec<String> {
        let rails = RailBook::built_in();
        let facts = rails.records(id)[0].facts();
        let windows = facts.into_iter().find(|(field, _)| *field == "windows").and_then(|(_, value)| value).unwrap();
        windows.split("before ").skip(1).map(|rest| rest[..5].to_owned()).collect()
    };
    let of = |same_day: bool| -> Vec<String> {
        let rows = rows.iter().filter(|row| row["window"].starts_with("same-day") == same_day);
        rows.map(|row| row["deadline_to_FedACH_ET"].clone()).collect()
    };
    assert_eq!(cutoffs("us-ach-same-day"), of(true));
    assert_eq!(cutoffs("us-ach"), of(false));
}
