//! What this service asks of the ledger: a deed, under an id that follows from its proposal, so that it is done once.
use crate::domain::{AccountAct, Act, Proposal};
use api::ledger::{
    AccountState, PostRequest, RequestField, ReverseRequest, SetAccountStateRequest, Transfer, ledger_service_client::LedgerServiceClient,
};
use money::derive_id;
use tonic::{Code, Status};

/// The scope of the ledger's ids.
const SCOPE: &str = "support.Approve";

/// The ledger's client.
#[derive(Clone)]
pub struct Ledger(LedgerServiceClient<rpc::Transport>);

/// What the ledger said.
pub enum Outcome {
    /// Done, by this posting where there is one.
    Done(String),
    /// Refused for good: its reason.
    Refused(String),
    /// It may or may not have happened, or nothing happened for now.
    Open(Status),
}

impl Ledger {
    /// Over this transport.
    #[must_use]
    pub fn new(transport: rpc::Transport) -> Self {
        Self(LedgerServiceClient::new(transport))
    }

    /// Does what was approved. Safe to repeat.
    pub async fn enact(&self, proposal: &Proposal) -> Outcome {
        // With the time of the approval, not of the proposal: the ledger takes no id that is older than a week for new.
        let decided_ms = u64::try_from(proposal.decided_at_ms).unwrap_or(0);
        let random = proposal.id.as_bytes().last_chunk::<10>().expect("an id has sixteen bytes");
        let source = uuid::Builder::from_unix_timestamp_millis(decided_ms, random).into_uuid();
        let request_id =
            derive_id(source, &[SCOPE, proposal.book.as_str(), &proposal.id.hyphenated().to_string()]).hyphenated().to_string();
        let book = proposal.book.to_string();
        let field = |name: &str, value: String| RequestField { name: name.to_owned(), value };
        let request_fields = vec![field("proposal_id", proposal.id.hyphenated().to_string())];
        let mut client = self.0.clone();
        let done = match &proposal.act {
            Act::Adjustment(transfers) => {
                let transfer = |(debit, credit, amount): &(String, String, i64)| Transfer {
                    debit_account: debit.clone(),
                    credit_account: credit.clone(),
                    amount: *amount,
                    ..Transfer::default()
                };
                let transfers = transfers.iter().map(transfer).collect();
                let post =
                    PostRequest { book, request_id, kind: "adjustment".to_owned(), transfers, request_fields, ..PostRequest::default() };
                client.post(post).await.map(|response| response.into_inner().posting.unwrap_or_default().posting_id)
            }
            Act::Reversal(posting) => {
                let posting_id = posting.hyphenated().to_string();
                let reverse = ReverseRequest {
                    book,
                    request_id,
                    posting_id,
                    kind: "reversal".to_owned(),
                    request_fields,
                    ..ReverseRequest::default()
                };
                client.reverse(reverse).await.map(|response| response.into_inner().posting.unwrap_or_default().posting_id)
            }
            Act::Account(account, act) => {
                let state = match act {
                    AccountAct::Freeze => AccountState::Frozen,
                    AccountAct::Thaw => AccountState::Open,
                    AccountAct::Close => AccountState::Closed,
                };
                let set = SetAccountStateRequest { book, request_id, account: account.clone(), state: state.into() };
                client.set_account_state(set).await.map(|_| String::new())
            }
        };
        match done {
            Ok(posting_id) => Outcome::Done(posting_id),
            Err(status) => outcome(status),
        }
    }
}

/// A rule's no is final; anything else may be otherwise in a moment.
fn outcome(status: Status) -> Outcome {
    match (status.code(), rpc::reason(&status)) {
        (Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition | Code::OutOfRange | Code::PermissionDenied, Some(reason)) => {
            Outcome::Refused(reason)
        }
        _ => Outcome::Open(status),
    }
}
