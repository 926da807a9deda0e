//! What is kept of a file whose lines are given out: its statements with what their lines come to, and its problems.

use super::{StatementPart, problem};
use crate::line::{BankLine, LineStanding};
use bankfiles::FileProblem;
use iso20022::camt053::Direction;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// Problems that are kept one by one; a file with more is broken as a whole.
const PROBLEMS_MAX: usize = 1_000;

/// What the lines of a statement come to. Two statements with the same digest have the same lines in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementContent {
    /// Its lines.
    pub lines: usize,
    /// Its booked lines in minor units, credits less debits.
    pub moved: i128,
    /// The last day on which one of them was booked.
    pub last_booked: Option<Date>,
    /// SHA-256 of what the lines say, without their places.
    pub digest: [u8; 32],
}

/// A file, without its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamedFile {
    /// As in [`BankFileLines`].
    pub format: String,
    /// Its statements, each with what its lines come to.
    pub statements: Vec<(StatementPart, StatementContent)>,
    /// What is wrong with it, or not understood.
    pub problems: Vec<FileProblem>,
}

impl StreamedFile {
    /// Whether the file is whole, its counts, sums and balances are right and all its money was understood. Of any other file nothing may be booked, although
    /// its lines were given out.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|problem| !problem.touches_money)
    }
}

/// A statement whose lines are being given out.
struct OpenStatement {
    part: StatementPart,
    content: StatementContent,
    hash: Sha256,
}

/// Where the lines of a file go, with what is kept of it.
pub(super) struct StreamOutput<'g> {
    give: &'g mut dyn FnMut(&StatementPart, BankLine),
    statements: Vec<OpenStatement>,
    problems: Vec<FileProblem>,
    further: usize,
    further_touch_money: bool,
}

impl<'g> StreamOutput<'g> {
    pub(super) fn new(give: &'g mut dyn FnMut(&StatementPart, BankLine)) -> Self {
        Self { give, statements: Vec::new(), problems: Vec::new(), further: 0, further_touch_money: false }
    }

    /// The statement that began last, as far as it was read.
    pub(super) fn open(&self) -> Option<&StatementPart> {
        self.statements.last().map(|open| &open.part)
    }

    pub(super) fn begin(&mut self, part: StatementPart) {
        let content = StatementContent { lines: 0, moved: 0, last_booked: None, digest: [0; 32] };
        self.statements.push(OpenStatement { part, content, hash: Sha256::new() });
    }

    /// Completes the statement that began last with what its end says.
    pub(super) fn end(&mut self, part: StatementPart) {
        if let Some(open) = self.statements.last_mut() {
            open.part = part;
        }
    }

    /// Gives out a line, or keeps why it can't be one.
    pub(super) fn line_or_problem(&mut self, line: Result<BankLine, FileProblem>) {
        match line {
            Ok(line) => self.line(line),
            Err(problem) => self.problem(problem),
        }
    }

    pub(super) fn line(&mut self, line: BankLine) {
        let Some(open) = self.statements.last_mut() else {
            // A file of ACH returns has lines and no statement.
            let part = StatementPart::of_no_statement(line.place.file, line.amount.currency().code());
            (self.give)(&part, line);
            return;
        };
        let content = &mut open.content;
        content.lines += 1;
        if line.standing == LineStanding::Booked {
            content.moved += line.direction.signed(line.amount);
            content.last_booked = content.last_booked.max(line.booked);
        }
        // A report without an account's currency or balances has that of its first line.
        if open.part.currency.is_empty() {
            line.amount.currency().code().clone_into(&mut open.part.currency);
        }
        feed(&line, &mut open.hash);
        (self.give)(&open.part, line);
    }

    pub(super) fn problem(&mut self, problem: FileProblem) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        } else {
            self.further += 1;
            self.further_touch_money |= problem.touches_money;
        }
    }

    pub(super) fn into_file(mut self, format: &str) -> StreamedFile {
        if self.further > 0 {
            let what = format!("{} more problems are not listed one by one", self.further);
            self.problems.push(problem("file", what, self.further_touch_money));
        }
        let whole = |open: OpenStatement| (open.part, StatementContent { digest: open.hash.finalize().into(), ..open.content });
        StreamedFile { format: format.to_owned(), statements: self.statements.into_iter().map(whole).collect(), problems: self.problems }
    }
}

/// Adds everything that a line says to a hash, each text with its length.
fn feed(line: &BankLine, hash: &mut Sha256) {
    let mut text = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    text(line.account.as_deref().unwrap_or_default());
    text(line.bank_reference.as_deref().unwrap_or_default());
    text(line.counterparty.as_deref().unwrap_or_default());
    text(line.amount.currency().code());
    line.end_to_end.iter().chain(&line.payment_ids).for_each(|found| text(&found.text));
    line.texts.iter().for_each(|part| text(part));
    if let Some(returned) = &line.returned {
        text(returned.code.as_deref().unwrap_or("return"));
    }
    line.batch.iter().flat_map(|batch| &batch.ids).for_each(|id| text(id));
    let days = [line.booked, line.value_date]
        .map(|day| day.map_or(0, |day| i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())));
    let flags = i64::from(line.direction == Direction::Credit)
        + 2 * i64::from(line.is_reversal)
        + 4 * i64::from(line.is_charge)
        + 8 * i64::from(line.standing == LineStanding::Booked);
    let numbers = [line.amount.minor_units(), days[0], days[1], flags, line.place.entry as i64, line.place.detail as i64];
    numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
}
