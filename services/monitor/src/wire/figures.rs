//! GetFigures.
use super::payments::{contact, kinds, of_second};
use crate::{
    error::Error,
    payments::{
        FiguresRead,
        cursor::cursor,
        figures::{FigureRange, StepLength, beginning},
        tally::{KindCount, UnitSums},
    },
};
use api::monitor::{FigureMeasure, FigurePoint, FigureSeries, FigureStep, GetFiguresRequest, GetFiguresResponse};
use money::BookName;
use prost::Message as _;
use prost_types::Timestamp;
use rpc::{ANSWER_BYTES_MAX, Violations, wire};
use std::collections::{BTreeMap, BTreeSet};
use tonic::Status;

#[cfg(test)]
mod tests;

/// Steps of a series.
const STEPS_MAX: i64 = 1_500;

/// A request for figures.
#[derive(Debug)]
pub struct FiguresAsked {
    /// The book.
    pub book: BookName,
    /// What the series are of.
    pub measure: FigureMeasure,
    /// The length of a step.
    pub length: StepLength,
    /// The steps.
    pub range: FigureRange,
    /// The kinds; none: all.
    pub kinds: BTreeSet<String>,
}

/// Reads a request whose book was read from its name.
pub fn asked(book: Result<BookName, Status>, sent: GetFiguresRequest) -> Result<FiguresAsked, Error> {
    let mut wrong = Violations::default();
    let (book, measure) = (wrong.take(book), wrong.take(measure(sent.measure())));
    let length = wrong.take(length(sent.step()));
    let (from, to) = (wrong.take(time("from", sent.from)), wrong.take(time("to", sent.to)));
    let kinds = wrong.take(kinds(sent.kinds));
    let range = length.zip(from.zip(to)).and_then(|(length, (from, to))| wrong.take(range(length, from, to)));
    let (Some(book), Some(measure), Some(length), Some(range), Some(kinds)) = (book, measure, length, range, kinds) else {
        return Err(Error::Violations(Box::new(wrong.into_status())));
    };
    Ok(FiguresAsked { book, measure, length, range, kinds })
}

fn measure(sent: FigureMeasure) -> Result<FigureMeasure, Status> {
    match sent {
        FigureMeasure::Unspecified => Err(rpc::malformed("measure", "must be a measure")),
        FigureMeasure::Postings | FigureMeasure::Moved | FigureMeasure::Held | FigureMeasure::Released => Ok(sent),
    }
}

fn length(sent: FigureStep) -> Result<StepLength, Status> {
    match sent {
        FigureStep::Unspecified => Err(rpc::malformed("step", "must be a length of steps")),
        FigureStep::Second => Ok(StepLength::Second),
        FigureStep::Minute => Ok(StepLength::Minute),
        FigureStep::Hour => Ok(StepLength::Hour),
    }
}

fn time(field: &'static str, sent: Option<Timestamp>) -> Result<Timestamp, Status> {
    match sent {
        None => Err(rpc::malformed(field, "must be given")),
        Some(time) if wire::is_time(&time) => Ok(time),
        Some(_) => Err(rpc::malformed(field, wire::TIME_FORM)),
    }
}

/// From the step of the first time to the one that the second is in, unless it is that one's beginning.
fn range(length: StepLength, from: Timestamp, to: Timestamp) -> Result<FigureRange, Status> {
    let length_s = length.seconds();
    let last_s = if to.nanos > 0 { to.seconds } else { to.seconds - 1 };
    let (from_s, to_s) = (beginning(from.seconds, length_s), beginning(last_s, length_s) + length_s);
    if (from.seconds, from.nanos) >= (to.seconds, to.nanos) {
        return Err(rpc::malformed("to", "must be after from"));
    }
    if (to_s - from_s) / length_s > STEPS_MAX {
        return Err(rpc::malformed("to", "must be at most 1500 steps after from"));
    }
    Ok(FigureRange { from_s, to_s })
}

/// The answer.
pub fn figures(asked: &FiguresAsked, read: FiguresRead) -> GetFiguresResponse {
    let mut series: BTreeMap<(&str, &str), Vec<FigurePoint>> = BTreeMap::new();
    let mut point = |name, step, value| {
        if value != 0 {
            let time = Some(of_second(step));
            series.entry(name).or_default().push(FigurePoint { time, value });
        }
    };
    for (step, tally) in &read.steps {
        for (kind, count) in tally.kinds().filter(|(kind, _)| asked.kinds.is_empty() || asked.kinds.contains(*kind)) {
            match of(asked.measure, count) {
                Measured::Postings(postings) => point((kind, ""), *step, postings),
                Measured::Amounts(amount) => count.units.iter().for_each(|(unit, sums)| point((kind, unit), *step, amount(sums))),
            }
        }
    }
    let series = series.into_iter().map(|((kind, unit), points)| FigureSeries { kind: kind.to_owned(), unit: unit.to_owned(), points });
    let (ledger, ledger_lost_time) = contact(read.lost);
    GetFiguresResponse {
        series: series.collect(),
        complete_from_time: Some(of_second(read.complete_from_s)),
        cursor: cursor(&asked.book, &read.place),
        last_commit_time: read.committed_us.map(wire::timestamp_us),
        ledger: ledger.into(),
        ledger_lost_time,
        head_seq: read.place.seq,
        head_hash: read.place.hash,
    }
}

/// The answer, if it is not larger than answers may be: a book may have any number of kinds and units.
pub fn fitting(answer: GetFiguresResponse) -> Result<GetFiguresResponse, Error> {
    let bytes = answer.encoded_len();
    if bytes > ANSWER_BYTES_MAX { Err(Error::FiguresTooLarge { bytes }) } else { Ok(answer) }
}

/// What a measure takes of a kind's postings.
enum Measured {
    /// Their number.
    Postings(i64),
    /// An amount of each unit.
    Amounts(fn(&UnitSums) -> i64),
}

fn of(measure: FigureMeasure, count: &KindCount) -> Measured {
    match measure {
        FigureMeasure::Unspecified | FigureMeasure::Postings => Measured::Postings(count.postings),
        FigureMeasure::Moved => Measured::Amounts(|sums| sums.moved),
        FigureMeasure::Held => Measured::Amounts(|sums| sums.held),
        FigureMeasure::Released => Measured::Amounts(|sums| sums.released),
    }
}
