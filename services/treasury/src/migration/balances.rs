//! Balances of old accounts out of banks' statements: an empty balance of a migration file is set, one that is there is confirmed, and a difference is named.
use super::file::{COLUMNS, TOTAL, minor_units};
use csv::StringRecord;
use jiff::civil::Date;
use matching::{LineStanding, StatementPart, account_key, stream};
use money::{Currency, Money};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    io::Read,
};

#[cfg(test)]
mod tests;

/// An account of a currency on a day.
type BalanceKey = (String, String, Date);

/// What a statement says, and in which file.
#[derive(Debug, Clone)]
struct ClosingBalance {
    minor_units: i64,
    statement: String,
    place: (Option<u64>, Option<u64>),
    file: String,
}

/// The closing balances of statements: `camt.053`, MT940 and BAI2.
#[derive(Debug, Default)]
pub struct ClosingBalances {
    of_days: BTreeMap<BalanceKey, ClosingBalance>,
    faults: Vec<String>,
}

/// The columns of a file by name, and a cell of a row.
struct Cells {
    places: BTreeMap<&'static str, usize>,
}

impl ClosingBalances {
    /// Reads a file of a bank. One that is not sound, or says of a day what another file denies, is a fault that [`ClosingBalances::filled`] names.
    pub fn add(&mut self, file: &str, input: impl Read) {
        let read = stream(input, 1, &mut |_, _| {});
        if let Some(problem) = read.problems.iter().find(|problem| problem.touches_money) {
            self.faults.push(format!("{file} is not sound, so none of its balances counts: {}: {}", problem.place, problem.what));
            return;
        }
        let closing = read.statements.into_iter().map(|(part, _)| part).filter(|part| part.standing == LineStanding::Booked);
        closing.for_each(|part| self.keep(file, part));
    }

    fn keep(&mut self, file: &str, part: StatementPart) {
        let (Some(account), Some(day), Some(minor_units)) = (part.account, part.day, part.closing) else { return };
        let named = part.id.or_else(|| part.number.map(|number| number.to_string()));
        // BAI2 has no ids of statements.
        let statement = named.unwrap_or_else(|| day.to_string());
        let found = ClosingBalance { minor_units, statement, place: (part.number, part.page), file: file.to_owned() };
        match self.of_days.entry((account, part.currency, day)) {
            Entry::Vacant(place) => {
                place.insert(found);
            }
            // A day of several statements or pages closes with the last of them.
            Entry::Occupied(mut place) if found.place > place.get().place => {
                place.insert(found);
            }
            Entry::Occupied(place) => {
                let ((account, _, day), known) = (place.key(), place.get());
                if known.minor_units != found.minor_units && found.place == known.place {
                    self.faults.push(format!("{file} and {} have other closing balances of {account} on {day}", known.file));
                }
            }
        }
    }

    /// The migration file with the balances of these statements. Every account must have one: of its `statement_date`, or the last one if that cell is empty.
    /// Empty cells are set, also those of the totals. A file in which nothing is set stays as it is, byte for byte.
    ///
    /// # Errors
    /// Every account without a statement, every balance that differs, and every fault of a statement.
    pub fn filled(&self, file: &str) -> Result<String, Vec<String>> {
        let text = file.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| vec![format!("the header can't be read: {error}")])?.clone();
        let cells = Cells::of(&header)?;
        let mut faults = self.faults.clone();
        let (mut rows, mut sums, mut is_filled) = (Vec::new(), BTreeMap::<String, i64>::new(), false);
        for row in reader.records() {
            let row = row.map_err(|error| vec![format!("a row can't be read: {error}")])?;
            let currency = Currency::try_new(cells.get(&row, "currency")).map_err(|error| vec![error.to_string()])?;
            let filled = if cells.get(&row, "id") == TOTAL {
                let sum = sums.get(currency.code()).copied().unwrap_or_default();
                cells.with(&row, &[("balance", amount(sum, currency))])
            } else {
                match self.balanced(&cells, &row, currency) {
                    Ok((balance, filled)) => {
                        let sum = sums.entry(currency.code().to_owned()).or_default();
                        *sum = sum.checked_add(balance).ok_or_else(|| vec!["the balances are too large to be added up".to_owned()])?;
                        filled
                    }
                    Err(fault) => {
                        faults.push(fault);
                        continue;
                    }
                }
            };
            is_filled |= filled != row;
            rows.push(filled);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        if is_filled { written(&header, &rows).map_err(|error| vec![error]) } else { Ok(file.to_owned()) }
    }

