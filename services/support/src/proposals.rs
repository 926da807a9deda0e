//! The life of a proposal: stored, approved by somebody else, recorded, carried out, settled.
use crate::{
    act_message,
    acts::now_ms,
    approvers::Approvers,
    domain::{self, AccountAct, Approval, PROPOSAL_LIFE_MS, Proposal, ProposalRefusal, ProposalState, ProposedAct},
    error::Error,
    postings,
    store::{NewProposal, ProposalBond, Proposed, Store},
    whole, wire,
};
use api::ledger::{AccountState, Posting, SetDebitLimitRequest};
use db::requests::{RequestKey, SentFields};
use ledger_client::{LedgerClient, LedgerReason, NotPosted};
use money::{BookName, RequestId, UserKey};
use rpc::ApproverToken;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The RPCs' names in the table of requests.
const PROPOSE: &str = "Propose";
const APPROVE: &str = "Approve";
const REJECT: &str = "Reject";
/// What an approved proposal ends with whose row is not what was proposed.
pub const PROPOSAL_CHANGED: &str = "PROPOSAL_CHANGED";

/// The proposal that an approver decides about.
#[derive(Debug, Clone)]
pub struct ProposalSeen {
    /// The id of the installation.
    pub id: Uuid,
    /// Its hash as the approver saw it; empty where they did not send it.
    pub hash: String,
}

/// Who decides about a proposal, why, and by which request.
#[derive(Debug, Clone, Copy)]
pub struct ProposalDecision<'a> {
    /// The book.
    pub book: &'a BookName,
    /// The member of staff.
    pub by: &'a UserKey,
    /// Why, as they said.
    pub reason: &'a str,
    /// The request's id.
    pub request_id: &'a RequestId,
    /// The token they called with; used when they approve.
    pub token: Option<&'a ApproverToken>,
}

/// The use cases.
#[derive(Clone)]
pub struct Proposals {
    /// This service's tables.
    pub store: Store,
    /// The ledger.
    pub ledger: LedgerClient,
    /// The approvers' tokens, which the ledger verifies.
    pub approvers: Approvers,
}

impl Proposals {
    /// Stores a proposal, or finds the one stored under the id. The flag is true for one that was found.
    pub async fn propose(
        &self,
        book: &BookName,
        by: &UserKey,
        reason: &str,
        id: &RequestId,
        act: ProposedAct,
    ) -> Result<(Proposal, bool), Error> {
        let now = now_ms();
        let proposal_id = domain::proposal_id(id, book, by);
        // A stored proposal keeps its answer however old its id is, and whatever became of the accounts.
        let is_stored = self.store.proposal(book, proposal_id).await?.is_some();
        if let Err(untimely) = money::IdTimeBounds::default().check(id.uuid(), u64::try_from(now).unwrap_or(0))
            && !is_stored
        {
            return Err(Error::Untimely(untimely));
        }
        let users = self.concerned(book, &act).await?;
        let fields = wire::fields(&act, reason);
        let proposal = Proposal {
            id: proposal_id,
            book: book.clone(),
            number: 0,
            state: ProposalState::Open,
            act,
            proposed_by: by.clone(),
            proposal_reason: reason.to_owned(),
            proposed_at_ms: now,
            expire_at_ms: now.saturating_add(PROPOSAL_LIFE_MS),
            decided_by: String::new(),
            decision_reason: String::new(),
            decided_at_ms: 0,
            result: String::new(),
        };
        // What the ledger would refuse is refused. What it does not answer about is left to the approval.
        if !is_stored && let Err(NotPosted::Refused(refusal)) = self.dry_run(&proposal, now).await {
            return Err(Error::WouldBeRefused(refusal));
        }
        let key = RequestKey { book, subject: by, rpc: PROPOSE, request_id: id };
        match self.store.propose(&NewProposal { key, fields, proposal }).await? {
            Proposed::Kept { replayed } => {
                // After the proposal is stored: a query by user then finds it, and a retry writes what a crash left out.
                self.store.proposal_concerns(book, proposal_id, &users).await?;
                Ok((self.get(book, proposal_id).await?, replayed))
            }
            Proposed::Reused { differing } => Err(Error::Reused { differing }),
        }
    }

