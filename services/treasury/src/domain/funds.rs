//! Whose money a node may hold, and what may be done with it.
use std::fmt;

money::named! {
    /// Whose money a leaf holds. It never changes: other money goes to another leaf.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum FundsClass {
        /// The company's own.
        Own = "own",
        /// Other people's, such as creators'.
        Client = "client",
        /// Forbidden by law to be paid out or given back.
        Blocked = "blocked",
    }
}

money::named! {
    /// What treasury may do with a leaf's money besides paying its own entity's creditors.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum FundsUse {
        /// Moved to another physical account by a rule.
        Sweep = "sweep",
        /// Used to pay what another legal entity owes.
        OnBehalfOf = "on_behalf_of",
        /// Counted together with other accounts' money by the bank.
        Pooling = "pooling",
    }
}

impl FundsClass {
    /// Whether money of this class may be used so. Each of the three uses puts it at the risk of another account or entity, which only the company may take,
    /// and only with its own money.
    #[must_use]
    pub const fn permits(self, funds_use: FundsUse) -> bool {
        match funds_use {
            FundsUse::Sweep | FundsUse::OnBehalfOf | FundsUse::Pooling => matches!(self, Self::Own),
        }
    }
}

impl fmt::Display for FundsClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
