//! IBAN and BIC.

use crate::{
    AddressField, HiddenText, ModulusTable,
    countries::is_country,
    fields::{FieldReader, compacted, is_digits},
    uk::UkAccount,
};
use iban::{Iban, ParseBaseIbanError, ParseIbanError};

/// An international bank account number with valid country, length, form and check digits (ISO 13616), and perhaps the bank's BIC.
///
/// The check digits that some countries have inside of the number are not checked, but for the United Kingdom's modulus check.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IbanAccount {
    electronic: HiddenText,
    bic: Option<Bic>,
}

impl IbanAccount {
    pub(crate) fn parse(reader: &mut FieldReader, modulus: &ModulusTable) -> Option<Self> {
        let given = reader.required(AddressField::Iban);
        let bic = reader.optional(AddressField::Bic).map(|text| Bic::parse(reader, &text));
        let compact = compacted(&given?, &['-']);
        // Forms print the word before the number; no country is IB.
        let electronic = compact.strip_prefix("IBAN").unwrap_or(&compact);
        if let Some(must) = fault(electronic) {
            reader.fault(AddressField::Iban, must);
            return None;
        }
        if UkAccount::of_iban(electronic).is_some_and(|account| !account.passes(modulus)) {
            reader.fault(AddressField::Iban, "have an account number that the sort code's bank can have (UK modulus check)");
            return None;
        }
        let bic = match bic {
            Some(read) => Some(read?),
            None => None,
        };
        Some(Self { electronic: HiddenText::new(electronic.to_owned()), bic })
    }

    /// The electronic form, without blanks.
    #[must_use]
    pub fn electronic(&self) -> &str {
        self.electronic.as_str()
    }

    /// The country code that the number begins with.
    #[must_use]
    pub fn country(&self) -> &str {
        self.electronic().get(..2).unwrap_or_default()
    }

    /// The bank's BIC, if given.
    #[must_use]
    pub fn bic(&self) -> Option<&Bic> {
        self.bic.as_ref()
    }

    /// The UK account that a GB IBAN names.
    #[must_use]
    pub fn uk_account(&self) -> Option<UkAccount> {
        UkAccount::of_iban(self.electronic())
    }
}

/// What an IBAN in upper case and without blanks must be, if it is not.
fn fault(electronic: &str) -> Option<&'static str> {
    let bytes = electronic.as_bytes();
    let begins = bytes.len() >= 4 && bytes[..2].iter().all(u8::is_ascii_uppercase) && bytes[2..4].iter().all(u8::is_ascii_digit);
    if !begins {
        return Some("begin with two letters of a country and two check digits");
    }
    if !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return Some("have only digits and letters");
    }
    if !(15..=34).contains(&bytes.len()) {
        return Some("have 15 to 34 digits and letters");
    }
    // 99 satisfies the sum where 02 does, and no bank gives it.
    if bytes[2..4] == *b"99" {
        return Some("have valid check digits");
    }
    match electronic.parse::<Iban>() {
        Ok(_) => None,
        Err(ParseIbanError::UnknownCountry(_)) => Some("be of a country that has IBANs"),
        Err(ParseIbanError::InvalidBban(_)) => Some("have the length and form of its country"),
        Err(ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidChecksum }) => Some("have valid check digits"),
        Err(ParseIbanError::InvalidBaseIban { source: ParseBaseIbanError::InvalidFormat }) => Some("be an IBAN"),
    }
}

/// A bank's identifier: four characters of the bank, a country, two of the place, and perhaps three of a branch (ISO 9362). The branch
/// `XXX`, which is the head office, is left out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bic(HiddenText);

impl Bic {
    pub(crate) fn parse(reader: &mut FieldReader, text: &str) -> Option<Self> {
        let compact = compacted(text, &[]);
        let form = matches!(compact.len(), 8 | 11) && compact.bytes().all(|b| b.is_ascii_alphanumeric());
        // In practice, the first four are letters; ISO 9362:2014 allows digits as well.
        if form && is_country(&compact[4..6]) && !is_digits(&compact[..4], 4..=4) {
            let short = compact.strip_suffix("XXX").filter(|short| short.len() == 8);
            return Some(Self(HiddenText::new(short.unwrap_or(&compact).to_owned())));
        }
        reader.fault(AddressField::Bic, "be 8 or 11 letters and digits with a country in the fifth and sixth (ISO 9362)");
        None
    }

    /// 8 or 11 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The bank at its place, 8 characters.
    #[must_use]
    pub fn bank(&self) -> &str {
        self.as_str().get(..8).unwrap_or_default()
    }

    /// ISO 3166 alpha-2.
    #[must_use]
    pub fn country(&self) -> &str {
        self.as_str().get(4..6).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
