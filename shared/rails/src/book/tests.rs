//! Whole files: what is read, what is refused, and what no bytes can do.

use super::*;
use crate::sample::{at, book, day, rail_text, with_line};
use proptest::prelude::*;

mod reference;

const SECONDS: &str = "seconds = { typical = 1, longest = 2 }";

fn shown(text: &str) -> Vec<String> {
    check(text).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn built_in_records_have_no_fault() {
    let faults = read_book(BUILT_IN, &HolidayCalendars::default()).err().unwrap_or_default();
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(shown.is_empty(), "{shown:#?}");
    assert_eq!(RailBook::built_in().ids().count(), 20);
    assert_eq!(check(BUILT_IN).as_ref(), Ok(&RailBook::built_in()), "an operator can start from a copy");
}

#[test]
fn an_operators_file_replaces_a_rail_and_adds_others() {
    let text = rail_text("us-rtp", "Europe/Berlin", SECONDS) + &rail_text("xx-new", "Europe/Berlin", SECONDS);
    let merged = RailBook::built_in().overlaid(book(&text));
    assert_eq!(merged.ids().count(), 21);
    assert_eq!((merged.records("us-rtp").len(), merged.records("us-rtp")[0].name.as_str()), (1, "Test"));
    assert_eq!(merged.records("us-ach"), RailBook::built_in().records("us-ach"));
    assert!(merged.calendars().knows("CA-ON") && merged.records("nothing").is_empty());
}

#[test]
fn the_record_of_a_day_is_found_in_the_rails_zone() {
    let first =
        with_line(&rail_text("test", "Asia/Tokyo", &format!("{SECONDS}\nvalid_until = \"2026-06-30\"")), "name", "name = \"first\"");
    let second = with_line(&rail_text("test", "Asia/Tokyo", SECONDS), "valid_from", "valid_from = \"2026-07-01\"");
    let both = book(&format!("{second}\n{first}"));
    assert_eq!(both.records("test")[0].name, "first", "in the order of validity, not of the file");
    assert_eq!(both.record_at("test", at("2026-06-30T14:59[UTC]")).unwrap().name, "first");
    assert_eq!(both.record_at("test", at("2026-06-30T15:00[UTC]")).unwrap().name, "Test");
    assert_eq!(both.record_on("test", day("2026-06-30")).unwrap().name, "first");
    assert_eq!(both.record_on("test", day("2025-12-31")), None);
    assert_eq!(both.record_at("other", at("2026-06-30T15:00[UTC]")), None);
}

#[test]
fn overlaps_and_duplicates_name_both_lines() {
    let one = rail_text("test", "UTC", SECONDS);
    let later = with_line(&one, "valid_from", "valid_from = \"2026-07-01\"");
    assert_eq!(
        shown(&format!("{one}{later}")),
        ["line 18, rail test, valid_from: overlaps the record on line 1, which is valid from 2026-01-01 without an end"]
    );
    assert_eq!(shown(&format!("{one}{one}")), ["line 18, rail test, id: a record of this rail from 2026-01-01 is already on line 1"]);
    let ended = one.clone() + "valid_until = \"2026-07-01\"\n";
    assert!(
        shown(&format!("{ended}\n{later}"))[0].ends_with("valid from 2026-01-01 until 2026-07-01"),
        "the last day belongs to the first"
    );
}

#[test]
fn all_problems_of_a_file_are_named_at_once() {
    let broken = with_line(&rail_text("test", "Mars/Olympus", "colour = 1"), "confidence", "confidence = \"X\"");
    let text = format!(
        "colours = 1\n[[calendar]]\nid = \"XX\"\nfrom = \"2026-01-01\"\nuntil = \"2025-01-01\"\ndays = []\nsource = \"a\"\n{broken}"
    );
    let faults = shown(&text);
    let expected = [
        "line 1, file, colours: is not a field of this table",
        "line 6, calendar XX, days: must have at least one day",
        "line 5, calendar XX, until: must not be before from",
        "line 8, rail test, seconds: must be there, or else windows, and not both",
        "line 16, rail test, zone: must be the IANA name",
        "line 22, rail test, confidence: must be \"P\", \"S\" or \"K\", not \"X\"",
        "line 24, rail test, colour: is not a field of this table",
    ];
    for start in expected {
        assert!(faults.iter().any(|fault| fault.starts_with(start)), "{start} is not in {faults:#?}");
    }
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
}

#[test]
fn calendars_are_checked() {
    let list = |fields: &str| format!("[[calendar]]\nid = \"XX\"\n{fields}\nsource = \"a\"\n");
    let good = list("from = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2026-05-01\"]");
    assert!(check(&good).is_ok());
    assert!(shown(&format!("{good}{good}"))[0].contains("already in the file"));
    let outside = list("from = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2027-05-01\"]");
    assert_eq!(shown(&outside), ["line 5, calendar XX, days: 2027-05-01 is not from 2026-01-01 to 2026-12-31"]);
    let twice = list("from = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2026-05-01\", \"2026-05-01\"]");
    assert_eq!(shown(&twice), ["line 5, calendar XX, days: \"2026-05-01\" is there twice"]);
    let computed = "[[calendar]]\nid = \"US-FED\"\nfrom = \"2026-01-01\"\nadded = [\"2026-05-01\"]\nsource = \"a\"";
    assert_eq!(
        shown(computed),
        ["line 3, calendar US-FED, from: is not a field of this table"],
        "a computed calendar can only be corrected"
    );
}

#[test]
fn a_calendar_that_can_do_nothing_is_refused() {
    let list = |id: &str, more: &str| {
        format!(
            "[[calendar]]\nid = \"{id}\"\nfrom = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2026-05-01\"]\nsource = \"a\"\n{more}\n"
        )
    };
    let week = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let weekend = |days: &[&str]| list("XX", &format!("weekend = {days:?}"));
    assert_eq!(
        shown(&weekend(&week)),
        ["line 7, calendar XX, weekend: must leave a day of the week: with seven there is never a business day"]
    );
    assert!(check(&weekend(&week[1..])).is_ok() && check(&weekend(&[])).is_ok());
    for (wrong, right) in [("us-fed", "US-FED"), ("Us-Fed", "US-FED"), ("USFED", "US-FED"), ("jp", "JP"), ("ca-on", "CA-ON")] {
        let expected = format!("calendar {wrong}, id: is almost \"{right}\", which is another calendar");
        assert!(shown(&list(wrong, ""))[0].contains(&expected), "{:?}", shown(&list(wrong, "")));
    }
    assert!(shown(&(list("XX", "") + &list("xx", "")))[0].starts_with("line 9, calendar xx, id: is almost \"XX\""));
    assert!(check(&(list("JP", "") + &list("XX", ""))).is_ok());
}

#[test]
fn a_correction_that_corrects_nothing_is_refused() {
    let correction =
        |added: &str, removed: &str| format!("[[calendar]]\nid = \"GB-ENG\"\nadded = [{added}]\nremoved = [{removed}]\nsource = \"a\"");
    assert!(check(&correction("\"2028-06-09\"", "\"2028-05-29\"")).is_ok());
    for (added, removed, fault) in [
        ("", "\"2028-05-30\"", "line 4, calendar GB-ENG, removed: 2028-05-30 is no holiday of the calendar"),
        ("\"2028-05-29\"", "", "line 3, calendar GB-ENG, added: 2028-05-29 is already a holiday of the calendar"),
        (
            "\"2023-05-08\"",
            "",
            "line 3, calendar GB-ENG, added: 2023-05-08 is not from 2024-01-01 to 2099-12-31, the days that the calendar covers",
        ),
    ] {
        assert_eq!(shown(&correction(added, removed)), [fault]);
    }
}

#[test]
fn what_is_not_toml_is_refused_with_its_line() {
    let twice = shown("[[rail]]\nid = \"a\"\nid = \"b\"");
    assert!(twice.iter().any(|fault| fault.starts_with("line 3, file: is not TOML: duplicate key")), "{twice:?}");
    assert!(!shown("\u{0}").is_empty() && !shown("rail = 5").is_empty() && !shown("rail = [5]").is_empty());
    assert!(!shown(&"[".repeat(100_000)).is_empty() && !shown(&format!("a = {}", "[".repeat(100_000))).is_empty());
    let huge = "#".repeat(FILE_BYTES_MAX + 1);
    assert_eq!(shown(&huge), [format!("line 1, file: must have at most {FILE_BYTES_MAX} bytes, not {}", huge.len())]);
    assert_eq!(check("").map(|book| book.ids().count()), Ok(0));
    assert_eq!(shown(&"[[rail]]\n".repeat(3_000)).len(), 1, "more tables than a file may have");
    assert_eq!(check(&"[[rail]]\n".repeat(1_000)).unwrap_err().len(), crate::fault::FAULTS_MAX);
    let windows = BUILT_IN.replace('\n', "\r\n");
    assert_eq!(check(&windows).as_ref(), Ok(&RailBook::built_in()), "line ends of Windows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = check(&text);
    }

    #[test]
    fn a_damaged_file_never_panics(at in 0_usize..28_000, cut in 0_usize..40, byte in any::<u8>()) {
        let mut bytes = BUILT_IN.as_bytes().to_vec();
        let end = (at + cut).min(bytes.len());
        bytes.splice(at..end, [byte]);
        let _ = check(&String::from_utf8_lossy(&bytes));
        let _ = check(&String::from_utf8_lossy(&bytes[..at]));
    }

    #[test]
    fn a_replaced_value_never_panics(line in 0_usize..600, value in "[-\"0-9a-zD+: .{}=,\\[\\]]{0,30}") {
        let lines = BUILT_IN.lines().enumerate().map(|(index, old)| match old.split_once(" = ") {
            Some((key, _)) if index == line => format!("{key} = {value}"),
            _ => old.to_owned(),
        });
        let _ = check(&lines.collect::<Vec<_>>().join("\n"));
    }
}
