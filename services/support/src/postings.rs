//! The ledger requests of approved proposals. Staff name the accounts themselves; the ledger's rules apply to them as to everybody.
use crate::domain::{AdjustmentLine, Proposal};
use api::ledger::RequestField;
use chart::PostingKind;
use ledger_client::PostingDraft;
use uuid::Uuid;

/// The request id under which the ledger carries out an approved proposal, so that it is done once.
#[must_use]
pub fn approval_id(proposal: &Proposal) -> Uuid {
    chart::id::approval(proposal.id, &proposal.book, proposal.decided_at_ms)
}

/// An adjustment, with the transfers as they were approved.
#[must_use]
pub fn adjustment(proposal: &Proposal, lines: &[AdjustmentLine]) -> PostingDraft {
    let draft = PostingDraft::new(PostingKind::Adjustment, approval_id(proposal)).fields(fields(proposal));
    lines.iter().fold(draft, |draft, line| draft.named(&line.debit, &line.credit, line.amount))
}

/// Fields compared on a retry of any approved step; a reversal has the reversed posting's accounts, the other way round.
#[must_use]
pub fn fields(proposal: &Proposal) -> Vec<RequestField> {
    vec![RequestField { name: "proposal_id".to_owned(), value: proposal.id.hyphenated().to_string() }]
}
