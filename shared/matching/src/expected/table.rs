//! Expected items as a table: CSV with a header line.

use super::{ExpectedBatch, ExpectedItem, ItemStanding};
use csv::StringRecord;
use iso20022::camt053::Direction;
use jiff::civil::Date;
use money::{AMOUNT_MAX, Currency, Money};
use rust_decimal::Decimal;
use std::{
    collections::{HashMap, HashSet},
    io::Read,
};

/// The largest table that is read, in bytes.
pub const TABLE_BYTES_MAX: usize = 256 << 20;
/// The most items of a table.
pub const TABLE_ROWS_MAX: usize = 1_000_000;
/// How many problems are listed; a table with one is refused anyway.
const PROBLEMS_MAX: usize = 100;
/// Columns that every table has.
const REQUIRED: [&str; 5] = ["key", "account", "direction", "amount", "currency"];
/// Columns that a table may have.
const OPTIONAL: [&str; 13] = [
    "end_to_end_id",
    "short_reference",
    "payment_ids",
    "trace",
    "batch",
    "company_id",
    "effective_date",
    "batch_total",
    "first_day",
    "last_day",
    "standing",
    "returned",
    "duplicates",
];

/// Why a table of items is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TableProblem {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong, and what was expected.
    pub what: String,
}

/// Reads a table. Columns may be in any order; `payment_ids` are separated by blanks, amounts are in major units, dates are `YYYY-MM-DD`.
///
/// # Errors
/// All problems, at most 100. A table with a problem is refused whole: an item left out would make its booking look unknown.
pub fn read_table(bytes: &[u8]) -> Result<Vec<ExpectedItem>, Vec<TableProblem>> {
    if bytes.len() > TABLE_BYTES_MAX {
        let what = format!("the table has {} bytes; at most {TABLE_BYTES_MAX} are read", bytes.len());
        return Err(vec![TableProblem { line: 1, what }]);
    }
    let (mut items, mut problems, mut keys) = (Vec::new(), Vec::new(), HashSet::new());
    for row in TableRows::new(bytes, &[]).map_err(|problem| vec![problem])? {
        if problems.len() >= PROBLEMS_MAX {
            break;
        }
        match row {
            Ok(row) if !keys.insert(row.item.key.clone()) => {
                problems.push(TableProblem { line: row.line, what: format!("the key {} is there twice", row.item.key) });
            }
            Ok(row) => items.push(row.item),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(items) } else { Err(problems) }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRow {
    /// Its line, from 1.
    pub line: u64,
    /// What it says.
    pub item: ExpectedItem,
    /// Cells of the caller's own columns, in the order in which they were asked for; `None` where the column is absent or the cell is empty.
    pub further: Vec<Option<String>>,
}

/// Reads a table row by row, as [`read_table`] reads it whole; but a key may be there twice.
pub struct TableRows<R> {
    reader: csv::Reader<R>,
    columns: HashMap<String, usize>,
    further: &'static [&'static str],
    record: StringRecord,
    rows: usize,
    is_over: bool,
}

impl<R: Read> TableRows<R> {
    /// Reads the header. `further` are columns that the table may have besides those of items.
    ///
    /// # Errors
    /// A header that can't be read, or an unknown, repeated or missing column.
    pub fn new(input: R, further: &'static [&'static str]) -> Result<Self, TableProblem> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(input);
        let one = |what| TableProblem { line: 1, what };
        let header = reader.headers().map_err(|error| one(unreadable(&error)))?;
        let columns = columns(header, further).map_err(one)?;
        Ok(Self { reader, columns, further, record: StringRecord::new(), rows: 0, is_over: false })
    }
}

impl<R: Read> Iterator for TableRows<R> {
    type Item = Result<ReadRow, TableProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let row_line = self.rows as u64 + 2;
        self.rows += 1;
        match self.reader.read_record(&mut self.record) {
            Ok(false) => return None,
            Ok(true) if self.rows > TABLE_ROWS_MAX => {
                self.is_over = true;
                return Some(Err(TableProblem { line: row_line, what: format!("the table has more than {TABLE_ROWS_MAX} items") }));
            }
            Ok(true) => {}
            Err(error) => {
                // After a failed read, what follows can't be trusted.
                self.is_over = matches!(error.kind(), csv::ErrorKind::Io(_));
                let line = error.position().map_or(row_line, csv::Position::line);
                return Some(Err(TableProblem { line, what: unreadable(&error) }));
            }
        }
        let line = self.record.position().map_or(row_line, csv::Position::line);
        let row = TableRow { record: &self.record, columns: &self.columns };
        let read = row.item().map_err(|what| TableProblem { line, what });
        Some(read.map(|item| {
            let further = self.further.iter().map(|name| row.cell(name).map(str::to_owned)).collect();
            ReadRow { line, item, further }
        }))
    }
}

