//! The ledger as its callers see it: its RPCs behind the real stack, over a store that fails on command, in one or two simulated processes.
use crate::{
    ask::{Answer, Ask, Outcome},
    injected::Injected,
};
use api::ledger::{self as pb, ledger_service_client::LedgerServiceClient};
use books::store::open_store;
use db::Database;
use identity::{BookScope, Grant, Issuer, Role, Verifier};
use ledger::{Config, Ledger, clock::LedgerClock};
use money::UserKey;
use rpc::{Options, Stack, Transport, deadline::DeadlineLimits};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, service::Routes};
use tower::Layer;

/// The longest a call may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// The callers. Services share their ids, because they derive them from their own callers; people have their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub name: &'static str,
    pub role: Role,
}

pub const CALLERS: [Caller; 4] = [
    Caller { name: "gift", role: Role::Service },
    Caller { name: "payout", role: Role::Service },
    Caller { name: "support", role: Role::Service },
    Caller { name: "earnings", role: Role::Service },
];

impl Caller {
    pub fn scope(self) -> &'static str {
        if self.role == Role::Service { "" } else { self.name }
    }
}

/// One simulated process with a ledger.
pub struct Node {
    pub ledger: Arc<Ledger>,
    pub store: Arc<Injected>,
    wire: Transport,
}

/// What all processes share.
pub struct World {
    pub database: Database,
    pub config: Config,
    /// Set by hand; microseconds.
    clock: watch::Sender<i64>,
    stack: Stack,
    tokens: BTreeMap<&'static str, String>,
}

/// Several requests in one call.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    One(Ask),
    Batch { posts: Vec<pb::PostRequest>, brief: bool },
}

impl Asked {
    pub fn asks(&self) -> Vec<Ask> {
        match self {
            Self::One(ask) => vec![ask.clone()],
            Self::Batch { posts, .. } => posts.iter().cloned().map(Ask::Post).collect(),
        }
    }
}

impl World {
    pub fn new(database: Database, config: Config, dir: &std::path::Path) -> Self {
        let issuer = Arc::new(Issuer::load_or_create(dir).unwrap());
        let stack = Stack::try_new(Options {
            // A test machine that stalls for seconds is not the ledger's fault.
            deadline: DeadlineLimits { default: PATIENCE, maximum: PATIENCE },
            ..Options::new(Arc::new(Verifier::new(&[issuer.public_key()])), CancellationToken::new())
        });
        let token = |caller: &Caller| {
            let grant =
                Grant { subject: UserKey::try_new(caller.name).unwrap(), role: caller.role, app: String::new(), books: BookScope::All };
            (caller.name, format!("Bearer {}", issuer.issue(&grant, Duration::from_secs(600)).unwrap()))
        };
        let (clock, time) = watch::channel(LedgerClock::System.now());
        // Who may post what is decided before the book is called, so the model ignores it.
        let unbounded = CALLERS.iter().map(|caller| caller.name.to_owned()).collect();
        let config = Config { clock: LedgerClock::Manual(time), unbounded, ..config };
        Self { database, config, clock, stack: stack.unwrap(), tokens: CALLERS.iter().map(token).collect() }
    }

    /// The ledger's time, in microseconds.
    pub fn now(&self) -> i64 {
        *self.clock.borrow()
    }

    pub fn now_ms(&self) -> u64 {
        u64::try_from(self.now() / 1_000).expect("a clock of our time")
    }

    /// Moves the clock forward. Returns the new time.
    pub fn pass(&self, micros: i64) -> i64 {
        self.clock.send_modify(|now| *now += micros);
        self.now()
    }

    /// Starts a process on the store.
    pub async fn node(&self) -> Arc<Node> {
        let store = Injected::over(open_store(&self.database).await.unwrap());
        let ledger = Ledger::start(store.clone(), self.config.clone()).await.unwrap();
        let server = ledger::Service::new(ledger.clone()).server();
        let wire = rpc::in_process(self.stack.layer(Routes::new(server)));
        Arc::new(Node { ledger, store, wire })
    }

