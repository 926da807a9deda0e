//! Text as rows and named cells.

use crate::{LINE_BYTES_MAX, LINES_MAX, ReportFault, UNPACKED_BYTES_MAX};
use csv::{ReaderBuilder, StringRecord};
use encoding_rs::GBK;
use jiff::civil::{Date, DateTime};
use money::Currency;
use rust_decimal::Decimal;
use std::borrow::Cow;

/// Largest amount, in units of a currency: beyond it a sum could not be booked.
const AMOUNT_MAX: i64 = 1_000_000_000_000;
/// Most characters of a cell that are shown in an error.
const SHOWN_CHARS: usize = 40;
/// Longest id or name that is taken, in bytes.
const TEXT_BYTES_MAX: usize = 255;

/// A text in UTF-8, without its byte order mark.
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, ReportFault> {
    checked(bytes)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        ReportFault::new(u64::try_from(line).unwrap_or(0), "", "is not UTF-8")
    })
}

/// A text in UTF-8 or else in GBK.
pub(crate) fn utf8_or_gbk(bytes: &[u8]) -> Result<Cow<'_, str>, ReportFault> {
    if let Ok(text) = utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    checked(bytes)?;
    let (text, _, is_broken) = GBK.decode(bytes);
    if is_broken { Err(ReportFault::of_file("the text is neither UTF-8 nor GBK")) } else { Ok(text) }
}

/// Bounds, before anything is copied.
fn checked(bytes: &[u8]) -> Result<(), ReportFault> {
    if bytes.len() > UNPACKED_BYTES_MAX {
        return Err(ReportFault::of_file(format!("the text has more than {UNPACKED_BYTES_MAX} bytes")));
    }
    for (line, text) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        if text.len() > LINE_BYTES_MAX {
            return Err(ReportFault::new(line, "", format!("has more than {LINE_BYTES_MAX} bytes")));
        }
    }
    Ok(())
}

/// A row with its line.
#[derive(Debug)]
pub(crate) struct ReportTableRow {
    pub line: u64,
    cells: StringRecord,
}

impl ReportTableRow {
    pub fn cell(&self, at: usize) -> &str {
        self.cells.get(at).unwrap_or_default().trim()
    }

    pub fn count(&self) -> usize {
        self.cells.len()
    }

    pub fn of(line: u64, cells: impl IntoIterator<Item = impl AsRef<[u8]> + AsRef<str>>) -> Self {
        let mut record = StringRecord::new();
        cells.into_iter().for_each(|cell| record.push_field(cell.as_ref()));
        Self { line, cells: record }
    }
}

/// The rows of a text whose cells are separated so.
pub(crate) fn rows(text: &str, separator: u8) -> Result<Vec<ReportTableRow>, ReportFault> {
    let quoted = separator == b',';
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).quoting(quoted).from_reader(text.as_bytes());
    let (mut rows, mut counted, mut line) = (Vec::new(), 0, 1_u64);
    for record in reader.records() {
        let cells = record.map_err(|error| ReportFault::of_file(format!("the table can't be read: {error}")))?;
        if rows.len() == LINES_MAX {
            return Err(ReportFault::of_file(format!("the table has more than {LINES_MAX} lines")));
        }
        // The reader says where a record begins, before or after the end of the line above it.
        let at = cells.position().and_then(|place| usize::try_from(place.byte()).ok()).unwrap_or_default();
        let at = at + text[at..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += u64::try_from(text[counted..at].bytes().filter(|byte| *byte == b'\n').count()).unwrap_or(0);
        counted = at;
        rows.push(ReportTableRow { line, cells });
    }
    Ok(rows)
}

/// The columns of a table, by name.
#[derive(Debug)]
pub(crate) struct NamedColumns {
    names: Vec<String>,
}

impl NamedColumns {
    /// A header in which every column is known, and every one that is needed is there.
    pub fn read(header: &ReportTableRow, needed: &[&str], also: &[&str]) -> Result<Self, ReportFault> {
        let names: Vec<String> = (0..header.count()).map(|at| header.cell(at).to_owned()).collect();
        for (at, name) in names.iter().enumerate() {
            // Some end a line with a separator.
            let is_end = name.is_empty() && at + 1 == names.len();
            if !is_end && !needed.contains(&name.as_str()) && !also.contains(&name.as_str()) {
                return Err(ReportFault::new(header.line, &shown(name), "is not known to this reader"));
            }
            if !is_end && names[..at].contains(name) {
                return Err(ReportFault::new(header.line, name, "is there twice"));
            }
        }
        match needed.iter().find(|needed| !names.iter().any(|name| name == *needed)) {
            Some(missing) => Err(ReportFault::new(header.line, missing, "is missing")),
            None => Ok(Self { names }),
        }
    }

