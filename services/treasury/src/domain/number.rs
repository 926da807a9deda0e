//! Numbers of leaves: how outsiders name them. A number belongs to one leaf for ever.
//!
//! A number that we define has segments after the root of its physical account, and two check digits (ISO 7064, MOD 97-10, as in an IBAN):
//! `7001-0012-33-66`. A dynamic registration names the first segments; every number that begins with them and has right check digits is its leaf's.
use accounts::{AddressField, AddressKind, AddressRules, PayoutAddress, holder::HolderName};
use jiff::civil::Date;

#[cfg(test)]
mod tests;

/// Longest number in segments, with its separators: what payment references carry (`Max35Text` of ISO 20022).
pub const SEGMENTS_BYTES_MAX: usize = 35;

money::named! {
    /// The kinds of numbers.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum NumberForm {
        /// Issued by the bank: from outside it looks like any IBAN.
        VirtualIban = "virtual_iban",
        /// Segments, registered.
        Static = "static",
        /// The first segments of numbers that need no registration each.
        Dynamic = "dynamic",
    }
}

/// A number of a leaf. Only an open end is ever filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The number in its one form: an IBAN without blanks, segments with `-` between them.
    pub number: String,
    /// The leaf.
    pub leaf: String,
    /// Its kind.
    pub form: NumberForm,
    /// Who uses a virtual IBAN. EU law makes issuers register that person (Regulation (EU) 2024/1624).
    pub holder: Option<HolderName>,
    /// The first day of its use.
    pub from: Date,
    /// The last day of its use.
    pub until: Option<Date>,
}

impl Registration {
    /// Whether numbers of both could be the same number.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins = |dynamic: &Self, number: &str| {
            number.strip_prefix(dynamic.number.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.number == other.number
            || (self.form == NumberForm::Dynamic && begins(self, &other.number))
            || (other.form == NumberForm::Dynamic && begins(other, &self.number))
    }
}

/// An IBAN in its one form; or what it must be.
pub fn virtual_iban(text: &str) -> Result<String, String> {
    match PayoutAddress::parse(AddressKind::Iban, &[(AddressField::Iban, text)], &AddressRules::default()) {
        Ok(address) => Ok(address.number().to_owned()),
        Err(faults) => Err(format!("must {}", faults.faults().first().map_or("be an IBAN", |fault| fault.must.as_ref()))),
    }
}

/// Whether a text is segments: groups of digits and capital letters with `-` between them.
#[must_use]
pub fn is_segments(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    text.len() <= SEGMENTS_BYTES_MAX && text.split('-').all(|segment| !segment.is_empty() && segment.bytes().all(known))
}

/// The two check digits of segments.
#[must_use]
pub fn check_digits(segments: &str) -> String {
    // As an IBAN's: the digits that make the whole leave a remainder of 1.
    format!("{:02}", 98 - remainder(&format!("{segments}00")))
}

/// Whether a text is segments of which the last are the check digits of those before.
#[must_use]
pub fn is_checked(number: &str) -> bool {
    is_segments(number) && number.rsplit_once('-').is_some_and(|(segments, check)| check_digits(segments) == check)
}

/// The first segment.
#[must_use]
pub fn root(number: &str) -> &str {
    number.split('-').next().unwrap_or_default()
}

/// The remainder of division by 97, letters being 10 to 35 and separators nothing.
fn remainder(text: &str) -> u32 {
    text.chars().filter_map(|letter| letter.to_digit(36)).fold(0, |sum, value| {
        let digits = if value < 10 { 10 } else { 100 };
        (sum * digits + value) % 97
    })
}
