//! The lengths that the bank takes per market, as dated rows.

use accounts::rules::SourceConfidence;
use jiff::civil::{Date, date};
use std::borrow::Cow;

/// What a market takes. A market is a rail of a country, as the description's tables name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiMarketLimit {
    /// Such as `US ACH`.
    pub market: Cow<'static, str>,
    /// The longest name of a creditor, in characters.
    pub name_chars_max: usize,
    /// The longest account number or alias.
    pub account_chars_max: usize,
    /// The longest text for the payee.
    pub remittance_chars_max: usize,
    /// The document that says so.
    pub source: Cow<'static, str>,
    /// The day for which this was found.
    pub as_of: Date,
    /// How sure it is.
    pub confidence: SourceConfidence,
}

/// The rows that payments are checked by. A market without a row is checked against the schema's own lengths only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRules {
    /// One row per market.
    pub limits: Vec<ApiMarketLimit>,
}

impl ApiRules {
    pub(crate) fn limit(&self, market: &str) -> Option<&ApiMarketLimit> {
        self.limits.iter().find(|limit| limit.market == market)
    }
}

const AS_OF: Date = date(2026, 11, 26);

impl Default for ApiRules {
    fn default() -> Self {
        use SourceConfidence::{General, Primary};
        let row = |market, (name, account, remittance), confidence| ApiMarketLimit {
            market: Cow::Borrowed(market),
            name_chars_max: name,
            account_chars_max: account,
            remittance_chars_max: remittance,
            source: Cow::Borrowed("Global Payments OpenAPI 2.0.22"),
            as_of: AS_OF,
            confidence,
        };
        Self {
            limits: vec![
                row("US RTP", (140, 31, 140), Primary),
                row("US ACH", (22, 17, 80), Primary),
                row("UK FPS", (40, 8, 140), Primary),
                row("UK BACS", (140, 8, 18), Primary),
                // The description's 34 for names is the length of an IBAN; 70 is the scheme's.
                row("SEPA", (70, 34, 140), General),
                row("SG RTP", (140, 35, 140), Primary),
                row("AU RTP", (140, 35, 140), Primary),
                row("HK FPS", (140, 35, 140), Primary),
                row("IN IMPS", (140, 35, 140), Primary),
                row("BR PIX", (140, 34, 140), Primary),
                // The description's 16 for accounts is less than a CLABE has.
                row("MX SPEI", (40, 18, 140), General),
                row("CA ACH", (140, 12, 140), Primary),
                row("CA INTERAC", (140, 35, 140), Primary),
            ],
        }
    }
}
