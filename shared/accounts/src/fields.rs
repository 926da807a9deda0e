//! The fields of addresses, as people give them, and everything that is wrong with them.

use money::text::is_hidden;
use std::{borrow::Cow, collections::BTreeMap, fmt};

/// The longest text of a field that is read at all. The longest valid one, a UPI id, has 321 bytes.
pub const FIELD_BYTES_MAX: usize = 512;
/// The most values that one address or holder is read from: more than any kind has fields.
pub const VALUES_MAX: usize = 64;

money::named! {
    /// A field that an address consists of, or that a rail asks for besides the address.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum AddressField {
        /// International bank account number (ISO 13616).
        Iban = "iban",
        /// Business identifier code of a bank (ISO 9362).
        Bic = "bic",
        /// US: ABA routing number. Canada: EFT routing number.
        RoutingNumber = "routing_number",
        /// UK sort code.
        SortCode = "sort_code",
        /// Mexican CLABE, which names bank, branch and account.
        Clabe = "clabe",
        /// Brazil: the bank's eight digits in the Pix system.
        Ispb = "ispb",
        /// India: bank and branch.
        Ifsc = "ifsc",
        /// Australia: bank, state and branch.
        Bsb = "bsb",
        /// Japan: four digits. Hong Kong: three digits.
        BankCode = "bank_code",
        /// Japan: three digits. Brazil: one to four digits.
        BranchCode = "branch_code",
        /// The kind of account at the bank.
        AccountType = "account_type",
        /// The account's number at its bank.
        AccountNumber = "account_number",
        /// Indian UPI id.
        UpiId = "upi_id",
        /// `paypal` or `venmo`.
        Wallet = "wallet",
        /// What the alias is: a phone number, an e-mail address, a tax id.
        AliasType = "alias_type",
        /// The alias: a name for an account that its scheme resolves.
        Alias = "alias",
        /// The holder's name. Not part of an address.
        HolderName = "holder_name",
        /// The holder's name in Zengin's characters. Not part of an address.
        HolderNameKana = "holder_name_kana",
        /// The holder's tax id. Not part of an address.
        TaxId = "tax_id",
        /// Four letters that say what a payment is for. Not part of an address.
        PurposeCode = "purpose_code",
        /// A line of an address without structure.
        AddressLine = "address_line",
        /// Street of a postal address.
        Street = "street",
        /// Number of the building.
        Building = "building",
        /// Postal code.
        PostalCode = "postal_code",
        /// Town.
        Town = "town",
        /// State, province or region.
        Region = "region",
        /// Country, ISO 3166 alpha-2.
        Country = "country",
    }
}

/// What one field must be. Never repeats what was given, which is personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The field.
    pub field: AddressField,
    /// What it must, to be read after `must`: `be nine digits`.
    pub must: Cow<'static, str>,
}

impl fmt::Display for FieldFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} must {}", self.field.name(), self.must)
    }
}

/// Everything that is wrong with an address or a holder; at least one fault, in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct FieldFaults(Vec<FieldFault>);

impl FieldFaults {
    /// All of them.
    #[must_use]
    pub fn faults(&self) -> &[FieldFault] {
        &self.0
    }

    /// Whether a field has a fault.
    #[must_use]
    pub fn names(&self, field: AddressField) -> bool {
        self.0.iter().any(|fault| fault.field == field)
    }

    /// The faults, of which there is at least one, in the order of the fields.
    pub(crate) fn of(mut faults: Vec<FieldFault>) -> Self {
        faults.sort_by_key(|fault| fault.field);
        Self(faults)
    }

    /// `Ok` without faults.
    pub(crate) fn none_in(faults: Vec<FieldFault>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self::of(faults)) }
    }
}

impl fmt::Display for FieldFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            write!(f, "{}{fault}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// Reads given values field by field and collects every fault.
pub(crate) struct FieldReader {
    values: BTreeMap<AddressField, String>,
    faults: Vec<FieldFault>,
}

impl FieldReader {
    /// Takes the values of known fields. A value of blanks counts as absent.
    pub(crate) fn new(given: &[(AddressField, &str)], known: impl Fn(AddressField) -> bool) -> Self {
        let mut reader = Self { values: BTreeMap::new(), faults: Vec::new() };
        if let Some((field, _)) = given.get(VALUES_MAX) {
            reader.fault(*field, format!("be among the first {VALUES_MAX} values"));
        }
        for (field, text) in given.iter().take(VALUES_MAX) {
            if !known(*field) {
                reader.fault(*field, "be left out for this kind of address");
            } else if text.len() > FIELD_BYTES_MAX {
                reader.fault(*field, format!("have at most {FIELD_BYTES_MAX} bytes"));
            } else if text.chars().any(is_hidden) {
                reader.fault(*field, "have no hidden or control characters");
            } else {
                let text = folded(text);
                if !text.is_empty() && reader.values.insert(*field, text).is_some() {
                    reader.fault(*field, "be given once");
                }
            }
        }
        reader
    }

    /// The value of a field, if it was given.
    pub(crate) fn optional(&self, field: AddressField) -> Option<String> {
        self.values.get(&field).cloned()
    }

    /// The value of a field that must be given. Says so at most once, and not of a field that has another fault.
    pub(crate) fn required(&mut self, field: AddressField) -> Option<String> {
        let value = self.optional(field);
        if value.is_none() && !self.faults.iter().any(|fault| fault.field == field) {
            self.fault(field, "be given");
        }
        value
    }

    /// Records a fault.
    pub(crate) fn fault(&mut self, field: AddressField, must: impl Into<Cow<'static, str>>) {
        self.faults.push(FieldFault { field, must: must.into() });
    }

    /// A required value without blanks and the given separators; `form` says what it must be if `fits` refuses it.
    pub(crate) fn compact(
        &mut self,
        field: AddressField,
        separators: &[char],
        form: impl Into<Cow<'static, str>>,
        fits: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let value = compacted(&self.required(field)?, separators);
        if fits(&value) {
            return Some(value);
        }
        self.fault(field, form);
        None
    }

    /// The value that was read, unless anything had a fault. `read` is `None` only after a fault.
    pub(crate) fn finish<T>(self, read: Option<T>) -> Result<T, FieldFaults> {
        match (read, self.faults.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(FieldFaults::of(self.faults)),
        }
    }
}

/// Full-width letters, digits and signs become ASCII, all dashes the hyphen, all blanks the space; no blanks at the ends.
pub(crate) fn folded(text: &str) -> String {
    let fold = |character: char| match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        blank if blank.is_whitespace() => ' ',
        other => other,
    };
    text.chars().map(fold).collect::<String>().trim().to_owned()
}

/// Without blanks and separators, letters of ASCII in upper case.
pub(crate) fn compacted(text: &str, separators: &[char]) -> String {
    text.chars().filter(|c| *c != ' ' && !separators.contains(c)).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a text consists of ASCII digits and their number is in the range.
pub(crate) fn is_digits(text: &str, range: std::ops::RangeInclusive<usize>) -> bool {
    range.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
