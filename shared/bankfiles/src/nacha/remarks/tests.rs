//! Unit tests of `remarks`.
use super::super::{read, reading, tests::files::PAYOUTS, write};
use super::*;

/// The payouts, with an amount in their prenote.
fn with_amount() -> AchFile {
    let mut file = read(PAYOUTS.as_bytes()).unwrap();
    file.batches[0].entries[1].amount_cents = 1;
    file
}

#[test]
fn a_prenote_with_an_amount_touches_money() {
    let written = write(&with_amount()).unwrap();
    let reading = reading(&written);
    let problem =
        FileProblem { place: "line 5".to_owned(), what: "a prenote or zero-dollar entry has an amount".to_owned(), touches_money: true };
    assert_eq!((reading.is_sound(), reading.problems), (false, vec![problem]));
    assert!(super::super::reading(PAYOUTS.as_bytes()).is_sound());
}

#[test]
fn a_long_list_of_prenotes_with_amounts_is_bounded_and_comes_first() {
    let mut file = with_amount();
    let prenote = file.batches[0].entries[1].clone();
    file.batches[0].entries = vec![prenote; WITH_MONEY_MAX + 3];
    file.header.created_date = "991399".to_owned();
    let problems = remarks(&file);
    assert_eq!(problems[WITH_MONEY_MAX].what, "3 more prenotes or zero-dollar entries have an amount");
    assert!(problems[..=WITH_MONEY_MAX].iter().all(|problem| problem.touches_money));
    assert_eq!(problems[WITH_MONEY_MAX + 1].what, "file creation date is not a day (YYMMDD)");
}
