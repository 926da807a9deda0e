//! The UK modulus check: whether an account number can exist at a sort code, by Vocalink's published method.
//!
//! The table of weights and the table of substituted sort codes are Pay.UK's and change several times a year, so the operator loads them. A
//! sort code that the table does not list is presumed valid.

use jiff::civil::Date;
use std::collections::BTreeMap;

mod check;
mod read;

pub use read::TableFault;

/// How a row's sum is made and what divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModulusMethod {
    /// Digits times weights; divisible by 10.
    Mod10,
    /// Digits times weights; divisible by 11.
    Mod11,
    /// The decimal digits of each product; divisible by 10.
    Dblal,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ModulusRow {
    /// First and last sort code.
    from: u32,
    to: u32,
    method: ModulusMethod,
    /// Of six digits of the sort code and eight of the account number.
    weights: [i32; 14],
    /// 1 to 14, or 0 for none.
    exception: u8,
}

/// What the check says of a sort code and account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ModulusOutcome {
    /// They fit.
    Passed,
    /// There is no such account at this sort code.
    Failed,
    /// The table does not list the sort code: presumed valid.
    NotListed,
}

/// The loaded tables. Empty by default, which lets every sort code through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModulusTable {
    /// By first sort code; at most two contain the same sort code.
    rows: Vec<ModulusRow>,
    /// Sort codes that exception 5 checks as another.
    substitutions: BTreeMap<u32, u32>,
    as_of: Option<Date>,
}

impl ModulusTable {
    /// Reads the table of weights and that of substitutions (may be empty), as of a day.
    ///
    /// A line of weights has 17 or 18 columns: first and last sort code, `MOD10`, `MOD11` or `DBLAL`, 14 weights, and an exception from 1
    /// to 14 or nothing; columns are separated by blanks (as published) or commas, and a first line that begins with `from` names them. A
    /// line of substitutions has a sort code and the one that replaces it. Reports every wrong line; then nothing is loaded.
    pub fn read(weights: &str, substitutions: &str, as_of: Date) -> Result<Self, Vec<TableFault>> {
        read::tables(weights, substitutions, as_of)
    }

    /// Number of rows of weights.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The day that the tables were given for.
    #[must_use]
    pub fn as_of(&self) -> Option<Date> {
        self.as_of
    }

    /// Checks a sort code of six digits and an account number of eight; other texts fail.
    #[must_use]
    pub fn check(&self, sort_code: &str, account_number: &str) -> ModulusOutcome {
        check::outcome(self, sort_code, account_number)
    }
}

#[cfg(test)]
mod tests;
