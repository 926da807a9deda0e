//! Canadian accounts.

use super::number;
use crate::{
    AddressField, AddressRules, HiddenText,
    fields::{FieldReader, is_digits},
};

/// Canadian account: EFT routing number and the account's number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CanadianAccount {
    routing_number: HiddenText,
    number: HiddenText,
}

impl CanadianAccount {
    pub(crate) fn parse(reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        const FORM: &str = "be a zero, three digits of the institution and five of the transit, or transit-institution as on a cheque";
        let given = reader.required(AddressField::RoutingNumber);
        let routing = given.as_deref().and_then(eft_routing);
        if given.is_some() && routing.is_none() {
            reader.fault(AddressField::RoutingNumber, FORM);
        }
        let number = number(reader, &rules.ca_account);
        Some(Self { routing_number: HiddenText::new(routing?), number: number? })
    }

    /// A zero, institution (3 digits), transit (5).
    #[must_use]
    pub fn routing_number(&self) -> &str {
        self.routing_number.as_str()
    }

    /// The account at the institution.
    #[must_use]
    pub fn number(&self) -> &str {
        self.number.as_str()
    }
}

/// Nine digits that begin with a zero, or five, a hyphen or blank, and three.
fn eft_routing(text: &str) -> Option<String> {
    if let Some((transit, institution)) = text.split_once(['-', ' ']) {
        let paper = is_digits(transit, 5..=5) && is_digits(institution.trim(), 3..=3);
        if paper {
            return Some(format!("0{}{transit}", institution.trim()));
        }
    }
    let compact: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    (is_digits(&compact, 9..=9) && compact.starts_with('0')).then_some(compact)
}
