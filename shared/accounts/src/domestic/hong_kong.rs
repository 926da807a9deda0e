//! Hong Kong accounts.

use super::{digits, number};
use crate::{AddressField, AddressRules, HiddenText, fields::FieldReader};

/// Hong Kong account: bank code and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HongKongAccount {
    bank: HiddenText,
    number: HiddenText,
}

impl HongKongAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let (bank, number) = (digits(reader, AddressField::BankCode, 3), number(reader, &rules.hk_account));
        Some(Self { bank: bank?, number: number? })
    }

    /// Three digits.
    #[must_use]
    pub fn bank(&self) -> &str {
        self.bank.as_str()
    }

    /// The account, which usually begins with the branch.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}
