//! Writes BAI2 files of one account and one day, entry by entry.
//!
//! The format carries less than a statement has: entries have no day of their own but the value date, and references have no comma and no slash, which become
//! hyphens.

use jiff::civil::Date;

/// A file to write, without its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bai2Frame {
    /// Who sends it and whose accounts these are.
    pub sender: String,
    /// Who it is for.
    pub receiver: String,
    /// The account's number.
    pub account: String,
    /// ISO 4217 code.
    pub currency: String,
    /// The day of the entries and balances.
    pub day: Date,
    /// Number of the file.
    pub file_id: u64,
    /// Balance before the entries, in minor units.
    pub opening_minor: i64,
    /// Balance after them.
    pub closing_minor: i64,
    /// Sum and number of the credits.
    pub credits: (i64, u64),
    /// Sum, without a sign, and number of the debits.
    pub debits: (i64, u64),
}

/// An entry to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bai2NewEntry<'a> {
    /// Three digits, which also say the side.
    pub code: &'a str,
    /// In minor units, without a sign.
    pub amount_minor: i64,
    /// The day from which it counts.
    pub value_date: Date,
    /// The bank's reference.
    pub bank_reference: &'a str,
    /// The customer's.
    pub customer_reference: &'a str,
    /// What else there is to say.
    pub text: &'a str,
}

impl Bai2Frame {
    /// What comes before the entries.
    #[must_use]
    pub fn head(&self) -> String {
        let Self { currency, file_id, opening_minor, closing_minor, credits, debits, .. } = self;
        let (sender, receiver, account, day) =
            (plain(&self.sender), plain(&self.receiver), plain(&self.account), self.day.strftime("%y%m%d"));
        let file = format!("01,{sender},{receiver},{day},2400,{file_id},,,2/");
        let group = format!("02,{receiver},{sender},1,{day},2400,{currency},2/");
        let totals = format!("100,{},{},,400,{},{},/", credits.0, credits.1, debits.0, debits.1);
        format!("{file}\r\n{group}\r\n03,{account},{currency},010,{opening_minor},,,015,{closing_minor},,,{totals}\r\n")
    }

    /// An entry.
    #[must_use]
    pub fn entry(&self, entry: &Bai2NewEntry<'_>) -> String {
        let Bai2NewEntry { code, amount_minor, value_date, .. } = entry;
        let day = value_date.strftime("%y%m%d");
        let [bank, customer, text] = [entry.bank_reference, entry.customer_reference, entry.text].map(plain);
        format!("16,{code},{amount_minor},V,{day},,{bank},{customer},{text}\r\n")
    }

    /// What comes after the entries.
    #[must_use]
    pub fn tail(&self) -> String {
        // Each entry is a record; three come before them, and each trailer counts itself.
        let entries = i128::from(self.credits.1) + i128::from(self.debits.1);
        let amounts = [self.opening_minor, self.closing_minor, self.credits.0, self.debits.0, self.credits.0, self.debits.0];
        let total: i128 = amounts.into_iter().map(i128::from).sum();
        format!("49,{total},{}/\r\n98,{total},1,{}/\r\n99,{total},1,{}/\r\n", entries + 2, entries + 4, entries + 6)
    }
}

/// A field in ASCII without the characters that end it.
fn plain(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ',' | '/') || !(' '..='~').contains(&c) { '-' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests;
