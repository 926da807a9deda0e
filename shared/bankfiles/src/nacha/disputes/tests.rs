//! Unit tests of `disputes`.
use super::*;

fn answer(code: &str, information: &str) -> AchAnswer {
    AchAnswer {
        code: code.into(),
        original_trace: "121042880000001".into(),
        date: String::new(),
        original_rdfi: "02100002".into(),
        information: information.into(),
        trace: "121042880000009".into(),
    }
}

#[test]
fn a_dishonoured_return_names_the_return() {
    let dispute = answer("R68", "   02100002000000733203CAME LATE").dispute().unwrap();
    assert_eq!((dispute.return_trace.as_str(), dispute.return_settlement_day.as_str()), ("021000020000007", "332"));
    assert_eq!((dispute.return_code.as_str(), dispute.information.as_str(), dispute.contested), ("R03", "CAME LATE", None));
}

#[test]
fn a_contested_return_names_both_answers_before_it() {
    let dispute = answer("R73", "3310210000200000073320312104288000000933668").dispute().unwrap();
    assert_eq!((dispute.return_trace.as_str(), dispute.return_code.as_str(), dispute.information.as_str()), ("021000020000007", "R03", ""));
    let contest = dispute.contested.unwrap();
    assert_eq!((contest.original_settlement_day.as_str(), contest.dishonour_trace.as_str()), ("331", "121042880000009"));
    assert_eq!((contest.dishonour_settlement_day.as_str(), contest.dishonour_code.as_str()), ("336", "R68"));
}

#[test]
fn other_codes_and_short_texts_are_no_trouble() {
    assert_eq!(answer("R03", "NAME DIFFERS").dispute(), None);
    assert_eq!(answer("R63", "").dispute(), None);
    for information in ["", "é", "33", "ééééééééééééééééééééééééééééééééééé"] {
        assert!(answer("R71", information).dispute().is_some(), "{information}");
    }
    assert_eq!(answer("R61", "").dispute().unwrap().return_code, "");
}
