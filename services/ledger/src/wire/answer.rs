//! Answers: domain to protobuf.

use super::{state_to_pb, timestamp};
use crate::{
    domain::{
        account::{BookAccount, Counters},
        chart::{self, Unit},
        event::{GuardSet, TransferKind},
        limit::{Limit, Window},
        refusal::KeptRefusal,
        request::GuardOperation,
    },
    error::{Error, refusal_code, refusal_message},
    read::{AccountEntry, BalanceAt, NamedPosting, NamedTransfer},
};
use api::ledger as pb;
use prost::Message as _;

fn account_parts(name: &str, unit: Unit, counters: Counters, seq: i64) -> pb::Account {
    pb::Account {
        account: name.to_owned(),
        unit: unit.to_string(),
        state: pb::AccountState::Open.into(),
        debits_must_not_exceed_credits: chart::form(name).is_some_and(|form| form.debits_must_not_exceed_credits),
        debits_posted: counters.debits_posted,
        credits_posted: counters.credits_posted,
        debits_pending: counters.debits_pending,
        credits_pending: counters.credits_pending,
        balance: counters.balance(),
        available: counters.available(),
        balance_seq: seq,
        limits: Vec::new(),
    }
}

pub(crate) fn debit_limit(limit: Limit) -> pb::DebitLimit {
    let window = match limit.window {
        Window::Hour => pb::LimitWindow::Hour,
        Window::Day => pb::LimitWindow::Day,
        Window::Month => pb::LimitWindow::Month,
    };
    pb::DebitLimit { window: window.into(), time_zone: limit.zone, max_amount: limit.max }
}

pub(crate) fn account(account: &BookAccount) -> pb::Account {
    let state = state_to_pb(account.state).into();
    pb::Account { state, ..account_parts(&account.name, account.unit, account.counters, account.seq) }
}

pub(crate) fn balance_at(balance: &BalanceAt) -> pb::GetBalanceAtResponse {
    let BalanceAt { name, unit, counters, seq, as_of, settled } = balance;
    pb::GetBalanceAtResponse {
        account: name.to_string(),
        unit: unit.to_string(),
        debits_posted: counters.debits_posted,
        credits_posted: counters.credits_posted,
        debits_pending: counters.debits_pending,
        credits_pending: counters.credits_pending,
        balance: counters.balance(),
        available: counters.available(),
        balance_seq: *seq,
        as_of: as_of.map(timestamp),
        settled: *settled,
    }
}

fn posted_transfer(named: NamedTransfer, seq: i64) -> pb::PostedTransfer {
    let NamedTransfer { transfer, debit, credit, unit } = named;
    pb::PostedTransfer {
        debit_after: Some(account_parts(&debit, unit, transfer.debit_after, seq)),
        credit_after: Some(account_parts(&credit, unit, transfer.credit_after, seq)),
        debit_account: debit.to_string(),
        credit_account: credit.to_string(),
        amount: transfer.amount,
        unit: unit.to_string(),
        transfer_no: transfer.no,
        pending: transfer.kind == TransferKind::Pending,
        released: matches!(transfer.kind, TransferKind::VoidOfPending | TransferKind::ExpiryOfPending),
    }
}

fn guard_set(set: GuardSet) -> pb::Guard {
    let operation = match set.guard.operation {
        GuardOperation::CompareAndSet { expected, next } => pb::guard::Operation::CompareAndSet(pb::CompareAndSet { expected, next }),
        GuardOperation::AdvanceTo(_) => pb::guard::Operation::AdvanceTo(set.after.value),
        GuardOperation::Add(by) => pb::guard::Operation::Add(by),
        GuardOperation::CapAt(cap) => pb::guard::Operation::CapAt(set.after.cap.unwrap_or(cap)),
    };
    pb::Guard { key: set.guard.key, operation: Some(operation) }
}

pub(crate) fn posting(posted: NamedPosting) -> pb::Posting {
    let seq = posted.seq;
    pb::Posting {
        posting_id: posted.id.to_string(),
        seq,
        kind: posted.kind,
        transfers: posted.transfers.into_iter().map(|transfer| posted_transfer(transfer, seq)).collect(),
        guards: posted.guards.into_iter().map(guard_set).collect(),
        request_fields: posted.fields.iter().map(|(name, value)| pb::RequestField { name: name.clone(), value: value.clone() }).collect(),
        commit_time: Some(timestamp(posted.commit_time)),
        effective_time: Some(timestamp(posted.effective_time.unwrap_or(posted.commit_time))),
    }
}