fn columns(header: &StringRecord, further: &[&str]) -> Result<HashMap<String, usize>, String> {
    let mut columns = HashMap::new();
    for (at, name) in header.iter().enumerate() {
        // A mark of UTF-8 at the start is no part of the first name.
        let name = if at == 0 { name.trim_start_matches('\u{feff}') } else { name };
        let known = [&REQUIRED[..], &OPTIONAL[..], further].concat();
        if !known.contains(&name) {
            return Err(format!("the column {name:?} is unknown; known are {}", known.join(", ")));
        }
        if columns.insert(name.to_owned(), at).is_some() {
            return Err(format!("the column {name} is there twice"));
        }
    }
    match REQUIRED.iter().find(|name| !columns.contains_key(**name)) {
        Some(missing) => Err(format!("the column {missing} is missing")),
        None => Ok(columns),
    }
}

struct TableRow<'a> {
    record: &'a StringRecord,
    columns: &'a HashMap<String, usize>,
}

impl TableRow<'_> {
    /// A cell that is there and not empty.
    fn cell(&self, name: &str) -> Option<&str> {
        self.columns.get(name).and_then(|at| self.record.get(*at)).filter(|text| !text.is_empty())
    }

    fn must(&self, name: &str) -> Result<&str, String> {
        self.cell(name).ok_or_else(|| format!("{name} is empty"))
    }

    fn date(&self, name: &str) -> Result<Option<Date>, String> {
        let parse = |text: &str| text.parse().map_err(|_| format!("{name} must be a day, YYYY-MM-DD"));
        self.cell(name).map(parse).transpose()
    }

    fn money(&self, name: &str, currency: Currency) -> Result<Option<Money>, String> {
        self.cell(name).map(|text| exact(name, text, currency)).transpose()
    }

    fn item(&self) -> Result<ExpectedItem, String> {
        let direction = match self.must("direction")? {
            "debit" => Direction::Debit,
            "credit" => Direction::Credit,
            _ => return Err("direction must be debit (money leaves the account) or credit".to_owned()),
        };
        let currency = Currency::try_new(self.must("currency")?).map_err(|error| error.to_string())?;
        let amount = exact("amount", self.must("amount")?, currency)?;
        let mut item = ExpectedItem::new(self.must("key")?, self.must("account")?, direction, amount);
        if item.account.is_empty() {
            return Err("account must have letters or digits".to_owned());
        }
        let text = |name| self.cell(name).map(str::to_owned);
        (item.end_to_end_id, item.short_reference, item.trace) = (text("end_to_end_id"), text("short_reference"), text("trace"));
        item.payment_ids = self.cell("payment_ids").into_iter().flat_map(str::split_whitespace).map(str::to_owned).collect();
        item.batch = self.batch(currency)?;
        item.window = match (self.date("first_day")?, self.date("last_day")?) {
            (None, None) => None,
            (Some(first), Some(last)) if first <= last => Some((first, last)),
            _ => return Err("first_day and last_day must both be there, in this order".to_owned()),
        };
        item.standing = match self.cell("standing") {
            None | Some("open") => ItemStanding::Open,
            Some("settled") => ItemStanding::Settled,
            Some("rejected") => ItemStanding::Rejected,
            Some(_) => return Err("standing must be open, settled or rejected".to_owned()),
        };
        item.returned_minor_units = self.money("returned", currency)?.map_or(0, |money| money.minor_units());
        let times = |text: &str| text.parse().map_err(|_| "duplicates must be a number of bookings".to_owned());
        item.duplicates = self.cell("duplicates").map_or(Ok(0), times)?;
        Ok(item)
    }

    fn batch(&self, currency: Currency) -> Result<Option<ExpectedBatch>, String> {
        let total = self.money("batch_total", currency)?;
        match (self.cell("batch"), total) {
            (None, None) => Ok(None),
            (Some(id), Some(total)) => Ok(Some(ExpectedBatch {
                id: id.to_owned(),
                company_id: self.cell("company_id").map(str::to_owned),
                effective_date: self.date("effective_date")?,
                total,
            })),
            _ => Err("batch and batch_total must both be there".to_owned()),
        }
    }
}

fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("the row has {len} cells, the header has {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// An amount of a table, in major units and with no more digits than its currency has. Nothing is rounded.
///
/// # Errors
/// What the cell must be; `name` is its column.
pub fn exact_amount(name: &str, text: &str, currency: Currency) -> Result<Money, String> {
    exact(name, text, currency)
}

fn exact(name: &str, text: &str, currency: Currency) -> Result<Money, String> {
    let form = || format!("{name} must be an amount such as 12.30, from 0 to {AMOUNT_MAX} minor units of {currency} and no finer than one");
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = is_plain.then(|| text.parse::<Decimal>().ok()).flatten().ok_or_else(form)?;
    let money = Money::from_decimal(currency, value, money::Rounding::Down).map_err(|_| form())?;
    if money.to_decimal() == value { Ok(money) } else { Err(form()) }
}

#[cfg(test)]
mod tests;
