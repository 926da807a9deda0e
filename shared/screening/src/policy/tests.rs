//! Unit tests of `policy`.
use super::*;
use jiff::civil::date;
use proptest::prelude::*;

const BUILT_IN: &str = include_str!("../policies.toml");

fn with(line: &str, other: &str) -> Result<PolicyTable, Error> {
    assert!(BUILT_IN.contains(line), "{line}");
    PolicyTable::from_toml(&BUILT_IN.replace(line, other))
}

#[test]
fn the_built_in_table_has_the_published_bands() {
    let table = PolicyTable::built_in();
    let policy = table.on(date(2026, 11, 27)).unwrap();
    let bands = [1000, 950, 949, 850, 849, 700, 699, 0].map(|score| policy.band(score).map(MatchBand::name));
    let block = Some("block");
    assert_eq!(bands, [block, block, Some("review"), Some("review"), Some("diligence"), Some("diligence"), None, None]);
    assert_eq!(policy.name_min(), 660);
    assert_eq!(table.on(date(2026, 11, 26)), Err(Error::NoPolicy(date(2026, 11, 26))));
}

#[test]
fn a_later_policy_replaces_the_earlier_from_its_day() {
    let later = BUILT_IN.replace("2026-11-27", "2027-03-01").replace("block_min = 950", "block_min = 940");
    let table = PolicyTable::from_toml(&format!("{later}\n{BUILT_IN}")).unwrap();
    assert_eq!(table.on(date(2027, 2, 28)).unwrap().block_min, 950);
    assert_eq!(table.on(date(2027, 3, 1)).unwrap().block_min, 940);
}

#[test]
fn values_that_do_not_fit_together_are_refused() {
    for (line, other) in [
        ("review_min = 850", "review_min = 950"),
        ("block_min = 950", "block_min = 1001"),
        ("initial_score = 600", "initial_score = 660"),
        ("contained_token_min = 950", "contained_token_min = 849"),
        ("prefix_weight = 100", "prefix_weight = 251"),
        ("prefix_weight = 100", "prefix_weight = 4294967295"),
        ("confidence = \"K\"", "confidence = \"certain\""),
        ("birth_near_years = 1", "birth_near_years = 51"),
    ] {
        assert!(matches!(with(line, other), Err(Error::Value { .. })), "{other}");
    }
    for (line, other) in [
        ("review_min = 850", ""),
        ("review_min = 850", "review_min = -1"),
        ("review_min = 850", "review_min = 850\nreview_max = 900"),
        ("from = 2026-11-27", "from = 20261127"),
    ] {
        assert!(matches!(with(line, other), Err(Error::Policies(_))), "{other}");
    }
    assert!(matches!(PolicyTable::from_toml(&format!("{BUILT_IN}\n{BUILT_IN}")), Err(Error::Policies(_))));
    assert!(matches!(PolicyTable::from_toml("policy = []"), Err(Error::Policies(_))));
    assert!(matches!(PolicyTable::from_toml(&" ".repeat(300_000)), Err(Error::TooLarge { .. })));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        let _ = PolicyTable::from_toml(&text);
    }
}

#[test]
fn a_file_that_is_not_read_is_refused_in_one_line_that_names_the_line() {
    for (text, line) in [("policy = [", 1), ("# ours\n\nother = 1\n", 3)] {
        let refused = PolicyTable::from_toml(text).unwrap_err().to_string();
        let named = format!("the screening policies can't be read: line {line}: ");
        assert!(refused.starts_with(&named) && !refused.contains('\n'), "{refused}");
    }
}
