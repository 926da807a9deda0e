//! Bank files of any length, line by line.
//!
//! A `camt` message, an MT940 or MT942 and a BAI2 file are in memory only as far as one of their entries. ACH returns are read whole, within the limits of their
//! reader.

use super::{
    BankFileLines, StatementPart, camt,
    output::{StreamOutput, StreamedFile},
    problem, read,
};
use crate::line::{BankLine, LinePlace};
use bankfiles::{FileProblem, STATEMENT_BYTES_MAX};
use iso20022::report::{
    ReportKind,
    stream::{ReportStream, StreamedReport},
};
use std::io::{self, Read};

/// How many bytes say which format a file has.
const START_BYTES: u64 = 64 << 10;
/// Reads a file as [`read`] does, and gives out each line as it comes: before it is known whether the file is sound. Whoever books from lines reads the file
/// twice, and the first time only for the answer. With a line comes its statement as far as it was read: an MT940 states its closing balance and its day after
/// its entries, so whoever needs them takes the statement of the first reading.
pub fn stream(mut input: impl Read, file: usize, give: &mut dyn FnMut(&StatementPart, BankLine)) -> StreamedFile {
    let mut start = Vec::new();
    let read_start = input.by_ref().take(START_BYTES).read_to_end(&mut start);
    let mut output = StreamOutput::new(give);
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
                let lines = output.open().map(|open| camt::entry_lines(open, &entry, place));
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
