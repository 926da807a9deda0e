//! Japanese accounts.

use super::{account_type, digits};
use crate::{
    AccountType, AddressField, HiddenText,
    fields::{FieldReader, is_digits},
};

/// Japanese account as Zengin names it. The type tells accounts apart: one number may be an ordinary and a current account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ZenginAccount {
    bank: HiddenText,
    branch: HiddenText,
    account_type: AccountType,
    number: HiddenText,
}

impl ZenginAccount {
    pub(crate) fn parse(reader: &mut FieldReader) -> Option<Self> {
        const TYPES: [(&str, AccountType); 6] = [
            ("1", AccountType::Ordinary),
            ("2", AccountType::Current),
            ("4", AccountType::Savings),
            ("ORDINARY", AccountType::Ordinary),
            ("CURRENT", AccountType::Current),
            ("SAVINGS", AccountType::Savings),
        ];
        let bank = digits(reader, AddressField::BankCode, 4);
        let branch = digits(reader, AddressField::BranchCode, 3);
        let account_type = account_type(reader, &TYPES, "be ordinary (1), current (2) or savings (4)");
        let number = reader.compact(AddressField::AccountNumber, &['-'], "be 1 to 7 digits", |text| is_digits(text, 1..=7));
        let number = number.map(|number| HiddenText::new(format!("{number:0>7}")));
        Some(Self { bank: bank?, branch: branch?, account_type: account_type?, number: number? })
    }

    /// Four digits.
    #[must_use]
    pub fn bank(&self) -> &str {
        self.bank.as_str()
    }

    /// Three digits.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.branch.as_str()
    }

    /// Ordinary, current or savings.
    #[must_use]
    pub fn account_type(&self) -> AccountType {
        self.account_type
    }

    /// Seven digits, with zeros in front.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}
