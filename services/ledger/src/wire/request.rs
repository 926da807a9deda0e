//! Requests: protobuf to domain, and the bounds of their content.

use super::{IdScope, POST, account_name, event_id, malformed, violations};
use crate::{
    codec,
    domain::{
        Micros,
        chart::Unit,
        event::LEGS_MAX,
        limit::{Window, rfc3339, zone},
        request::{Action, BookRequest, CallerRefusal, Guard, GuardOperation, NewTransfer, RequestFields, TransferAccounts},
    },
    error::Error,
};
use api::ledger as pb;
use chart::imported::{IMPORT, IMPORTED_ID};
use money::{Amount, RequestId};
use prost_types::Timestamp;
use rpc::Violations;
use uuid::Uuid;

/// Bounds of a request's content, in items and bytes.
const GUARDS_MAX: usize = 8;
const FIELDS_MAX: usize = 32;
const FIELDS_BYTES_MAX: usize = 4096;
const GUARD_KEY_BYTES_MAX: usize = 256;
const DETAIL_BYTES_MAX: usize = 512;

pub(crate) fn kind(kind: String) -> Result<String, Error> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
    if kind.is_empty() || kind.len() > 64 || !kind.bytes().all(fits) {
        return Err(malformed("kind", "must match [a-z0-9_.]{1,64}"));
    }
    Ok(kind)
}

/// The caller's fields, sorted by name; if there are none, fields made from the request itself.
pub(crate) fn fields(sent: Vec<pb::RequestField>, otherwise: impl FnOnce() -> Vec<(String, String)>) -> Result<RequestFields, Error> {
    if sent.len() > FIELDS_MAX {
        return Err(malformed("request_fields", format!("must have at most {FIELDS_MAX} fields")));
    }
    // Fields made from the request are bounded by the request's own bounds.
    if sent.iter().map(|field| field.name.len() + field.value.len()).sum::<usize>() > FIELDS_BYTES_MAX {
        return Err(malformed("request_fields", format!("must have at most {FIELDS_BYTES_MAX} bytes")));
    }
    let mut fields: Vec<(String, String)> =
        if sent.is_empty() { otherwise() } else { sent.into_iter().map(|f| (f.name, f.value)).collect() };
    assert!(fields.len() <= codec::FIELDS_MAX, "more request fields than the journal can be read with");
    fields.sort_unstable();
    if fields.windows(2).any(|pair| pair[0].0 == pair[1].0) || fields.iter().any(|(name, _)| name.is_empty() || name.len() > 64) {
        return Err(malformed("request_fields", "must have unique names of 1 to 64 bytes"));
    }
    Ok(RequestFields::new(fields))
}

fn transfer(sent: pb::Transfer, before: &[NewTransfer]) -> Result<NewTransfer, Error> {
    let mut wrong = Violations::default();
    let debit = wrong.take(account_name(sent.debit_account, "transfers.debit_account"));
    let credit = wrong.take(account_name(sent.credit_account, "transfers.credit_account"));
    // The rest is about accounts that are known.
    let (Some(debit), Some(credit)) = (debit, credit) else { return Err(violations(wrong)) };
    let accounts = TransferAccounts::try_new(debit, credit)
        .map_err(|why| malformed("transfers", format!("must be between two accounts of one unit: {why}")))?;
    if sent.up_to && sent.allow_debt {
        return Err(malformed("transfers.up_to", "must not be set together with allow_debt: what is there, or more than that"));
    }
    let expire_time = sent.expire_time.map(|time| micros(time, "transfers.expire_time")).transpose()?;
    if expire_time.is_some() && !sent.pending {
        return Err(malformed("transfers.expire_time", "must be given with pending only"));
    }
    let amount = match sent.rest_of {
        0 => Amount::try_new(sent.amount).map_err(|why| malformed("transfers.amount", why.must()))?,
        _ if sent.amount != 0 => return Err(malformed("transfers.amount", "must be 0 with rest_of")),
        of => rest_amount(before, of, accounts.unit())?,
    };
    let rest_of = usize::try_from(sent.rest_of).ok().and_then(|of| of.checked_sub(1));
    Ok(NewTransfer { accounts, amount, pending: sent.pending, allow_debt: sent.allow_debt, up_to: sent.up_to, rest_of, expire_time })
}

