//! Unit tests of `soundness`.
use super::*;
use crate::read;

/// A statement of one debit.
fn statement(number: u64, day: u8, opening: i64, amount: i64, reference: &str) -> String {
    let written = |minor: i64| format!("{}{},{:02}", "EUR", minor / 100, minor % 100);
    let amount_text = format!("{},{:02}", amount / 100, amount % 100);
    format!(
        ":20:R\r\n:25:123456\r\n:28C:{number}/1\r\n:60F:C2611{day:02}{}\r\n:61:2611{day:02}D{amount_text}NTRFNONREF//{reference}\r\n:62F:C2611{day:02}{}\r\n-\r\n",
        written(opening),
        written(opening - amount),
    )
}

fn compared(texts: &[String]) -> (usize, Vec<(usize, SetFinding, bool)>) {
    let files: Vec<_> = texts.iter().enumerate().map(|(at, text)| read(text.as_bytes(), at + 1)).collect();
    assert!(files.iter().all(BankFileLines::is_sound), "{files:?}");
    let (lines, problems) = lines_to_match(&files);
    (lines.len(), problems.into_iter().map(|problem| (problem.file, problem.finding, problem.set_aside)).collect())
}

#[test]
fn statements_that_continue_each_other_are_all_matched() {
    let days = [statement(2, 25, 9_500, 100, "B2"), statement(1, 24, 10_000, 500, "B1"), statement(3, 26, 9_400, 100, "B3")];
    assert_eq!(compared(&days), (3, vec![]));
}

#[test]
fn the_same_statement_twice_is_set_aside_once() {
    let one = statement(1, 24, 10_000, 500, "B1");
    assert_eq!(compared(&[one.clone(), one]), (1, vec![(2, SetFinding::SameStatement { of: (1, 1) }, true)]));
}

#[test]
fn a_statement_of_one_number_with_other_entries_leaves_neither() {
    let changed = [statement(1, 24, 10_000, 500, "B1"), statement(1, 24, 10_000, 600, "B1")];
    let of = |file| SetFinding::ChangedStatement { of: (file, 1) };
    assert_eq!(compared(&changed), (0, vec![(1, of(2), true), (2, of(1), true)]));
}

#[test]
fn a_missing_statement_is_a_gap_and_sets_nothing_aside() {
    let days = [statement(1, 24, 10_000, 500, "B1"), statement(4, 25, 700, 100, "B2")];
    assert_eq!(compared(&days), (2, vec![(2, SetFinding::Gap { expected: Some(2) }, false)]));
}

#[test]
fn a_wrong_opening_balance_sets_the_statement_aside() {
    let days = [statement(1, 24, 10_000, 500, "B1"), statement(2, 25, 9_600, 100, "B2")];
    assert_eq!(compared(&days), (1, vec![(2, SetFinding::WrongOpening { expected: 9_500, found: 9_600 }, true)]));
}

#[test]
fn other_accounts_and_files_that_are_not_sound_are_not_compared() {
    let other = statement(9, 24, 300, 100, "B1").replace("123456", "999");
    assert_eq!(compared(&[statement(1, 24, 10_000, 500, "B1"), other]), (2, vec![]));
    let broken = read(statement(1, 24, 10_000, 500, "B1").replace("C261124EUR95", "C261124EUR96").as_bytes(), 2);
    let good = read(statement(1, 24, 10_000, 500, "B1").as_bytes(), 1);
    let (lines, problems) = lines_to_match(&[good, broken]);
    assert_eq!((lines.len(), problems), (1, vec![]));
    assert_eq!(lines_to_match(&[]), (vec![], vec![]));
}
