//! Statements as files: all formats from one model, entry by entry, so that a file of a million entries needs no memory.
//!
//! - [`csv`]: for spreadsheets. [`amount`]: amounts as texts.
pub mod amount;
mod csv;

use crate::{
    domain::statement::{DayStatement, StatementLine, line::LineDetails},
    error::Error,
    statements::OpenedStatement,
    treasury::Treasury,
};
use std::collections::VecDeque;

/// What a statement is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenderFormat {
    /// Comma-separated values.
    Csv,
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
}

impl RenderFormat {
    /// Whether there is none of a day that is not over.
    #[must_use]
    pub const fn needs_whole_day(self) -> bool {
        match self {
            Self::Csv => false,
        }
    }

    /// The media type of the file.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
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
            Self::Csv => &[],
        }
    }

    fn begin(self, statement: &DayStatement) -> Rendering {
        match self {
            Self::Csv => Rendering::Csv(csv::CsvStatement::new(statement)),
        }
    }
}

impl Rendering {
    fn head(&mut self) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Csv(file) => file.head().into_bytes(),
        })
    }

    fn line(&mut self, line: RenderedLine<'_>) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Csv(file) => file.line(line).into_bytes(),
        })
    }

    fn end(&mut self) -> Result<Vec<u8>, Error> {
        Ok(match self {
            Self::Csv(file) => file.end().into_bytes(),
        })
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
            bytes.extend(self.rendering.end()?);
        }
        Ok(bytes)
    }
}
