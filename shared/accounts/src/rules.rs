//! What is not fixed by a standard and may change: dated, with its source, and replaceable by the operator.

use crate::ModulusTable;
use jiff::civil::{Date, date};
use std::borrow::Cow;

/// The day of the defaults.
pub const DEFAULTS_AS_OF: Date = date(2026, 11, 26);

/// How sure a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceConfidence {
    /// From the scheme, an authority, an official schema or SDK.
    Primary,
    /// From another's documentation.
    Secondary,
    /// Generally known, unverified.
    General,
}

/// The length of a text, in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharLimit {
    /// The fewest.
    pub min: usize,
    /// The most.
    pub max: usize,
    /// The day for which this was found.
    pub as_of: Date,
    /// The document or interface that says so; `general` for none.
    pub source: Cow<'static, str>,
    /// How sure it is.
    pub confidence: SourceConfidence,
}

impl CharLimit {
    fn default_of(min: usize, max: usize, source: &'static str, confidence: SourceConfidence) -> Self {
        Self { min, max, as_of: DEFAULTS_AS_OF, source: Cow::Borrowed(source), confidence }
    }

    pub(crate) fn fits(&self, text: &str) -> bool {
        (self.min..=self.max).contains(&text.chars().count())
    }

    /// `1 to 17`.
    pub(crate) fn range(&self) -> String {
        format!("{} to {}", self.min, self.max)
    }
}

/// How a country's telephone numbers are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhonePlan {
    /// ISO 3166 alpha-2.
    pub country: Cow<'static, str>,
    /// The country's digits, without plus.
    pub prefix: Cow<'static, str>,
    /// Digits after the prefix.
    pub digits: usize,
    /// A digit before a number within the country, empty for none.
    pub trunk: Cow<'static, str>,
    /// The day for which this was found.
    pub as_of: Date,
    /// The document that says so; `general` for none.
    pub source: Cow<'static, str>,
    /// How sure it is.
    pub confidence: SourceConfidence,
}

/// The rules that addresses are checked by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRules {
    /// Tables of the UK modulus check.
    pub modulus: ModulusTable,
    /// US account number.
    pub us_account: CharLimit,
    /// Indian account number.
    pub in_account: CharLimit,
    /// Australian account number.
    pub au_account: CharLimit,
    /// Singapore account number.
    pub sg_account: CharLimit,
    /// Hong Kong account number.
    pub hk_account: CharLimit,
    /// Canadian account number.
    pub ca_account: CharLimit,
    /// Brazilian account number.
    pub br_account: CharLimit,
    /// Any e-mail address, but for Pix keys.
    pub email: CharLimit,
    /// E-mail address as a Pix key.
    pub pix_email: CharLimit,
    /// Organisation id of PayID.
    pub au_organisation: CharLimit,
    /// Virtual payment address of PayNow.
    pub sg_vpa: CharLimit,
    /// Payer id of PayPal.
    pub paypal_id: CharLimit,
    /// User name of Venmo.
    pub venmo_handle: CharLimit,
    /// Telephone numbers by country; aliases of a country that is not here are refused as phone numbers.
    pub phone_plans: Vec<PhonePlan>,
}

impl Default for AddressRules {
    fn default() -> Self {
        use SourceConfidence::{General, Primary, Secondary};
        let limit = CharLimit::default_of;
        let plan = |country, prefix, digits, trunk| PhonePlan {
            country: Cow::Borrowed(country),
            prefix: Cow::Borrowed(prefix),
            digits,
            trunk: Cow::Borrowed(trunk),
            as_of: DEFAULTS_AS_OF,
            source: Cow::Borrowed("general"),
            confidence: General,
        };
        Self {
            modulus: ModulusTable::default(),
            us_account: limit(1, 17, "ACH entry detail, field of 17", Primary),
            in_account: limit(9, 18, "general", General),
            au_account: limit(1, 9, "general", General),
            sg_account: limit(7, 17, "Airwallex payout documentation", Secondary),
            hk_account: limit(6, 15, "Airwallex payout documentation", Secondary),
            ca_account: limit(7, 12, "general", General),
            br_account: limit(1, 20, "Pix DICT API", Primary),
            email: limit(3, 254, "RFC 5321, path of 256 with its brackets", Primary),
            pix_email: limit(3, 77, "Pix DICT API", Primary),
            au_organisation: limit(1, 256, "general", General),
            sg_vpa: limit(3, 35, "general", General),
            paypal_id: limit(13, 13, "general", General),
            venmo_handle: limit(5, 30, "general", General),
            phone_plans: vec![
                plan("AU", "61", 9, "0"),
                plan("SG", "65", 8, ""),
                plan("HK", "852", 8, ""),
                plan("CA", "1", 10, ""),
                plan("US", "1", 10, ""),
            ],
        }
    }
}