    /// A row of this table; one with fewer cells is cut off.
    pub fn cells<'a>(&'a self, row: &'a ReportTableRow) -> Result<NamedCells<'a>, ReportFault> {
        if row.count() != self.names.len() {
            let what = format!(
                "has {} cells, and the header has {}: it is cut off, or a cell has a separator in it",
                row.count(),
                self.names.len()
            );
            return Err(ReportFault::new(row.line, "", what));
        }
        Ok(NamedCells { columns: self, row })
    }
}

fn shown(text: &str) -> String {
    money::text::shown(&text.chars().take(SHOWN_CHARS).collect::<String>()).into_owned()
}

/// The cells of a row, by the names of their columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NamedCells<'a> {
    columns: &'a NamedColumns,
    row: &'a ReportTableRow,
}

impl<'a> NamedCells<'a> {
    pub fn line(&self) -> u64 {
        self.row.line
    }

    pub fn wrong(&self, column: &str, must: &str) -> ReportFault {
        ReportFault::new(self.row.line, column, format!("`{}` must be {must}", shown(self.text(column))))
    }

    /// Empty where the table has no such column.
    pub fn text(&self, column: &str) -> &'a str {
        let at = self.columns.names.iter().position(|name| name == column);
        at.map_or("", |at| self.row.cell(at))
    }

    pub fn id(&self, column: &str) -> Result<String, ReportFault> {
        let text = self.text(column);
        let fits = text.len() <= TEXT_BYTES_MAX && money::text::is_plain(text);
        if fits { Ok(text.to_owned()) } else { Err(self.wrong(column, "at most 255 bytes without control characters")) }
    }

    pub fn amount(&self, column: &str) -> Result<Decimal, ReportFault> {
        amount(self.text(column)).ok_or_else(|| self.wrong(column, "an amount such as -12.34"))
    }

    /// Zero where the cell is empty.
    pub fn amount_or_zero(&self, column: &str) -> Result<Decimal, ReportFault> {
        if self.text(column).is_empty() { Ok(Decimal::ZERO) } else { self.amount(column) }
    }

    pub fn currency(&self, column: &str) -> Result<Currency, ReportFault> {
        Currency::try_new(self.text(column)).map_err(|_| self.wrong(column, "a currency of ISO 4217 that is known here"))
    }

    pub fn integer(&self, column: &str) -> Result<i64, ReportFault> {
        let text = self.text(column);
        let number = text.parse::<i64>().ok().or_else(|| amount(text).filter(Decimal::is_integer)?.try_into().ok());
        number.filter(|number| number.abs() <= AMOUNT_MAX).ok_or_else(|| self.wrong(column, "a whole number"))
    }

    /// Two capital letters.
    pub fn market(&self, column: &str) -> Result<String, ReportFault> {
        let text = self.text(column);
        let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if fits { Ok(text.to_owned()) } else { Err(self.wrong(column, "a country of two capital letters")) }
    }

    /// A time such as `2026-11-28 12:00:00`.
    pub fn time(&self, column: &str) -> Result<DateTime, ReportFault> {
        let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", self.text(column)).ok();
        let time = time.filter(|time| (2_000..3_000).contains(&time.year()));
        time.ok_or_else(|| self.wrong(column, "a time such as 2026-11-28 12:00:00"))
    }

    /// A day in a format of `strptime`.
    pub fn day(&self, column: &str, format: &str) -> Result<Date, ReportFault> {
        day(self.text(column), format).ok_or_else(|| self.wrong(column, &format!("a day in the form {format}")))
    }
}

pub(crate) fn day(text: &str, format: &str) -> Option<Date> {
    Date::strptime(format, text).ok().filter(|day| (2_000..3_000).contains(&day.year()))
}

/// An exact decimal number without exponent, at most [`AMOUNT_MAX`].
pub(crate) fn amount(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number =
        digits.starts_with(|first: char| first.is_ascii_digit()) && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_number {
        return None;
    }
    Decimal::from_str_exact(text).ok().filter(|amount| amount.abs() <= Decimal::from(AMOUNT_MAX))
}

/// A sum that a file states, compared with that of its lines.
pub(crate) fn same(line: u64, column: &str, stated: Decimal, found: Decimal) -> Result<(), ReportFault> {
    if stated == found {
        return Ok(());
    }
    Err(ReportFault::new(line, column, format!("states {stated}, and the lines come to {found}: lines are missing or were changed")))
}
