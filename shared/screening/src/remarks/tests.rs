//! Unit tests of `remarks`.
use super::*;
use crate::fixtures::policy;
use proptest::prelude::*;

fn births(remarks: &str) -> Vec<(String, String, bool)> {
    let births = read_remarks(remarks).births;
    births.into_iter().map(|it| (it.birth.first.to_string(), it.birth.last.to_string(), it.circa)).collect()
}

fn row(first: &str, last: &str, circa: bool) -> (String, String, bool) {
    (first.into(), last.into(), circa)
}

#[test]
fn dates_of_birth_are_read_in_every_form() {
    let remarks = "DOB 05 Nov 1960; alt. DOB circa 1965; alt. DOB Feb 1964; POB Testville; alt. DOB 1961 to 1963; DOB 1980.";
    let expected = [
        row("1960-11-05", "1960-11-05", false),
        row("1965-01-01", "1965-12-31", true),
        row("1964-02-01", "1964-02-29", false),
        row("1961-01-01", "1963-12-31", false),
        row("1980-01-01", "1980-12-31", false),
    ];
    assert_eq!(births(remarks), expected);
}

#[test]
fn circa_reaches_further() {
    let birth = read_remarks("DOB circa 1965.").births[0].reach(&policy());
    assert_eq!((birth.first, birth.last), (date(1963, 1, 1), date(1967, 12, 31)));
}

#[test]
fn a_date_in_another_form_is_not_guessed() {
    for remarks in [
        "DOB 31 Feb 1960",
        "DOB 1960s",
        "DOB 05/11/1960",
        "DOB 1965 to 1960",
        "DOB early 1970",
        "DOB 01 01 Jan 1960",
        "DOB 0999",
        "DOB -196",
    ] {
        let facts = read_remarks(remarks);
        assert!(facts.births.is_empty() && facts.unread_birth, "{remarks}");
    }
    assert!(!read_remarks("DOBRA 1960; no DOB 1960; Passport DOB").unread_birth);
}

#[test]
fn countries_are_read() {
    let facts = read_remarks("POB Testville, Nowhereland; nationality Elsewhere; alt. citizen Côte d'Ivoire; POB X; nationality;");
    assert_eq!(facts.countries, ["nowhereland", "elsewhere", "cote divoire"]);
}

proptest! {
    #[test]
    fn any_remarks_are_read(remarks in "\\PC{0,80}", date in "[0-9a-zA-Z ]{0,14}") {
        let _ = read_remarks(&remarks);
        for birth in read_remarks(&format!("DOB {date}; alt. DOB circa {date}")).births {
            let reach = birth.reach(&policy());
            prop_assert!(reach.first <= birth.birth.first && reach.last >= birth.birth.last);
        }
    }
}
