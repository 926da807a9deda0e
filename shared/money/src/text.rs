//! Texts that people will read. Hidden characters, direction changes and terminal controls are refused on input or escaped on output.
use std::{borrow::Cow, fmt::Write as _};

#[cfg(test)]
mod tests;

/// Whether a character is invisible and yet has an effect: controls (C0, DEL, C1), line and paragraph separators, characters that change the direction
/// of text or have no width, fillers that look like spaces, and tags. Unicode's categories Cc, Cf, Zl and Zp and the default-ignorable fillers, except
/// variation selectors, which only choose between two glyphs of the character before them.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether a text has no hidden characters, so that people read exactly what it contains.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(is_hidden)
}

/// A text in one line, safe to show: hidden characters are escaped as `\u001b`, so that JSON stays JSON and means the same.
#[must_use]
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// A text of several lines, safe to show: its line breaks and tabs stay.
#[must_use]
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| is_hidden(character) && !matches!(character, '\n' | '\t'))
}

fn escaped(text: &str, hides: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&hides) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if hides(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}
