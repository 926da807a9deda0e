//! `:86:`, the details of an entry. Its structure depends on the bank: German sub-fields (`?20`), code words (`/EREF/`) or free text.

use super::{codes, fields::Mt940Field};
use crate::statement::Findings;
use serde::Serialize;

/// Words before the parts of a German purpose, each followed by a plus sign.
const SEPA_WORDS: [&str; 12] = ["EREF", "KREF", "MREF", "CRED", "DEBT", "COAM", "OAMT", "SVWZ", "ABWA", "ABWE", "IBAN", "BIC"];
/// Words between slashes before the parts of a text, as banks elsewhere write them.
const SLASH_WORDS: [&str; 24] = [
    "EREF", "REMI", "IBAN", "BIC", "NAME", "TRTP", "CSID", "MARF", "ORDP", "BENM", "PREF", "RTRN", "ISDT", "PURP", "ULTC", "ULTD", "ULTB",
    "CNTP", "SVCL", "ID", "ADDR", "OCMT", "CHGS", "EXCH",
];
/// SWIFT's `6*65x`.
const LINES_MAX: usize = 6;

/// Details of an entry, and their parts where the bank wrote any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Mt940Details {
    /// As written, with its line breaks.
    pub text: String,
    /// The three digits at the start of a German text (Geschäftsvorfallcode).
    pub business_code: Option<String>,
    /// What they mean, if they are known.
    pub business_meaning: Option<&'static str>,
    /// `?00`: what the bank prints as the kind of the entry.
    pub posting_text: Option<String>,
    /// `?10`.
    pub journal_number: Option<String>,
    /// `?20` to `?29` and `?60` to `?63` in their order, joined without blanks: banks cut them after 27 characters, also within words.
    /// Blanks at the end of a part may have been lost on the way.
    pub purpose: Option<String>,
    /// `?30`: bank of the other party.
    pub party_bank: Option<String>,
    /// `?31`: account of the other party.
    pub party_account: Option<String>,
    /// `?32` and `?33`: name of the other party.
    pub party_name: Option<String>,
    /// `?34`: extension of the business code, such as the reason of a return.
    pub code_extension: Option<String>,
    /// Parts with a word before them, such as `EREF` (end-to-end id) or `SVWZ` and `REMI` (text), in order. `CRED` is the creditor's id.
    pub words: Vec<(String, String)>,
    /// All sub-fields with their numbers, in order.
    pub sub_fields: Vec<(String, String)>,
}

impl Mt940Details {
    /// The part after a word, such as `EREF`: the first one.
    #[must_use]
    pub fn word(&self, word: &str) -> Option<&str> {
        self.words.iter().find(|(found, _)| found == word).map(|(_, text)| text.as_str())
    }
}

/// Reads the details of an entry.
pub(super) fn details(field: &Mt940Field<'_>, findings: &mut Findings) -> Mt940Details {
    if field.lines.len() > LINES_MAX {
        findings.other(field.line, format!(":86: has {} lines, more than {LINES_MAX}", field.lines.len()));
    }
    let mut details = Mt940Details { text: field.lines.join("\n"), ..Mt940Details::default() };
    // The lines of a text with structure are one text that was cut after 65 characters.
    let joined = field.lines.concat();
    let text = joined.trim_start();
    let code = text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    let after = text.get(3..).unwrap_or_default();
    let separator = after.chars().next().filter(|c| c.is_ascii_punctuation() && !matches!(c, ',' | '.' | '-'));
    match (code, separator) {
        (Some(code), Some(separator)) if has_sub_field(after, separator) => {
            details.business_code = Some(code.to_owned());
            sub_fields(&mut details, after, separator, field.line, findings);
        }
        (Some(code), None) if after.is_empty() => details.business_code = Some(code.to_owned()),
        _ => details.words = slash_words(&field.lines),
    }
    details.business_meaning = details.business_code.as_deref().and_then(codes::business_code);
    details
}

/// Whether a text begins with a sub-field: a separator and two digits.
fn has_sub_field(text: &str, separator: char) -> bool {
    let mut chars = text.chars();
    chars.next() == Some(separator) && chars.next().is_some_and(|c| c.is_ascii_digit()) && chars.next().is_some_and(|c| c.is_ascii_digit())
}

fn sub_fields(details: &mut Mt940Details, text: &str, separator: char, line: usize, findings: &mut Findings) {
    let starts: Vec<usize> = text.match_indices(separator).map(|(at, _)| at).filter(|at| has_sub_field(&text[*at..], separator)).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    for (start, end) in starts.iter().copied().zip(ends) {
        // The separator and two digits are three ASCII characters.
        let (number, part) = (&text[start + 1..start + 3], &text[start + 3..end]);
        if part.ends_with(separator) {
            findings.other(line, format!("sub-field {number} of :86: ends with a separator that no sub-field follows; it was left out"));
        }
        details.sub_fields.push((number.to_owned(), part.trim_end_matches(separator).to_owned()));
    }
    let part = |numbers: &[&str]| {
        let parts = details.sub_fields.iter().filter(|(number, _)| numbers.contains(&number.as_str()));
        let text: String = parts.map(|(_, text)| text.as_str()).collect();
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    details.posting_text = part(&["00"]);
    details.journal_number = part(&["10"]);
    details.purpose = part(&["20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "60", "61", "62", "63"]);
    details.party_bank = part(&["30"]);
    details.party_account = part(&["31"]);
    details.party_name = part(&["32", "33"]);
    details.code_extension = part(&["34"]);
    details.words = details.purpose.as_deref().map(plus_words).unwrap_or_default();
}

/// `EREF+...`: each part reaches to the next word.
fn plus_words(purpose: &str) -> Vec<(String, String)> {
    // The word whose plus sign it is ends right before it.
    let word_before = |plus: usize| SEPA_WORDS.iter().find(|word| purpose[..plus].ends_with(**word)).map(|word| (plus - word.len(), *word));
    let found: Vec<_> =
        purpose.match_indices('+').filter_map(|(plus, _)| word_before(plus).map(|(start, word)| (start, word, plus))).collect();
    let ends = found.iter().skip(1).map(|(start, _, _)| *start).chain([purpose.len()]);
    found.iter().zip(ends).map(|((_, word, plus), end)| ((*word).to_owned(), purpose[plus + 1..end].trim().to_owned())).collect()
}

/// `/EREF/...`: each part reaches to the next word.
fn slash_words(lines: &[&str]) -> Vec<(String, String)> {
    // A text without words may have any line breaks; with words, its lines were cut after 65 characters.
    let text = lines.concat();
    let mut found: Vec<(usize, &str, usize)> = Vec::new();
    let slashes: Vec<usize> = text.match_indices('/').map(|(at, _)| at).collect();
    for pair in slashes.windows(2) {
        if let [start, end] = *pair
            && SLASH_WORDS.contains(&&text[start + 1..end])
            && found.last().is_none_or(|(_, _, last)| start + 1 >= *last)
        {
            found.push((start, &text[start + 1..end], end + 1));
        }
    }
    let ends = found.iter().skip(1).map(|(start, _, _)| *start).chain([text.len()]);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().trim().to_owned();
    found.iter().zip(ends).map(|((_, word, from), end)| ((*word).to_owned(), part(*from, end))).collect()
}
