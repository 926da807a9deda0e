//! Canonical bytes of events: versioned, length-prefixed, the same in every release. They are stored and hashed.
//!
//! Integers are fixed eight bytes, big-endian, in what is hashed, and LEB128 in what is stored; a text is its length, then its bytes.

use crate::domain::{
    account::{AccountState, Counters},
    event::{Body, Event, GuardSet, GuardState, LEGS_MAX, Posting, Transfer},
    limit::Window,
    request::{Guard, GuardOperation, RequestFields},
    standing::Standing,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The format this release writes. A store with a higher one is refused.
pub const FORMAT: i64 = 1;

/// Stored bytes that no release wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not readable: {0}")]
pub struct Error(pub &'static str);

/// The most request fields of one event: a direct caller's kind, time, 64 transfers and 8 guards need fewer.
pub const FIELDS_MAX: usize = 128;

const POSTING: u8 = 1;
const ACCOUNT_OPENED: u8 = 2;
const ACCOUNT_STATE_SET: u8 = 3;
const HOLD_EXPIRED: u8 = 4;
/// A posting that places holds with expiries; any other keeps the bytes it always had.
const POSTING_WITH_EXPIRIES: u8 = 5;
const LIMIT_SET: u8 = 6;

/// The stored type of a body.
#[inline]
#[must_use]
pub const fn type_code(body: &Body) -> i64 {
    match body {
        Body::Posting(posting) if posting.expiries.is_empty() => POSTING as i64,
        Body::Posting(_) => POSTING_WITH_EXPIRIES as i64,
        Body::AccountOpened { .. } => ACCOUNT_OPENED as i64,
        Body::AccountStateSet { .. } => ACCOUNT_STATE_SET as i64,
        Body::HoldExpired => HOLD_EXPIRED as i64,
        Body::LimitSet { .. } => LIMIT_SET as i64,
    }
}

struct BodyWriter(Vec<u8>);

impl BodyWriter {
    fn int(&mut self, value: i64) {
        let mut rest = u64::from_ne_bytes(value.to_ne_bytes());
        loop {
            let low = u8::try_from(rest & 0x7f).expect("seven bits");
            rest >>= 7;
            if rest == 0 {
                self.0.push(low);
                return;
            }
            self.0.push(low | 0x80);
        }
    }

    fn text(&mut self, text: &str) {
        self.int(i64::try_from(text.len()).expect("texts are bounded where they come in"));
        self.0.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, value: Option<i64>) {
        match value {
            None => self.0.push(0),
            Some(value) => {
                self.0.push(1);
                self.int(value);
            }
        }
    }

    fn fields(&mut self, fields: &RequestFields) {
        self.int(i64::try_from(fields.len()).expect("bounded"));
        for (name, value) in fields.iter() {
            self.text(name);
            self.text(value);
        }
    }
}

/// The stored bytes of a body, its type included.
#[must_use]
pub fn encode(body: &Body) -> Vec<u8> {
    let mut out = BodyWriter(Vec::with_capacity(160));
    match body {
        Body::Posting(posting) => encode_posting(&mut out, posting),
        Body::AccountOpened { key, name } => {
            out.0.push(ACCOUNT_OPENED);
            out.int(*key);
            out.text(name);
        }
        Body::AccountStateSet { key, state, fields } => {
            out.0.push(ACCOUNT_STATE_SET);
            out.int(*key);
            out.int(state.code());
            out.fields(fields);
        }
        Body::HoldExpired => out.0.push(HOLD_EXPIRED),
        Body::LimitSet { key, window, zone, max, fields } => {
            out.0.push(LIMIT_SET);
            out.int(*key);
            out.int(window.code());
            out.text(zone);
            out.int(*max);
            out.fields(fields);
        }
    }
    out.0
}

fn encode_posting(out: &mut BodyWriter, posting: &Posting) {
    out.0.push(if posting.expiries.is_empty() { POSTING } else { POSTING_WITH_EXPIRIES });
    out.text(&posting.kind);
    out.optional(posting.effective_time);
    match posting.reverses {
        None => out.0.push(0),
        Some(id) => {
            out.0.push(1);
            out.0.extend_from_slice(id.as_bytes());
        }
    }
    out.fields(&posting.fields);
    out.int(i64::try_from(posting.guards.len()).expect("bounded"));
    for set in &posting.guards {
        encode_guard(out, set);
    }
    if !posting.expiries.is_empty() {
        out.int(i64::try_from(posting.expiries.len()).expect("at most 64"));
        for (leg, time) in &posting.expiries {
            out.int(*leg);
            out.int(*time);
        }
    }
}

fn encode_guard(out: &mut BodyWriter, set: &GuardSet) {
    out.text(&set.guard.key);
    match set.guard.operation {
        GuardOperation::CompareAndSet { expected, next } => {
            out.0.push(1);
            out.int(expected);
            out.int(next);
        }
        GuardOperation::AdvanceTo(to) => {
            out.0.push(2);
            out.int(to);
        }
        GuardOperation::CapAt(cap) => {
            out.0.push(3);
            out.int(cap);
        }
        GuardOperation::Add(by) => {
            out.0.push(4);
            out.int(by);
        }
    }
    out.int(set.after.value);
    out.optional(set.after.cap);
}

struct BodyReader<'a>(&'a [u8]);

impl<'a> BodyReader<'a> {
    fn byte(&mut self) -> Result<u8, Error> {
        let (first, rest) = self.0.split_first().ok_or(Error("it ends early"))?;
        self.0 = rest;
        Ok(*first)
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Error("it ends early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn int(&mut self) -> Result<i64, Error> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                return Err(Error("an integer is too long"));
            }
            value |= low << shift;
            if byte & 0x80 == 0 {
                // Each value has one spelling: the digest is over these bytes.
                if byte == 0 && shift != 0 {
                    return Err(Error("an integer is padded"));
                }
                return Ok(i64::from_ne_bytes(value.to_ne_bytes()));
            }
        }
        Err(Error("an integer is too long"))
    }

    fn count(&mut self, max: usize) -> Result<usize, Error> {
        usize::try_from(self.int()?).ok().filter(|count| *count <= max).ok_or(Error("a count is out of range"))
    }

    fn text(&mut self) -> Result<String, Error> {
        let length = self.count(1 << 16)?;
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| Error("a text is not UTF-8"))
    }

    fn optional(&mut self) -> Result<Option<i64>, Error> {
        match self.byte()? {
            0 => Ok(None),
            1 => self.int().map(Some),
            _ => Err(Error("an option's flag is neither 0 nor 1")),
        }
    }

    fn fields(&mut self) -> Result<RequestFields, Error> {
        let count = self.count(FIELDS_MAX)?;
        (0..count).map(|_| Ok((self.text()?, self.text()?))).collect::<Result<Vec<_>, _>>().map(RequestFields::new)
    }

    fn guard(&mut self) -> Result<GuardSet, Error> {
        let key = self.text()?;
        let operation = match self.byte()? {
            1 => GuardOperation::CompareAndSet { expected: self.int()?, next: self.int()? },
            2 => GuardOperation::AdvanceTo(self.int()?),
            3 => GuardOperation::CapAt(self.int()?),
            4 => GuardOperation::Add(self.int()?),
            _ => return Err(Error("a guard has an unknown operation")),
        };
        let after = GuardState { value: self.int()?, cap: self.optional()? };
        Ok(GuardSet { guard: Guard { key, operation }, after })
    }

    fn posting(&mut self) -> Result<Posting, Error> {
        let kind = self.text()?;
        let effective_time = self.optional()?;
        let reverses = match self.byte()? {
            0 => None,
            1 => Some(Uuid::from_slice(self.bytes(16)?).map_err(|_| Error("a posting id is invalid"))?),
            _ => return Err(Error("an option's flag is neither 0 nor 1")),
        };
        let fields = self.fields()?;
        let count = self.count(64)?;
        let guards = (0..count).map(|_| self.guard()).collect::<Result<_, _>>()?;
        Ok(Posting { kind, fields, guards, effective_time, reverses, expiries: Vec::new() })
    }

    fn posting_with_expiries(&mut self) -> Result<Posting, Error> {
        let posting = self.posting()?;
        let count = self.count(LEGS_MAX)?;
        let expiries: Vec<(i64, i64)> = (0..count).map(|_| Ok((self.int()?, self.int()?))).collect::<Result<_, _>>()?;
        // Each leg once and in order: each value has one spelling.
        if expiries.is_empty() || expiries.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(Error("its expiries are missing or out of order"));
        }
        Ok(Posting { expiries, ..posting })
    }
}