    /// The users whose accounts it would change. A reversal's are those of its posting, which must exist; none are known while the ledger is unavailable, and
    /// they are then recorded when the reversal is carried out.
    async fn concerned(&self, book: &BookName, act: &ProposedAct) -> Result<BTreeSet<String>, Error> {
        match act {
            ProposedAct::Adjustment(lines) => Ok(owners(lines.iter().flat_map(|line| [line.debit.as_str(), line.credit.as_str()]))),
            ProposedAct::Account(account, _) => Ok(owners([account.as_str()])),
            ProposedAct::Limit(limit) => Ok(owners([limit.account.as_str()])),
            ProposedAct::Reversal(posting) => match self.ledger.posting_by_id(book, *posting).await {
                Ok(found) => match instead_of_reversal(book, *posting, &found) {
                    Some(instead) => Err(Error::NotReversible { posting: *posting, kind: found.kind, instead }),
                    None => Ok(owners_of(&found)),
                },
                Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::PostingUnknown => Err(Error::PostingUnknown(*posting)),
                Err(_) => Ok(BTreeSet::new()),
            },
        }
    }

    /// One proposal.
    pub async fn get(&self, book: &BookName, id: Uuid) -> Result<Proposal, Error> {
        self.store.proposal(book, id).await?.ok_or(Error::Unknown(id))
    }

    /// Whether this request decided about this proposal before; refused where it decided about another. Not before what else refuses it, so that a
    /// refusal leaves the id free.
    async fn decides(&self, decision: &ProposalDecision<'_>, rpc: &'static str, proposal: Uuid) -> Result<bool, Error> {
        let key = RequestKey { book: decision.book, subject: decision.by, rpc, request_id: decision.request_id };
        match self.store.deciding(key, &SentFields::new().with("proposal_id", proposal), now_ms()).await? {
            Proposed::Kept { replayed } => Ok(replayed),
            Proposed::Reused { differing } => Err(Error::Reused { differing }),
        }
    }

    /// Approves and does it, or goes on with what was approved before. The flag: whether this request had been answered before.
    pub async fn approve(&self, decision: &ProposalDecision<'_>, seen: &ProposalSeen) -> Result<(Proposal, bool), Error> {
        let ProposalDecision { book, by, reason, .. } = *decision;
        let (now, id) = (now_ms(), seen.id);
        let mut proposal = self.get(book, id).await?;
        let approval = proposal.approve(by, now).map_err(|refusal| Error::Proposal(id, refusal))?;
        if !seen.hash.is_empty() && seen.hash != whole::hash_of(&proposal) {
            return Err(Error::ProposalChanged(id));
        }
        let replayed = self.decides(decision, APPROVE, id).await?;
        if approval == Approval::Approve {
            self.as_proposed(&proposal).await?;
            // Recorded before any money moves; if somebody else decides at the same moment, the recorded decision counts.
            self.store.decide(&proposal, ProposalState::Approved, by, reason, now).await?;
            proposal = self.get(book, id).await?;
        }
        match proposal.approve(by, now).map_err(|refusal| Error::Proposal(id, refusal))? {
            Approval::Resume => {
                if let Some(token) = decision.token {
                    self.approvers.hold(id, token.clone());
                }
                Ok((self.enact(proposal).await?, replayed))
            }
            Approval::Done => Ok((proposal, replayed)),
            // Nobody decided and yet it could not be written: the store's own fence, which only a mistake of ours can meet.
            Approval::Approve => Err(Error::Proposal(id, ProposalRefusal::SamePerson)),
        }
    }

    /// Rejects a proposal; the proposer may withdraw their own. The flag: whether this request had been answered before.
    pub async fn reject(&self, decision: &ProposalDecision<'_>, id: Uuid) -> Result<(Proposal, bool), Error> {
        let ProposalDecision { book, by, reason, .. } = *decision;
        let proposal = self.get(book, id).await?;
        let is_open = proposal.reject().map_err(|refusal| Error::Proposal(id, refusal))?;
        let replayed = self.decides(decision, REJECT, id).await?;
        if is_open {
            self.store.decide(&proposal, ProposalState::Rejected, by, reason, now_ms()).await?;
        }
        let proposal = self.get(book, id).await?;
        proposal.reject().map_err(|refusal| Error::Proposal(id, refusal))?;
        Ok((proposal, replayed))
    }

    /// Refuses a proposal that differs from what the audit log says was proposed. A checksum in the row could be forged along with the row; the audit log is
    /// chained, and its heads are stored elsewhere.
    async fn as_proposed(&self, proposal: &Proposal) -> Result<(), Error> {
        match self.store.bond(proposal).await? {
            ProposalBond::Holds => Ok(()),
            ProposalBond::Broken | ProposalBond::Unrecorded | ProposalBond::Unknown => {
                tracing::error!(proposal = %proposal.id, "a proposal differs from what the audit log says was proposed; it is not carried out");
                Err(Error::ProposalChanged(proposal.id))
            }
        }
    }

