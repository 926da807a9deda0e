//! Statements as files: all formats from one model, entry by entry, so that a file of a million entries needs no memory.
//!
//! - [`csv`]: for spreadsheets. `camt`: ISO 20022. `older`: MT940 and BAI2, which can't carry everything. `pdf`: for people.
//! - [`amount`]: amounts as texts.
pub mod amount;
mod camt;
mod csv;
mod older;
mod pdf;

use crate::{
    domain::statement::{DayStatement, StatementLine, line::LineDetails},
    error::Error,
    statements::OpenedStatement,
    treasury::Treasury,
};
use bankfiles::{bai2::Bai2Frame, mt940::Mt940Frame};
use iso20022::report::ReportKind;
use std::collections::VecDeque;

/// What a statement is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderFormat {
    /// Comma-separated values.
    Csv,
    /// ISO 20022.
    Camt(ReportKind),
    /// SWIFT MT940.
    Mt940,
    /// BAI2.
    Bai2,
    /// PDF.
    Pdf,
}

/// An entry with everything that a file may say of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RenderedLine<'a> {
    pub(crate) line: &'a StatementLine,
    pub(crate) details: &'a LineDetails,
    /// The node's balance after it.
    pub(crate) balance: i64,
}

/// A file that is being written.
enum Rendering {
    Csv(csv::CsvStatement),
    Camt(Box<camt::CamtStatement>),
    Mt940(Mt940Frame),
    Bai2(Bai2Frame),
    Pdf(Box<pdf::PdfStatement>),
}

impl RenderFormat {
    /// Whether there is none of a day that is not over.
    #[must_use]
    pub const fn needs_whole_day(self) -> bool {
        match self {
            Self::Csv | Self::Camt(ReportKind::Intraday | ReportKind::Notification) => false,
            Self::Camt(ReportKind::Statement) | Self::Mt940 | Self::Bai2 | Self::Pdf => true,
        }
    }

    /// The media type of the file.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Camt(_) => "application/xml",
            Self::Mt940 | Self::Bai2 => "text/plain; charset=us-ascii",
            Self::Pdf => "application/pdf",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Camt(ReportKind::Statement) => "camt053.xml",
            Self::Camt(ReportKind::Intraday) => "camt052.xml",
            Self::Camt(ReportKind::Notification) => "camt054.xml",
            Self::Mt940 => "sta",
            Self::Bai2 => "bai",
            Self::Pdf => "pdf",
        }
    }

    /// A name for the file. Ids and days have no characters that a file system could mind.
    #[must_use]
    pub fn file_name(self, statement: &DayStatement) -> String {
        format!("{}-{}.{}", statement.account.node, statement.day, self.extension())
    }

    /// What a statement has and this format can't carry.
    #[must_use]
    pub const fn losses(self) -> &'static [&'static str] {
        match self {
            Self::Csv | Self::Camt(_) => &[],
            Self::Mt940 => &older::MT940_LOSSES,
            Self::Bai2 => &older::BAI2_LOSSES,
            Self::Pdf => &pdf::LOSSES,
        }
    }

    /// The most entries of a file; `None`: any number.
    #[must_use]
    pub const fn entries_max(self) -> Option<i64> {
        match self {
            Self::Csv | Self::Camt(_) | Self::Mt940 | Self::Bai2 => None,
            Self::Pdf => Some(pdf::ENTRIES_MAX),
        }
    }

    /// Refuses a statement with more entries than the format's files have.
    pub fn check_entries(self, statement: &DayStatement) -> Result<(), Error> {
        let entries = statement.credits.count.saturating_add(statement.debits.count);
        match self.entries_max() {
            Some(entries_max) if entries > entries_max => Err(Error::EntriesTooMany { entries, entries_max }),
            _ => Ok(()),
        }
    }

    fn begin(self, statement: &DayStatement) -> Rendering {
        match self {
            Self::Csv => Rendering::Csv(csv::CsvStatement::new(statement)),
            Self::Camt(kind) => Rendering::Camt(Box::new(camt::CamtStatement::new(kind, statement))),
            Self::Mt940 => Rendering::Mt940(older::mt940(statement)),
            Self::Bai2 => Rendering::Bai2(older::bai2(statement)),
            Self::Pdf => Rendering::Pdf(Box::new(pdf::PdfStatement::new(statement))),
        }
    }
}

