//! How a payment is to be made (`PmtTpInf`), in codes of ISO's external lists or of a bank's own.

use crate::{
    Error,
    value::{REFERENCE_CHARS_MAX, text_leaf},
    xml::Element,
};

/// The longest code of an external list that we write.
const CODE_CHARS_MAX: usize = 35;

/// A choice of `Cd`, from an external list, and `Prtry`, agreed with the bank.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TypeCode {
    /// `Cd`.
    Code(String),
    /// `Prtry`.
    Own(String),
}

impl TypeCode {
    /// The code of either variant.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Code(code) | Self::Own(code) => code,
        }
    }

    pub(crate) fn read(element: &Element) -> Result<Self, Error> {
        match element.optional_text("Cd")? {
            Some(code) => Ok(Self::Code(code.to_owned())),
            None => Ok(Self::Own(element.text_of("Prtry")?.to_owned())),
        }
    }

    /// Reads a code that only describes: what is wrong with it is no reason to refuse the message.
    pub(crate) fn read_if_any(element: &Element) -> Option<Self> {
        Self::read(element).ok()
    }

    pub(crate) fn write(&self, name: &str) -> Result<Element, Error> {
        let leaf = match self {
            Self::Code(code) => text_leaf("Cd", code, CODE_CHARS_MAX)?,
            Self::Own(code) => text_leaf("Prtry", code, REFERENCE_CHARS_MAX)?,
        };
        Ok(Element::new(name).with(leaf))
    }
}

/// The kind of a payment. [`crate::rail::RailTable`] leads from rails to it and back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct PaymentType {
    /// `SvcLvl`. The schema allows several; ours name one, and of a bank's the first counts.
    pub service_level: Option<TypeCode>,
    /// `LclInstrm`.
    pub local_instrument: Option<TypeCode>,
    /// `CtgyPurp`, such as `SUPP`.
    pub category_purpose: Option<TypeCode>,
}

impl PaymentType {
    /// Whether it asks for nothing in particular.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn read(element: &Element) -> Result<Self, Error> {
        Ok(Self {
            service_level: element.all("SvcLvl").next().map(TypeCode::read).transpose()?,
            local_instrument: element.optional("LclInstrm")?.map(TypeCode::read).transpose()?,
            category_purpose: element.optional("CtgyPurp")?.map(TypeCode::read).transpose()?,
        })
    }

    pub(super) fn write(&self) -> Result<Element, Error> {
        let parts = [("SvcLvl", &self.service_level), ("LclInstrm", &self.local_instrument), ("CtgyPurp", &self.category_purpose)];
        let mut element = Element::new("PmtTpInf");
        for (name, code) in parts {
            if let Some(code) = code {
                element = element.with(code.write(name)?);
            }
        }
        Ok(element)
    }
}
