//! Requests and answers, in the contract's own messages.
use api::ledger as pb;
use std::collections::BTreeMap;
use tonic::Code;

/// One request to a book.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    Post(pb::PostRequest),
    PostPending(pb::PostPendingRequest),
    VoidPending(pb::VoidPendingRequest),
    Reverse(pb::ReverseRequest),
    SetState(pb::SetAccountStateRequest),
    Open(pb::OpenAccountsRequest),
}

/// The scope of the id, the RPC and the id: what an answer is kept under.
pub type Key = (String, &'static str, String);

impl Ask {
    pub fn rpc(&self) -> &'static str {
        match self {
            Self::Post(_) => "Post",
            Self::PostPending(_) => "PostPending",
            Self::VoidPending(_) => "VoidPending",
            Self::Reverse(_) => "Reverse",
            Self::SetState(_) => "SetAccountState",
            Self::Open(_) => "OpenAccounts",
        }
    }

    /// Empty for requests that have none.
    pub fn id(&self) -> &str {
        match self {
            Self::Post(post) => &post.request_id,
            Self::PostPending(post) => &post.request_id,
            Self::VoidPending(void) => &void.request_id,
            Self::Reverse(reverse) => &reverse.request_id,
            Self::SetState(set) => &set.request_id,
            Self::Open(_) => "",
        }
    }

    pub fn is_dry_run(&self) -> bool {
        match self {
            Self::Post(post) => post.dry_run,
            Self::PostPending(post) => post.dry_run,
            Self::VoidPending(void) => void.dry_run,
            Self::Reverse(reverse) => reverse.dry_run,
            Self::SetState(_) | Self::Open(_) => false,
        }
    }

    pub fn key(&self, scope: &str) -> Key {
        (scope.to_owned(), self.rpc(), self.id().to_owned())
    }

    /// The names and values that a retry is compared with.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let named = |fields: &[pb::RequestField]| fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
        let own = |fields: &[(&str, String)]| fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        match self {
            Self::Post(post) if post.request_fields.is_empty() => posting_fields(post),
            Self::Post(post) => named(&post.request_fields),
            Self::PostPending(post) if post.request_fields.is_empty() => {
                own(&[("amount", post.amount.to_string()), ("transfer_no", post.transfer_no.to_string())])
            }
            Self::PostPending(post) => named(&post.request_fields),
            Self::VoidPending(void) if void.request_fields.is_empty() => own(&[("transfer_no", void.transfer_no.to_string())]),
            Self::VoidPending(void) => named(&void.request_fields),
            Self::Reverse(reverse) if reverse.request_fields.is_empty() => {
                own(&[("allow_debt", reverse.allow_debt.to_string()), ("posting_id", reverse.posting_id.clone())])
            }
            Self::Reverse(reverse) => named(&reverse.request_fields),
            Self::SetState(set) => own(&[("account", set.account.clone()), ("state", set.state.to_string())]),
            Self::Open(_) => BTreeMap::new(),
        }
    }

    /// The fields the caller sent, in the order in which the ledger reports them; `None` where the ledger made its own.
    pub fn sent_fields(&self) -> Option<Vec<pb::RequestField>> {
        let mut fields = match self {
            Self::Post(post) => post.request_fields.clone(),
            Self::PostPending(post) => post.request_fields.clone(),
            Self::VoidPending(void) => void.request_fields.clone(),
            Self::Reverse(reverse) => reverse.request_fields.clone(),
            Self::SetState(_) | Self::Open(_) => Vec::new(),
        };
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        (!fields.is_empty()).then_some(fields)
    }
}

/// If the caller sent no fields, the transfers and guards are compared.
fn posting_fields(post: &pb::PostRequest) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::from([("kind".to_owned(), post.kind.clone())]);
    if let Some(time) = post.effective_time {
        fields.insert("effective_time".to_owned(), format!("{time:?}"));
    }
    fields.extend(post.transfers.iter().enumerate().map(|(at, transfer)| (format!("transfers[{at}]"), format!("{transfer:?}"))));
    fields.extend(post.guards.iter().enumerate().map(|(at, guard)| (format!("guards[{at}]"), format!("{guard:?}"))));
    fields
}

/// A final answer, or a refusal that is not kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Posted {
        posting: Box<pb::Posting>,
        replayed: bool,
        brief: bool,
    },
    Refused {
        code: Code,
        reason: String,
        facts: BTreeMap<String, String>,
    },
    /// Accounts opened or set. With the state reported at that time or later.
    Done(Vec<pb::Account>),
}

impl Answer {
    pub fn refused(code: Code, reason: &str, facts: &[(&str, String)]) -> Self {
        let facts = facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self::Refused { code, reason: reason.to_owned(), facts }
    }
}

/// The outcome of one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Answered(Answer),
    /// The ledger reported that nothing happened.
    Nothing(String),
    /// The outcome is unknown.
    Unsure(String),
}

/// A request and its answer, to be explained by the model.
#[derive(Debug, Clone)]
pub struct Call {
    pub ask: Ask,
    pub scope: String,
    pub answer: Answer,
    /// A call that was certainly decided before this one: the item before it in the same batch.
    pub after: Option<usize>,
}
