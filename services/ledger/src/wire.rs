//! Protobuf to domain and back.

use crate::{
    answer::{NamedTransfer, Posted},
    codec,
    domain::{
        account::{Account, AccountState, Counters},
        chart::{self, Unit},
        event::{GuardSet, LEGS_MAX, TransferKind},
        refusal::Told,
        request::{AccountName, Action, CallerRefusal, Fields, Guard, GuardOperation, NewTransfer, Request},
    },
    error::{Error, refusal_code, refusal_message},
    read::{Entry, TrialBalance},
    store::{Book, Mode},
};
use api::ledger as pb;
use money::{Amount, RequestId, derive_id};
use prost_types::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Bounds of what a request may carry, in pieces and bytes.
const GUARDS_MAX: usize = 8;
const FIELDS_MAX: usize = 32;
const FIELDS_BYTES_MAX: usize = 4096;
const GUARD_KEY_BYTES_MAX: usize = 256;
const DETAIL_BYTES_MAX: usize = 512;
/// Accounts of one OpenAccounts.
pub(crate) const OPEN_MAX: usize = 256;

pub(crate) fn malformed(field: &'static str, why: impl Into<String>) -> Error {
    Error::Malformed { field, why: why.into() }
}

/// Whose request ids these are: services derive theirs from their own callers, so a service's name, which may change with its deployment, does
/// not count; a person's does.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub book: &'a str,
    pub subject: &'a str,
}

/// The id an answer is kept under.
pub(crate) fn event_id(request_id: &str, rpc: &str, scope: Scope<'_>) -> Result<Uuid, Error> {
    let id = RequestId::parse(request_id).map_err(|why| malformed("request_id", why.to_string()))?;
    Ok(derive_id(id.uuid(), &[rpc, scope.book, scope.subject]))
}

pub(crate) fn account_name(text: String, field: &'static str) -> Result<AccountName, Error> {
    if text.is_empty() {
        return Err(malformed(field, "required"));
    }
    AccountName::parse(text).ok_or_else(|| malformed(field, "not an account name of the chart, such as viewer/<user>/coins"))
}

pub(crate) fn kind(kind: String) -> Result<String, Error> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
    if kind.is_empty() || kind.len() > 64 || !kind.bytes().all(fits) {
        return Err(malformed("kind", "must match [a-z0-9_.]{1,64}"));
    }
    Ok(kind)
}

/// The caller's fields, sorted by name; without any, what was sent itself.
pub(crate) fn fields(sent: Vec<pb::RequestField>, otherwise: impl FnOnce() -> Vec<(String, String)>) -> Result<Fields, Error> {
    if sent.len() > FIELDS_MAX {
        return Err(malformed("request_fields", format!("at most {FIELDS_MAX}")));
    }
    // What stands in for fields that were not sent is bounded by what it stands for.
    if sent.iter().map(|field| field.name.len() + field.value.len()).sum::<usize>() > FIELDS_BYTES_MAX {
        return Err(malformed("request_fields", format!("at most {FIELDS_BYTES_MAX} bytes")));
    }
    let mut fields: Vec<(String, String)> =
        if sent.is_empty() { otherwise() } else { sent.into_iter().map(|f| (f.name, f.value)).collect() };
    assert!(fields.len() <= codec::FIELDS_MAX, "more request fields than the journal can be read with");
    fields.sort_unstable();
    if fields.windows(2).any(|pair| pair[0].0 == pair[1].0) || fields.iter().any(|(name, _)| name.is_empty() || name.len() > 64) {
        return Err(malformed("request_fields", "names must be unique and of 1 to 64 bytes"));
    }
    Ok(Fields::new(fields))
}

fn transfer(sent: pb::Transfer) -> Result<NewTransfer, Error> {
    let debit = account_name(sent.debit_account, "transfers.debit_account")?;
    let credit = account_name(sent.credit_account, "transfers.credit_account")?;
    if debit.form.unit != credit.form.unit {
        return Err(malformed("transfers", format!("{} is in {}, {} in {}", debit.text, debit.form.unit, credit.text, credit.form.unit)));
    }
    if debit.text == credit.text {
        return Err(malformed("transfers", "debit and credit account are the same"));
    }
    let amount = Amount::try_new(sent.amount).map_err(|why| malformed("transfers.amount", why.to_string()))?;
    Ok(NewTransfer { debit, credit, amount, pending: sent.pending, allow_debt: sent.allow_debt })
}