/// The same for a caller that knows what it sent: the parts left out here would be most of the cost of a batch's answer on both sides.
pub(crate) fn brief_posting(posted: NamedPosting) -> pb::Posting {
    let seq = posted.seq;
    pb::Posting {
        posting_id: posted.id.to_string(),
        seq,
        transfers: posted.transfers.into_iter().map(|transfer| brief_transfer(&transfer, seq)).collect(),
        commit_time: Some(timestamp(posted.commit_time)),
        ..pb::Posting::default()
    }
}

fn brief_transfer(NamedTransfer { transfer, unit, .. }: &NamedTransfer, seq: i64) -> pb::PostedTransfer {
    let debit_after = pb::Account { balance: transfer.debit_after.balance(), balance_seq: seq, ..pb::Account::default() };
    pb::PostedTransfer {
        amount: transfer.amount,
        unit: unit.to_string(),
        debit_after: Some(debit_after),
        transfer_no: transfer.no,
        pending: transfer.kind == TransferKind::Pending,
        ..pb::PostedTransfer::default()
    }
}

/// The full answer, or the brief form where the full one would be larger than clients read.
pub(crate) fn readable(full: pb::PostBatchResponse) -> pb::PostBatchResponse {
    if full.brief || full.encoded_len() <= rpc::ANSWER_BYTES_MAX {
        return full;
    }
    let mut outcomes = full.outcomes;
    for outcome in &mut outcomes {
        if let Some(pb::post_batch_outcome::Outcome::Accepted(accepted)) = &mut outcome.outcome
            && let Some(posting) = accepted.posting.take()
        {
            accepted.posting = Some(shortened(posting));
        }
    }
    pb::PostBatchResponse { outcomes, brief: true }
}

/// The posting in the form of [`brief_posting`].
fn shortened(posting: pb::Posting) -> pb::Posting {
    let pb::Posting { posting_id, seq, transfers, commit_time, .. } = posting;
    let transfers = transfers.into_iter().map(|transfer| {
        let pb::PostedTransfer { amount, unit, debit_after, transfer_no, pending, .. } = transfer;
        let debit_after =
            debit_after.map(|pb::Account { balance, balance_seq, .. }| pb::Account { balance, balance_seq, ..Default::default() });
        pb::PostedTransfer { amount, unit, debit_after, transfer_no, pending, ..Default::default() }
    });
    pb::Posting { posting_id, seq, transfers: transfers.collect(), commit_time, ..Default::default() }
}

pub(crate) fn entry(entry: AccountEntry) -> pb::Entry {
    let AccountEntry { mut posting, balance_after } = entry;
    let seq = posting.seq;
    pb::Entry {
        posting_id: posting.id.to_string(),
        seq,
        transfer: posting.transfers.pop().map(|transfer| posted_transfer(transfer, seq)),
        kind: posting.kind,
        balance_after,
        commit_time: Some(timestamp(posting.commit_time)),
        effective_time: Some(timestamp(posting.effective_time.unwrap_or(posting.commit_time))),
    }
}

pub(crate) fn batch_refusal(error: Error) -> pb::PostRefusal {
    let told: Option<KeptRefusal> = if let Error::Refused(told) = &error { Some(told.clone()) } else { None };
    if let Some(told) = told {
        let message = refusal_message(&told);
        let code = refusal_code(&told.reason) as i32;
        return pb::PostRefusal { code, message, metadata: told.facts.into_iter().collect(), reason: told.reason };
    }
    refusal(&tonic::Status::from(error))
}

/// The status of a single call, as a part of an answer.
pub(crate) fn refusal(status: &tonic::Status) -> pb::PostRefusal {
    pb::PostRefusal {
        code: status.code() as i32,
        reason: rpc::reason(status).unwrap_or_default(),
        metadata: rpc::facts(status),
        message: status.message().to_owned(),
    }
}

#[cfg(test)]
mod tests;
