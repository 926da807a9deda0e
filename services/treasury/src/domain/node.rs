//! Physical accounts, and the nodes of their trees.
use super::{FundsClass, FundsUse};
use chart::{HouseId, account::UNALLOCATED};
use money::Currency;
use std::collections::BTreeSet;

/// Steps from a physical account to its lowest leaf: company, app, market and purpose, each perhaps divided once more.
pub const DEPTH_MAX: usize = 8;
/// Longest id of a physical account: with the longest suffix of a standard leaf it still is an id.
pub const ACCOUNT_ID_BYTES_MAX: usize = 32 - UNALLOCATED.len();

/// An account at a bank. Only its name ever changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhysicalAccount {
    /// Its id, the root of its tree.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The bank's name.
    pub bank: String,
    /// The branch: a BIC, a sort code or another of the bank's names for it.
    pub branch: String,
    /// The currency of all money in its tree.
    pub currency: Currency,
    /// The legal entity that the bank knows as its holder.
    pub entity: String,
    /// The account number at the bank.
    pub number: String,
    /// The first segment of all numbers that we define ourselves for its leaves; empty: it takes none.
    pub number_root: String,
    /// Whether it is kept for clients' money only.
    pub client_money: bool,
}

money::named! {
    /// What a summary node or leaf stands for, from the widest to the narrowest.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Level {
        /// A company of the group.
        Company = "company",
        /// An app.
        App = "app",
        /// A market; the node's name is its country.
        Market = "market",
        /// What the money is for.
        Purpose = "purpose",
    }
}

money::named! {
    /// The states of a leaf. CLOSED is final.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum LeafState {
        /// Planned.
        PendingOpen = "pending_open",
        /// In use.
        Open = "open",
        /// To be closed as soon as it is empty.
        PendingClose = "pending_close",
        /// Closed.
        Closed = "closed",
    }
}

money::named! {
    /// The leaves that every physical account has from the first day. They are never renamed, moved or closed.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum StandardLeaf {
        /// Receipts that no rule allocates, until somebody does.
        Unallocated = "unallocated",
        /// Instructed, and not booked by the bank yet.
        InTransit = "in_transit",
        /// The bank's interest and fees, until they are allocated.
        FeesAndInterest = "fees_and_interest",
        /// What allocation can't divide.
        Rounding = "rounding",
        /// What the bank booked and nobody can explain.
        Suspense = "suspense",
        /// What left another of our accounts for this one, until the bank books it here.
        Incoming = "incoming",
        /// What the law blocks: of payouts whose payees are on a sanctions list, until a licence frees it.
        Blocked = "blocked",
    }
}

/// A node of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its id, unique among nodes and physical accounts for ever.
    pub id: String,
    /// The node or physical account above.
    pub parent: String,
    /// Its name for people.
    pub name: String,
    /// The legal entity whose money is in it.
    pub entity: String,
    /// What it stands for, if the structure says.
    pub level: Option<Level>,
    /// Whether it is a summary node or a leaf, with what only that has.
    pub kind: NodeKind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// It sums what is below it.
    Summary {
        /// The class of all leaves below; `None`: of any.
        funds: Option<FundsClass>,
    },
    /// It has entries.
    Leaf(Leaf),
}

/// What only leaves have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Whose money it holds.
    pub funds: FundsClass,
    /// What else may be done with it.
    pub uses: BTreeSet<FundsUse>,
    /// Whether it may be used.
    pub state: LeafState,
    /// Which of the standard leaves it is, if any.
    pub standard: Option<StandardLeaf>,
}

impl LeafState {
    /// Whether a leaf of this state may change to another. To close takes two steps, so that money on its way can still arrive between them.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::PendingOpen, Self::Open)
                | (Self::Open, Self::PendingClose)
                | (Self::PendingClose, Self::Open)
                | (Self::PendingClose, Self::Closed)
        )
    }
}

impl StandardLeaf {
    const fn title(self) -> &'static str {
        match self {
            Self::Unallocated => "Unallocated",
            Self::InTransit => "In transit",
            Self::FeesAndInterest => "Fees and interest",
            Self::Rounding => "Rounding",
            Self::Suspense => "Suspense",
            Self::Incoming => "Incoming",
            Self::Blocked => "Blocked",
        }
    }

    const fn suffix(self) -> &'static str {
        match self {
            Self::Unallocated => UNALLOCATED,
            Self::InTransit => "-in-transit",
            Self::FeesAndInterest => "-fees",
            Self::Rounding => "-rounding",
            Self::Suspense => "-suspense",
            Self::Incoming => "-incoming",
            Self::Blocked => "-blocked",
        }
    }

    /// Its id under a physical account.
    #[must_use]
    pub fn id(self, account: &str) -> String {
        format!("{account}{}", self.suffix())
    }

    /// The node as it is made with its account.
    #[must_use]
    pub fn node(self, account: &PhysicalAccount) -> Node {
        let funds = match self {
            Self::Blocked => FundsClass::Blocked,
            _ if account.client_money => FundsClass::Client,
            _ => FundsClass::Own,
        };
        let leaf = Leaf { funds, uses: BTreeSet::new(), state: LeafState::Open, standard: Some(self) };
        Node {
            id: self.id(&account.id),
            parent: account.id.clone(),
            name: self.title().to_owned(),
            entity: account.entity.clone(),
            level: None,
            kind: NodeKind::Leaf(leaf),
        }
    }
}

impl Node {
    /// What only leaves have; `None` for a summary node.
    #[must_use]
    pub const fn leaf(&self) -> Option<&Leaf> {
        match &self.kind {
            NodeKind::Leaf(leaf) => Some(leaf),
            NodeKind::Summary { .. } => None,
        }
    }

    /// Which of the standard leaves it is.
    #[must_use]
    pub fn standard(&self) -> Option<StandardLeaf> {
        self.leaf().and_then(|leaf| leaf.standard)
    }

    /// The class of a leaf, or the one that a summary node asks of all leaves below.
    #[must_use]
    pub fn funds(&self) -> Option<FundsClass> {
        match &self.kind {
            NodeKind::Leaf(leaf) => Some(leaf.funds),
            NodeKind::Summary { funds } => *funds,
        }
    }
}

/// Whether a text is an id of a node or legal entity: it is a part of the names of ledger accounts.
#[must_use]
pub fn is_id(text: &str) -> bool {
    HouseId::try_new(text).is_some()
}