/// The body of stored bytes. Refuses what [`encode`] would not have written.
pub fn decode(bytes: &[u8]) -> Result<Body, Error> {
    let mut input = BodyReader(bytes);
    let body = match input.byte()? {
        POSTING => Body::Posting(input.posting()?),
        ACCOUNT_OPENED => Body::AccountOpened { key: input.int()?, name: input.text()? },
        ACCOUNT_STATE_SET => Body::AccountStateSet {
            key: input.int()?,
            state: AccountState::from_code(input.int()?).ok_or(Error("an account state is unknown"))?,
            fields: input.fields()?,
        },
        HOLD_EXPIRED => Body::HoldExpired,
        LIMIT_SET => Body::LimitSet {
            key: input.int()?,
            window: Window::from_code(input.int()?).ok_or(Error("a window is unknown"))?,
            zone: input.text()?,
            max: input.int()?,
            fields: input.fields()?,
        },
        POSTING_WITH_EXPIRIES => Body::Posting(input.posting_with_expiries()?),
        _ => return Err(Error("its type is unknown")),
    };
    if input.0.is_empty() { Ok(body) } else { Err(Error("there are bytes after it")) }
}

/// States of accounts in the form of a log row; ordered by key, each once.
#[must_use]
pub fn encode_log(standings: &[Standing]) -> Vec<u8> {
    let mut out = BodyWriter(Vec::with_capacity(8 + standings.len() * 24));
    out.int(i64::try_from(standings.len()).expect("as many as memory holds"));
    let mut before = 0;
    for Standing { key, counters, last_transfer, entries } in standings {
        out.int(key - before);
        before = *key;
        let Counters { debits_posted, credits_posted, debits_pending, credits_pending } = counters;
        for value in [debits_posted, credits_posted, debits_pending, credits_pending, last_transfer, entries] {
            out.int(*value);
        }
    }
    out.0
}

