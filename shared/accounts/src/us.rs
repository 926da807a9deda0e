//! US accounts: ABA routing number of the bank, the account's number there, and its type.

use crate::{
    AccountType, AddressField, HiddenText,
    check_digits::is_aba,
    fields::{FieldReader, compacted},
    rules::AddressRules,
};

/// The types that ACH tells apart.
const TYPES: [(&str, AccountType); 2] = [("CHECKING", AccountType::Checking), ("SAVINGS", AccountType::Savings)];

/// A US account. The type is not part of what identifies it: a bank finds the account by its number, and only ACH asks for the type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UsAccount {
    routing_number: HiddenText,
    account_number: HiddenText,
    account_type: Option<AccountType>,
}

impl UsAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let routing_number = reader
            .compact(AddressField::RoutingNumber, &['-'], "be nine digits with a valid ABA check digit and a range in use", is_aba)
            .map(HiddenText::new);
        let account_number = Self::number(reader, rules);
        let given = reader.optional(AddressField::AccountType).map(|text| text.to_ascii_uppercase());
        let account_type = given.as_ref().and_then(|text| TYPES.iter().find(|(name, _)| name == text)).map(|(_, known)| *known);
        if given.is_some() && account_type.is_none() {
            reader.fault(AddressField::AccountType, "be checking or savings");
        }
        Some(Self { routing_number: routing_number?, account_number: account_number?, account_type })
    }

    /// ACH leaves blanks out; letters, hyphens and other signs of ASCII stay, and so do leading zeros.
    fn number(reader: &mut FieldReader, rules: &AddressRules) -> Option<HiddenText> {
        let number: String = reader.required(AddressField::AccountNumber)?.chars().filter(|c| *c != ' ').collect();
        let limit = &rules.us_account;
        let signs = number.bytes().all(|b| b.is_ascii_graphic()) && number.bytes().any(|b| b.is_ascii_alphanumeric());
        // The number must have the length without its hyphens as well, which is how it is compared.
        if limit.fits(&number) && compacted(&number, &['-']).len() >= limit.min && signs {
            return Some(HiddenText::new(number));
        }
        reader.fault(
            AddressField::AccountNumber,
            format!("be {} digits, letters or signs of ASCII, with one digit or letter at least", limit.range()),
        );
        None
    }

    /// Nine digits.
    #[must_use]
    pub fn routing_number(&self) -> &str {
        self.routing_number.as_str()
    }

    /// As the bank wrote it, without blanks: digits, letters and signs of ASCII, with leading zeros.
    #[must_use]
    pub fn account_number(&self) -> &str {
        self.account_number.as_str()
    }

    /// Checking or savings, if given.
    #[must_use]
    pub fn account_type(&self) -> Option<AccountType> {
        self.account_type
    }

    /// The number without hyphens and in upper case: how else the same number is written.
    pub(crate) fn canonical_number(&self) -> String {
        compacted(self.account_number(), &['-'])
    }
}

#[cfg(test)]
mod tests;
