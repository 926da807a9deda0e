//! Protobuf to domain and back.

use crate::{
    domain::{account::AccountState, request::AccountName},
    error::Error,
    store::{Book, Mode},
};
use api::ledger as pb;
use money::{RequestId, derive_id};
use rpc::Violations;
use uuid::Uuid;

mod answer;
mod journal;
mod named;
mod page;
mod request;

pub(crate) use answer::{account, balance_at, batch_refusal, brief_posting, debit_limit, entry, posting, readable, refusal};
pub(crate) use journal::{cursor, heartbeat, journal, watch_from};
pub(crate) use named::{PostingName, named_posting};
pub(crate) use page::{balance_page_size, balance_rows, entries_list, entries_place, entries_token, listing, page_size};
pub(crate) use request::{adding_guards, fields, import, imported_id, kind, micros, post, set_debit_limit, void_fields};

/// Postings of one PostBatch. The brief answer to as many, with 64 transfers each, has 3.6 MB at most and fits into [`rpc::ANSWER_BYTES_MAX`].
pub(crate) const BATCH_MAX: usize = 1_000;

/// Accounts of one OpenAccounts.
pub(crate) const OPEN_MAX: usize = 256;

pub(crate) fn malformed(field: &'static str, why: impl Into<String>) -> Error {
    Error::Malformed { field, why: why.into() }
}

/// The scope of request ids: services derive theirs from their own callers' ids, so a service's name, which may change with its deployment, does not
/// count; a person's does.
#[derive(Clone, Copy)]
pub(crate) struct IdScope<'a> {
    pub book: &'a str,
    pub subject: &'a str,
}

pub(crate) use chart::id::{POST, POST_PENDING};

/// The subject in the scope of services' ids.
pub(crate) const SERVICE: &str = "";

pub(crate) fn request_id(text: &str) -> Result<RequestId, Error> {
    RequestId::parse(text).map_err(|why| malformed("request_id", why.must()))
}

/// What is wrong with a request, all of it.
pub(crate) fn violations(wrong: Violations) -> Error {
    Error::Violations(Box::new(wrong.into_status()))
}

/// The id an answer is kept under.
pub(crate) fn event_id(request_id: &str, rpc: &str, scope: IdScope<'_>) -> Result<Uuid, Error> {
    let id = self::request_id(request_id)?;
    Ok(derive_id(id.uuid(), &[rpc, scope.book, scope.subject]))
}

pub(crate) fn account_name(text: String, field: &'static str) -> Result<AccountName, Error> {
    if text.is_empty() {
        return Err(malformed(field, "must be given"));
    }
    AccountName::parse(text)
        .ok_or_else(|| malformed(field, format!("must be an account name of the chart, such as {}", chart::account::NAME_EXAMPLE)))
}

pub(crate) use rpc::wire::timestamp_us as timestamp;

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
        Ok(pb::AccountState::Unspecified) | Err(_) => Err(malformed("state", "must be given")),
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
        Ok(pb::BookMode::Unspecified) | Err(_) => Err(malformed("mode", "must be given")),
    }
}

pub(crate) fn book(book: Book) -> pb::Book {
    let create_time = Some(timestamp(book.create_time));
    pb::Book { name: book.name, mode: mode_to_pb(book.mode).into(), region: book.region, create_time }
}
