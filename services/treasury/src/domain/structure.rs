//! All physical accounts, their trees and numbers, at one revision; and single changes of them.
use super::{FundsUse, LeafState, Node, NodeKind, PhysicalAccount, Registration, StandardLeaf, node::DEPTH_MAX};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// The structure. Everything by its id, or its number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Structure {
    /// Number of the last change; 0: none was made yet.
    pub revision: i64,
    /// The day of the last change.
    pub effective: Option<Date>,
    /// The physical accounts.
    pub accounts: BTreeMap<String, PhysicalAccount>,
    /// The nodes of all trees.
    pub nodes: BTreeMap<String, Node>,
    /// The numbers of all leaves, also those that ended.
    pub numbers: BTreeMap<String, Registration>,
    /// The leaf that covers what an app's book claims, by physical account and book.
    pub claims: BTreeMap<ClaimKey, String>,
}

/// A physical account, and the app's book that claims money of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimKey {
    /// The physical account.
    pub account: String,
    /// The app's book.
    pub app: String,
}

/// One change. A plan is a list of them, and the store writes the same list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new physical account, with its standard leaves.
    AddAccount(PhysicalAccount),
    /// Another name of a physical account.
    RenameAccount {
        /// The account.
        id: String,
        /// Its name before.
        before: String,
        /// Its new name.
        name: String,
    },
    /// A new node.
    Add(Node),
    /// Another name of a node.
    Rename {
        /// The node.
        id: String,
        /// Its name before.
        before: String,
        /// Its new name.
        name: String,
    },
    /// A node under another parent, with all that is below it.
    Move {
        /// The node.
        id: String,
        /// Its parent before.
        before: String,
        /// Its new parent.
        parent: String,
    },
    /// Another state of a leaf.
    SetState {
        /// The leaf.
        id: String,
        /// Its state before.
        before: LeafState,
        /// Its new state.
        state: LeafState,
    },
    /// Other uses of a leaf's money.
    SetUses {
        /// The leaf.
        id: String,
        /// All uses that are allowed now.
        uses: BTreeSet<FundsUse>,
    },
    /// What an app's book claims of a physical account is covered by this leaf from now on.
    Claim {
        /// The leaf.
        id: String,
        /// The book, and the leaf's physical account.
        key: ClaimKey,
    },
    /// It is no longer covered by this leaf.
    EndClaim {
        /// The leaf.
        id: String,
        /// The book, and the leaf's physical account.
        key: ClaimKey,
    },
    /// A new number of a leaf.
    AddNumber(Registration),
    /// The last day of a number.
    EndNumber {
        /// The number.
        number: String,
        /// Its leaf.
        leaf: String,
        /// Its last day.
        until: Date,
    },
}

