//! Texts that a rail accepts. ISO 20022's schemas allow more than the clearings do, and a clearing refuses the whole payment.

use accounts::rules::{
    DEFAULTS_AS_OF,
    SourceConfidence::{self, General, Primary, Secondary},
};
use jiff::civil::Date;
use std::borrow::Cow;

/// What a rail accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailTexts {
    /// Its id in the rails book.
    pub rail: Cow<'static, str>,
    /// Longest name of a party, in characters.
    pub name_chars_max: usize,
    /// Longest remittance line, in characters.
    pub remittance_chars_max: usize,
    /// Where this was found.
    pub source: Cow<'static, str>,
    /// How sure it is.
    pub confidence: SourceConfidence,
    /// The day for which this was found.
    pub as_of: Date,
}

/// A text that the rail does not accept. Contains a length or one character of the text and no more: names are personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RailTextFault {
    /// The text is empty.
    #[error("{rail} needs at least one character")]
    Empty {
        /// The rail.
        rail: String,
    },
    /// More characters than the rail accepts.
    #[error("{chars} characters; {rail} takes {chars_max} at most ({rules})")]
    Long {
        /// The rail.
        rail: String,
        /// The number of characters.
        chars: usize,
        /// The most it accepts.
        chars_max: usize,
        /// The source of the limit.
        rules: String,
    },
    /// A character that the rail does not accept.
    #[error("the character {shown} (U+{code:04X}); {rail} takes Latin letters, digits and signs of ASCII ({rules})")]
    Character {
        /// The rail.
        rail: String,
        /// The first such character.
        shown: char,
        /// Its number in Unicode.
        code: u32,
        /// The source of the limit.
        rules: String,
    },
}

impl RailTextFault {
    /// The rail that does not accept it.
    #[must_use]
    pub fn rail(&self) -> &str {
        match self {
            Self::Empty { rail } | Self::Long { rail, .. } | Self::Character { rail, .. } => rail,
        }
    }
}

impl RailTexts {
    /// What a rail accepts as of [`DEFAULTS_AS_OF`]. A rail without a row of its own is taken to accept what the schema does, in Latin letters.
    #[must_use]
    pub fn of(rail: &str) -> Self {
        let (name_chars_max, remittance_chars_max, source, confidence) = match rail {
            "sepa-instant" | "sepa-ct" => (70, 140, "EPC implementation guidelines EPC115-06 and EPC132-08", Secondary),
            "us-rtp" => (140, 140, "RTP message profile", Primary),
            _ => (140, 140, "general", General),
        };
        Self {
            rail: Cow::Owned(rail.to_owned()),
            name_chars_max,
            remittance_chars_max,
            source: Cow::Borrowed(source),
            confidence,
            as_of: DEFAULTS_AS_OF,
        }
    }

    /// Checks that the rail accepts this as a party's name. `accounts::holder::check_name` has the rails with character sets of their own, such as Zengin's.
    pub fn check_name(&self, name: &str) -> Result<(), RailTextFault> {
        self.check(name, self.name_chars_max)
    }

    /// Checks that the rail accepts this as the remittance line.
    pub fn check_remittance(&self, line: &str) -> Result<(), RailTextFault> {
        self.check(line, self.remittance_chars_max)
    }

    fn check(&self, text: &str, chars_max: usize) -> Result<(), RailTextFault> {
        let (rail, rules) = (self.rail.to_string(), self.source.to_string());
        let chars = text.chars().count();
        if chars == 0 {
            return Err(RailTextFault::Empty { rail });
        }
        if chars > chars_max {
            return Err(RailTextFault::Long { rail, chars, chars_max, rules });
        }
        match text.chars().find(|character| !is_carried(*character)) {
            Some(shown) => Err(RailTextFault::Character { rail, shown, code: u32::from(shown), rules }),
            None => Ok(()),
        }
    }
}

/// ASCII characters and the Latin letters that European names are written with: the extended characters of EPC217-08, each with a substitute of the basic set
/// for banks that support no others. Other scripts have no substitute that a bank could compare with its own records, and US banks store names in Latin
/// letters.
fn is_carried(character: char) -> bool {
    match character {
        ' '..='~' => true,
        // Latin-1's letters without its two signs of arithmetic; Latin Extended-A; Romanian's letters with a comma below.
        '\u{00c0}'..='\u{017f}' => !matches!(character, '\u{00d7}' | '\u{00f7}'),
        '\u{0218}'..='\u{021b}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
