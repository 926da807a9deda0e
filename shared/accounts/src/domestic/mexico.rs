//! Mexican accounts.

use crate::{AddressField, HiddenText, check_digits::is_clabe, fields::FieldReader};

/// Mexican CLABE: bank (3 digits), place (3), account (11), check digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clabe(HiddenText);

impl Clabe {
    pub(crate) fn parse(reader: &mut FieldReader) -> Option<Self> {
        let clabe =
            reader.compact(AddressField::Clabe, &['-'], "be 18 digits of which the last is the check digit of the others", is_clabe);
        clabe.map(HiddenText::new).map(Self)
    }

    /// Eighteen digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The bank's three digits.
    #[must_use]
    pub fn bank(&self) -> &str {
        self.as_str().get(..3).unwrap_or_default()
    }
}
