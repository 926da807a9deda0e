//! The limits of rails on names and postal addresses, as dated rows.

use super::{NameCharset, NameRule, PostalForm, PostalRule};
use crate::rules::{DEFAULTS_AS_OF, SourceConfidence};
use jiff::civil::date;
use std::borrow::Cow;

/// Rails, longest names, characters, and where that is from. All hold since before [`DEFAULTS_AS_OF`], and are found as of it.
const NAMES: [(&str, usize, NameCharset, &str, SourceConfidence); 11] = {
    use NameCharset::{Ascii, Kana, Latin};
    use SourceConfidence::{General, Primary, Secondary};
    [
        ("us-rtp", 140, Latin, "TCH profile of pacs.008", Primary),
        ("us-fednow", 140, Latin, "FedNow profile of pacs.008", Primary),
        ("us-ach", 22, Ascii, "ACH entry detail of PPD and CCD", Primary),
        ("us-ach-same-day", 22, Ascii, "ACH entry detail of PPD and CCD", Primary),
        ("us-ach-ctx", 16, Ascii, "ACH entry detail of CTX", Primary),
        ("sepa-ct", 70, Latin, "EPC125-05 and its implementation guidelines", Secondary),
        ("sepa-instant", 70, Latin, "EPC004-16 and its implementation guidelines", Secondary),
        ("gb-bacs", 18, Ascii, "general", General),
        ("mx-spei", 40, Ascii, "general", General),
        ("jp-zengin", 30, Kana, "general", General),
        ("ca-eft", 30, Ascii, "general", General),
    ]
};

/// The limits on names that are known as of [`DEFAULTS_AS_OF`].
#[must_use]
pub fn default_name_rules() -> Vec<NameRule> {
    let row = |(rail, chars_max, charset, source, confidence)| NameRule {
        rail: Cow::Borrowed(rail),
        chars_max,
        charset,
        // Facts that carry no day of their own are in force for every day.
        from: date(2000, 1, 1),
        source: Cow::Owned(format!("{source}, as of {DEFAULTS_AS_OF}")),
        confidence,
    };
    NAMES.into_iter().map(row).collect()
}

/// The rules on postal addresses that are known as of [`DEFAULTS_AS_OF`]: SEPA has refused unstructured ones since 2026-11-15.
#[must_use]
pub fn default_postal_rules() -> Vec<PostalRule> {
    let row = |rail| PostalRule {
        rail: Cow::Borrowed(rail),
        forms: vec![PostalForm::Structured, PostalForm::Hybrid],
        lines_max: 2,
        from: date(2026, 11, 15),
        source: Cow::Borrowed("EPC guidance on addresses, version 1.1; that a hybrid address has two lines at most is general knowledge"),
        confidence: SourceConfidence::Primary,
    };
    ["sepa-ct", "sepa-instant"].map(row).into()
}
