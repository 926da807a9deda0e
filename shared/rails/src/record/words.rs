//! The words that files use for the values of a record's enums.

use super::{BeneficiaryKind, FactConfidence, InstantKind, PayeeCheck};

impl InstantKind {
    /// What a file may say, in words.
    pub(crate) const FORM: &'static str = "\"yes\", \"partly\", \"near\" or \"no\"";
    /// Every value.
    pub const ALL: [Self; 4] = [Self::Yes, Self::Partly, Self::Near, Self::No];

    /// Its word in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Partly => "partly",
            Self::Near => "near",
            Self::No => "no",
        }
    }

    /// The value of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.word() == word)
    }
}

impl FactConfidence {
    /// What a file may say, in words.
    pub(crate) const FORM: &'static str = "\"P\", \"S\" or \"K\"";
    /// Every value.
    pub const ALL: [Self; 3] = [Self::P, Self::S, Self::K];

    /// Its word in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::P => "P",
            Self::S => "S",
            Self::K => "K",
        }
    }

    /// The value of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.word() == word)
    }
}

impl BeneficiaryKind {
    /// What a file may say, in words.
    pub(crate) const FORM: &'static str = "\"bank-account\", \"proxy\" or \"wallet\"";
    /// Every value.
    pub const ALL: [Self; 3] = [Self::BankAccount, Self::Proxy, Self::Wallet];

    /// Its word in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::BankAccount => "bank-account",
            Self::Proxy => "proxy",
            Self::Wallet => "wallet",
        }
    }

    /// The value of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.word() == word)
    }
}

impl PayeeCheck {
    /// What a file may say, in words.
    pub(crate) const FORM: &'static str = "\"none\", \"optional\", \"lookup\" or \"mandatory\"";
    /// Every value.
    pub const ALL: [Self; 4] = [Self::None, Self::Optional, Self::Lookup, Self::Mandatory];

    /// Its word in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Lookup => "lookup",
            Self::Mandatory => "mandatory",
        }
    }

    /// The value of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.word() == word)
    }
}