/// The accounts of a row of the log. Refuses what [`encode_log`] would not have written.
pub fn decode_log(bytes: &[u8]) -> Result<Vec<Standing>, Error> {
    let mut input = BodyReader(bytes);
    // Each standing is seven integers, and each integer takes at least one byte.
    let count = input.count(bytes.len() / 7)?;
    let mut standings = Vec::with_capacity(count);
    let mut key = 0i64;
    for _ in 0..count {
        let step = input.int()?;
        key = key.checked_add(step).filter(|_| step > 0).ok_or(Error("its accounts are out of order"))?;
        let mut value = || input.int().and_then(|value| if value < 0 { Err(Error("a counter is below zero")) } else { Ok(value) });
        let counters = Counters { debits_posted: value()?, credits_posted: value()?, debits_pending: value()?, credits_pending: value()? };
        let (last_transfer, entries) = (value()?, value()?);
        if last_transfer == 0 {
            return Err(Error("an account has no transfers"));
        }
        standings.push(Standing { key, counters, last_transfer, entries });
    }
    if input.0.is_empty() { Ok(standings) } else { Err(Error("there are bytes after it")) }
}

/// The digest of one event: its place, id, stored body and transfers.
#[must_use]
pub fn digest(event: &Event, body: &[u8]) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(64 + body.len() + event.transfers.len() * 128);
    let mut int = |value: i64| bytes.extend_from_slice(&value.to_be_bytes());
    int(FORMAT);
    int(event.seq);
    int(i64::try_from(body.len()).expect("bodies are bounded"));
    int(i64::try_from(event.transfers.len()).expect("at most 64"));
    event.transfers.iter().flat_map(transfer_ints).for_each(int);
    bytes.extend_from_slice(event.id.as_bytes());
    bytes.extend_from_slice(body);
    Sha256::digest(&bytes).into()
}

/// The checksum stored beside an event, to find the bad one of a bad commit: the first eight bytes of its digest.
#[inline]
#[must_use]
pub fn checksum(digest: &[u8; 32]) -> i64 {
    i64::from_be_bytes(digest[..8].try_into().expect("eight of 32 bytes"))
}

fn transfer_ints(transfer: &Transfer) -> [i64; 16] {
    let Transfer { no, debit, credit, amount, kind, pending_no, debit_after: d, credit_after: c, debit_prev, credit_prev } = transfer;
    let counters = |c: &Counters| [c.debits_posted, c.credits_posted, c.debits_pending, c.credits_pending];
    let [dd, dc, ddp, dcp] = counters(d);
    let [cd, cc, cdp, ccp] = counters(c);
    [*no, *debit, *credit, *amount, kind.code(), *pending_no, dd, dc, ddp, dcp, cd, cc, cdp, ccp, *debit_prev, *credit_prev]
}

/// The fields that a commit's hash covers besides its events' digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFields<'a> {
    /// The book's name, so that a chain can't be moved to another book.
    pub book: &'a str,
    /// From 1, gap-free.
    pub commit_no: i64,
    /// The writer that made it.
    pub epoch: i64,
    /// The journal's last event after it.
    pub last_seq: i64,
    /// Microseconds since the Unix epoch.
    pub time: i64,
}

/// The hash of a commit: the previous hash, its own fields and its events' digests in order.
#[must_use]
pub fn commit_hash(previous: &[u8; 32], fields: &CommitFields<'_>, digests: &[[u8; 32]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    for value in [FORMAT, fields.commit_no, fields.epoch, fields.last_seq, fields.time] {
        hash.update(value.to_be_bytes());
    }
    hash.update((fields.book.len() as u64).to_be_bytes());
    hash.update(fields.book.as_bytes());
    for digest in digests {
        hash.update(digest);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