    /// Carries out what was approved and records the result, with the approver's token if it is still held: without it the ledger executes nothing new, and
    /// the proposal stays approved until a person approves again. Safe to repeat. Checks again that it is what was proposed: there may have been a restart since the
    /// approval.
    pub async fn enact(&self, proposal: Proposal) -> Result<Proposal, Error> {
        if let Err(Error::ProposalChanged(_)) = self.as_proposed(&proposal).await {
            return self.settle(&proposal, ProposalState::Refused, PROPOSAL_CHANGED).await;
        }
        let (book, id) = (&proposal.book, postings::approval_id(&proposal));
        let ledger = self.approvers.with_approval(&self.ledger, proposal.id);
        let done = match &proposal.act {
            ProposedAct::Adjustment(lines) => {
                ledger.posting(book, postings::adjustment(&proposal, lines)).await.map(|posting| posting.posting_id)
            }
            ProposedAct::Reversal(posting) => match self.reversed(&ledger, &proposal, *posting).await? {
                Some(done) => done,
                None => return self.settle(&proposal, ProposalState::Refused, LedgerReason::NotReversible.name()).await,
            },
            ProposedAct::Limit(limit) => {
                let limit = SetDebitLimitRequest {
                    account: limit.account.clone(),
                    window: act_message::window(limit.window).into(),
                    time_zone: limit.zone.clone(),
                    max_amount: limit.max,
                    ..SetDebitLimitRequest::default()
                };
                ledger.set_debit_limit(book, id, limit).await.map(|()| String::new())
            }
            ProposedAct::Account(account, act) => {
                ledger.set_account_state(book, id, account, account_state(*act)).await.map(|()| String::new())
            }
        };
        let (state, result) = match done {
            Ok(posting_id) => (ProposalState::Done, posting_id),
            // A refusal by a rule is final; anything else may succeed later.
            Err(NotPosted::Refused(refusal)) => (ProposalState::Refused, refusal.reason.name().to_owned()),
            Err(open @ (NotPosted::NotExecuted(..) | NotPosted::Unknown(_))) => {
                self.approvers.answered(proposal.id, &open);
                return Err(Error::Open(open));
            }
        };
        self.settle(&proposal, state, &result).await
    }

    /// Records how it ended; the approver's token is not needed any more.
    async fn settle(&self, proposal: &Proposal, state: ProposalState, result: &str) -> Result<Proposal, Error> {
        self.store.settle(proposal, state, result).await?;
        self.approvers.forget(proposal.id);
        self.get(&proposal.book, proposal.id).await
    }

    /// The reversal's posting, or why there is none; `None` where the posting must not be reversed by hand: an earlier version may have stored such a proposal,
    /// and so may a call made while the ledger was unavailable.
    async fn reversed(
        &self,
        ledger: &LedgerClient,
        proposal: &Proposal,
        posting: Uuid,
    ) -> Result<Option<Result<String, NotPosted>>, Error> {
        let book = &proposal.book;
        match ledger.posting_by_id(book, posting).await {
            Ok(found) if instead_of_reversal(book, posting, &found).is_some() => return Ok(None),
            Ok(_) => {}
            Err(not_posted) => return Ok(Some(Err(not_posted))),
        }
        match ledger.reverse(book, postings::approval_id(proposal), posting, postings::fields(proposal)).await {
            Ok(reversal) => {
                self.store.proposal_concerns(book, proposal.id, &owners_of(&reversal)).await?;
                Ok(Some(Ok(reversal.posting_id)))
            }
            Err(not_posted) => Ok(Some(Err(not_posted))),
        }
    }
}

/// What to do instead of reversing this posting; `None` where it may be reversed. The ledger checks this as well, against misuse of this service's token.
fn instead_of_reversal(book: &BookName, id: Uuid, posting: &Posting) -> Option<&'static str> {
    chart::instead_of_reversing(id, &posting.kind, |name| posting.field(name), book.as_str())
}

/// The users among the owners of these accounts.
fn owners<'a>(accounts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    accounts.into_iter().filter_map(chart::account::owner).map(str::to_owned).collect()
}

fn owners_of(posting: &Posting) -> BTreeSet<String> {
    owners(posting.transfers.iter().flat_map(|moved| [moved.debit_account.as_str(), &moved.credit_account]))
}

pub(crate) fn account_state(act: AccountAct) -> AccountState {
    match act {
        AccountAct::Freeze => AccountState::Frozen,
        AccountAct::Thaw => AccountState::Open,
        AccountAct::Close => AccountState::Closed,
    }
}
