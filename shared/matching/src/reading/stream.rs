//! Bank files of any length, line by line.
//!
//! A `camt` message, an MT940 or MT942 and a BAI2 file are in memory only as far as one of their entries. ACH returns are read whole, within the limits of their
//! reader.

use super::{BankFileLines, StatementPart, camt, problem, read};
use crate::line::{BankLine, LinePlace, LineStanding};
use bankfiles::{FileProblem, STATEMENT_BYTES_MAX};
use iso20022::report::{
    ReportKind,
    stream::{ReportStream, StreamedReport},
};
use jiff::civil::Date;
use sha2::{Digest, Sha256};
use std::io::{self, Read};

/// How many bytes say which format a file has.
const START_BYTES: u64 = 64 << 10;
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

/// Reads a file as [`read`] does, and gives out each line as it comes: before it is known whether the file is sound. Whoever books from lines reads the file
/// twice, and the first time only for the answer. With a line comes its statement as far as it was read: an MT940 states its closing balance and its day after
/// its entries, so whoever needs them takes the statement of the first reading.
pub fn stream(mut input: impl Read, file: usize, give: &mut dyn FnMut(&StatementPart, BankLine)) -> StreamedFile {
    let mut start = Vec::new();
    let read_start = input.by_ref().take(START_BYTES).read_to_end(&mut start);
    let mut output = StreamOutput { give, statements: Vec::new(), problems: Vec::new(), further: 0, further_touch_money: false };
    if let Err(error) = read_start {
        output.problem(unreadable(&error));
        return output.into_file("unknown");
    }
    if bankfiles::messages::looks_like(&start) {
        return message(start.chain(input), file, output, &start_name(&start));
    }
    if !bankfiles::nacha::looks_like(&start) {
        if bankfiles::bai2::looks_like(&start) {
            super::bai::stream(start.chain(input), file, &mut output);
            return output.into_file("BAI2");
        }
        if bankfiles::mt940::looks_like(&start) {
            let format = super::swift::stream(start.chain(input), file, &mut output);
            return output.into_file(format);
        }
    }
    let rest = (STATEMENT_BYTES_MAX + 1).saturating_sub(start.len()) as u64;
    if let Err(error) = input.take(rest).read_to_end(&mut start) {
        output.problem(unreadable(&error));
        return output.into_file("unknown");
    }
    // Its first field may come late.
    if bankfiles::mt940::looks_like(&start) && !bankfiles::nacha::looks_like(&start) {
        let format = super::swift::stream(start.as_slice(), file, &mut output);
        return output.into_file(format);
    }
    let BankFileLines { format, statements, lines, problems } = read(&start, file);
    drop(start);
    problems.into_iter().for_each(|problem| output.problem(problem));
    let mut lines = lines.into_iter().peekable();
    for part in statements {
        let number = part.statement;
        output.begin(part);
        while let Some(line) = lines.next_if(|line| line.place.statement == number) {
            output.line(line);
        }
    }
    // Lines of a file without statements, as ACH returns are.
    lines.for_each(|line| output.line(line));
    output.into_file(&format)
}

fn start_name(start: &[u8]) -> String {
    iso20022::xml::envelope::message_name(start).unwrap_or_else(|| "unknown".to_owned())
}

fn unreadable(error: &io::Error) -> FileProblem {
    problem("file", format!("could not be read: {error}"), true)
}

fn message(input: impl Read, file: usize, mut output: StreamOutput<'_>, name: &str) -> StreamedFile {
    let mut stream = ReportStream::new(input);
    let (mut statement, mut entries) = (0, 0);
    loop {
        let part = stream.next();
        for finding in stream.findings() {
            output.problem(problem(&finding.path, finding.what, finding.touches_money));
        }
        match part {
            Ok(Some(StreamedReport::Begin(report))) => {
                (statement, entries) = (statement + 1, 0);
                let standing = camt::standing(stream.kind().unwrap_or(ReportKind::Intraday), &report);
                output.begin(camt::part(&report, file, statement, standing));
            }
            Ok(Some(StreamedReport::Entry(entry))) => {
                entries += 1;
                let place = LinePlace { file, statement, entry: entries, detail: 0 };
                let lines = output.statements.last().map(|open| camt::entry_lines(&open.part, &entry, place));
                lines.into_iter().flatten().for_each(|line| output.line(line));
            }
            Ok(Some(StreamedReport::End)) => {}
            Ok(None) => break,
            Err(error) => {
                output.problem(problem("document", error.to_string(), true));
                break;
            }
        }
    }
    output.into_file(name)
}

/// A statement whose lines are being given out.
struct OpenStatement {
    part: StatementPart,
    content: StatementContent,
    hash: Sha256,
}

pub(super) struct StreamOutput<'g> {
    give: &'g mut dyn FnMut(&StatementPart, BankLine),
    statements: Vec<OpenStatement>,
    problems: Vec<FileProblem>,
    further: usize,
    further_touch_money: bool,
}

impl StreamOutput<'_> {
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

    fn line(&mut self, line: BankLine) {
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

    fn into_file(mut self, format: &str) -> StreamedFile {
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
    let flags = i64::from(line.direction == iso20022::camt053::Direction::Credit)
        + 2 * i64::from(line.is_reversal)
        + 4 * i64::from(line.is_charge)
        + 8 * i64::from(line.standing == LineStanding::Booked);
    let numbers = [line.amount.minor_units(), days[0], days[1], flags, line.place.entry as i64, line.place.detail as i64];
    numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
}
