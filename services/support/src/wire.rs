//! Protobuf to domain and back, and what is kept of an act.
use crate::{
    domain::{AccountAct, Act, AdjustmentLine, Deed, Line, Phase, Proposal, State},
    error::Error,
    store::Listed,
};
use api::support::{
    self as pb, AccountChange, Adjustment, AdjustmentTransfer, ProposalState, ProposeRequest, Reversal, proposal as proposal_pb,
    propose_request,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use db::requests::SentFields;
use money::RequestId;
use prost::Message as _;
use rpc::wire::timestamp_ms;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Most transfers of an adjustment: the ledger's own bound.
const TRANSFERS_MAX: usize = 64;
/// Longest name of an account, in bytes.
const ACCOUNT_MAX: usize = 256;
/// Most entries of a page, and how many when nobody says.
const PAGE_MAX: i64 = 200;
const PAGE_DEFAULT: i64 = 50;

fn malformed(field: &'static str, why: impl Into<String>) -> Error {
    Error::Malformed { field, why: why.into() }
}

/// What a service says a member of staff does.
pub fn deed(act: pb::Act) -> Result<Deed, Error> {
    let phase = match act.phase() {
        pb::ActPhase::Begun => Phase::Begun,
        pb::ActPhase::Ended => Phase::Ended,
        pb::ActPhase::Unspecified => return Err(malformed("phase", "begun or ended")),
    };
    let act_id = Uuid::try_parse(&act.act_id).map_err(|_| malformed("act_id", "must be a UUID"))?;
    let pb::Act { subject, issuer, role, rpc, book, user_id, outcome, reason, request_json, .. } = act;
    Ok(Deed { act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json })
}

/// A line as callers see it.
#[must_use]
pub fn act(line: Line) -> pb::Act {
    let Deed { act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json } = line.deed;
    let phase = match phase {
        Phase::Begun => pb::ActPhase::Begun,
        Phase::Ended => pb::ActPhase::Ended,
    };
    pb::Act {
        seq: line.seq,
        time: Some(timestamp_ms(line.time_ms)),
        act_id: act_id.hyphenated().to_string(),
        phase: phase.into(),
        subject,
        issuer,
        role,
        rpc,
        book,
        user_id,
        reason,
        request_json,
        outcome,
        hash: hex::encode(line.hash),
        erased: line.erased,
    }
}

/// What is to be done, and under which id.
pub fn proposed(request: &ProposeRequest) -> Result<(RequestId, Act), Error> {
    let id = RequestId::parse(&request.request_id).map_err(|error| malformed("request_id", error.to_string()))?;
    let act = match request.act.as_ref().ok_or_else(|| malformed("act", "say what is to be done"))? {
        propose_request::Act::Adjustment(adjustment) => adjusted(adjustment)?,
        propose_request::Act::AccountChange(change) => changed(change)?,
        propose_request::Act::Reversal(reversal) => reversed(reversal)?,
    };
    Ok((id, act))
}

fn adjusted(adjustment: &Adjustment) -> Result<Act, Error> {
    if !(1..=TRANSFERS_MAX).contains(&adjustment.transfers.len()) {
        return Err(malformed("adjustment.transfers", format!("1 to {TRANSFERS_MAX}")));
    }
    let transfer = |transfer: &AdjustmentTransfer| {
        let (debit, credit) = (transfer.debit_account.clone(), transfer.credit_account.clone());
        if debit.is_empty() || credit.is_empty() || debit.len() > ACCOUNT_MAX || credit.len() > ACCOUNT_MAX {
            return Err(malformed("adjustment.transfers", format!("each names two accounts of at most {ACCOUNT_MAX} bytes")));
        }
        if transfer.amount < 1 {
            return Err(malformed("adjustment.transfers.amount", "1 or more"));
        }
        Ok(AdjustmentLine { debit, credit, amount: transfer.amount })
    };
    Ok(Act::Adjustment(adjustment.transfers.iter().map(transfer).collect::<Result<_, _>>()?))
}

fn changed(change: &AccountChange) -> Result<Act, Error> {
    if change.account.is_empty() || change.account.len() > ACCOUNT_MAX {
        return Err(malformed("account_change.account", format!("1 to {ACCOUNT_MAX} bytes")));
    }
    let act = match change.act() {
        pb::AccountAct::Freeze => AccountAct::Freeze,
        pb::AccountAct::Thaw => AccountAct::Thaw,
        pb::AccountAct::Close => AccountAct::Close,
        pb::AccountAct::Unspecified => return Err(malformed("account_change.act", "freeze, thaw or close")),
    };
    Ok(Act::Account(change.account.clone(), act))
}

fn reversed(reversal: &Reversal) -> Result<Act, Error> {
    Uuid::try_parse(&reversal.posting_id).map(Act::Reversal).map_err(|_| malformed("reversal.posting_id", "must be a UUID"))
}

/// What is compared on a retry of Propose: what was sent.
#[must_use]
pub fn fields(act: &Act, reason: &str) -> SentFields {
    let fields = SentFields::new().with("reason", reason);
    match act {
        Act::Adjustment(transfers) => {
            transfers.iter().enumerate().fold(fields, |fields, (at, AdjustmentLine { debit, credit, amount })| {
                let name = |part: &str| format!("adjustment.transfers.{at}.{part}");
                fields.with(&name("debit_account"), debit).with(&name("credit_account"), credit).with(&name("amount"), amount)
            })
        }
        Act::Account(account, act) => {
            fields.with("account_change.account", account).with("account_change.act", account_act(*act).as_str_name())
        }
        Act::Reversal(posting) => fields.with("reversal.posting_id", posting),
    }
}

fn account_act(act: AccountAct) -> pb::AccountAct {
    match act {
        AccountAct::Freeze => pb::AccountAct::Freeze,
        AccountAct::Thaw => pb::AccountAct::Thaw,
        AccountAct::Close => pb::AccountAct::Close,
    }
}

fn act_message(act: &Act) -> proposal_pb::Act {
    match act {
        Act::Adjustment(transfers) => {
            let transfer = |line: &AdjustmentLine| AdjustmentTransfer {
                debit_account: line.debit.clone(),
                credit_account: line.credit.clone(),
                amount: line.amount,
            };
            proposal_pb::Act::Adjustment(Adjustment { transfers: transfers.iter().map(transfer).collect() })
        }
        Act::Account(account, act) => {
            proposal_pb::Act::AccountChange(AccountChange { account: account.clone(), act: account_act(*act).into() })
        }
        Act::Reversal(posting) => proposal_pb::Act::Reversal(Reversal { posting_id: posting.hyphenated().to_string() }),
    }
}

/// What is stored of an act: a proposal that says nothing else.
#[must_use]
pub fn stored_act(act: &Act) -> Vec<u8> {
    pb::Proposal { act: Some(act_message(act)), ..pb::Proposal::default() }.encode_to_vec()
}

/// What [`stored_act`] stored.
pub fn read_act(bytes: &[u8]) -> Result<Act, Error> {
    let unreadable = || malformed("act", "not what was stored");
    let stored = pb::Proposal::decode(bytes).map_err(|_| unreadable())?;
    match stored.act.ok_or_else(unreadable)? {
        proposal_pb::Act::Adjustment(adjustment) => adjusted(&adjustment),
        proposal_pb::Act::AccountChange(change) => changed(&change),
        proposal_pb::Act::Reversal(reversal) => reversed(&reversal),
    }
}

/// A proposal as callers see it. One that nobody decided in time is told as expired.
#[must_use]
pub fn proposal(proposal: Proposal) -> pb::Proposal {
    let state = match proposal.state {
        State::Open if proposal.expired(crate::acts::now_ms()) => ProposalState::Expired,
        State::Open => ProposalState::Open,
        State::Approved => ProposalState::Approved,
        State::Done => ProposalState::Done,
        State::Rejected => ProposalState::Rejected,
        State::Refused => ProposalState::Refused,
    };
    pb::Proposal {
        proposal_id: proposal.id.hyphenated().to_string(),
        book: proposal.book.to_string(),
        state: state.into(),
        act: Some(act_message(&proposal.act)),
        proposed_by: proposal.proposed_by.to_string(),
        proposal_reason: proposal.proposal_reason,
        propose_time: Some(timestamp_ms(proposal.proposed_at_ms)),
        decided_by: proposal.decided_by,
        decision_reason: proposal.decision_reason,
        decide_time: (proposal.decided_at_ms > 0).then(|| timestamp_ms(proposal.decided_at_ms)),
        result: proposal.result,
        expire_time: Some(timestamp_ms(proposal.expire_at_ms)),
    }
}

/// The id of a proposal.
pub fn proposal_id(text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| malformed("proposal_id", "must be a UUID"))
}

