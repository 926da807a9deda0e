//! Indian UPI ids and accounts.

use super::number;
use crate::{AddressField, AddressRules, HiddenText, fields::FieldReader};

/// Indian UPI id, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UpiId(HiddenText);

impl UpiId {
    pub(crate) fn parse(reader: &mut FieldReader) -> Option<Self> {
        let text = reader.required(AddressField::UpiId)?.to_ascii_lowercase();
        if is_upi_id(&text) {
            return Some(Self(HiddenText::new(text)));
        }
        reader.fault(
            AddressField::UpiId,
            "be a name of 2 to 256 letters, digits, dots, hyphens and underscores, @, and a provider of 2 to 64 letters and digits",
        );
        None
    }

    /// `name@provider`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn is_upi_id(text: &str) -> bool {
    let Some((name, provider)) = text.split_once('@') else { return false };
    let name_fits = (2..=256).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let provider_fits = (2..=64).contains(&provider.len()) && provider.bytes().all(|b| b.is_ascii_alphanumeric());
    name_fits && provider_fits && provider.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Indian account: IFSC of bank and branch, and the number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IndianAccount {
    ifsc: HiddenText,
    number: HiddenText,
}

impl IndianAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let form = |text: &str| {
            let bytes = text.as_bytes();
            bytes.len() == 11
                && bytes[..4].iter().all(u8::is_ascii_uppercase)
                && bytes[4] == b'0'
                && bytes.iter().all(u8::is_ascii_alphanumeric)
        };
        let ifsc = reader.compact(AddressField::Ifsc, &['-'], "be four letters, a zero, and six letters or digits", form);
        let number = number(reader, &rules.in_account);
        Some(Self { ifsc: HiddenText::new(ifsc?), number: number? })
    }

    /// Eleven characters.
    #[must_use]
    pub fn ifsc(&self) -> &str {
        self.ifsc.as_str()
    }

    /// The account at the bank.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}