fn guard(sent: pb::Guard) -> Result<Guard, Error> {
    // PostgreSQL's texts hold no NUL.
    if sent.key.is_empty() || sent.key.len() > GUARD_KEY_BYTES_MAX || sent.key.contains('\0') {
        return Err(malformed("guards.key", format!("1 to {GUARD_KEY_BYTES_MAX} bytes without NUL")));
    }
    let operation = match sent.operation.ok_or_else(|| malformed("guards.operation", "required"))? {
        pb::guard::Operation::CompareAndSet(pb::CompareAndSet { expected, next }) => GuardOperation::CompareAndSet { expected, next },
        pb::guard::Operation::AdvanceTo(to) if to >= 0 => GuardOperation::AdvanceTo(to),
        pb::guard::Operation::CapAt(cap) if cap >= 0 => GuardOperation::CapAt(cap),
        pb::guard::Operation::AdvanceTo(_) | pb::guard::Operation::CapAt(_) => {
            return Err(malformed("guards.operation", "must not be negative"));
        }
    };
    Ok(Guard { key: sent.key, operation })
}

fn guards(sent: Vec<pb::Guard>) -> Result<Vec<Guard>, Error> {
    let guards = sent.into_iter().map(guard).collect::<Result<Vec<_>, _>>()?;
    let same = |(at, guard): (usize, &Guard)| guards[..at].iter().any(|earlier| earlier.key == guard.key);
    if guards.iter().enumerate().any(same) {
        return Err(malformed("guards", "a key may be named once"));
    }
    if guards.iter().filter(|guard| matches!(guard.operation, GuardOperation::AdvanceTo(_))).count() > 1 {
        return Err(malformed("guards", "at most one advance_to"));
    }
    Ok(guards)
}

fn refusal(reason: String, detail: String) -> Result<Option<CallerRefusal>, Error> {
    if reason.is_empty() {
        return Ok(None);
    }
    if reason.len() > 64 || !reason.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        return Err(malformed("refusal", "must match [A-Z0-9_]{1,64}"));
    }
    if detail.len() > DETAIL_BYTES_MAX {
        return Err(malformed("refusal_detail", format!("at most {DETAIL_BYTES_MAX} bytes")));
    }
    Ok(Some(CallerRefusal { reason, detail }))
}

/// Where a list of entries goes on, bound to the account it is of.
pub(crate) fn page_token(account: &str, transfer_no: i64) -> String {
    let digest = Sha256::digest(account.as_bytes());
    format!("{transfer_no}.{}", hex::encode(&digest[..6]))
}

/// The place a token names; refused for a token of another account's list.
pub(crate) fn page_place(token: &str, account: &str) -> Result<i64, Error> {
    let place = token.split_once('.').and_then(|(place, _)| place.parse().ok()).filter(|place| *place > 0).ok_or(Error::PageToken)?;
    if page_token(account, place) == token { Ok(place) } else { Err(Error::PageToken) }
}

/// A well-formed posting request.
pub(crate) fn post(sent: pb::PostRequest, scope: Scope<'_>) -> Result<Request, Error> {
    let id = event_id(&sent.request_id, "ledger.Post", scope)?;
    let effective_time = sent.effective_time.map(micros).transpose()?;
    let kind = kind(sent.kind)?;
    if sent.transfers.len() > LEGS_MAX {
        return Err(malformed("transfers", format!("at most {LEGS_MAX}")));
    }
    // Before the fields, which stand for each of them.
    if sent.guards.len() > GUARDS_MAX {
        return Err(malformed("guards", format!("at most {GUARDS_MAX}")));
    }
    let fields = fields(sent.request_fields, || posting_fields(&kind, &sent.transfers, &sent.guards, effective_time))?;
    let transfers = sent.transfers.into_iter().map(transfer).collect::<Result<Vec<_>, _>>()?;
    let guards = guards(sent.guards)?;
    let refusal = refusal(sent.refusal, sent.refusal_detail)?;
    if transfers.is_empty() && guards.is_empty() && refusal.is_none() {
        return Err(malformed("transfers", "required"));
    }
    Ok(Request { id, fields, kind, effective_time, action: Action::Post { transfers, guards, refusal } })
}

/// What a direct caller sent, for comparison on retry.
fn posting_fields(kind: &str, transfers: &[pb::Transfer], guards: &[pb::Guard], effective_time: Option<i64>) -> Vec<(String, String)> {
    let mut fields = vec![("kind".to_owned(), kind.to_owned())];
    if let Some(time) = effective_time {
        fields.push(("effective_time".to_owned(), time.to_string()));
    }
    for (transfer, at) in transfers.iter().zip(0..) {
        let pb::Transfer { debit_account, credit_account, amount, pending, allow_debt } = transfer;
        let value = format!("{amount} {debit_account} {credit_account} {pending} {allow_debt}");
        fields.push((format!("transfers[{at}]"), value));
    }
    for (guard, at) in guards.iter().zip(0..) {
        fields.push((format!("guards[{at}]"), format!("{} {:?}", guard.key, guard.operation)));
    }
    fields
}

