//! Parts of a record, each as a file has it.

use super::{facts::FIELDS, *};
use crate::{
    check, diff,
    sample::{book, ours, rail_text, record, with_line},
};

const SECONDS: &str = "seconds = { typical = 1, longest = 2 }";
/// Every field that may be absent.
const FULL: &str = "valid_until = \"2027-12-31\"\ncalendar = \"EU-TARGET\"\nextended_hours = true\nrecall_business_days = 3\nrecall_answer = { business_days = 3, calendar = \"EU-TARGET\" }\npayee_check_note = \"a\"\n\
                    bank_answer_s = 9\nnote = \"a\"\nseconds = { typical = 1, longest = 2 }\nsessions = [{ days = \"every\", opens = \"01:00\", closes = \
                    \"02:00\" }]\nbeneficiary_fields = [[\"iban\"]]\ncost = { currency = \"EUR\", low = \"1\", typical = \"2\", high = \"3\" }\nstatuses = \
                    [{ message = \"m\", settled = [\"A\"] }]\ncaps = [{ amount = \"1.00\", currency = \"EUR\" }]\nfield_confidence = { cost = \"P\" }";

/// The faults of a record with one more line, without place and line.
fn faults(more: &str) -> Vec<String> {
    let text = rail_text("test", "Europe/Berlin", more);
    check(&text).err().unwrap_or_default().into_iter().map(|fault| format!("{}: {}", fault.field, fault.problem)).collect()
}

fn one_fault(more: &str) -> String {
    let found = faults(more);
    assert_eq!(found.len(), 1, "{more}: {found:?}");
    found[0].clone()
}

#[test]
fn facts_have_every_field_in_order() {
    let names: Vec<&str> = ours("us-rtp").facts().into_iter().map(|(field, _)| field).collect();
    assert_eq!(names, FIELDS);
}

#[test]
fn a_change_of_any_field_is_a_fact_that_differs() {
    let full = rail_text("test", "Europe/Berlin", FULL);
    let old = book(&full);
    let changes = [
        ("name", "name = \"Other\""),
        ("valid_until", ""),
        ("countries", "countries = [\"DE\", \"AT\"]"),
        ("currencies", "currencies = [\"EUR\", \"USD\"]"),
        ("kinds", "kinds = [\"wallet\"]"),
        ("instant", "instant = \"near\""),
        ("zone", "zone = \"Europe/Vienna\""),
        ("calendar", ""),
        ("sessions", "sessions = [{ days = \"every\", opens = \"01:00\", closes = \"02:00\", closes_day = 1 }]"),
        ("extended_hours", "extended_hours = false"),
        ("seconds", "seconds = { typical = 1, longest = 3 }"),
        ("finality", "finality = { kind = \"returnable\", days = 3 }"),
        ("return_rule", "return_rule = \"some\""),
        ("recall_rule", "recall_rule = \"some\""),
        ("recall_business_days", "recall_business_days = 4"),
        ("recall_answer", "recall_answer = { business_days = 3 }"),
        ("beneficiary_fields", "beneficiary_fields = [[\"iban\"], [\"name\"]]"),
        ("payee_check", "payee_check = \"lookup\""),
        ("payee_check_note", ""),
        ("cost", "cost = { currency = \"EUR\", low = \"1\", typical = \"2\", high = \"3\", basis_points = \"1\" }"),
        ("bank_answer_s", ""),
        ("statuses", "statuses = [{ message = \"m\", pending = [\"A\"] }]"),
        ("caps", "caps = [{ amount = \"1.00\", currency = \"EUR\", from = \"2026-02-01\" }]"),
        ("source", "source = \"other\""),
        ("confidence", "confidence = \"P\""),
        ("field_confidence", "field_confidence = { cost = \"S\" }"),
        ("as_of", "as_of = \"2026-11-27\""),
        ("note", "note = \"b\""),
    ];
    for (field, line) in changes {
        let found = diff(&old, &book(&with_line(&full, field, line)));
        assert_eq!(found.iter().map(|change| change.field).collect::<Vec<_>>(), [field], "{found:?}");
    }
    // What stands in place of seconds.
    assert_eq!(changes.len() + 1, FIELDS.len());
}

