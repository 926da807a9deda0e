//! Files against each other: statements that are there twice, gaps between them, and balances that do not continue.

use crate::{
    line::{BankLine, LineStanding},
    reading::{BankFileLines, StatementPart},
};
use jiff::civil::Date;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is wrong with a statement beside others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum SetFinding {
    /// An earlier file has the same statement with the same entries: it was set aside.
    SameStatement {
        /// The statement that stays, as file and number in it.
        of: (usize, usize),
    },
    /// An earlier file has a statement of this number, day and account with other entries or balances: both were set aside, because one of them is wrong.
    ChangedStatement {
        /// The other one, as file and number in it.
        of: (usize, usize),
    },
    /// One or more statements are missing before it.
    Gap {
        /// The number that was expected, if the bank numbers.
        expected: Option<u64>,
    },
    /// Its opening balance is not the closing balance of the statement before, although no statement is missing: it was set aside.
    WrongOpening {
        /// The closing balance before, in minor units.
        expected: i64,
        /// The stated one.
        found: i64,
    },
}

/// A finding and the statement that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementProblem {
    /// The file.
    pub file: usize,
    /// The statement's number in it.
    pub statement: usize,
    /// What is wrong.
    #[serde(flatten)]
    pub finding: SetFinding,
    /// Whether the statement was set aside, so that none of its lines is matched.
    pub set_aside: bool,
}

/// The lines that may be matched, and what is wrong with statements beside others. Files that are not sound have no lines and are not compared.
///
/// Only statements that close a day are compared, each with others of its account, currency and format: formats number differently, and what two formats
/// tell of one day is linked entry by entry. An earlier statement is one with an earlier closing day, number and page, whatever the order of files.
#[must_use]
pub fn lines_to_match(files: &[BankFileLines]) -> (Vec<BankLine>, Vec<StatementProblem>) {
    let content = StatementContents::new(files);
    let sound = files.iter().filter(|file| file.is_sound());
    let parts: Vec<_> = sound.flat_map(|file| file.statements.iter().map(|part| (file.format.as_str(), part))).collect();
    let problems = compare_statements(&parts, &|one, other| content.same(one, other));
    let set_aside: std::collections::HashSet<_> =
        problems.iter().filter(|problem| problem.set_aside).map(|problem| (problem.file, problem.statement)).collect();
    let lines = files.iter().flat_map(|file| &file.lines);
    let lines = lines.filter(|line| !set_aside.contains(&(line.place.file, line.place.statement))).cloned().collect();
    (lines, problems)
}

/// What is wrong with statements beside others, by file and number: each with its file's format. `has_same_entries` says whether two statements have the same
/// entries; their balances are compared here. See [`lines_to_match`], which does this for files in memory.
#[must_use]
pub fn compare_statements(
    statements: &[(&str, &StatementPart)],
    has_same_entries: &dyn Fn(&StatementPart, &StatementPart) -> bool,
) -> Vec<StatementProblem> {
    let mut series: BTreeMap<(&str, &str, &str), Vec<&StatementPart>> = BTreeMap::new();
    for (format, part) in statements.iter().filter(|(_, part)| part.standing == LineStanding::Booked) {
        let format = format.split(".001.").next().unwrap_or(format);
        let account = part.account.as_deref().unwrap_or_default();
        series.entry((account, &part.currency, format)).or_default().push(part);
    }
    let mut problems = Vec::new();
    for parts in series.values_mut() {
        parts.sort_by_key(|part| (order(part), part.file, part.statement));
        let kept = without_repeats(parts, has_same_entries, &mut problems);
        continued(&kept, &mut problems);
    }
    problems.sort_by_key(|problem| (problem.file, problem.statement));
    problems
}

type PartOrder = (Option<Date>, Option<u64>, Option<u64>);

fn order(part: &StatementPart) -> PartOrder {
    (part.day, part.number, part.page)
}

/// What statements say, to compare those with the same number.
struct StatementContents<'a>(BTreeMap<(usize, usize), Vec<&'a BankLine>>);