/// The bound of a transfer for the rest of an earlier one: that one's amount.
fn rest_amount(before: &[NewTransfer], of: i32, unit: Unit) -> Result<Amount, Error> {
    let at = usize::try_from(of).ok().and_then(|of| of.checked_sub(1));
    let first = at.and_then(|at| before.get(at)).filter(|first| first.up_to);
    let first = first.ok_or_else(|| malformed("transfers.rest_of", "must name an earlier up_to transfer"))?;
    if first.accounts.unit() != unit {
        return Err(malformed("transfers.rest_of", "must name a transfer in the same unit"));
    }
    if before.iter().any(|other| other.rest_of == at) {
        return Err(malformed("transfers.rest_of", "must not name a transfer whose rest another one takes"));
    }
    Ok(first.amount)
}

fn transfers(sent: Vec<pb::Transfer>) -> Result<Vec<NewTransfer>, Error> {
    let mut transfers = Vec::with_capacity(sent.len());
    for one in sent {
        let one = transfer(one, &transfers)?;
        transfers.push(one);
    }
    Ok(transfers)
}

fn guard(sent: pb::Guard) -> Result<Guard, Error> {
    // PostgreSQL's text type can't contain NUL.
    if sent.key.is_empty() || sent.key.len() > GUARD_KEY_BYTES_MAX || sent.key.contains('\0') {
        return Err(malformed("guards.key", format!("must have 1 to {GUARD_KEY_BYTES_MAX} bytes without NUL")));
    }
    let operation = match sent.operation.ok_or_else(|| malformed("guards.operation", "must be given"))? {
        pb::guard::Operation::CompareAndSet(pb::CompareAndSet { expected, next }) => GuardOperation::CompareAndSet { expected, next },
        pb::guard::Operation::AdvanceTo(to) if to >= 0 => GuardOperation::AdvanceTo(to),
        pb::guard::Operation::CapAt(cap) if cap >= 0 => GuardOperation::CapAt(cap),
        pb::guard::Operation::Add(by) if by != 0 && by.unsigned_abs() <= money::AMOUNT_MAX.unsigned_abs() => GuardOperation::Add(by),
        pb::guard::Operation::Add(_) => return Err(malformed("guards.operation.add", "must be -2^53 to 2^53, and not 0")),
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
        return Err(malformed("guards", "must name a key once only"));
    }
    if guards.iter().filter(|guard| matches!(guard.operation, GuardOperation::AdvanceTo(_))).count() > 1 {
        return Err(malformed("guards", "must have at most one advance_to"));
    }
    Ok(guards)
}

/// Guards that a release may set: those that only count.
pub(crate) fn adding_guards(sent: Vec<pb::Guard>) -> Result<Vec<Guard>, Error> {
    if sent.len() > GUARDS_MAX {
        return Err(malformed("guards", format!("must have at most {GUARDS_MAX} guards")));
    }
    let guards = guards(sent)?;
    if guards.iter().any(|guard| !matches!(guard.operation, GuardOperation::Add(_))) {
        return Err(malformed("guards.operation", "must be add, because a release has nothing to compare or to multiply"));
    }
    Ok(guards)
}

/// The fields that a retry of a release is compared with, if its caller sent none.
pub(crate) fn void_fields(transfer_no: i64, guards: &[pb::Guard]) -> Vec<(String, String)> {
    let guards = guards.iter().zip(0..).map(|(guard, at)| (format!("guards[{at}]"), guard_field(guard)));
    std::iter::once(("transfer_no".to_owned(), transfer_no.to_string())).chain(guards).collect()
}

fn refusal(reason: String, detail: String) -> Result<Option<CallerRefusal>, Error> {
    if reason.is_empty() {
        return Ok(None);
    }
    if reason.len() > 64 || !reason.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_') {
        return Err(malformed("refusal", "must match [A-Z0-9_]{1,64}"));
    }
    if detail.len() > DETAIL_BYTES_MAX {
        return Err(malformed("refusal_detail", format!("must have at most {DETAIL_BYTES_MAX} bytes")));
    }
    Ok(Some(CallerRefusal { reason, detail }))
}

