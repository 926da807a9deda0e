//! The rules of the structure: what it is, and what a file may change of it.
//!
//! - [`node`]: physical accounts, summary nodes and leaves. [`funds`]: whose money, and what may be done with it. [`number`]: numbers of leaves.
//! - [`structure`]: all of them, and single changes. [`file`]: what a structure file asks for.
//! - [`claim`]: what apps' books claim of physical accounts. [`proof`]: what must be equal, and what may differ.
//! - [`moves`]: money from leaf to leaf, and what entities owe each other by it. [`terms`]: what they agreed. [`positions`]: by age.
//!   [`interest`]: interest on daily balances. [`allocation`]: what the bank books, divided.
//!   [`sweep`]: money that rules move between physical accounts.
//! - [`bank`]: what reconciliation keeps. [`matched`]: files against items. [`day`]: whether a day can be closed.
//! - [`statement`]: what an account had on a day.
//! - [`migration`]: old accounts that move into the structure. [`receipt`]: what came, and what should come.
//!   [`forecast`]: until the next funding.
//! - [`reservation`]: what payouts take of leaves.
//! - [`plan`]: the changes that a file makes, or every rule that it breaks. [`listing`]: the trees in order, with balances rolled up.
pub mod allocation;
pub mod bank;
pub mod claim;
pub mod day;
pub mod file;
pub mod forecast;
pub mod funds;
pub mod interest;
pub mod listing;
pub mod matched;
pub mod migration;
pub mod moves;
pub mod node;
pub mod number;
pub mod plan;
pub mod positions;
pub mod proof;
pub mod receipt;
pub mod reservation;
pub mod statement;
pub mod structure;
pub mod sweep;
pub mod terms;

pub use claim::{ClaimAccount, ClaimMove, TwinPosition};
pub use file::{StructureFile, WantedAccount, WantedClaims, WantedNode};
pub use funds::{FundsClass, FundsUse};
pub use listing::{LeafSums, ListedAccount};
pub use node::{Leaf, LeafState, Level, Node, NodeKind, PhysicalAccount, StandardLeaf};
pub use number::{NumberForm, Registration};
pub use plan::{Plan, PlanFacts, Problem, Rule};
pub use structure::{Change, ClaimKey, Structure};