    /// The balance of an old account, and its row with it.
    fn balanced(&self, cells: &Cells, row: &StringRecord, currency: Currency) -> Result<(i64, StringRecord), String> {
        let (id, stated) = (cells.get(row, "id"), cells.get(row, "statement_date"));
        let number = account_key(cells.get(row, "number"));
        let code = currency.code().to_owned();
        let (day, found) = if stated.is_empty() {
            let days = (number.clone(), code.clone(), Date::MIN)..=(number.clone(), code.clone(), Date::MAX);
            let last = self.of_days.range(days).next_back();
            last.map(|((_, _, day), found)| (*day, found))
                .ok_or_else(|| format!("{id}: no statement of its number in {code} is among the files"))?
        } else {
            let day: Date = stated.parse().map_err(|_| format!("{id}: statement_date must be a day such as 2026-11-27, or empty"))?;
            let found = self.of_days.get(&(number, code.clone(), day));
            (
                day,
                found.ok_or_else(|| {
                    format!("{id}: no statement of its number in {code} with a closing balance of {day} is among the files")
                })?,
            )
        };
        let (balance, closing) = (cells.get(row, "balance"), amount(found.minor_units, currency));
        if !balance.is_empty() && minor_units(balance, currency) != Some(found.minor_units) {
            return Err(format!(
                "{id}: its balance is {balance}, but its statement of {day} ({}) closes with {closing} {code}",
                found.file
            ));
        }
        let set = [("balance", closing), ("statement_date", day.to_string()), ("statement", found.statement.clone())];
        Ok((found.minor_units, cells.with(row, &set)))
    }
}

impl Cells {
    fn of(header: &StringRecord) -> Result<Self, Vec<String>> {
        let place = |column: &'static str| header.iter().position(|name| name == column).map(|at| (column, at));
        let places: BTreeMap<_, _> = COLUMNS.into_iter().filter_map(place).collect();
        let missing = COLUMNS.into_iter().find(|column| !places.contains_key(column));
        missing.map_or(Ok(Self { places }), |column| Err(vec![format!("the column {column} is missing")]))
    }

    fn get<'r>(&self, row: &'r StringRecord, column: &str) -> &'r str {
        self.places.get(column).and_then(|at| row.get(*at)).unwrap_or_default()
    }

    /// The row with values in those of these cells that are empty.
    fn with(&self, row: &StringRecord, set: &[(&str, String)]) -> StringRecord {
        let value = |at: usize, cell: &str| {
            let new = set.iter().find(|(column, _)| cell.is_empty() && self.places.get(column) == Some(&at));
            new.map_or_else(|| cell.to_owned(), |(_, value)| value.clone())
        };
        row.iter().enumerate().map(|(at, cell)| value(at, cell)).collect()
    }
}

/// An amount as migration files write it.
fn amount(minor_units: i64, currency: Currency) -> String {
    let size = Money::try_new(currency, minor_units.saturating_abs())
        .map_or_else(|_| minor_units.to_string(), |money| money.to_decimal().to_string());
    if minor_units < 0 { format!("-{size}") } else { size }
}

fn written(header: &StringRecord, rows: &[StringRecord]) -> Result<String, String> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    std::iter::once(header).chain(rows).try_for_each(|row| writer.write_record(row)).map_err(|error| error.to_string())?;
    let bytes = writer.into_inner().map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| error.to_string())
}
