//! What sort of account at a bank an address names.

/// What sort of account it is, in the words of the countries that ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountType {
    /// US: checking.
    Checking,
    /// Savings; `SVGS` in Brazil, 4 in Japan.
    Savings,
    /// Japan: ordinary, 1.
    Ordinary,
    /// Current; `CACC` in Brazil, 2 in Japan.
    Current,
    /// Brazil: salary, `SLRY`.
    Salary,
    /// Brazil: payment account, `TRAN`.
    Transaction,
}

impl AccountType {
    /// The name in contracts and canonical texts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Savings => "savings",
            Self::Ordinary => "ordinary",
            Self::Current => "current",
            Self::Salary => "salary",
            Self::Transaction => "transaction",
        }
    }
}