impl<'a> StatementContents<'a> {
    fn new(files: &'a [BankFileLines]) -> Self {
        let mut lines: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for line in files.iter().flat_map(|file| &file.lines) {
            lines.entry((line.place.file, line.place.statement)).or_default().push(line);
        }
        Self(lines)
    }

    fn same(&self, one: &StatementPart, other: &StatementPart) -> bool {
        let lines = |part: &StatementPart| self.0.get(&(part.file, part.statement)).map_or(&[][..], Vec::as_slice);
        let (first, second) = (lines(one), lines(other));
        let without_place =
            |line: &BankLine| BankLine { place: crate::line::LinePlace { file: 0, statement: 0, ..line.place }, ..line.clone() };
        first.len() == second.len() && first.iter().zip(second).all(|(one, other)| without_place(one) == without_place(other))
    }
}

/// Sets repeated and contradicting statements aside; returns the others.
fn without_repeats<'a>(
    parts: &[&'a StatementPart],
    has_same_entries: &dyn Fn(&StatementPart, &StatementPart) -> bool,
    problems: &mut Vec<StatementProblem>,
) -> Vec<&'a StatementPart> {
    let is_same = |one: &StatementPart, other: &StatementPart| {
        (one.opening, one.closing) == (other.opening, other.closing) && has_same_entries(one, other)
    };
    let mut kept: Vec<&StatementPart> = Vec::new();
    for group in parts.chunk_by(|one, other| order(one) == order(other)) {
        let [first, others @ ..] = group else { continue };
        // Some banks report a day in several statements without a number: nothing says that they are one.
        let is_named = first.number.is_some_and(|number| number > 0);
        let mut changed = false;
        for other in others {
            let of = (first.file, first.statement);
            let finding = if is_same(first, other) {
                SetFinding::SameStatement { of }
            } else if is_named {
                changed = true;
                SetFinding::ChangedStatement { of }
            } else {
                kept.push(other);
                continue;
            };
            problems.push(StatementProblem { file: other.file, statement: other.statement, finding, set_aside: true });
        }
        if changed {
            let other = others.iter().find(|other| !is_same(first, other)).unwrap_or(first);
            let finding = SetFinding::ChangedStatement { of: (other.file, other.statement) };
            problems.push(StatementProblem { file: first.file, statement: first.statement, finding, set_aside: true });
        } else {
            kept.push(first);
        }
    }
    kept.sort_by_key(|part| (order(part), part.file, part.statement));
    kept
}

/// Compares each statement with the one before.
fn continued(parts: &[&StatementPart], problems: &mut Vec<StatementProblem>) {
    for pair in parts.windows(2) {
        let [before, after] = pair else { continue };
        let mut add = |finding, set_aside| {
            problems.push(StatementProblem { file: after.file, statement: after.statement, finding, set_aside });
        };
        let numbers = before.number.filter(|number| *number > 0).zip(after.number.filter(|number| *number > 0));
        let same_number = numbers.is_some_and(|(before, after)| before == after);
        let restarted = before.day.zip(after.day).is_some_and(|(before, after)| before.year() != after.year()) && after.number == Some(1);
        let expected = numbers.map(|(before, _)| before.saturating_add(1));
        let is_next = numbers.is_none_or(|(_, after)| Some(after) == expected) || restarted || same_number;
        if !is_next {
            add(SetFinding::Gap { expected }, false);
            continue;
        }
        // A day in several parts, which no number orders.
        if numbers.is_none() && before.day == after.day {
            continue;
        }
        let Some((closing, opening)) = before.closing.zip(after.opening) else { continue };
        if closing == opening {
            continue;
        }
        if numbers.is_some() {
            add(SetFinding::WrongOpening { expected: closing, found: opening }, true);
        } else {
            // Without numbers, a statement between them may be missing.
            add(SetFinding::Gap { expected: None }, false);
        }
    }
}

#[cfg(test)]
mod tests;
