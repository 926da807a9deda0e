//! Rows to domain, for both engines. A row that no release wrote is reported as damaged.

use super::{Book, Commit, Error, IdMeaning, LogRow, Mode, RefusalRow, StoredEvent};
use crate::{
    codec,
    domain::{
        account::{AccountState, BookAccount, Counters},
        chart,
        event::{Checkpoint, Event, GuardState, Hold, Transfer, TransferKind, seq_of},
        limit::{Limit, Window},
        refusal::KeptRefusal,
        standing::{LoggedStandings, StandingsLog},
    },
};
use uuid::Uuid;

pub(super) const BOOK_COLUMNS: &str = "book, name, mode, region, create_time";
pub(super) const COMMIT_COLUMNS: &str = "commit_no, epoch, last_seq, last_key, time, format, hash, replay_from";
pub(super) const ACCOUNT_COLUMNS: &str = "key, name, state, debits_posted, credits_posted, debits_pending, credits_pending, last_transfer, entries, \
     seq";
pub(super) const TRANSFER_COLUMNS: &str = "no, debit, credit, amount, kind, pending_no, d_debits_posted, d_credits_posted, d_debits_pending, \
     d_credits_pending, c_debits_posted, c_credits_posted, c_debits_pending, c_credits_pending, debit_prev, credit_prev";
pub(super) const CHECKPOINT_COLUMNS: &str = "account, no, entry_no, time, debits_posted, credits_posted, debits_pending, credits_pending";
pub(super) const EVENT_COLUMNS: &str = "seq, id, body, checksum";
pub(super) const HOLD_COLUMNS: &str = "no, debit, credit, amount, resolved_seq, expire_time, expired";
pub(super) const LOG_COLUMNS: &str = "commit_no, body";
pub(super) const REFUSAL_COLUMNS: &str = "id, time, reason, facts, fields";

pub(super) type BookRow = (i64, String, i64, String, i64);
pub(super) type CommitRow = (i64, i64, i64, i64, i64, i64, Vec<u8>, i64);
pub(super) type AccountRow = (i64, String, i64, i64, i64, i64, i64, i64, i64, i64);
pub(super) type TransferRow = (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);
pub(super) type CheckpointRow = (i64, i64, i64, i64, i64, i64, i64, i64);
pub(super) type EventRow = (i64, Vec<u8>, Vec<u8>, i64);
pub(crate) type RefusalTuple = (Vec<u8>, i64, String, String, String);
pub(super) const LIMIT_COLUMNS: &str = "account, span, zone, amount, seq";
pub(super) type LimitRow = (i64, i64, String, i64, i64);
pub(super) type HoldRow = (i64, i64, i64, i64, i64, Option<i64>, i64);
pub(super) type GuardRow = (String, i64, Option<i64>);

fn damaged(what: impl Into<String>) -> Error {
    Error::Damaged(what.into())
}

pub(super) fn book(row: BookRow) -> Result<Book, Error> {
    let (key, name, mode, region, create_time) = row;
    let mode = Mode::from_code(mode).ok_or_else(|| damaged(format!("book {name} has mode {mode}")))?;
    Ok(Book { key, name, mode, region, create_time })
}

pub(super) fn commit(row: CommitRow) -> Result<Commit, Error> {
    let (commit_no, epoch, last_seq, last_key, time, format, hash, replay_from) = row;
    if format > codec::FORMAT {
        return Err(Error::TooNew { commit_no, format, known: codec::FORMAT });
    }
    let hash = hash.try_into().map_err(|_| damaged(format!("commit {commit_no} has a hash of another length")))?;
    Ok(Commit { commit_no, epoch, last_seq, last_key, time, format, hash, replay_from })
}

pub(super) fn account(row: AccountRow) -> Result<BookAccount, Error> {
    let (key, name, state, debits_posted, credits_posted, debits_pending, credits_pending, last_transfer, entries, seq) = row;
    let form = chart::form(&name).ok_or_else(|| damaged(format!("account {key} has a name outside the chart")))?;
    Ok(BookAccount {
        key,
        name: name.into(),
        unit: form.unit,
        floor: form.debits_must_not_exceed_credits,
        state: AccountState::from_code(state).ok_or_else(|| damaged(format!("account {key} has state {state}")))?,
        counters: Counters { debits_posted, credits_posted, debits_pending, credits_pending },
        last_transfer,
        entries,
        seq,
    })
}

/// A row of the log of standings.
pub(super) fn logged(commit_no: i64, body: Vec<u8>) -> Result<LogRow, Error> {
    let standings = codec::decode_log(&body).map_err(|why| damaged(format!("what commit {commit_no} logged of accounts: {why}")))?;
    Ok((commit_no, standings))
}