/// Which state to list; none for any.
pub fn state_filter(state: i32, now_ms: i64) -> Result<Listed, Error> {
    let any = Listed { state: None, expire_after: i64::MIN, expire_until: i64::MAX };
    let only = |state| Listed { state: Some(state), ..any };
    Ok(match ProposalState::try_from(state).map_err(|_| malformed("state", "a state that there is"))? {
        ProposalState::Unspecified => any,
        // Whether an open one is expired is a matter of the clock.
        ProposalState::Open => Listed { expire_after: now_ms, ..only(State::Open) },
        ProposalState::Expired => Listed { expire_until: now_ms, ..only(State::Open) },
        ProposalState::Approved => only(State::Approved),
        ProposalState::Done => only(State::Done),
        ProposalState::Rejected => only(State::Rejected),
        ProposalState::Refused => only(State::Refused),
    })
}

/// A page of a list that runs backwards by number.
#[derive(Debug)]
pub struct Page {
    /// How many.
    pub size: i64,
    /// Below which number.
    pub before: i64,
    question: [u8; 8],
}

impl Page {
    /// Reads size and token; a token made for another question is refused.
    pub fn try_new(size: i32, token: &str, question: &str) -> Result<Self, Error> {
        let size = match i64::from(size) {
            0 => PAGE_DEFAULT,
            size @ 1..=PAGE_MAX => size,
            _ => return Err(malformed("page_size", format!("1 to {PAGE_MAX}"))),
        };
        let digest: [u8; 32] = Sha256::digest(question.as_bytes()).into();
        let question = digest.first_chunk().copied().unwrap_or_default();
        if token.is_empty() {
            return Ok(Self { size, before: i64::MAX, question });
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::PageToken)?;
        let bytes: [u8; 16] = bytes.try_into().map_err(|_| Error::PageToken)?;
        let (asked, number) = bytes.split_at(8);
        if asked != question {
            return Err(Error::PageToken);
        }
        let before = i64::from_be_bytes(number.try_into().map_err(|_| Error::PageToken)?);
        Ok(Self { size, before, question })
    }

    /// Cuts what was read to the page, one more than which was asked for, and says how to go on.
    pub fn next<T>(&self, found: &mut Vec<T>, number: impl Fn(&T) -> i64) -> String {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        if found.len() <= size {
            return String::new();
        }
        found.truncate(size);
        let last = found.last().map_or(0, number);
        URL_SAFE_NO_PAD.encode([self.question.as_slice(), last.to_be_bytes().as_slice()].concat())
    }
}
