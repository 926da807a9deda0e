//! Lines of CSV (RFC 4180), whose texts no spreadsheet runs as formulas.
use std::fmt::Write as _;

/// What a spreadsheet takes for the beginning of a formula, in the width of either alphabet, or what it drops before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CsvCell {
    /// A text. One that begins like a formula gets an apostrophe in front, which spreadsheets show as text.
    Text(String),
    /// A number that was a number before, so that a minus sign is one.
    Number(i64),
    /// An amount in the main unit with all its digits.
    Amount { number: i64, digits: u32 },
}

impl CsvCell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// Adds a line.
pub(crate) fn write_line(to: &mut String, cells: &[CsvCell]) {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            to.push(',');
        }
        match cell {
            CsvCell::Text(text) => write_text(to, text),
            CsvCell::Number(number) => to.push_str(&number.to_string()),
            CsvCell::Amount { number, digits } => write_amount(to, *number, *digits),
        }
    }
    to.push_str("\r\n");
}

fn write_text(to: &mut String, text: &str) {
    to.push('"');
    if text.starts_with(FORMULA) {
        to.push('\'');
    }
    for character in text.chars() {
        if character == '"' {
            to.push('"');
        }
        to.push(character);
    }
    to.push('"');
}

fn write_amount(to: &mut String, number: i64, digits: u32) {
    let (sign, all) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    // A string takes everything.
    let _ = match 10_u64.checked_pow(digits).filter(|_| digits > 0) {
        Some(whole) => write!(to, "{sign}{}.{:0width$}", all / whole, all % whole, width = digits as usize),
        None => write!(to, "{sign}{all}"),
    };
}

#[cfg(test)]
mod tests {
    //! Unit tests of lines.
    use super::*;

    fn line(cells: &[CsvCell]) -> String {
        let mut text = String::new();
        write_line(&mut text, cells);
        text
    }

    #[test]
    fn no_text_begins_like_a_formula_and_every_text_comes_back() {
        for (text, written) in [
            ("", "\"\"\r\n"),
            ("plain, with \"quotes\"", "\"plain, with \"\"quotes\"\"\"\r\n"),
            ("=1+1", "\"'=1+1\"\r\n"),
            ("+1", "\"'+1\"\r\n"),
            ("-1", "\"'-1\"\r\n"),
            ("@SUM(A1)", "\"'@SUM(A1)\"\r\n"),
            ("\t=1", "\"'\t=1\"\r\n"),
            ("\r=1", "\"'\r=1\"\r\n"),
            ("＝1", "\"'＝1\"\r\n"),
            ("a=1\r\nb", "\"a=1\r\nb\"\r\n"),
        ] {
            assert_eq!(line(&[CsvCell::text(text)]), written);
        }
    }

    #[test]
    fn numbers_have_all_their_digits() {
        let amount = |number, digits| CsvCell::Amount { number, digits };
        let cells = [CsvCell::Number(-5), amount(-5, 2), amount(123_456, 2), amount(1_234, 0), amount(1_234, 3), amount(i64::MIN, 2)];
        assert_eq!(line(&cells), "-5,-0.05,1234.56,1234,1.234,-92233720368547758.08\r\n");
    }
}
