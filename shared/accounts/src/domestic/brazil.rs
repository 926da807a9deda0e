//! Brazilian accounts without a Pix key.

use super::{account_type, digits, number};
use crate::{
    AccountType, AddressField, AddressRules, HiddenText,
    fields::{FieldReader, is_digits},
};

/// Brazilian account without a key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PixAccount {
    ispb: HiddenText,
    branch: HiddenText,
    number: HiddenText,
    account_type: AccountType,
}

impl PixAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        const TYPES: [(&str, AccountType); 8] = [
            ("CACC", AccountType::Current),
            ("TRAN", AccountType::Transaction),
            ("SLRY", AccountType::Salary),
            ("SVGS", AccountType::Savings),
            ("CURRENT", AccountType::Current),
            ("TRANSACTION", AccountType::Transaction),
            ("SALARY", AccountType::Salary),
            ("SAVINGS", AccountType::Savings),
        ];
        let ispb = digits(reader, AddressField::Ispb, 8);
        let branch = reader.compact(AddressField::BranchCode, &['-'], "be 1 to 4 digits", |text| is_digits(text, 1..=4));
        // Branches have four digits; the first zeros are often left out.
        let branch = branch.map(|branch| HiddenText::new(format!("{branch:0>4}")));
        let number = number(reader, &rules.br_account);
        let account_type = account_type(reader, &TYPES, "be current (CACC), transaction (TRAN), salary (SLRY) or savings (SVGS)");
        Some(Self { ispb: ispb?, branch: branch?, number: number?, account_type: account_type? })
    }

    /// The bank, eight digits.
    #[must_use]
    pub fn ispb(&self) -> &str {
        self.ispb.as_str()
    }

    /// The branch, four digits.
    #[must_use]
    pub fn branch(&self) -> &str {
        self.branch.as_str()
    }

    /// The account at the branch.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }

    /// Its type.
    #[must_use]
    pub fn account_type(&self) -> AccountType {
        self.account_type
    }
}
