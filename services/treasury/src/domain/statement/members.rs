//! The accounts whose entries a statement has.
use super::StatementKind;
use crate::domain::Structure;
use chart::{Account, HouseId, Purpose};
use money::Currency;
use sha2::{Digest as _, Sha256};

/// A leaf or a physical account. In the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementMember {
    /// Its id.
    pub id: String,
    /// The legal entity, which is a part of the ledger account's name.
    pub entity: String,
}

impl StatementMember {
    /// Its account in the treasury book; `None` for ids that no structure has.
    #[must_use]
    pub fn ledger_account(&self, kind: StatementKind, currency: Currency) -> Option<String> {
        let purpose = if kind == StatementKind::Physical { Purpose::PhysicalCash } else { Purpose::VirtualAccount };
        Some(Account::of_bank_account(HouseId::try_new(&self.entity)?, HouseId::try_new(&self.id)?, purpose, currency).name())
    }
}

/// The members of a node's statement, in the order of their ids.
#[must_use]
pub fn members(structure: &Structure, node: &str) -> Vec<StatementMember> {
    let member = |id: &str, entity: &str| StatementMember { id: id.to_owned(), entity: entity.to_owned() };
    if let Some(account) = structure.accounts.get(node) {
        return vec![member(&account.id, &account.entity)];
    }
    let leaves = structure.nodes.values().filter(|one| one.leaf().is_some());
    let own = leaves.filter(|leaf| leaf.id == node || structure.above(&leaf.id).any(|above| above.id == node));
    own.map(|leaf| member(&leaf.id, &leaf.entity)).collect()
}

/// Members as they are stored.
#[must_use]
pub fn members_text(members: &[StatementMember]) -> String {
    members.iter().map(|member| format!("{}/{}", member.entity, member.id)).collect::<Vec<_>>().join("\n")
}

/// The hash under which they are stored.
#[must_use]
pub fn members_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Members as they were stored; `None` for a text that was not.
#[must_use]
pub fn read_members(text: &str) -> Option<Vec<StatementMember>> {
    let member = |line: &str| {
        let (entity, id) = line.split_once('/')?;
        Some(StatementMember { id: id.to_owned(), entity: entity.to_owned() })
    };
    text.lines().map(member).collect()
}
