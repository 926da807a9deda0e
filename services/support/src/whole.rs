//! What is recorded of a whole request although its text may be truncated or erased: its hash, every user it names, and the hash of the proposed action.
use crate::{
    act_message,
    domain::{ActHashes, ActPhase, Proposal, StaffAct, proposal_hash, request_hash},
    error::Error,
    store::{Store, stored_act},
    wire,
};
use api::support::{self as pb, ApproveRequest, ProposeRequest};
use money::{BookName, UserKey};
use prost::Message as _;
use serde_json::Value;
use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

/// The RPC that makes a proposal, as a suffix of its full name.
pub const PROPOSE: &str = "SupportService/Propose";
/// The RPC that approves a proposal, likewise.
pub const APPROVE: &str = "SupportService/Approve";

/// A whole request, of which the line may store only a part. Empty where it comes from an earlier version, which sent it truncated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WholeRequest {
    /// The bytes as sent.
    pub bytes: Vec<u8>,
    /// Every user it names.
    pub users: BTreeSet<String>,
    /// Every account it names.
    pub accounts: BTreeSet<String>,
}

impl WholeRequest {
    /// The hashes for the act's line.
    pub async fn hashes(&self, store: &Store, act: &StaffAct, salt: &[u8; 16]) -> Result<ActHashes, Error> {
        if act.phase != ActPhase::Begun {
            return Ok(ActHashes::default());
        }
        // The whole request of a command is the text in its line.
        let bytes = if self.bytes.is_empty() { act.request_json.as_bytes() } else { &self.bytes };
        let request = if bytes.is_empty() { String::new() } else { request_hash(salt, bytes) };
        let proposal = if act.rpc.ends_with(PROPOSE) {
            self.proposed(act).unwrap_or_default()
        } else if act.rpc.ends_with(APPROVE) {
            self.there(store, act).await?.unwrap_or_default()
        } else {
            String::new()
        };
        Ok(ActHashes { request, proposal })
    }

    /// The hash of what the request proposes; `None` where it will be refused.
    fn proposed(&self, act: &StaffAct) -> Option<String> {
        let request = ProposeRequest::decode(self.bytes.as_slice()).ok()?;
        let (id, proposed) = wire::proposed(&request).ok()?;
        let (book, by) = (BookName::try_new(&act.book).ok()?, UserKey::try_new(&act.subject).ok()?);
        let proposal = crate::domain::proposal_id(&id, &book, &by);
        Some(proposal_hash(proposal, book.as_str(), by.as_str(), &stored_act::write(&proposed)))
    }

    /// The hash of the proposal to be approved, as it is stored.
    async fn there(&self, store: &Store, act: &StaffAct) -> Result<Option<String>, Error> {
        let Ok(request) = ApproveRequest::decode(self.bytes.as_slice()) else { return Ok(None) };
        let (Ok(id), Ok(book)) = (wire::proposal_id(&request.proposal_id), BookName::try_new(&act.book)) else { return Ok(None) };
        Ok(store.proposal(&book, id).await?.as_ref().map(hash_of))
    }
}

/// The hash that binds a proposal to its line.
#[must_use]
pub fn hash_of(proposal: &Proposal) -> String {
    proposal_hash(proposal.id, proposal.book.as_str(), proposal.proposed_by.as_str(), &stored_act::write(&proposal.act))
}

/// Whether a line of an earlier version, which has no hash, asked for what the proposal is to do. `None`: its request is not kept whole.
#[must_use]
pub fn asked_for(request_json: &str, proposal: &Proposal) -> Option<bool> {
    let request: Value = serde_json::from_str(request_json).ok()?;
    let asked = act_message::read(act_of(&request)?).ok()?;
    Some(asked == proposal.act)
}

/// The act of a request as JSON. Debit limits are missing: they were added after the hash.
fn act_of(request: &Value) -> Option<pb::proposal::Act> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(adjustment) = request.get("adjustment") {
        let transfer = |value: &Value| {
            let (debit_account, credit_account) = (text(value, "debitAccount"), text(value, "creditAccount"));
            Some(pb::AdjustmentTransfer { debit_account, credit_account, amount: text(value, "amount").parse().ok()? })
        };
        let transfers = adjustment.get("transfers")?.as_array()?.iter().map(transfer).collect::<Option<_>>()?;
        return Some(pb::proposal::Act::Adjustment(pb::Adjustment { transfers }));
    }
    if let Some(change) = request.get("accountChange") {
        let act = pb::AccountAct::from_str_name(&text(change, "act"))?.into();
        return Some(pb::proposal::Act::AccountChange(pb::AccountChange { account: text(change, "account"), act }));
    }
    let reversal = request.get("reversal")?;
    Some(pb::proposal::Act::Reversal(pb::Reversal { posting_id: text(reversal, "postingId") }))
}