#[test]
fn times_of_day_are_strict() {
    assert_eq!(DayMinute::parse("00:00").map(DayMinute::minutes), Some(0));
    assert_eq!(DayMinute::parse("24:00"), Some(DayMinute::END));
    for wrong in ["24:01", "25:00", "7:00", "07:60", "+7:00", "07:0", "", ":", "07:00 ", "٠٧:00"] {
        assert_eq!(DayMinute::parse(wrong), None, "{wrong}");
    }
    assert_eq!(BusinessTime::parse("D+1 08:30").map(|time| time.to_string()), Some("D+1 08:30".to_owned()));
    for wrong in ["D+31 08:30", "D-1 08:30", "D+ 08:30", "D+1", "D++1 08:30", "1 08:30", "D+001 08:30"] {
        assert_eq!(BusinessTime::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn every_wrong_part_is_named() {
    let cases = [
        ("seconds = { typical = 3, longest = 2 }", "seconds.longest: must not be less than typical"),
        ("", "seconds: must be there, or else windows, and not both"),
        ("seconds = { typical = 1, longest = 2 }\nwindows = []", "seconds: must be there, or else windows, and not both"),
        ("windows = []", "windows: must have at least one window"),
    ];
    for (more, fault) in cases {
        assert_eq!(one_fault(more), fault);
    }
    let with_seconds = [
        ("calendar = \"MOON\"", "calendar: \"MOON\" is neither computed nor listed"),
        ("recall_answer = {}", "recall_answer.business_days: is missing"),
        ("recall_answer = { business_days = 1, calendar = \"MOON\" }", "recall_answer.calendar: \"MOON\" is neither computed nor listed"),
        ("caps = [{ amount = \"5.00\" }]", "caps[1].currency: is missing: amount is an amount without a currency"),
        ("caps = [{ amount = \"5.001\", currency = \"EUR\" }]", "caps[1].amount: EUR has 2 decimal places"),
        (
            "caps = [{ amount = \"0\", currency = \"EUR\" }]",
            "caps[1].amount: must be more than 0; a rail that is not to be used needs valid_until or a pause",
        ),
        ("caps = [{ amount = \"5\", currency = \"USD\" }]", "caps: USD is not a currency of the rail"),
        ("caps = [{ amount = \"99999999999999999\", currency = \"EUR\" }]", "caps[1].amount: is too large: at most 2^53 minor units"),
        (
            "caps = [{ amount = \"5\", currency = \"EUR\" }, { amount = \"6\", currency = \"EUR\" }]",
            "caps[2].from: EUR already has a cap from this day",
        ),
        ("cost = { currency = \"EUR\", low = \"-1\", typical = \"2\", high = \"3\" }", "cost.low: must not be negative: \"-1\""),
        ("cost = { currency = \"EUR\", low = \"3\", typical = \"2\", high = \"1\" }", "cost.typical: must be from low to high"),
        ("cost = { low = \"1\", typical = \"2\", high = \"3\" }", "cost.currency: is missing: a cost needs a currency"),
        ("cost = { currency = \"EUR\", low = 1, typical = \"2\", high = \"3\" }", "cost.low: must be a text in quotes"),
        (
            "cost = { currency = \"EUR\", low = \"1e3\", typical = \"2\", high = \"3\" }",
            "cost.low: must be a decimal in digits such as \"0.25\", not \"1e3\"",
        ),
        ("sessions = [{ days = \"every\", opens = \"09:00\", closes = \"08:00\" }]", "sessions[1].closes: must be after opens"),
        (
            "sessions = [{ days = \"every\", opens = \"09:00\", closes = \"25:00\" }]",
            "sessions[1].closes: must be a time of the day from \"00:00\" to \"24:00\", not \"25:00\"",
        ),
        ("bank_answer_s = 0", "bank_answer_s: must be a whole number from 1 to 86400"),
        ("field_confidence = { colour = \"K\" }", "field_confidence.colour: is not a field of a rail"),
        ("statuses = [{ message = \"m\", settled = [\"A\"], rejected = [\"A\"] }]", "statuses[1].message: status \"A\" has two meanings"),
        ("colour = \"red\"", "colour: is not a field of this table"),
        ("caps = [{ amount = \"5\", currency = \"EUR\", colour = 1 }]", "caps[1].colour: is not a field of this table"),
        ("note = \"a\\u0000b\"", "note: must be in one line, without hidden characters"),
        ("beneficiary_fields = [[]]", "beneficiary_fields: every element must be a list of field names such as [\"iban\", \"name\"]"),
    ];
    for (more, fault) in with_seconds {
        assert_eq!(one_fault(&format!("{SECONDS}\n{more}")), fault);
    }
    let late = "windows = [{ name = \"a\", cutoff = \"24:30\", settles = \"D+0 10:00\", earliest = \"D+0 10:00\", typical = \"D+0 10:00\", latest = \"D+0 10:00\" }]";
    assert!(
        faults(late).iter().any(|fault| fault.starts_with("windows[1].cutoff: must be a time of the day")),
        "a cut-off outside the day"
    );
}

#[test]
fn wrong_lines_replace_right_ones() {
    let text = rail_text("test", "Europe/Berlin", SECONDS);
    let cases = [
        (
            "zone",
            "zone = \"Europe/Atlantis\"",
            "must be the IANA name of a time zone such as \"America/New_York\", not \"Europe/Atlantis\"",
        ),
        ("id", "id = \"US RTP\"", "must be a name in lower case such as \"us-rtp\", not \"US RTP\""),
        ("valid_from", "valid_from = \"2026-02-30\"", "must be a day such as \"2026-11-26\", not \"2026-02-30\""),
        ("currencies", "currencies = [\"EUR\", \"EUR\"]", "\"EUR\" is there twice"),
        (
            "countries",
            "countries = [\"DE\", \"UX\"]",
            "every element must be a country's code of ISO 3166 in capital letters, or \"*\", not \"UX\"",
        ),
        ("countries", "countries = [\"*\", \"DE\"]", "\"*\" means every country and must be alone"),
        ("finality", "finality = { kind = \"returnable\" }", "\"returnable\" needs exactly one of business_days and days"),
        ("finality", "finality = { kind = \"at-once\", days = 1 }", "\"at-once\" allows neither business_days nor days"),
        ("instant", "", "is missing"),
        ("finality", "", "is missing"),
        ("source", "source = \"\"", "must not be empty"),
    ];
    for (field, line, problem) in cases {
        let faults = check(&with_line(&text, field, line)).unwrap_err();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].problem, problem);
        assert!(faults[0].field.starts_with(field));
    }
}

#[test]
fn the_same_status_means_different_things_in_different_messages() {
    let rtp = ours("us-rtp");
    assert_eq!(rtp.status("pacs.002", "ACTC"), Some(RailStatus::Settled));
    assert_eq!(rtp.status("pain.002", "ACTC"), Some(RailStatus::Pending));
    assert_eq!(rtp.status("pacs.002", "RJCT"), Some(RailStatus::Rejected));
    assert_eq!((rtp.status("pacs.002", "XXXX"), rtp.status("camt.029", "ACTC")), (None, None));
}

#[test]
fn one_complete_set_of_fields_is_enough() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let pix = ours("br-pix");
    assert_eq!(pix.missing_fields(&set(&["pix_key"])), set(&[]));
    assert_eq!(pix.missing_fields(&set(&[])), set(&["pix_key"]));
    assert_eq!(pix.missing_fields(&set(&["ispb", "branch", "account_number", "account_type", "tax_id", "name"])), set(&[]));
    assert_eq!(record(&rail_text("test", "UTC", SECONDS)).missing_fields(&set(&[])), set(&[]), "a rail that needs none");
}

