//! Every way a call fails, and the status that the caller gets.
use crate::domain::{MalformedAct, ProposalRefusal};
use ledger_client::{LedgerRefusal, NotPosted};
use tonic::{Code, Status};
use uuid::Uuid;

/// Why a staff request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field is not of the form the contract asks for.
    #[error("{field}: {why}")]
    Malformed {
        /// The field's name as sent.
        field: &'static str,
        /// What it must be.
        why: String,
    },
    /// Fields that are not of their form: the answer that names them all.
    #[error("{}", .0.message())]
    Violations(Box<Status>),
    /// The id was used for something else.
    #[error("the id was used with other fields")]
    Reused {
        /// Names of the fields that differ.
        differing: Vec<String>,
    },
    /// The time in the id is too far from now.
    #[error("{0}")]
    Untimely(money::UntimelyId),
    /// A page token that was made for another query.
    #[error("the page token")]
    PageToken,
    /// No such proposal.
    #[error("no such proposal")]
    Unknown(uuid::Uuid),
    /// The posting to be reversed does not exist.
    #[error("no such posting")]
    PostingUnknown(Uuid),
    /// The posting to be reversed is a step of a service that would not learn of the reversal.
    #[error("a step of another service")]
    NotReversible {
        /// The posting.
        posting: Uuid,
        /// Its kind.
        kind: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// The ledger would refuse it, as its dry run says.
    #[error("the ledger would refuse it: {0}")]
    WouldBeRefused(Box<LedgerRefusal>),
    /// Its row is not what was proposed, or not what the approver saw.
    #[error("a proposal that was changed")]
    ProposalChanged(Uuid),
    /// A rule for proposals refused it.
    #[error("{0:?}")]
    Proposal(Uuid, ProposalRefusal),
    /// The outcome at the ledger is unknown.
    #[error("{0}")]
    Open(NotPosted),
    /// The operating system gave no random bytes.
    #[error("no randomness")]
    Randomness,
    /// The support service's own tables failed.
    #[error("the support database")]
    Store(#[from] sqlx::Error),
}

impl From<Vec<MalformedAct>> for Error {
    fn from(malformed: Vec<MalformedAct>) -> Self {
        let mut wrong = rpc::Violations::default();
        malformed.into_iter().for_each(|MalformedAct { field, why }| wrong.add(rpc::malformed(field, &why)));
        Self::Violations(Box::new(wrong.into_status()))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Malformed { field, why } => rpc::malformed(field, &why),
            Error::Violations(status) => *status,
            Error::Reused { differing } => rpc::errors::request_id_reused(&differing),
            Error::Untimely(untimely) => rpc::errors::request_id_time(&untimely),
            Error::PageToken => rpc::errors::page_token(),
            Error::Unknown(id) => rpc::refused(
                Code::NotFound,
                "PROPOSAL_UNKNOWN",
                "no such proposal".to_owned(),
                &[("proposal_id", id.hyphenated().to_string())],
            ),
            Error::PostingUnknown(posting) => {
                let why = format!("there is no posting {posting} in this book, so nothing was proposed");
                rpc::refused(Code::NotFound, "POSTING_UNKNOWN", why, &[("posting_id", posting.hyphenated().to_string())])
            }
            Error::ProposalChanged(id) => {
                let why = "the proposal differs from what the audit log says was proposed, or from what you saw; nothing was done: read it \
                           again, and tell your auditors";
                rpc::refused(Code::FailedPrecondition, "PROPOSAL_CHANGED", why.to_owned(), &[("proposal_id", id.hyphenated().to_string())])
            }
            Error::NotReversible { posting, kind, instead } => {
                let why = format!("{posting} is a {kind} posting and is not reversed by hand, so nothing was proposed: {instead}");
                let facts = [("posting_id", posting.hyphenated().to_string()), ("kind", kind)];
                rpc::refused(Code::FailedPrecondition, "NOT_REVERSIBLE", why, &facts)
            }
            Error::WouldBeRefused(refusal) => {
                let why = format!("the ledger would refuse this, so nothing was proposed: {refusal}");
                let facts: Vec<(&str, String)> = refusal.facts.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
                rpc::errors::refused_as(Code::FailedPrecondition, refusal.reason.name(), &why, &facts)
            }
            Error::Proposal(id, refusal) => {
                let (reason, why) = match refusal {
                    ProposalRefusal::SamePerson => ("SAME_PERSON", "the proposer can't approve it: another member of staff must"),
                    ProposalRefusal::Decided => ("PROPOSAL_DECIDED", "the proposal was already approved or rejected"),
                    ProposalRefusal::Expired => ("PROPOSAL_EXPIRED", "nobody approved it in time; propose it again"),
                };
                rpc::refused(Code::FailedPrecondition, reason, why.to_owned(), &[("proposal_id", id.hyphenated().to_string())])
            }
            // Whatever the ledger answered, the approval is recorded and will be carried out.
            Error::Open(not_posted) => {
                tracing::warn!(?not_posted, "an approved proposal is not known to be carried out yet");
                rpc::outcome_unknown("the proposal is approved and its execution is pending; retry Approve, or call GetProposal")
            }
            Error::Store(ref source) if db::is_passing(source) => rpc::errors::database_unreachable(&error),
            Error::Randomness | Error::Store(_) => rpc::internal(&error),
        }
    }
}

#[cfg(test)]
mod tests;
