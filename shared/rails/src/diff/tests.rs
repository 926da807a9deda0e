//! Differences as people read them.

use super::*;
use crate::sample::{book, rail_text, with_line};

const SECONDS: &str = "seconds = { typical = 1, longest = 2 }";

fn lines(old: &str, new: &str) -> Vec<String> {
    diff(&book(old), &book(new)).iter().map(ToString::to_string).collect()
}

#[test]
fn a_changed_added_or_withdrawn_field_is_one_line() {
    let old = rail_text("test", "UTC", &format!("{SECONDS}\nbank_answer_s = 10"));
    let more = format!("{SECONDS}\ncaps = [{{ amount = \"5.00\", currency = \"EUR\", from = \"2027-09-17\" }}]\nnote = \"new\"");
    let new = with_line(&rail_text("test", "UTC", &more), "countries", "countries = [\"AT\", \"DE\"]");
    assert_eq!(
        lines(&old, &new),
        [
            "rail test from 2026-01-01: countries added: AT",
            "rail test from 2026-01-01: bank_answer_s withdrawn, was 10",
            "rail test from 2026-01-01: caps added: 5.00 EUR from 2027-09-17",
            "rail test from 2026-01-01: note added: new",
        ]
    );
    assert_eq!(lines(&old, &old), [""; 0]);
    let cost = |high: &str| {
        let cost = format!(
            "{SECONDS}\ncost = {{ currency = \"EUR\", low = \"0.1\", typical = \"0.2\", high = \"{high}\", basis_points = \"5\" }}"
        );
        rail_text("test", "UTC", &cost)
    };
    assert_eq!(
        lines(&cost("1"), &cost("2")),
        [
            "rail test from 2026-01-01: cost changed from 0.1 to 1, typically 0.2 EUR, plus 5 basis points to 0.1 to 2, typically 0.2 EUR, plus 5 basis points"
        ]
    );
}

#[test]
fn a_whole_record_or_calendar_comes_and_goes_field_by_field() {
    let record = rail_text("test", "UTC", SECONDS);
    let added = lines("", &record);
    assert!(added.contains(&"rail test from 2026-01-01: zone added: UTC".to_owned()), "{added:?}");
    assert_eq!(added.len(), lines(&record, "").len());
    assert!(lines(&record, "").iter().all(|line| line.contains(" withdrawn, was ")));
    let list =
        |days: &str| format!("[[calendar]]\nid = \"XX\"\nfrom = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [{days}]\nsource = \"a\"");
    let changed = lines(&list("\"2026-05-01\", \"2026-05-02\""), &list("\"2026-05-01\", \"2026-05-03\""));
    assert_eq!(changed, ["calendar XX: days changed from 2026-05-02 to 2026-05-03"]);
    let correction = "[[calendar]]\nid = \"GB-ENG\"\nadded = [\"2028-06-09\"]\nsource = \"a proclamation\"";
    assert_eq!(
        lines("", correction),
        ["calendar GB-ENG: extra holidays added: 2028-06-09", "calendar GB-ENG: source added: a proclamation"]
    );
}

#[test]
fn nothing_is_shown_as_an_empty_text() {
    let list = |more: &str| {
        format!("[[calendar]]\nid = \"XX\"\nfrom = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2026-05-01\"]\nsource = \"a\"\n{more}")
    };
    assert_eq!(lines(&list(""), &list("weekend = []")), ["calendar XX: weekend changed from saturday sunday to none"]);
    assert_eq!(lines(&list("weekend = []"), &list("weekend = [\"friday\"]")), ["calendar XX: weekend changed from none to friday"]);
    let status = |codes: &str| rail_text("test", "UTC", &format!("{SECONDS}\nstatuses = [{{ message = \"m\", settled = [{codes}] }}]"));
    assert_eq!(
        lines(&status(""), &status("\"A\"")),
        [
            "rail test from 2026-01-01: statuses changed from m: settled none; pending none; rejected none to m: settled A; pending none; rejected none"
        ]
    );
    let correction =
        |added: &str, removed: &str| format!("[[calendar]]\nid = \"GB-ENG\"\nadded = [{added}]\nremoved = [{removed}]\nsource = \"a\"\n");
    assert_eq!(
        lines(&correction("\"2028-06-09\"", "\"2028-05-29\""), &correction("\"2028-06-09\", \"2028-06-12\"", "")),
        ["calendar GB-ENG: extra holidays added: 2028-06-12", "calendar GB-ENG: cancelled holidays withdrawn, was 2028-05-29"]
    );
    // No line ends where a value should be.
    for line in lines("", crate::book::BUILT_IN) {
        assert!(!line.ends_with([' ', ':', ';']) && !line.contains(" ;") && !line.contains("  "), "{line}");
    }
}
