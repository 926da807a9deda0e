//! Expected items as a table: CSV with a header line.

use super::{ExpectedBatch, ExpectedItem, ItemStanding};
use csv::StringRecord;
use iso20022::camt053::Direction;
use jiff::civil::Date;
use money::{AMOUNT_MAX, Currency, Money};
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};

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
    let one = |line, what: String| vec![TableProblem { line, what }];
    if bytes.len() > TABLE_BYTES_MAX {
        return Err(one(1, format!("the table has {} bytes; at most {TABLE_BYTES_MAX} are read", bytes.len())));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(|error| one(1, unreadable(&error)))?.clone();
    let columns = columns(&header).map_err(|what| one(1, what))?;
    let (mut items, mut problems, mut keys) = (Vec::new(), Vec::new(), HashSet::new());
    for (at, record) in reader.records().enumerate() {
        if problems.len() >= PROBLEMS_MAX {
            break;
        }
        if at >= TABLE_ROWS_MAX {
            problems.push(TableProblem { line: at as u64 + 2, what: format!("the table has more than {TABLE_ROWS_MAX} items") });
            break;
        }
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(at as u64 + 2, csv::Position::line);
                problems.push(TableProblem { line, what: unreadable(&error) });
                continue;
            }
        };
        let line = record.position().map_or(at as u64 + 2, csv::Position::line);
        match (TableRow { record: &record, columns: &columns }).item() {
            Ok(item) if !keys.insert(item.key.clone()) => {
                problems.push(TableProblem { line, what: format!("the key {} is there twice", item.key) });
            }
            Ok(item) => items.push(item),
            Err(what) => problems.push(TableProblem { line, what }),
        }
    }
    if problems.is_empty() { Ok(items) } else { Err(problems) }
}

fn columns(header: &StringRecord) -> Result<HashMap<String, usize>, String> {
    let mut columns = HashMap::new();
    for (at, name) in header.iter().enumerate() {
        if !REQUIRED.contains(&name) && !OPTIONAL.contains(&name) {
            return Err(format!("the column {name:?} is unknown; known are {}, {}", REQUIRED.join(", "), OPTIONAL.join(", ")));
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

/// An amount in major units with no more digits than its currency has. Nothing is rounded.
fn exact(name: &str, text: &str, currency: Currency) -> Result<Money, String> {
    let form = || format!("{name} must be an amount such as 12.30, from 0 to {AMOUNT_MAX} minor units of {currency} and no finer than one");
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = is_plain.then(|| text.parse::<Decimal>().ok()).flatten().ok_or_else(form)?;
    let money = Money::from_decimal(currency, value, money::Rounding::Down).map_err(|_| form())?;
    if money.to_decimal() == value { Ok(money) } else { Err(form()) }
}

#[cfg(test)]
mod tests;
