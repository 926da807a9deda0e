//! Unit tests of `statement`.
use super::*;

#[test]
fn lines_may_end_in_any_way_and_keep_their_numbers() {
    let lines: Vec<_> = text_lines("a\r\nb\rc\n\nd").iter().map(|line| (line.number, line.text.to_owned())).collect();
    let expected = [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d")].map(|(number, text)| (number, text.to_owned()));
    assert_eq!(lines, expected);
    assert!(text_lines("").is_empty());
}

#[test]
fn years_turn_in_1980_and_impossible_days_are_refused() {
    assert_eq!(day("790131"), Some(jiff::civil::date(2079, 1, 31)));
    assert_eq!(day("800131"), Some(jiff::civil::date(1980, 1, 31)));
    for wrong in ["260230", "261301", "26113", "2611301", "26113x", "26+130", ""] {
        assert_eq!(day(wrong), None, "{wrong}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_still_read() {
    let mut findings = Findings::default();
    assert_eq!(decoded(b"a\nM\xFCller", &mut findings), "a\nMüller");
    let problems = findings.into_problems();
    assert_eq!((problems[0].place.as_str(), problems[0].touches_money), ("line 2", false));
    let mut findings = Findings::default();
    assert_eq!(decoded(b"\xEF\xBB\xBFx", &mut findings), "x");
    assert!(findings.into_problems().is_empty());
}

#[test]
fn a_file_that_is_too_large_is_refused_whole() {
    let mut findings = Findings::default();
    assert_eq!(decoded(&vec![b'x'; STATEMENT_BYTES_MAX + 1], &mut findings), "");
    assert!(findings.into_problems()[0].touches_money);
    let mut findings = Findings::default();
    assert_eq!(decoded("\r\n".repeat(STATEMENT_LINES_MAX + 1).as_bytes(), &mut findings), "");
    let problem = &findings.into_problems()[0];
    assert_eq!((problem.what.as_str(), problem.touches_money), ("the file has 500001 lines and was not read: at most 500000 are", true));
}

#[test]
fn the_list_of_problems_is_bounded_and_its_rest_still_says_whether_money_is_touched() {
    for touches in [false, true] {
        let mut findings = Findings::default();
        for line in 1..=PROBLEMS_MAX + 5 {
            findings.add(line, "x".to_owned(), touches && line == PROBLEMS_MAX + 3);
        }
        let problems = findings.into_problems();
        assert_eq!(problems.len(), PROBLEMS_MAX + 1);
        assert_eq!(
            (problems[PROBLEMS_MAX].what.as_str(), problems[PROBLEMS_MAX].touches_money),
            ("5 more problems are not listed one by one", touches)
        );
    }
}

#[test]
fn a_reversal_inverts_the_side() {
    use StatementSide::{Credit, Debit, ReversalOfCredit, ReversalOfDebit};
    assert_eq!([Credit, Debit, ReversalOfCredit, ReversalOfDebit].map(|side| side.change(5)), [5, -5, -5, 5]);
}