#[test]
fn confidence_is_the_fields_own_where_it_has_one() {
    let rtp = ours("us-rtp");
    assert_eq!(rtp.confidence_of("statuses"), FactConfidence::P);
    assert_eq!(rtp.confidence_of("cost"), FactConfidence::K);
    assert_eq!(rtp.confidence_of("caps"), FactConfidence::S);
}

#[test]
fn a_rail_with_windows_is_never_instant() {
    let window = "windows = [{ name = \"a\", cutoff = \"10:00\", settles = \"D+1 09:00\", earliest = \"D+1 09:00\", typical = \"D+1 09:00\", latest = \"D+1 \
                  10:00\" }]";
    let text =
        |kind: InstantKind, speed: &str| with_line(&rail_text("test", "UTC", speed), "instant", &format!("instant = \"{}\"", kind.word()));
    for kind in InstantKind::ALL {
        assert!(check(&text(kind, SECONDS)).is_ok(), "{kind:?}");
        let faults = check(&text(kind, window)).err().unwrap_or_default();
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let start = "line 8, rail test, instant: must be \"no\" on a rail with windows";
        assert_eq!(shown.iter().filter(|fault| fault.starts_with(start)).count(), usize::from(kind != InstantKind::No), "{shown:?}");
        assert_eq!(shown.len(), usize::from(kind != InstantKind::No), "{shown:?}");
    }
}

#[test]
fn one_wrong_element_is_one_fault() {
    let window = |cutoff: &str| {
        format!(
            "windows = [{{ name = \"a\", cutoff = \"{cutoff}\", settles = \"D+0 10:00\", earliest = \"D+0 10:00\", typical = \"D+0 10:00\", latest = \"D+0 10:00\" }}]"
        )
    };
    assert!(faults(&window("09:00")).is_empty());
    assert_eq!(one_fault(&window("24:30")), "windows[1].cutoff: must be a time of the day from \"00:00\" to \"24:00\", not \"24:30\"");
    assert_eq!(one_fault("windows = [5]"), "windows[1]: must be a table");
    assert_eq!(one_fault("windows = 5"), "windows: must be a list");
    let text = rail_text("test", "Europe/Berlin", SECONDS);
    for field in ["countries", "currencies", "kinds"] {
        for (line, problem) in
            [("", "is missing"), ("[]", "must have at least one element"), ("[\"??\"]", "every element must be"), ("5", "must be a list")]
        {
            let line = if line.is_empty() { String::new() } else { format!("{field} = {line}") };
            let found = check(&with_line(&text, field, &line)).unwrap_err();
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].field == field && found[0].problem.starts_with(problem), "{found:?}");
        }
    }
    let calendar = |id: &str, more: &str| check(&format!("[[calendar]]\nid = \"{id}\"\nsource = \"a\"\n{more}")).unwrap_err();
    let list = calendar("XX", "from = \"2026-01-01\"\nuntil = \"2026-12-31\"\ndays = [\"2026-13-01\"]");
    let correction = calendar("GB-ENG", "added = [\"2026-13-01\"]");
    assert!(list.len() == 1 && correction.len() == 1, "{list:?} {correction:?}");
    assert_eq!(calendar("GB-ENG", "")[0].problem, "must have a day, or else removed: the calendar itself is computed");
}