/// Checks the form of a posting request.
pub(crate) fn post(sent: pb::PostRequest, scope: IdScope<'_>) -> Result<BookRequest, Error> {
    posting(event_id(&sent.request_id, POST, scope), sent)
}

/// Checks the form of an imported posting.
pub(crate) fn import(sent: pb::PostRequest, scope: IdScope<'_>, now: Micros) -> Result<BookRequest, Error> {
    let id = event_id(&sent.request_id, IMPORT, scope);
    if !sent.refusal.is_empty() {
        return Err(malformed("refusal", "must be empty: nothing happened, so there is nothing to import"));
    }
    let file_id = imported_id(&sent)?;
    let mut request = posting(id, sent)?;
    request.fields = marked(&request.fields, file_id)?;
    match request.effective_time {
        None => Err(malformed("effective_time", "must be given")),
        Some(time) if time > now => {
            Err(malformed("effective_time", format!("must not be later than the ledger's time, which is {}", rfc3339(now))))
        }
        Some(_) => Ok(BookRequest { historical: true, ..request }),
    }
}

/// The id that an imported item had where it comes from.
pub(crate) fn imported_id(sent: &pb::PostRequest) -> Result<Uuid, Error> {
    RequestId::parse(&sent.request_id).map(|id| id.uuid()).map_err(|why| malformed("request_id", why.must()))
}

/// The fields with the mark of an import; auditors recognize an imported posting by it and by the posting's id.
fn marked(fields: &RequestFields, file_id: Uuid) -> Result<RequestFields, Error> {
    let Err(place) = fields.binary_search_by(|(name, _)| name.as_str().cmp(IMPORTED_ID)) else {
        return Err(malformed("request_fields", format!("must not name {IMPORTED_ID}, which is the ledger's own")));
    };
    let mut fields = fields.to_vec();
    fields.insert(place, (IMPORTED_ID.to_owned(), file_id.hyphenated().to_string()));
    Ok(RequestFields::new(fields))
}

/// Says all that is wrong at once, of the transfers and the guards the first that is.
fn posting(id: Result<Uuid, Error>, sent: pb::PostRequest) -> Result<BookRequest, Error> {
    let mut wrong = Violations::default();
    let id = wrong.take(id);
    let effective_time = wrong.take(sent.effective_time.map(|time| micros(time, "effective_time")).transpose());
    let kind = wrong.take(kind(sent.kind));
    // What follows is work in proportion to what was sent.
    if sent.transfers.len() > LEGS_MAX {
        wrong.add(malformed("transfers", format!("must have at most {LEGS_MAX} transfers")).into());
        return Err(violations(wrong));
    }
    // Before the fields, which are made from each of them.
    if sent.guards.len() > GUARDS_MAX {
        wrong.add(malformed("guards", format!("must have at most {GUARDS_MAX} guards")).into());
        return Err(violations(wrong));
    }
    let name = kind.as_deref().unwrap_or_default();
    let own = || posting_fields(name, &sent.transfers, &sent.guards, effective_time.flatten());
    let fields = wrong.take(fields(sent.request_fields, own));
    let nothing = sent.transfers.is_empty() && sent.guards.is_empty() && sent.refusal.is_empty();
    if nothing {
        wrong.add(malformed("transfers", "must be given").into());
    }
    let (transfers, guards) = (wrong.take(transfers(sent.transfers)), wrong.take(guards(sent.guards)));
    let refusal = wrong.take(refusal(sent.refusal, sent.refusal_detail));
    let (Some(id), Some(effective_time), Some(kind), Some(fields)) = (id, effective_time, kind, fields) else {
        return Err(violations(wrong));
    };
    let (Some(transfers), Some(guards), Some(refusal), false) = (transfers, guards, refusal, nothing) else {
        return Err(violations(wrong));
    };
    let request = BookRequest::new(id, fields, kind, Action::Post { transfers, guards, refusal });
    Ok(BookRequest { effective_time, dry_run: sent.dry_run, ..request })
}

