//! What a structure file asks for. Every entry knows its line, so that an error can name it.
use super::{Node, NumberForm, PhysicalAccount};
use accounts::holder::HolderName;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Largest structure file, in bytes: with its request it fits into what the audit log takes of a call by staff (256 KiB), so that no change of the structure
/// is too large to be recorded. It has room for about two thousand leaves; a larger structure is several files.
pub const FILE_BYTES_MAX: usize = 240 * 1024;

/// A file whose values all have the right form; whether they are allowed, [`super::plan`] says. What it does not name stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StructureFile {
    /// The day from which its changes are in force; by default the day of the plan.
    pub effective: Option<Date>,
    /// The line of that day.
    pub effective_line: usize,
    /// Physical accounts.
    pub accounts: Vec<WantedAccount>,
    /// Summary nodes and leaves.
    pub nodes: Vec<WantedNode>,
    /// The claims of leaves that the file says something about.
    pub claims: Vec<WantedClaims>,
}

impl StructureFile {
    /// The line of an account or a node; 1 for one that the file does not name.
    #[must_use]
    pub fn line_of(&self, id: &str) -> usize {
        let accounts = self.accounts.iter().map(|wanted| (wanted.account.id.as_str(), wanted.line));
        let nodes = self.nodes.iter().map(|wanted| (wanted.node.id.as_str(), wanted.line));
        accounts.chain(nodes).find(|(found, _)| *found == id).map_or(1, |(_, line)| line)
    }
}

/// A physical account of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedAccount {
    /// The line of its id, from 1.
    pub line: usize,
    /// The account as it should be.
    pub account: PhysicalAccount,
}

/// A node of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedNode {
    /// The line of its id, from 1.
    pub line: usize,
    /// The node as it should be.
    pub node: Node,
    /// The numbers that it should have besides those that it has, each with its line.
    pub numbers: Vec<WantedNumber>,
}

/// The app books whose claims a leaf covers, as a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedClaims {
    /// The line of the leaf's id, from 1.
    pub line: usize,
    /// The leaf.
    pub leaf: String,
    /// All books whose claims it covers from now on.
    pub apps: BTreeSet<String>,
}

/// A number of a file's leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedNumber {
    /// Its line, from 1.
    pub line: usize,
    /// The number in its one form.
    pub number: String,
    /// Its kind.
    pub form: NumberForm,
    /// Who uses a virtual IBAN.
    pub holder: Option<HolderName>,
    /// The first day of its use; by default the day of the change.
    pub from: Option<Date>,
    /// The last day of its use, once it is known.
    pub until: Option<Date>,
}
