//! UK accounts: sort code and account number.

use crate::{
    AddressField, HiddenText, ModulusTable,
    fields::{FieldReader, compacted, is_digits},
    modulus::ModulusOutcome,
};

/// A UK account in its standard form, which passes the modulus check or has a sort code that the table does not list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UkAccount {
    sort_code: HiddenText,
    account_number: HiddenText,
}

impl UkAccount {
    pub(crate) fn parse(reader: &mut FieldReader, modulus: &ModulusTable) -> Option<Self> {
        let sort_code =
            reader.compact(AddressField::SortCode, &['-'], "be six digits, with or without hyphens", |text| is_digits(text, 6..=6));
        let given = reader.required(AddressField::AccountNumber).map(|text| compacted(&text, &['-']));
        let (sort_code, given) = (sort_code?, given?);
        let Some((sort_code, account_number)) = standard(&sort_code, &given) else {
            reader.fault(
                AddressField::AccountNumber,
                "be 8 digits; 6 or 7 are filled with zeros; 9 are taken at sort codes 09, 10 at sort codes 08 and 60",
            );
            return None;
        };
        let account = Self { sort_code: HiddenText::new(sort_code), account_number: HiddenText::new(account_number) };
        if !account.passes(modulus) {
            reader.fault(AddressField::AccountNumber, "be one that the sort code's bank can have (UK modulus check)");
            return None;
        }
        Some(account)
    }

    /// The account that a GB IBAN of valid form names.
    pub(crate) fn of_iban(electronic: &str) -> Option<Self> {
        let rest = electronic.strip_prefix("GB").filter(|rest| rest.len() == 20)?;
        Some(Self { sort_code: HiddenText::new(rest.get(6..12)?.to_owned()), account_number: HiddenText::new(rest.get(12..)?.to_owned()) })
    }

    pub(crate) fn passes(&self, modulus: &ModulusTable) -> bool {
        modulus.check(self.sort_code(), self.account_number()) != ModulusOutcome::Failed
    }

    /// Six digits.
    #[must_use]
    pub fn sort_code(&self) -> &str {
        self.sort_code.as_str()
    }

    /// Eight digits.
    #[must_use]
    pub fn account_number(&self) -> &str {
        self.account_number.as_str()
    }
}

/// Six and eight digits, from the other lengths that banks use. `None` for a length that the sort code's bank does not use.
fn standard(sort_code: &str, number: &str) -> Option<(String, String)> {
    if !is_digits(number, 6..=10) {
        return None;
    }
    let same = |number: String| Some((sort_code.to_owned(), number));
    match (number.len(), &sort_code[..2]) {
        (6..=8, _) => same(format!("{number:0>8}")),
        // Santander: the first digit is the last one of the sort code.
        (9, "09") => Some((format!("{}{}", &sort_code[..5], &number[..1]), number[1..].to_owned())),
        // National Westminster: the last eight.
        (10, "60") => same(number[2..].to_owned()),
        // Co-operative: the first eight.
        (10, "08") => same(number[..8].to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