/// Checks the form of a debit limit.
pub(crate) fn set_debit_limit(sent: pb::SetDebitLimitRequest, scope: IdScope<'_>) -> Result<BookRequest, Error> {
    let mut wrong = Violations::default();
    let id = wrong.take(event_id(&sent.request_id, "ledger.SetDebitLimit", scope));
    let account = wrong.take(account_name(sent.account, "account"));
    let window = wrong.take(match pb::LimitWindow::try_from(sent.window) {
        Ok(pb::LimitWindow::Hour) => Ok(Window::Hour),
        Ok(pb::LimitWindow::Day) => Ok(Window::Day),
        Ok(pb::LimitWindow::Month) => Ok(Window::Month),
        Ok(pb::LimitWindow::Unspecified) | Err(_) => Err(malformed("window", "must be given")),
    });
    let max = wrong.take(match sent.max_amount {
        0 => Ok(0),
        max => Amount::try_new(max).map(Amount::get).map_err(|why| malformed("max_amount", why.must())),
    });
    let zoned = sent.max_amount == 0 || zone(&sent.time_zone).is_some();
    if !zoned {
        wrong.add(malformed("time_zone", "must be an IANA name such as Europe/Berlin").into());
    }
    let (Some(id), Some(account), Some(window), Some(max), true) = (id, account, window, max, zoned) else {
        return Err(violations(wrong));
    };
    // Nobody's windows when there is no limit.
    let zone = if max > 0 { sent.time_zone } else { String::new() };
    let field = |name: &str, value: String| (name.to_owned(), value);
    let fields = RequestFields::new(vec![
        field("account", account.text.clone()),
        field("max_amount", max.to_string()),
        field("time_zone", zone.clone()),
        field("window", window.name().to_owned()),
    ]);
    Ok(BookRequest::new(id, fields, String::new(), Action::SetLimit { account, window, zone, max }))
}

/// The fields of a direct caller's request, for comparison on retry.
fn posting_fields(kind: &str, transfers: &[pb::Transfer], guards: &[pb::Guard], effective_time: Option<i64>) -> Vec<(String, String)> {
    let mut fields = vec![("kind".to_owned(), kind.to_owned())];
    if let Some(time) = effective_time {
        fields.push(("effective_time".to_owned(), time.to_string()));
    }
    for (transfer, at) in transfers.iter().zip(0..) {
        let pb::Transfer { debit_account, credit_account, amount, pending, allow_debt, up_to, rest_of, expire_time } = transfer;
        let mut value = format!("{amount} {debit_account} {credit_account} {pending} {allow_debt}");
        // The following are added only if set, so that requests without them still equal those that older programs stored.
        if *up_to {
            value.push_str(" up_to");
        }
        if *rest_of != 0 {
            value.push_str(&format!(" rest_of {rest_of}"));
        }
        if let Some(Timestamp { seconds, nanos }) = expire_time {
            value.push_str(&format!(" expire_time {seconds}.{nanos}"));
        }
        fields.push((format!("transfers[{at}]"), value));
    }
    for (guard, at) in guards.iter().zip(0..) {
        fields.push((format!("guards[{at}]"), guard_field(guard)));
    }
    fields
}

/// A guard as kept for comparison on retry. It is kept for a week and longer, so this form never changes: older programs wrote it through generated
/// code.
fn guard_field(pb::Guard { key, operation }: &pb::Guard) -> String {
    match operation {
        None => format!("{key} None"),
        Some(pb::guard::Operation::CompareAndSet(pb::CompareAndSet { expected, next })) => {
            format!("{key} Some(CompareAndSet(CompareAndSet {{ expected: {expected}, next: {next} }}))")
        }
        Some(pb::guard::Operation::AdvanceTo(to)) => format!("{key} Some(AdvanceTo({to}))"),
        Some(pb::guard::Operation::CapAt(cap)) => format!("{key} Some(CapAt({cap}))"),
        Some(pb::guard::Operation::Add(by)) => format!("{key} Some(Add({by}))"),
    }
}

/// Microseconds since the Unix epoch.
pub(crate) fn micros(time: Timestamp, field: &'static str) -> Result<i64, Error> {
    if rpc::wire::is_time(&time) { Ok(rpc::wire::unix_us(&time)) } else { Err(malformed(field, rpc::wire::TIME_FORM)) }
}

#[cfg(test)]
mod tests;
