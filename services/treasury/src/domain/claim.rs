//! What apps' books claim of physical accounts: which bank account of theirs is which physical account, what moved there, and which leaf covers it.
use super::{ClaimKey, LeafState, Node, PhysicalAccount, StandardLeaf, Structure};
use chart::{Account, HouseId, Purpose};
use ledger_client::ListedEntry;
use money::BookName;
use std::collections::BTreeMap;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// A bank account of an app's book, and the physical account that it claims money of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimAccount {
    /// The app's book.
    pub app: BookName,
    /// The name of the account of bank cash in that book.
    pub name: String,
    /// The physical account.
    pub physical: PhysicalAccount,
}

/// What a posting of an app's book did to what it claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimMove {
    /// The posting.
    pub posting: Uuid,
    /// Its sequence number in the app's book.
    pub seq: i64,
    /// Its kind.
    pub kind: String,
    /// What it added to the claim, in minor units; negative where money left.
    pub amount: i64,
    /// What is claimed after it.
    pub claimed: i64,
    /// When it was committed, in Unix milliseconds.
    pub booked_ms: i64,
    /// When it happened, in Unix milliseconds.
    pub effective_ms: i64,
}

/// The last posting of an app's book that an account's twins account for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TwinPosition {
    /// Its sequence number in the app's book; 0: there is no twin yet.
    pub seq: i64,
    /// What was claimed after it.
    pub claimed: i64,
    /// When it was committed, in Unix milliseconds; 0 without one.
    pub booked_ms: i64,
}

impl ClaimAccount {
    /// The key under which the structure names the covering leaf.
    #[must_use]
    pub fn key(&self) -> ClaimKey {
        ClaimKey { account: self.physical.id.clone(), app: self.app.to_string() }
    }

    /// The name of the treasury book's account that mirrors it.
    #[must_use]
    pub fn mirror(&self) -> String {
        let claimant = chart::claimant(&self.app);
        house_account(&claimant, &self.physical.id, Purpose::AppClaim, &self.physical).map_or_else(String::new, |account| account.name())
    }
}

/// The account of an entity at a physical account, or at a leaf of it; `None` for ids that no structure has.
pub(crate) fn house_account<'a>(entity: &'a str, id: &'a str, purpose: Purpose, physical: &PhysicalAccount) -> Option<Account<'a>> {
    Some(Account::of_bank_account(HouseId::try_new(entity)?, HouseId::try_new(id)?, purpose, physical.currency))
}

/// The accounts of bank cash that are this physical account in every app's book: with its id, or with its id without the currency at the end, because a bank
/// account of an app's book may have several currencies.
#[must_use]
pub fn claim_names(physical: &PhysicalAccount) -> Vec<String> {
    let suffix = format!("-{}", physical.currency.code().to_ascii_lowercase());
    let ids = [Some(physical.id.as_str()), physical.id.strip_suffix(&suffix)];
    let account = |id: &str| house_account(&physical.entity, id, Purpose::BankCash, physical).map(|account| account.name());
    ids.into_iter().flatten().filter_map(account).collect()
}

impl Structure {
    /// Every account of bank cash that a physical account stands for, by name.
    #[must_use]
    pub fn claim_accounts(&self) -> BTreeMap<String, &PhysicalAccount> {
        self.accounts.values().flat_map(|physical| claim_names(physical).into_iter().map(move |name| (name, physical))).collect()
    }

    /// The leaf that covers what an app's book claims: the one that the structure names, if it is in use, otherwise the physical account's unallocated one.
    #[must_use]
    pub fn covering_leaf(&self, key: &ClaimKey) -> Option<&Node> {
        let in_use = |node: &&Node| node.leaf().is_some_and(|leaf| matches!(leaf.state, LeafState::Open | LeafState::PendingClose));
        let named = self.claims.get(key).and_then(|leaf| self.nodes.get(leaf)).filter(in_use);
        named.or_else(|| self.nodes.get(&StandardLeaf::Unallocated.id(&key.account)))
    }
}

/// What entries did to a claim, from the position on: one move for each posting, without those that left it as it was. The entries are an account's, oldest first,
/// and may begin before the position. `None`: more than can be counted.
#[must_use]
pub fn moves(from: TwinPosition, entries: &[ListedEntry]) -> Option<Vec<ClaimMove>> {
    let mut found: Vec<ClaimMove> = Vec::new();
    let mut before = from.claimed;
    for entry in entries {
        // Bank cash grows by debits.
        let claimed = entry.balance_after.checked_neg()?;
        if entry.seq <= from.seq {
            before = claimed;
            continue;
        }
        let amount = claimed.checked_sub(before)?;
        before = claimed;
        match found.last_mut().filter(|last| last.seq == entry.seq) {
            Some(last) => (last.amount, last.claimed) = (last.amount.checked_add(amount)?, claimed),
            None => found.push(ClaimMove {
                posting: entry.posting,
                seq: entry.seq,
                kind: entry.kind.clone(),
                amount,
                claimed,
                booked_ms: entry.booked_ms,
                effective_ms: entry.effective_ms,
            }),
        }
    }
    found.retain(|moved| moved.amount != 0);
    Some(found)
}
