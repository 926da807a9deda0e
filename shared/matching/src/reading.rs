//! Bank files as lines, whatever the format.

mod ach;
mod bai;
mod camt;
mod output;
mod stream;
mod swift;

pub use output::{StatementContent, StreamedFile};
pub use stream::stream;

use crate::line::{BankLine, LineStanding};
use bankfiles::{FileProblem, text::as_optional_text};
use jiff::civil::Date;
use money::{Currency, Money};
use serde::Serialize;

/// A statement, or the report of an account, as far as files are compared by it. Balances are in minor units, negative for a debit balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatementPart {
    /// Number of the file, as the caller gave it.
    pub file: usize,
    /// Its number in the file, from 1.
    pub statement: usize,
    /// The account in the form of [`crate::account_key`]; `None` where the file names none.
    pub account: Option<String>,
    /// ISO 4217 code of its amounts.
    pub currency: String,
    /// The bank's id of it, if there is one.
    pub id: Option<String>,
    /// The bank's number of it, one more than that of the statement before; `None` or 0 if the bank does not number.
    pub number: Option<u64>,
    /// The page, if it is one of several.
    pub page: Option<u64>,
    /// Whether it closes a day.
    pub standing: LineStanding,
    /// Balance before its entries.
    pub opening: Option<i64>,
    /// Balance after them.
    pub closing: Option<i64>,
    /// The day of its closing balance.
    #[serde(serialize_with = "as_optional_text")]
    pub day: Option<Date>,
}

impl StatementPart {
    /// What stands in for a statement where a file has lines and no statements, as ACH returns have.
    fn of_no_statement(file: usize, currency: &str) -> Self {
        Self {
            file,
            statement: 0,
            account: None,
            currency: currency.to_owned(),
            id: None,
            number: None,
            page: None,
            standing: LineStanding::Information,
            opening: None,
            closing: None,
            day: None,
        }
    }
}

/// What a file says about bookings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankFileLines {
    /// Its format and version, such as `camt.053.001.08`; `unknown` where no format with bookings fits.
    pub format: String,
    /// Its statements, in order.
    pub statements: Vec<StatementPart>,
    /// Its lines, in order. None at all if the file is not sound.
    pub lines: Vec<BankLine>,
    /// What is wrong with it, or not understood.
    pub problems: Vec<FileProblem>,
}

impl BankFileLines {
    /// Whether the file's counts, sums and balances are right and all its money was understood. Of any other file nothing is booked.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.iter().all(|problem| !problem.touches_money)
    }

    fn checked(format: &str, statements: Vec<StatementPart>, lines: Vec<BankLine>, problems: Vec<FileProblem>) -> Self {
        let mut read = Self { format: format.to_owned(), statements, lines, problems };
        if !read.is_sound() {
            read.lines.clear();
        }
        read
    }
}

/// Reads a file of any format with bookings: `camt.052`, `camt.053`, `camt.054`, MT940, MT942, BAI2, and ACH returns (NACHA). `file` is the number that
/// the places of its lines get.
#[must_use]
pub fn read(bytes: &[u8], file: usize) -> BankFileLines {
    if bankfiles::messages::looks_like(bytes) {
        camt::read(bytes, file)
    } else if bankfiles::nacha::looks_like(bytes) {
        ach::read(bytes, file)
    } else if bankfiles::bai2::looks_like(bytes) || bankfiles::mt940::looks_like(bytes) {
        let mut lines = Vec::new();
        let StreamedFile { format, statements, problems } = stream(bytes, file, &mut |_, line| lines.push(line));
        BankFileLines::checked(&format, statements.into_iter().map(|(part, _)| part).collect(), lines, problems)
    } else {
        let what = if bytes.is_empty() { "is empty" } else { "is none of camt.052 to camt.054, NACHA, BAI2, MT940 and MT942" };
        BankFileLines::checked("unknown", Vec::new(), Vec::new(), vec![problem("file", what, true)])
    }
}

fn problem(place: &str, what: impl Into<String>, touches_money: bool) -> FileProblem {
    FileProblem { place: place.to_owned(), what: what.into(), touches_money }
}

/// An amount of a file as money, or why it can't be one here.
fn money_of(code: &str, minor_units: Option<i64>, place: &str) -> Result<Money, FileProblem> {
    let currency = Currency::try_new(code).map_err(|_| {
        problem(place, format!("the currency {code} is not one that payments are made in, so nothing can be matched"), true)
    })?;
    let minor_units = minor_units.ok_or_else(|| problem(place, "the amount can't be read", true))?;
    Money::try_new(currency, minor_units).map_err(|error| problem(place, error.to_string(), true))
}

#[cfg(test)]
mod tests;
