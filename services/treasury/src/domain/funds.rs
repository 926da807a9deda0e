//! Whose money a node may hold, and what may be done with it.
use std::fmt;

/// Whose money a leaf holds. It never changes: other money goes to another leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FundsClass {
    /// The company's own.
    Own,
    /// Other people's, such as creators'.
    Client,
    /// Forbidden by law to be paid out or given back.
    Blocked,
}

/// What treasury may do with a leaf's money besides paying its own entity's creditors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FundsUse {
    /// Moved to another physical account by a rule.
    Sweep,
    /// Used to pay what another legal entity owes.
    OnBehalfOf,
    /// Counted together with other accounts' money by the bank.
    Pooling,
}

impl FundsClass {
    /// Every class.
    pub const ALL: [Self; 3] = [Self::Own, Self::Client, Self::Blocked];

    /// The spelling in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Client => "client",
            Self::Blocked => "blocked",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }

    /// Whether money of this class may be used so. Each of the three uses puts it at the risk of another account or entity, which only the company may take,
    /// and only with its own money.
    #[must_use]
    pub const fn permits(self, funds_use: FundsUse) -> bool {
        match funds_use {
            FundsUse::Sweep | FundsUse::OnBehalfOf | FundsUse::Pooling => matches!(self, Self::Own),
        }
    }
}

impl FundsUse {
    /// Every use.
    pub const ALL: [Self; 3] = [Self::Sweep, Self::OnBehalfOf, Self::Pooling];

    /// The spelling in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::OnBehalfOf => "on_behalf_of",
            Self::Pooling => "pooling",
        }
    }

    /// The use of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|funds_use| funds_use.name() == name)
    }
}

impl fmt::Display for FundsClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
