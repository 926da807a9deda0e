//! A name becomes tokens that can be compared: folded to plain letters, without titles and company forms, given names first.
//!
//! - `letters`: letters that Unicode does not take apart, and the Cyrillic and Greek alphabets in Latin letters.
//! - `words`: titles, company forms and words without weight.

mod letters;
mod words;

pub(crate) use words::is_common;

use crate::similarity::NameToken;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest name, in characters: that of the list's layout.
pub const NAME_CHARS_MAX: usize = 350;

/// Whose name it is; it decides which words carry no weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameShape {
    /// A natural person: titles go, `SURNAME, Given` is turned round.
    Person,
    /// Anything else: company forms and stop words go.
    Organisation,
}

impl NameShape {
    /// The one that it is not.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Person => Self::Organisation,
            Self::Organisation => Self::Person,
        }
    }
}

/// A name's tokens, in the natural order: given names, then the surname.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameTokens(pub(crate) Vec<NameToken>);

impl NameTokens {
    /// The tokens as texts.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(NameToken::text).collect()
    }

    /// Whether the name can be compared with a list in Latin letters: it has a token of two letters or digits, and no letter of another
    /// script. Names for which this is false are never cleared by a screening.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        let foreign = |c: &char| !c.is_ascii_alphanumeric();
        self.0.iter().any(|token| token.chars.len() > 1) && !self.0.iter().any(|token| token.chars.iter().any(foreign))
    }
}

/// Normalises a name. Marks go, letters become lower-case Latin where that is known, apostrophes join, other punctuation separates.
#[must_use]
pub fn normalise(name: &str, shape: NameShape) -> NameTokens {
    let turned = match (shape, name.split_once(',')) {
        (NameShape::Person, Some((surname, given))) => format!("{given} {surname}"),
        _ => name.to_owned(),
    };
    let folded = fold(&turned);
    let mut words: Vec<String> = folded.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    match shape {
        NameShape::Person => words::drop_titles(&mut words),
        NameShape::Organisation => {
            words = join_letters(words);
            words::drop_company_words(&mut words);
        }
    }
    NameTokens(words.iter().map(|word| NameToken::new(word)).collect())
}

/// A country's name, folded like names so that spellings compare.
#[must_use]
pub fn normalise_country(name: &str) -> String {
    fold(name).split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Lower-case letters and digits, with blanks for all that separates.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfkd().flat_map(char::to_lowercase) {
        if is_combining_mark(c) || letters::is_dropped(c) {
            continue;
        }
        match letters::latin(c) {
            Some(latin) => folded.push_str(latin),
            None if c.is_alphanumeric() => folded.push(c),
            None => folded.push(' '),
        }
    }
    folded
}

/// `S.A.` and `S A` become one word, as abbreviations of organisations are written both ways.
fn join_letters(words: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    let mut after_letter = false;
    for word in words {
        let letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        match joined.last_mut() {
            Some(last) if letter && after_letter => last.push_str(&word),
            _ => joined.push(word),
        }
        after_letter = letter;
    }
    joined
}

#[cfg(test)]
mod tests;