impl Rendering {
    fn head(&mut self) -> Result<Vec<u8>, Error> {
        let head = match self {
            Self::Csv(file) => file.head(),
            Self::Camt(file) => file.head()?,
            Self::Mt940(frame) => frame.head(),
            Self::Bai2(frame) => frame.head(),
            // Its pages can only be numbered together.
            Self::Pdf(_) => String::new(),
        };
        Ok(head.into_bytes())
    }

    fn line(&mut self, line: RenderedLine<'_>) -> Result<Vec<u8>, Error> {
        let line = match self {
            Self::Csv(file) => file.line(line),
            Self::Camt(file) => file.line(line)?,
            Self::Mt940(frame) => older::mt940_entry(frame, line),
            Self::Bai2(frame) => older::bai2_entry(frame, line),
            Self::Pdf(file) => {
                file.line(line);
                String::new()
            }
        };
        Ok(line.into_bytes())
    }

    fn end(&mut self) -> Vec<u8> {
        let end = match self {
            Self::Csv(file) => file.end(),
            Self::Camt(file) => file.end(),
            Self::Mt940(frame) => frame.tail(),
            Self::Bai2(frame) => frame.tail(),
            Self::Pdf(file) => return file.end(),
        };
        end.into_bytes()
    }
}

/// Entries that are written at once: their postings are asked for together.
const LINES_AT_ONCE: usize = 256;
/// Bytes of a part: well below what an answer may have.
const PART_BYTES: usize = 256 << 10;

/// The parts of a file, in order.
pub struct RenderedParts {
    treasury: Treasury,
    opened: OpenedStatement,
    rendering: Rendering,
    parts: VecDeque<Vec<u8>>,
    stage: RenderStage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RenderStage {
    Head,
    Lines,
    Over,
}

impl RenderedParts {
    /// Nothing is written yet.
    #[must_use]
    pub fn new(treasury: Treasury, opened: OpenedStatement, format: RenderFormat) -> Self {
        let rendering = format.begin(&opened.statement);
        Self { treasury, opened, rendering, parts: VecDeque::new(), stage: RenderStage::Head }
    }

    /// The next part; `None`: the file is whole.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if let Some(part) = self.parts.pop_front() {
                return Ok(Some(part));
            }
            let bytes = match self.stage {
                RenderStage::Head => {
                    self.stage = RenderStage::Lines;
                    self.rendering.head()?
                }
                RenderStage::Lines => self.lines().await?,
                RenderStage::Over => return Ok(None),
            };
            self.parts.extend(bytes.chunks(PART_BYTES).map(<[u8]>::to_vec));
        }
    }

    /// The next entries, and the end after the last.
    async fn lines(&mut self) -> Result<Vec<u8>, Error> {
        let (mut lines, mut balances) = (Vec::new(), Vec::new());
        while lines.len() < LINES_AT_ONCE {
            let Some((line, balance)) = self.opened.next().await? else {
                self.stage = RenderStage::Over;
                break;
            };
            lines.push(line);
            balances.push(balance);
        }
        let details = self.treasury.details(&lines).await?;
        let mut bytes = Vec::new();
        for ((line, balance), details) in lines.iter().zip(balances).zip(&details) {
            bytes.extend(self.rendering.line(RenderedLine { line, details, balance })?);
        }
        if self.stage == RenderStage::Over {
            bytes.extend(self.rendering.end());
        }
        Ok(bytes)
    }
}
