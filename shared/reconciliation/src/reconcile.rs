//! A whole run: every file twice.

use crate::{
    engine::{Reconciled, Run, RunError},
    rule::ExplainedLine,
    store::ItemStore,
    survey::{Judged, Survey},
    terms::RunTerms,
};
use matching::{SeenEntry, StreamedFile, stream};
use std::io::{self, Read};

/// Opens a file for reading from its start.
pub type OpenFile<'a> = dyn Fn() -> io::Result<Box<dyn Read + 'a>> + 'a;

/// What came of a run.
#[derive(Debug)]
pub struct Reconciliation {
    /// The files, numbered from 1 in the order in which they were given.
    pub files: Vec<(usize, StreamedFile)>,
    /// What is wrong with files and statements, and what was matched.
    pub judged: Judged,
    /// What their lines are.
    pub reconciled: Reconciled,
}

/// Reconciles files with items. `seen` is what earlier runs booked. Explained lines are given out as they are found; they may be used only if the run ends well.
///
/// # Errors
/// [`RunError`]. A file that can't be read or is not sound is no error but a case.
pub fn reconcile(
    files: &[&OpenFile<'_>],
    terms: &RunTerms<'_>,
    items: ItemStore,
    seen: &[SeenEntry],
    give: &mut dyn FnMut(ExplainedLine),
) -> Result<Reconciliation, RunError> {
    let mut survey = Survey::new();
    for (at, open) in files.iter().enumerate() {
        survey.add(at + 1, read(*open, at + 1, &mut |_, _| {}));
    }
    let judged = survey.judge(terms, items.accounts())?;
    let mut run = Run::new(terms, &judged, items, give);
    seen.iter().for_each(|entry| run.remember(entry));
    for number in judged.order.iter().copied() {
        let Some(open) = number.checked_sub(1).and_then(|at| files.get(at)) else { continue };
        let again = read(*open, number, &mut |part, line| run.line(part, line));
        let is_same = survey.files().iter().any(|(known, first)| *known == number && *first == again);
        if !is_same {
            return Err(RunError::Changed { file: number });
        }
    }
    let reconciled = run.finish()?;
    Ok(Reconciliation { files: survey.into_files(), judged, reconciled })
}

fn read(open: &OpenFile<'_>, number: usize, give: &mut dyn FnMut(&matching::StatementPart, matching::BankLine)) -> StreamedFile {
    match open() {
        Ok(input) => stream(input, number, give),
        Err(error) => stream(FailedRead(Some(error)), number, give),
    }
}

/// A file that could not be opened is one that can't be read.
struct FailedRead(Option<io::Error>);

impl Read for FailedRead {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
