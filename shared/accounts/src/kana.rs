//! Names in the characters that Japanese banks exchange (Zengin): half-width katakana, capital letters, digits and a few signs.

use crate::{AddressField, FieldFault, HiddenText, fields::folded};

/// Half-width forms of the full-width katakana from U+30A1 to U+30F6. Small letters become large ones, and letters that the character set
/// lacks the ones that banks write for them.
const HALF_WIDTH: &str = "\
    ｱ ｱ ｲ ｲ ｳ ｳ ｴ ｴ ｵ ｵ ｶ ｶﾞ ｷ ｷﾞ ｸ ｸﾞ ｹ ｹﾞ ｺ ｺﾞ ｻ ｻﾞ ｼ ｼﾞ ｽ ｽﾞ ｾ ｾﾞ ｿ ｿﾞ ﾀ ﾀﾞ ﾁ ﾁﾞ ﾂ ﾂ ﾂﾞ ﾃ ﾃﾞ ﾄ ﾄﾞ ﾅ ﾆ ﾇ ﾈ ﾉ ﾊ ﾊﾞ ﾊﾟ ﾋ ﾋﾞ \
    ﾋﾟ ﾌ ﾌﾞ ﾌﾟ ﾍ ﾍﾞ ﾍﾟ ﾎ ﾎﾞ ﾎﾟ ﾏ ﾐ ﾑ ﾒ ﾓ ﾔ ﾔ ﾕ ﾕ ﾖ ﾖ ﾗ ﾘ ﾙ ﾚ ﾛ ﾜ ﾜ ｲ ｴ ｵ ﾝ ｳﾞ ｶ ｹ";

/// A holder's name as Zengin carries it. A voiced letter is two characters, the letter and its mark.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KanaName(HiddenText);

impl KanaName {
    /// Takes hiragana, full-width and half-width katakana, small letters, and Latin letters in any case and width; refuses kanji and signs
    /// that the set lacks, and names that are longer than `chars_max` in the set's characters.
    pub fn parse(text: &str, chars_max: usize) -> Result<Self, FieldFault> {
        let fault = |must: String| FieldFault { field: AddressField::HolderNameKana, must: must.into() };
        let form = || fault("be katakana, capital letters, digits, spaces and the signs ( ) - . / , ¥ ｢ ｣".to_owned());
        if text.len() > crate::fields::FIELD_BYTES_MAX || text.chars().any(money::text::is_hidden) {
            return Err(form());
        }
        let mut name = String::new();
        for character in folded(text).chars() {
            push(&mut name, character).ok_or_else(form)?;
        }
        if !marks_follow_letters(&name) {
            return Err(fault("have the marks ﾞ and ﾟ only after letters that take them".to_owned()));
        }
        let chars = name.chars().count();
        if chars == 0 || chars > chars_max {
            return Err(fault(format!("have 1 to {chars_max} characters, a letter and its mark being two")));
        }
        Ok(Self(HiddenText::new(name)))
    }

    /// The name in Zengin's characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Adds a character in Zengin's set. `None` if it has no counterpart there.
fn push(name: &mut String, character: char) -> Option<()> {
    // Hiragana lie 0x60 before katakana.
    let katakana = match character {
        '\u{3041}'..='\u{3096}' => char::from_u32(u32::from(character) + 0x60)?,
        other => other,
    };
    match katakana {
        '\u{30a1}'..='\u{30f6}' => {
            name.push_str(HALF_WIDTH.split_ascii_whitespace().nth(usize::try_from(u32::from(katakana) - 0x30a1).ok()?)?);
        }
        '\u{ff66}' => name.push('ｵ'),
        // Small letters: the first five vowels, then ya, yu, yo, tsu.
        '\u{ff67}'..='\u{ff6f}' => {
            name.push(['ｱ', 'ｲ', 'ｳ', 'ｴ', 'ｵ', 'ﾔ', 'ﾕ', 'ﾖ', 'ﾂ'][usize::try_from(u32::from(katakana) - 0xff67).ok()?]);
        }
        // The sign of a long vowel.
        '\u{ff70}' | '\u{30fc}' => name.push('-'),
        '\u{3099}' | '\u{309b}' => name.push('ﾞ'),
        '\u{309a}' | '\u{309c}' => name.push('ﾟ'),
        '\u{ff71}'..='\u{ff9f}' => name.push(katakana),
        '「' | '｢' => name.push('｢'),
        '」' | '｣' => name.push('｣'),
        '¥' | '￥' | '\\' => name.push('¥'),
        letter if letter.is_ascii_alphanumeric() => name.push(letter.to_ascii_uppercase()),
        '(' | ')' | '-' | '.' | '/' | ',' | ' ' => name.push(katakana),
        _ => return None,
    }
    Some(())
}

fn marks_follow_letters(name: &str) -> bool {
    let mut before = ' ';
    for character in name.chars() {
        let semi_voiced = matches!(before, 'ﾊ'..='ﾎ');
        let fits = match character {
            'ﾞ' => semi_voiced || matches!(before, 'ｳ' | 'ｶ'..='ﾄ'),
            'ﾟ' => semi_voiced,
            _ => true,
        };
        if !fits {
            return false;
        }
        before = character;
    }
    true
}

#[cfg(test)]
mod tests;
