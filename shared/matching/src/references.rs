//! References in all their spellings, as one.

use iso20022::codes::handling::{CodeList, known_codes};
use serde::Serialize;

/// Hexadecimal digits of an end-to-end id of ours.
const ID_DIGITS: usize = 32;
/// Lengths of a UUID's parts.
const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];
/// Fewest characters of an id's beginning that are compared. Of 16 characters of an id with hyphens, 14 digits are left.
pub(crate) const CUT_CHARS_MIN: usize = 14;
/// What is written where there is no reference.
const NO_REFERENCES: [&str; 5] = ["NOTPROVIDED", "NONREF", "NOREF", "NONE", "NOT PROVIDED"];
/// Words that stand before an end-to-end id in a text.
const MARKERS: [&str; 3] = ["EREF+", "/EREF/", "/ROC/"];
/// Words that begin the next part of a text, which banks put right behind an id.
const NEXT_WORDS: [&str; 11] = ["SVWZ+", "KREF+", "MREF+", "CRED+", "DEBT+", "COAM+", "OAMT+", "ABWA+", "ABWE+", "IBAN+", "BIC+"];
/// Fewest characters of a word that may be a payment id: shorter ones are words, dates and numbers.
const WORD_CHARS_MIN: usize = 6;

/// How much a reference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceStrength {
    /// In a field or behind a word that means it.
    Stated,
    /// Somewhere in a text.
    Mentioned,
    /// In a field that is too short for it: only its beginning may be there.
    Cut,
}

/// A reference that a line has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FoundReference {
    /// An end-to-end id in the form of [`crate::end_to_end_key`]; any other reference as written.
    pub text: String,
    /// The field of the file that has it.
    pub field: &'static str,
    /// How much it says.
    pub strength: ReferenceStrength,
}

/// An account for comparing: letters and digits only, in upper case.
#[must_use]
pub fn account_key(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// An end-to-end id for comparing: 32 hexadecimal digits without hyphens, or another id without blanks, in lower case. `None` if there is none.
#[must_use]
pub fn end_to_end_key(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || NO_REFERENCES.iter().any(|none| none.eq_ignore_ascii_case(text)) {
        return None;
    }
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    Some(digits_of_id(&joined).unwrap_or(joined))
}

/// The digits of an id or of its beginning, if it is written with nothing else.
fn digits_of_id(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hex && digits.len() >= CUT_CHARS_MIN && digits.len() <= ID_DIGITS).then_some(digits)
}

/// Whether a key is an id of ours that nothing was cut off.
pub(crate) fn is_whole_id(key: &str) -> bool {
    key.len() == ID_DIGITS && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Adds a reference that a field means, unless it is one of the words for none.
pub(crate) fn state(text: Option<&str>, field: &'static str, found: &mut Vec<FoundReference>) {
    add(text.and_then(end_to_end_key), field, ReferenceStrength::Stated, found);
}

/// Adds the reference of a field that has room for so many characters: one that fills it may be cut off.
pub(crate) fn state_cut(text: &str, room: usize, field: &'static str, found: &mut Vec<FoundReference>) {
    state(Some(text), field, found);
    if text.trim().chars().count() == room {
        add(end_to_end_key(text), field, ReferenceStrength::Cut, found);
    }
}

fn add(text: Option<String>, field: &'static str, strength: ReferenceStrength, found: &mut Vec<FoundReference>) {
    if let Some(text) = text
        && !found.iter().any(|other| other.text == text && other.strength <= strength && strength != ReferenceStrength::Cut)
    {
        found.push(FoundReference { text, field, strength });
    }
}

/// Adds what a text says: behind the words for an end-to-end id, and wherever 32 digits stand.
pub(crate) fn in_text(text: &str, field: &'static str, found: &mut Vec<FoundReference>) {
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    for marker in MARKERS {
        // Behind an id without a fixed length, the next blank is the only end there may be.
        for (at, _) in text.match_indices(marker) {
            let word = text[at + marker.len()..].split(char::is_whitespace).next();
            state(word.map(part), field, found);
        }
        for (at, _) in joined.match_indices(marker) {
            add(behind_marker(&joined[at + marker.len()..]), field, ReferenceStrength::Stated, found);
        }
    }
    let without_breaks = text.replace(['\r', '\n'], "");
    for spelling in [text, without_breaks.as_str(), joined.as_str()] {
        for run in spelling.split(|c: char| !(c.is_ascii_hexdigit() || c == '-')) {
            add(whole_id(run), field, ReferenceStrength::Mentioned, found);
        }
    }
}

/// The id at the beginning of a text whose blanks were taken out: what follows it may be letters that are digits too.
fn behind_marker(text: &str) -> Option<String> {
    let mut digits = String::new();
    for c in text.chars().filter(|c| *c != '-') {
        if !c.is_ascii_hexdigit() || digits.len() == ID_DIGITS {
            break;
        }
        digits.push(c.to_ascii_lowercase());
    }
    if digits.len() == ID_DIGITS {
        return Some(digits);
    }
    end_to_end_key(part(text))
}

/// A text up to the beginning of the next part.
fn part(text: &str) -> &str {
    let marks = text.find(['/', '?']).into_iter();
    let end = marks.chain(NEXT_WORDS.iter().filter_map(|word| text.find(word))).min().unwrap_or(text.len());
    &text[..end]
}

fn whole_id(run: &str) -> Option<String> {
    let run = run.trim_matches('-');
    let is_uuid = || run.split('-').map(str::len).eq(UUID_PARTS);
    let is_plain = run.len() == ID_DIGITS && !run.contains('-');
    (is_plain || is_uuid()).then(|| run.replace('-', "").to_ascii_lowercase())
}

/// A bank's id for comparing: banks write some in capitals that others don't.
#[must_use]
pub fn folded(id: &str) -> String {
    id.trim().to_ascii_lowercase()
}

/// Words of a text that may be references: what stands between blanks and punctuation and is not too short to be one.
pub fn reference_words(text: &str) -> impl Iterator<Item = &str> {
    words(text)
}

/// Words of a text that may be references.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '/' | '+' | '?' | '\'' | '"' | '=');
    text.split(ends).map(|word| word.trim_matches('.')).filter(|word| word.len() >= WORD_CHARS_MIN)
}

/// Digits of an ACH trace number.
const TRACE_DIGITS: usize = 15;

/// Whether a word may be the trace number of an ACH entry.
pub(crate) fn is_trace(word: &str) -> bool {
    word.len() == TRACE_DIGITS && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A reason for a return in a text: the first word that is one of the list, or an ACH return code.
pub(crate) fn return_code(texts: &[String]) -> Option<String> {
    let words = texts.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
    let is_code = |word: &&str| {
        bankfiles::nacha::return_code(word).is_some() || word.len() == 4 && known_codes(CodeList::ReturnReason).any(|code| code == *word)
    };
    words.into_iter().find(is_code).map(str::to_owned)
}

#[cfg(test)]
mod tests;
