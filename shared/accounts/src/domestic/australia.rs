//! Australian accounts.

use super::{digits, number};
use crate::{AddressField, AddressRules, HiddenText, fields::FieldReader};

/// Australian account: BSB and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AustralianAccount {
    bsb: HiddenText,
    number: HiddenText,
}

impl AustralianAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let (bsb, number) = (digits(reader, AddressField::Bsb, 6), number(reader, &rules.au_account));
        Some(Self { bsb: bsb?, number: number? })
    }

    /// Six digits, without hyphen.
    #[must_use]
    pub fn bsb(&self) -> &str {
        self.bsb.as_str()
    }

    /// The account at the bank.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}
