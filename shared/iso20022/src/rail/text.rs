//! Texts that a rail accepts. ISO 20022's schemas allow more than the clearings do, and a clearing refuses the whole payment.

use super::Rail;

/// A text that the rail does not accept. Contains a length or one character of the text and no more: names are personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RailTextFault {
    /// The text is empty.
    #[error("{name} needs at least one character", name = .rail.name())]
    Empty {
        /// The rail.
        rail: Rail,
    },
    /// More characters than the rail accepts.
    #[error("{chars} characters; {name} takes {chars_max} at most ({rules})", name = .rail.name(), rules = .rail.text_source())]
    Long {
        /// The rail.
        rail: Rail,
        /// The number of characters.
        chars: usize,
        /// The most it accepts.
        chars_max: usize,
    },
    /// A character that the rail does not accept.
    #[error(
        "the character {shown} (U+{code:04X}); {name} takes Latin letters, digits and signs of ASCII ({rules})",
        name = .rail.name(),
        rules = .rail.text_source()
    )]
    Character {
        /// The rail.
        rail: Rail,
        /// The first such character.
        shown: char,
        /// Its number in Unicode.
        code: u32,
    },
}

impl RailTextFault {
    /// The rail that does not accept it.
    #[must_use]
    pub fn rail(self) -> Rail {
        match self {
            Self::Empty { rail } | Self::Long { rail, .. } | Self::Character { rail, .. } => rail,
        }
    }
}

impl Rail {
    /// Longest name of a party, in characters. SEPA's 70 of the schema's 140: EPC implementation guidelines for customer to bank messages (EPC115-06, EPC132-08),
    /// DK Anlage 3. RTP's profile of `pacs.008` keeps `Max140Text`. As of November 2026.
    #[must_use]
    pub const fn name_chars_max(self) -> usize {
        match self {
            Self::UsRtp => 140,
            Self::SepaInstant => 70,
        }
    }

    /// Longest remittance line, in characters: one line of `Max140Text` on both.
    #[must_use]
    pub const fn remittance_chars_max(self) -> usize {
        match self {
            Self::UsRtp | Self::SepaInstant => 140,
        }
    }

    /// The source of its limits.
    const fn text_source(self) -> &'static str {
        match self {
            Self::UsRtp => "RTP message profile",
            Self::SepaInstant => "EPC implementation guidelines",
        }
    }

    /// Checks that the rail accepts this as a party's name.
    pub fn check_name(self, name: &str) -> Result<(), RailTextFault> {
        self.check_text(name, self.name_chars_max())
    }

    /// Checks that the rail accepts this as the remittance line.
    pub fn check_remittance(self, line: &str) -> Result<(), RailTextFault> {
        self.check_text(line, self.remittance_chars_max())
    }

    fn check_text(self, text: &str, chars_max: usize) -> Result<(), RailTextFault> {
        let chars = text.chars().count();
        if chars == 0 {
            return Err(RailTextFault::Empty { rail: self });
        }
        if chars > chars_max {
            return Err(RailTextFault::Long { rail: self, chars, chars_max });
        }
        match text.chars().find(|character| !is_carried(*character)) {
            Some(shown) => Err(RailTextFault::Character { rail: self, shown, code: u32::from(shown) }),
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
