//! Letters of the Latin alphabet for rails that take fewer of them.

use std::iter::once;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Letters and signs that Unicode does not take apart, and what banks write for them (EPC217-08 where it has them).
const WRITTEN: [(char, &str); 25] = [
    ('ß', "ss"),
    ('ẞ', "SS"),
    ('æ', "ae"),
    ('Æ', "AE"),
    ('œ', "oe"),
    ('Œ', "OE"),
    ('ø', "o"),
    ('Ø', "O"),
    ('đ', "d"),
    ('Đ', "D"),
    ('ð', "d"),
    ('Ð', "D"),
    ('þ', "th"),
    ('Þ', "TH"),
    ('ħ', "h"),
    ('Ħ', "H"),
    ('ł', "l"),
    ('Ł', "L"),
    ('ŋ', "n"),
    ('Ŋ', "N"),
    ('ŧ', "t"),
    ('Ŧ', "T"),
    ('ı', "i"),
    ('\u{2019}', "'"),
    ('\u{2013}', "-"),
];

/// The text with every character that is not taken written in base letters; `None` if one has none. Letters of other alphabets have none: a bank could not
/// compare them with its own records.
pub(super) fn in_base_letters(text: &str, is_taken: impl Fn(char) -> bool) -> Option<String> {
    let mut written = String::with_capacity(text.len());
    for character in text.nfc() {
        if is_taken(character) {
            written.push(character);
            continue;
        }
        for part in once(character).nfd().filter(|part| !is_combining_mark(*part)) {
            match WRITTEN.iter().find(|(letter, _)| *letter == part) {
                Some((_, base)) => written.push_str(base),
                None if matches!(part, ' '..='~') => written.push(part),
                None => return None,
            }
        }
    }
    (!written.trim().is_empty()).then_some(written)
}