/// Accounts from their rows and from the log, oldest log row first.
pub(super) fn standing(accounts: Vec<AccountRow>, log: Vec<(i64, Vec<u8>)>) -> Result<Vec<BookAccount>, Error> {
    let mut behind = StandingsLog::default();
    behind.extend(log.into_iter().map(|(commit_no, body)| logged(commit_no, body)).collect::<Result<Vec<_>, _>>()?);
    let behind = LoggedStandings::from(behind);
    accounts
        .into_iter()
        .map(|row| {
            let mut account = account(row)?;
            if let Some(standing) = behind.get(account.key) {
                standing.apply(&mut account);
            }
            Ok(account)
        })
        .collect()
}

pub(super) fn transfer(row: TransferRow) -> Result<Transfer, Error> {
    let (no, debit, credit, amount, kind, pending_no, d0, d1, d2, d3, c0, c1, c2, c3, debit_prev, credit_prev) = row;
    let counters = |debits_posted, credits_posted, debits_pending, credits_pending| Counters {
        debits_posted,
        credits_posted,
        debits_pending,
        credits_pending,
    };
    Ok(Transfer {
        no,
        debit,
        credit,
        amount,
        kind: TransferKind::from_code(kind).ok_or_else(|| damaged(format!("event {}: its transfer {no} has kind {kind}", seq_of(no))))?,
        pending_no,
        debit_after: counters(d0, d1, d2, d3),
        credit_after: counters(c0, c1, c2, c3),
        debit_prev,
        credit_prev,
    })
}

pub(super) fn checkpoint(row: CheckpointRow) -> Checkpoint {
    let (account, no, entry_no, time, debits_posted, credits_posted, debits_pending, credits_pending) = row;
    Checkpoint { account, no, entry_no, time, counters: Counters { debits_posted, credits_posted, debits_pending, credits_pending } }
}

/// Events with the transfers that belong to them; both in order.
pub(super) fn events(rows: Vec<EventRow>, transfers: Vec<Transfer>) -> Result<Vec<StoredEvent>, Error> {
    let mut transfers = transfers.into_iter().peekable();
    let mut out = Vec::with_capacity(rows.len());
    for (seq, event_id, bytes, checksum) in rows {
        let decoded = codec::decode(&bytes).map_err(|why| damaged(format!("event {seq}: {why}")))?;
        let mut own = Vec::with_capacity(2);
        while let Some(transfer) = transfers.next_if(|transfer| seq_of(transfer.no) <= seq) {
            own.push(transfer);
        }
        let event = Event { seq, id: id(&event_id)?, body: decoded, transfers: own };
        out.push(StoredEvent { event, body: bytes, checksum });
    }
    Ok(out)
}

pub(super) fn id(bytes: &[u8]) -> Result<Uuid, Error> {
    Uuid::from_slice(bytes).map_err(|_| damaged("an id is not 16 bytes long"))
}

pub(super) fn guard((key, value, cap): GuardRow) -> (String, GuardState) {
    (key, GuardState { value, cap })
}

pub(super) fn hold(row: HoldRow) -> Hold {
    let (no, debit, credit, amount, resolved_seq, expire_time, expired) = row;
    Hold { no, debit, credit, amount, resolved_seq, expire_time, expired: expired != 0 }
}

pub(super) fn limit((account, window, zone, max, seq): LimitRow) -> Result<Limit, Error> {
    let window = Window::from_code(window).ok_or_else(|| damaged(format!("a limit of account {account} has window {window}")))?;
    Ok(Limit { account, window, zone, max, seq })
}

/// Names and values as one text, for tables that are not hashed.
pub(crate) fn pairs(pairs: &impl serde::Serialize) -> String {
    serde_json::to_string(pairs).expect("strings are JSON")
}

pub(crate) fn refusal(row: RefusalTuple) -> Result<RefusalRow, Error> {
    let (bytes, time, reason, facts, fields) = row;
    let read = |text: &str| serde_json::from_str(text).map_err(|_| damaged("a refusal's fields are not readable"));
    Ok(RefusalRow { id: id(&bytes)?, time, told: KeptRefusal { reason, facts: read(&facts)? }, fields: read(&fields)?.into() })
}

/// Ids of events and of refusals, merged and in order.
pub(super) fn known(events: Vec<(Vec<u8>, i64)>, refusals: Vec<RefusalTuple>) -> Result<Vec<(Uuid, IdMeaning)>, Error> {
    let mut out = Vec::with_capacity(events.len() + refusals.len());
    for (bytes, seq) in events {
        out.push((id(&bytes)?, IdMeaning::Event(seq)));
    }
    for row in refusals {
        let row = refusal(row)?;
        out.push((row.id, IdMeaning::Refusal(Box::new(row))));
    }
    out.sort_unstable_by_key(|(id, _)| *id);
    Ok(out)
}
