//! What is recorded of a whole request although its text may be truncated or erased: every user it names, and the hash of the proposed action.
use crate::{
    act_message,
    domain::{Proposal, proposal_hash},
    store::stored_act,
};
use api::support as pb;
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