/// Where the way up from a node ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WayUp<'a> {
    /// At this physical account, after so many steps.
    Root(&'a str, usize),
    /// Nowhere: it comes back to this node.
    Cycle(&'a str),
    /// At a parent that there is not.
    Missing(&'a str),
}

impl Structure {
    /// Whether money may come to a leaf, and leave it.
    #[must_use]
    pub fn is_in_use(&self, leaf: &str) -> bool {
        let leaf = self.nodes.get(leaf).and_then(|node| node.leaf());
        leaf.is_some_and(|leaf| matches!(leaf.state, LeafState::Open | LeafState::PendingClose))
    }

    /// Makes one change. The caller has checked that it is allowed; a change of what there is not changes nothing.
    pub fn make(&mut self, change: &Change) {
        match change {
            Change::AddAccount(account) => {
                for node in StandardLeaf::ALL.map(|standard| standard.node(account)) {
                    self.nodes.insert(node.id.clone(), node);
                }
                self.accounts.insert(account.id.clone(), account.clone());
            }
            Change::RenameAccount { id, name, .. } => {
                if let Some(account) = self.accounts.get_mut(id) {
                    account.name.clone_from(name);
                }
            }
            Change::Add(node) => {
                self.nodes.insert(node.id.clone(), node.clone());
            }
            Change::Rename { id, name, .. } => {
                if let Some(node) = self.nodes.get_mut(id) {
                    node.name.clone_from(name);
                }
            }
            Change::Move { id, parent, .. } => {
                if let Some(node) = self.nodes.get_mut(id) {
                    node.parent.clone_from(parent);
                }
            }
            Change::SetState { id, state, .. } => {
                if let Some(NodeKind::Leaf(leaf)) = self.nodes.get_mut(id).map(|node| &mut node.kind) {
                    leaf.state = *state;
                }
            }
            Change::SetUses { id, uses } => {
                if let Some(NodeKind::Leaf(leaf)) = self.nodes.get_mut(id).map(|node| &mut node.kind) {
                    leaf.uses.clone_from(uses);
                }
            }
            Change::Claim { id, key } => {
                self.claims.insert(key.clone(), id.clone());
            }
            Change::EndClaim { id, key } => {
                if self.claims.get(key) == Some(id) {
                    self.claims.remove(key);
                }
            }
            Change::AddNumber(registration) => {
                self.numbers.insert(registration.number.clone(), registration.clone());
            }
            Change::EndNumber { number, until, .. } => {
                if let Some(registration) = self.numbers.get_mut(number) {
                    registration.until = Some(*until);
                }
            }
        }
    }

    /// From a node up to its physical account.
    #[must_use]
    pub fn way_up<'a>(&'a self, id: &'a str) -> WayUp<'a> {
        let (mut at, mut steps, mut seen) = (id, 0, BTreeSet::new());
        loop {
            if self.accounts.contains_key(at) {
                return WayUp::Root(at, steps);
            }
            let Some(node) = self.nodes.get(at) else { return WayUp::Missing(at) };
            // A way of the allowed length needs no memory.
            if steps > DEPTH_MAX && !seen.insert(at) {
                return WayUp::Cycle(at);
            }
            (at, steps) = (node.parent.as_str(), steps + 1);
        }
    }

    /// The physical account of a node, or of itself.
    #[must_use]
    pub fn root<'a>(&'a self, id: &'a str) -> Option<&'a PhysicalAccount> {
        match self.way_up(id) {
            WayUp::Root(root, _) => self.accounts.get(root),
            WayUp::Cycle(_) | WayUp::Missing(_) => None,
        }
    }

    /// The nodes above one, the nearest first; of a cycle, as many as a tree may be deep.
    pub fn above<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Node> {
        let first = self.nodes.get(id).and_then(|node| self.nodes.get(&node.parent));
        std::iter::successors(first, |node| self.nodes.get(&node.parent)).take(DEPTH_MAX)
    }
}

impl Change {
    /// What changes: an account or a node.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::AddAccount(account) => &account.id,
            Self::Add(node) => &node.id,
            Self::AddNumber(registration) => &registration.leaf,
            Self::EndNumber { leaf, .. } => leaf,
            Self::RenameAccount { id, .. }
            | Self::Rename { id, .. }
            | Self::Move { id, .. }
            | Self::SetState { id, .. }
            | Self::SetUses { id, .. }
            | Self::Claim { id, .. }
            | Self::EndClaim { id, .. } => id,
        }
    }

    /// The kind of change, for people and programs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AddAccount(_) => "add account",
            Self::RenameAccount { .. } => "rename account",
            Self::Add(_) => "add",
            Self::Rename { .. } => "rename",
            Self::Move { .. } => "move",
            Self::SetState { .. } => "state",
            Self::SetUses { .. } => "uses",
            Self::Claim { .. } => "claim",
            Self::EndClaim { .. } => "end claim",
            Self::AddNumber(_) => "add number",
            Self::EndNumber { .. } => "end number",
        }
    }

    /// The change in words. It names no holder of a number.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::AddAccount(account) => {
                let clients = if account.client_money { ", for clients' money only" } else { "" };
                let PhysicalAccount { id, name, bank, branch, currency, entity, .. } = account;
                format!("{id}: physical account {name:?} in {currency} at {bank} ({branch}) of {entity}{clients}, with its standard leaves")
            }
            Self::RenameAccount { id, before, name } | Self::Rename { id, before, name } => {
                format!("{id}: named {name:?} instead of {before:?}")
            }
            Self::Add(node) => {
                let level = node.level.map(|level| format!(", {}", level.name())).unwrap_or_default();
                let Node { id, parent, name, entity, .. } = node;
                let kind = match &node.kind {
                    NodeKind::Summary { funds: None } => format!("summary node {name:?}"),
                    NodeKind::Summary { funds: Some(funds) } => format!("summary node {name:?} for {funds} funds"),
                    NodeKind::Leaf(leaf) => format!("leaf {name:?} for {} funds, {}", leaf.funds, leaf.state.name()),
                };
                format!("{id} under {parent}: {kind}{level}, of {entity}")
            }
            Self::Move { id, before, parent } => format!("{id}: under {parent} instead of {before}"),
            Self::SetState { id, before, state } => format!("{id}: {} instead of {}", state.name(), before.name()),
            Self::SetUses { id, uses } if uses.is_empty() => format!("{id}: no use but its own entity's"),
            Self::SetUses { id, uses } => {
                format!("{id}: may be used for {}", uses.iter().map(|one| one.name()).collect::<Vec<_>>().join(", "))
            }
            Self::Claim { id, key: ClaimKey { account, app } } => format!("{id}: covers what book {app} claims of {account}"),
            Self::EndClaim { id, key: ClaimKey { account, app } } => format!("{id}: no longer covers what book {app} claims of {account}"),
            Self::AddNumber(registration) => {
                let Registration { number, leaf, form, from, until, .. } = registration;
                let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
                format!("{leaf}: {} number {number} from {from}{until}", form.name().replace('_', " "))
            }
            Self::EndNumber { number, leaf, until } => format!("{leaf}: number {number} ends on {until}"),
        }
    }
}
