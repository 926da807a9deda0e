//! Writes MT940 customer statements, one message each, entry by entry.
//!
//! The format carries less than a statement has: references of 16 characters, no time of booking, five digits of a statement's number, and only SWIFT's
//! character set X, in which other characters become full stops.

use jiff::civil::Date;

/// SWIFT's `16x`.
const REFERENCE_CHARS_MAX: usize = 16;
/// SWIFT's `35x`.
const ACCOUNT_CHARS_MAX: usize = 35;
/// SWIFT's `65x`.
const LINE_CHARS_MAX: usize = 65;
/// SWIFT's `5n`.
const NUMBERS: u64 = 100_000;

/// A statement to write, without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mt940Frame {
    /// IBAN or number of the account.
    pub account: String,
    /// The statement's number; its last five digits are written.
    pub number: u64,
    /// ISO 4217 code.
    pub currency: String,
    /// Digits of the currency's minor unit.
    pub minor_digits: u32,
    /// Day of the opening balance, and the balance in minor units.
    pub opening: (Date, i64),
    /// Day of the closing balance, and the balance.
    pub closing: (Date, i64),
}

/// An entry to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mt940NewEntry<'a> {
    /// The day from which it counts.
    pub value_date: Date,
    /// The day on which it was booked.
    pub booked: Date,
    /// In minor units, negative for a debit.
    pub change_minor: i64,
    /// N, S or F and three characters, such as `NTRF`.
    pub type_code: &'a str,
    /// The bank's reference, of which 16 characters are written.
    pub bank_reference: &'a str,
    /// `:86:`: at most six words such as `EREF`, and what follows each; cut off after 65 characters. Empty ones are left out.
    pub words: &'a [(&'a str, &'a str)],
}

impl Mt940Frame {
    /// What comes before the entries.
    #[must_use]
    pub fn head(&self) -> String {
        let number = self.number % NUMBERS;
        let account = cut(&self.account, ACCOUNT_CHARS_MAX);
        let reference = format!("{}-{number}", self.closing.0.strftime("%y%m%d"));
        format!(":20:{reference}\r\n:25:{account}\r\n:28C:{number:05}/001\r\n{}", self.balance("60F", self.opening.0, self.opening.1))
    }

    /// An entry.
    #[must_use]
    pub fn entry(&self, entry: &Mt940NewEntry<'_>) -> String {
        let Mt940NewEntry { value_date, booked, change_minor, type_code, bank_reference, words } = entry;
        let side = if *change_minor < 0 { 'D' } else { 'C' };
        let (value, booked) = (value_date.strftime("%y%m%d"), booked.strftime("%m%d"));
        let (amount, reference) = (self.amount(*change_minor), cut(bank_reference, REFERENCE_CHARS_MAX));
        let mut text = format!(":61:{value}{booked}{side}{amount}{type_code}NONREF//{reference}\r\n");
        let words = words.iter().filter(|(_, part)| !part.is_empty());
        let lines: Vec<String> = words.map(|(word, part)| cut(&format!("/{word}/{part}"), LINE_CHARS_MAX)).collect();
        if !lines.is_empty() {
            text.push_str(&format!(":86:{}\r\n", lines.join("\r\n")));
        }
        text
    }

    /// What comes after the entries.
    #[must_use]
    pub fn tail(&self) -> String {
        format!("{}-\r\n", self.balance("62F", self.closing.0, self.closing.1))
    }

    fn balance(&self, tag: &str, day: Date, minor: i64) -> String {
        let side = if minor < 0 { 'D' } else { 'C' };
        format!(":{tag}:{side}{}{}{}\r\n", day.strftime("%y%m%d"), self.currency, self.amount(minor))
    }

    /// Without a sign, with a comma.
    fn amount(&self, minor: i64) -> String {
        let unit = 10_u64.pow(self.minor_digits);
        let (whole, part) = (minor.unsigned_abs() / unit, minor.unsigned_abs() % unit);
        let decimals = if self.minor_digits == 0 { String::new() } else { format!("{part:0width$}", width = self.minor_digits as usize) };
        format!("{whole},{decimals}")
    }
}

/// The first characters of a text, in the character set X.
fn cut(text: &str, chars_max: usize) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' | ' ');
    text.chars().take(chars_max).map(|c| if known(c) { c } else { '.' }).collect()
}

#[cfg(test)]
mod tests;