/// Microseconds since the Unix epoch.
fn micros(time: Timestamp) -> Result<i64, Error> {
    let wrong = || malformed("effective_time", "not a time between years 1 and 9999");
    if !(-62_135_596_800..=253_402_300_799).contains(&time.seconds) || !(0..1_000_000_000).contains(&time.nanos) {
        return Err(wrong());
    }
    time.seconds.checked_mul(1_000_000).and_then(|whole| whole.checked_add(i64::from(time.nanos) / 1000)).ok_or_else(wrong)
}

pub(crate) fn timestamp(micros: i64) -> Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1000).expect("below a second");
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

pub(crate) fn state_to_pb(state: AccountState) -> pb::AccountState {
    match state {
        AccountState::Open => pb::AccountState::Open,
        AccountState::Frozen => pb::AccountState::Frozen,
        AccountState::Closed => pb::AccountState::Closed,
    }
}

pub(crate) fn state_from_pb(state: i32) -> Result<AccountState, Error> {
    match pb::AccountState::try_from(state) {
        Ok(pb::AccountState::Open) => Ok(AccountState::Open),
        Ok(pb::AccountState::Frozen) => Ok(AccountState::Frozen),
        Ok(pb::AccountState::Closed) => Ok(AccountState::Closed),
        Ok(pb::AccountState::Unspecified) | Err(_) => Err(malformed("state", "required")),
    }
}

pub(crate) fn mode_to_pb(mode: Mode) -> pb::BookMode {
    match mode {
        Mode::Test => pb::BookMode::Test,
        Mode::Live => pb::BookMode::Live,
    }
}

pub(crate) fn mode_from_pb(mode: i32) -> Result<Mode, Error> {
    match pb::BookMode::try_from(mode) {
        Ok(pb::BookMode::Test) => Ok(Mode::Test),
        Ok(pb::BookMode::Live) => Ok(Mode::Live),
        Ok(pb::BookMode::Unspecified) | Err(_) => Err(malformed("mode", "required")),
    }
}

pub(crate) fn book(book: Book) -> pb::Book {
    let create_time = Some(timestamp(book.create_time));
    pb::Book { name: book.name, mode: mode_to_pb(book.mode).into(), region: book.region, create_time }
}

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
    }
}

pub(crate) fn account(account: &Account) -> pb::Account {
    let state = state_to_pb(account.state).into();
    pb::Account { state, ..account_parts(&account.name, account.unit, account.counters, account.seq) }
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
    }
}

fn guard_set(set: GuardSet) -> pb::Guard {
    let operation = match set.guard.operation {
        GuardOperation::CompareAndSet { expected, next } => pb::guard::Operation::CompareAndSet(pb::CompareAndSet { expected, next }),
        GuardOperation::AdvanceTo(_) => pb::guard::Operation::AdvanceTo(set.after.value),
        GuardOperation::CapAt(cap) => pb::guard::Operation::CapAt(set.after.cap.unwrap_or(cap)),
    };
    pb::Guard { key: set.guard.key, operation: Some(operation) }
}

pub(crate) fn posting(posted: Posted) -> pb::Posting {
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

/// The same for a caller that knows what it sent: what this leaves out would be most of what a batch's answer costs on both sides.
pub(crate) fn brief_posting(posted: Posted) -> pb::Posting {
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

pub(crate) fn entry(entry: Entry) -> pb::Entry {
    let Entry { mut posting, balance_after } = entry;
    let seq = posting.seq;
    pb::Entry {
        posting_id: posting.id.to_string(),
        seq,
        transfer: posting.transfers.pop().map(|transfer| posted_transfer(transfer, seq)),
        kind: posting.kind,
        balance_after,
        commit_time: Some(timestamp(posting.commit_time)),
    }
}

pub(crate) fn trial_balance((lines, seq): TrialBalance) -> pb::GetTrialBalanceResponse {
    let sum = |sum: i128| i64::try_from(sum).unwrap_or(i64::MAX);
    let lines = lines.into_iter().map(|((unit, accounts), line)| pb::TrialBalanceLine {
        accounts,
        unit: unit.to_string(),
        count: line.count,
        debits_posted: sum(line.debits_posted),
        credits_posted: sum(line.credits_posted),
        debits_pending: sum(line.debits_pending),
        credits_pending: sum(line.credits_pending),
    });
    pb::GetTrialBalanceResponse { lines: lines.collect(), seq }
}

pub(crate) fn batch_refusal(error: Error) -> pb::PostRefusal {
    let told: Option<Told> = if let Error::Refused(told) = &error { Some(told.clone()) } else { None };
    if let Some(told) = told {
        let message = refusal_message(&told);
        let code = refusal_code(&told.reason) as i32;
        return pb::PostRefusal { code, message, metadata: told.facts.into_iter().collect(), reason: told.reason };
    }
    let status = tonic::Status::from(error);
    pb::PostRefusal {
        code: status.code() as i32,
        reason: rpc::reason(&status).unwrap_or_default(),
        metadata: rpc::facts(&status),
        message: status.message().to_owned(),
    }
}

#[cfg(test)]
mod tests;