    pub fn by<T>(&self, caller: Caller, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.tokens[caller.name].parse().unwrap());
        request
    }

    /// Sends requests, and returns the outcome of each.
    pub async fn ask(&self, node: &Node, caller: Caller, asked: Asked) -> Vec<Outcome> {
        let mut client = node.client();
        match asked {
            Asked::One(ask) => vec![self.ask_one(&mut client, caller, ask).await],
            Asked::Batch { posts, brief } => {
                let (book, count) = (posts[0].book.clone(), posts.len());
                match client.post_batch(self.by(caller, pb::PostBatchRequest { book, posts, brief })).await {
                    Err(status) => vec![outcome_of(&status); count],
                    Ok(response) => response.into_inner().outcomes.into_iter().map(|outcome| item(outcome, brief)).collect(),
                }
            }
        }
    }

    async fn ask_one(&self, client: &mut LedgerServiceClient<Transport>, caller: Caller, ask: Ask) -> Outcome {
        match ask {
            Ask::Post(post) => posted(client.post(self.by(caller, post)).await, |answer| (answer.posting, answer.replayed)),
            Ask::PostPending(post) => posted(client.post_pending(self.by(caller, post)).await, |answer| (answer.posting, answer.replayed)),
            Ask::VoidPending(void) => posted(client.void_pending(self.by(caller, void)).await, |answer| (answer.posting, answer.replayed)),
            Ask::Reverse(reverse) => posted(client.reverse(self.by(caller, reverse)).await, |answer| (answer.posting, answer.replayed)),
            Ask::SetState(set) => {
                let answer = client.set_account_state(self.by(caller, set)).await;
                let done = |answer: Response<pb::SetAccountStateResponse>| answer.into_inner().account.into_iter().collect();
                answer.map_or_else(|status| outcome_of(&status), |answer| Outcome::Answered(Answer::Done(done(answer))))
            }
            Ask::Open(open) => {
                let answer = client.open_accounts(self.by(caller, open)).await;
                answer.map_or_else(|status| outcome_of(&status), |answer| Outcome::Answered(Answer::Done(answer.into_inner().accounts)))
            }
        }
    }
}

impl Node {
    pub fn client(&self) -> LedgerServiceClient<Transport> {
        LedgerServiceClient::new(self.wire.clone()).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX)
    }
}

fn posted<T>(answer: Result<Response<T>, Status>, parts: fn(T) -> (Option<pb::Posting>, bool)) -> Outcome {
    match answer.map(|response| parts(response.into_inner())) {
        Ok((Some(posting), replayed)) => Outcome::Answered(Answer::Posted { posting: Box::new(posting), replayed, brief: false }),
        Ok((None, _)) => panic!("an answer without a posting"),
        Err(status) => outcome_of(&status),
    }
}

fn item(outcome: pb::PostBatchOutcome, brief: bool) -> Outcome {
    match outcome.outcome.expect("always one of these") {
        pb::post_batch_outcome::Outcome::Accepted(answer) => {
            Outcome::Answered(Answer::Posted { posting: Box::new(answer.posting.unwrap()), replayed: answer.replayed, brief })
        }
        pb::post_batch_outcome::Outcome::Refused(refused) => {
            judged(Code::from_i32(refused.code), refused.reason, refused.metadata.into_iter().collect())
        }
    }
}

fn outcome_of(status: &Status) -> Outcome {
    judged(status.code(), rpc::reason(status).unwrap_or_else(|| status.to_string()), rpc::facts(status).into_iter().collect())
}

/// Whether a refusal is final, reports that nothing happened, or leaves the outcome unknown.
fn judged(code: Code, reason: String, facts: BTreeMap<String, String>) -> Outcome {
    match (code, reason.as_str()) {
        (Code::Unavailable, "COMMIT_FAILED" | "NOT_THE_WRITER" | "OVERLOADED") => Outcome::Nothing(reason),
        (Code::Unavailable | Code::Internal | Code::DeadlineExceeded | Code::Cancelled, _) => Outcome::Unsure(reason),
        _ => Outcome::Answered(Answer::Refused { code, reason, facts }),
    }
}
