//! Account reports of any length, entry by entry: what is in memory is the report without its entries, and one entry.
//!
//! The checks are those of [`AccountReports::findings`], but what a report states is compared when it ends: whoever acts on entries before that must be able
//! to undo it, or read the document twice.

use super::{
    AccountReport, ReportEntry, ReportFinding, ReportKind, ReportPage,
    read::{VERSIONS, kind_of, read_entry, read_page, read_report},
    totals::EntryTally,
};
use crate::{
    Error,
    pain001::AccountId,
    value::time,
    xml::{Element, envelope::MessageStream},
};
use std::{collections::HashMap, io::Read};

/// The parts that are given out: reports, and the entries in them.
const PARTS: [(usize, &str); 4] = [(2, "Stmt"), (2, "Rpt"), (2, "Ntfctn"), (ENTRY_DEPTH, "Ntry")];
/// Around an entry are `Document`, the message and the report.
const ENTRY_DEPTH: usize = 3;
/// The most reports of one message: each is compared with those before it.
const REPORTS_MAX: usize = 100_000;

/// A part of a message, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamedReport {
    /// A report begins: everything about it but its entries.
    Begin(Box<AccountReport>),
    /// Its next entry.
    Entry(Box<ReportEntry>),
    /// The report is over. What does not add up in it or in one of its entries was added to the stream's findings.
    End,
}

/// What makes two reports of a message the same: id, numbers, page and account.
type ReportKey = (String, Option<u64>, Option<u64>, Option<u64>, Option<AccountId>);

/// A report that has begun.
struct OpenReport {
    report: AccountReport,
    tally: EntryTally,
    entries: usize,
}

/// Reads a `camt.052`, `camt.053` or `camt.054` part by part.
pub struct ReportStream<R: Read> {
    message: MessageStream<R>,
    /// Name, kind and page, once the first part was read.
    head: Option<(String, ReportKind, Option<ReportPage>)>,
    open: Option<OpenReport>,
    /// A part that comes after the one that announced it.
    next: Option<(usize, Element)>,
    reports: usize,
    seen: HashMap<ReportKey, usize>,
    findings: Vec<ReportFinding>,
}

impl<R: Read> ReportStream<R> {
    /// Nothing is read yet.
    pub fn new(input: R) -> Self {
        Self {
            message: MessageStream::new(input, &VERSIONS, &PARTS),
            head: None,
            open: None,
            next: None,
            reports: 0,
            seen: HashMap::new(),
            findings: Vec::new(),
        }
    }

    /// The message's kind, once its first report has begun.
    #[must_use]
    pub fn kind(&self) -> Option<ReportKind> {
        self.head.as_ref().map(|(_, kind, _)| *kind)
    }

    /// The message's name and version, such as `camt.053.001.08`, once its first report has begun.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.head.as_ref().map(|(name, _, _)| name.as_str())
    }

    /// What was found since this was last called. Their number is only bounded by that of the parts, so it is to be called often.
    pub fn findings(&mut self) -> Vec<ReportFinding> {
        std::mem::take(&mut self.findings)
    }

    /// The next part; `None` when the message is over and whole. After an error nothing more can be read.
    #[allow(clippy::should_implement_trait)] // A failed iterator would go on.
    pub fn next(&mut self) -> Result<Option<StreamedReport>, Error> {
        let part = match self.next.take() {
            Some(part) => Some(part),
            None => self.message.next()?,
        };
        let Some((depth, element)) = part else { return self.over() };
        if self.open.is_none() {
            let report = if depth == ENTRY_DEPTH { self.begun()? } else { self.with_page(read_report(&element)?)? };
            self.next = Some((depth, element));
            return self.begin(report).map(Some);
        }
        let path = format!("{} {}", self.element(), self.reports);
        let Some(open) = &mut self.open else { return Ok(None) };
        if depth == ENTRY_DEPTH {
            let entry = read_entry(&element)?;
            open.entries += 1;
            open.tally.add(&entry);
            entry.check(&format!("{path}/Ntry {}", open.entries), &mut self.findings);
            return Ok(Some(StreamedReport::Entry(Box::new(entry))));
        }
        self.end(&element, &path).map(Some)
    }

    /// The name of a report's element.
    fn element(&self) -> &'static str {
        self.kind().map_or("Stmt", |kind| kind.elements().1)
    }

    /// The report whose first entry was read.
    fn begun(&mut self) -> Result<AccountReport, Error> {
        let report = self.message.open().get(2).ok_or(Error::Missing { parent: "the message".to_owned(), element: "a report" })?;
        let report = read_report(report)?;
        self.with_page(report)
    }

    /// Reads the message's header with its first report. A report without a page of its own has the message's.
    fn with_page(&mut self, mut report: AccountReport) -> Result<AccountReport, Error> {
        if self.head.is_none() {
            let message = self.message.open().get(1).ok_or(Error::Missing { parent: "Document".to_owned(), element: "a message" })?;
            let kind = kind_of(message)?;
            let header = message.one("GrpHdr")?;
            header.text_of("MsgId")?;
            time(header.one("CreDtTm")?)?;
            let page = header.optional("MsgPgntn")?.map(read_page).transpose()?;
            self.head = Some((self.message.name().unwrap_or_default().to_owned(), kind, page));
        }
        let page = self.head.as_ref().and_then(|(_, _, page)| page.clone());
        report.page = report.page.or(page);
        Ok(report)
    }

    fn begin(&mut self, report: AccountReport) -> Result<StreamedReport, Error> {
        self.reports += 1;
        if self.reports > REPORTS_MAX {
            return Err(Error::TooLarge { what: "the number of reports", max: REPORTS_MAX });
        }
        let page = report.page.as_ref().map(|page| page.number);
        let key = (report.id.clone(), report.electronic_sequence, report.legal_sequence, page, report.account.id.clone());
        if let Some(before) = self.seen.insert(key, self.reports) {
            let element = self.element();
            let what = format!("the id, number and account are those of {element} {before}: its entries are there twice");
            self.findings.push(ReportFinding { path: format!("{element} {}", self.reports), what, touches_money: true });
        }
        self.open = Some(OpenReport { tally: EntryTally::new(&report), report: report.clone(), entries: 0 });
        Ok(StreamedReport::Begin(Box::new(report)))
    }

    fn end(&mut self, element: &Element, path: &str) -> Result<StreamedReport, Error> {
        let Some(open) = self.open.take() else { return Ok(StreamedReport::End) };
        let mut whole = read_report(element)?;
        whole.page = whole.page.or_else(|| open.report.page.clone());
        // The entries were judged by what stood before them.
        if whole != open.report {
            return Err(Error::value("Ntry", "the last element of its report but for a text"));
        }
        let kind = self.kind().unwrap_or(ReportKind::Statement);
        open.report.check(&open.tally, kind, path, &mut self.findings);
        Ok(StreamedReport::End)
    }

    fn over(&mut self) -> Result<Option<StreamedReport>, Error> {
        // The envelope says what is wrong with a document that has no message or more than one.
        let message = self.message.finished()?;
        if self.reports == 0 {
            let kind = kind_of(&message.message)?;
            return Err(Error::Missing { parent: message.message.name().to_owned(), element: kind.elements().1 });
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
