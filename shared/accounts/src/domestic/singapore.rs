//! Singapore accounts.

use crate::{AddressField, AddressRules, HiddenText, fields::FieldReader, iban::Bic};

/// Singapore account: BIC and number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SingaporeAccount {
    bic: Bic,
    number: HiddenText,
}

impl SingaporeAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let given = reader.required(AddressField::Bic);
        let bic = given.and_then(|text| Bic::parse(reader, &text));
        if bic.as_ref().is_some_and(|bic| bic.country() != "SG") {
            reader.fault(AddressField::Bic, "be of a bank in Singapore");
        }
        let limit = &rules.sg_account;
        let fits = |text: &str| limit.fits(text) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        let number = reader.compact(AddressField::AccountNumber, &['-'], format!("be {} digits or letters", limit.range()), fits);
        Some(Self { bic: bic?, number: HiddenText::new(number?) })
    }

    /// The bank.
    #[must_use]
    pub fn bic(&self) -> &Bic {
        &self.bic
    }

    /// The account at the bank.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}
