//! Protobuf to domain and back. [`beneficiary`]: the part of beneficiaries. [`review`]: that of reviews. [`run`]: that of runs. [`standing`]: that of standing orders.
//! [`report`]: that of reports. [`returns`]: that of returns and recalls. [`ach`]: that of ACH files. [`debit`]: that of unexplained debits.
//! [`message`]: messages of banks for people.
//!
//! - `answer`: payouts and their options as callers see them.

pub mod ach;
pub mod beneficiary;
pub mod debit;
pub mod message;
pub mod report;
pub mod resolution;
pub mod returns;
pub mod review;
pub mod run;
pub mod standing;

mod answer;

pub use answer::{advised, options, payout};

use crate::{
    cancel::CancelRequest,
    domain::{PayoutKey, PayoutState},
    error::Error,
    payouts::PayoutRequest,
    store::PageStart,
};
use api::payout as pb;
use money::{BookName, Currency, Money, RequestId, UserKey};
use rpc::{
    Violations,
    page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList},
    wire::TimeRange,
};
use tonic::Status;
use uuid::Uuid;

/// Rows of one page: default and maximum.
const PAGES: PageSizes = PageSizes { default: 50, max: 200 };

fn malformed(field: &'static str, why: impl ToString) -> Error {
    Error::Malformed { field, why: why.to_string() }
}

fn request_id(text: &str) -> Result<RequestId, Error> {
    RequestId::parse(text).map_err(|error| malformed("request_id", error.must()))
}

/// Parses a UUID of any version.
pub fn uuid(field: &'static str, text: &str) -> Result<Uuid, Error> {
    Uuid::try_parse(text).map_err(|_| malformed(field, "must be a UUID"))
}

/// A payout to make.
pub fn ask(who: Result<(BookName, UserKey), Status>, request: &pb::RequestPayoutRequest) -> Result<PayoutRequest, Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(&request.request_id)), wrong.take(who));
    let beneficiary_id = wrong.take(uuid("beneficiary_id", &request.beneficiary_id));
    let amount = wrong.take(money(request.amount.as_ref()));
    let (Some(request_id), Some((book, user)), Some(beneficiary_id), Some(amount)) = (request_id, who, beneficiary_id, amount) else {
        return Err(wrong.into_status());
    };
    Ok(PayoutRequest { book, user, request_id, beneficiary_id, amount })
}

fn money(amount: Option<&api::r#type::Money>) -> Result<Money, Status> {
    let amount = amount.ok_or_else(|| malformed("amount", "must be given"))?;
    let mut wrong = Violations::default();
    let currency = wrong.take(Currency::try_new(&amount.currency_code).map_err(|error| malformed("amount.currency_code", error.must())));
    if amount.minor_units < 1 {
        wrong.add(malformed("amount.minor_units", "must be above zero").into());
    }
    let (Some(currency), 1..) = (currency, amount.minor_units) else { return Err(wrong.into_status()) };
    Ok(Money::try_new(currency, amount.minor_units).map_err(|error| malformed("amount.minor_units", error.must()))?)
}

/// The number of rows of the requested page.
pub fn page_size(asked: i32) -> Result<usize, Error> {
    PAGES.read(asked).map_err(|InvalidPageSize| malformed("page_size", "must not be negative"))
}

/// A user's payouts in this state, or in any, as a list to which page tokens are bound.
#[must_use]
pub fn payouts_list(book: &BookName, user: &UserKey, state: Option<PayoutState>, created: TimeRange) -> PagedList {
    let times = created.named();
    let filter = [user.as_str(), state.map_or("", PayoutState::name)];
    let filter: Vec<&str> = filter.into_iter().chain(times.iter().map(String::as_str)).collect();
    PagedList::new("ListPayouts", book.as_str(), &filter)
}

/// The row after which the page begins; a token of another list is refused.
pub fn after(list: &PagedList, token: &str) -> Result<PageStart, Error> {
    match list.position(token) {
        Ok(None) => Ok(PageStart::NEWEST),
        Ok(Some((created_at_ms, id))) => Ok(PageStart { created_at_ms, id }),
        Err(InvalidPageToken) => Err(Error::PageToken),
    }
}

/// A state to filter by; none for any.
pub fn filter(state: i32) -> Result<Option<PayoutState>, Error> {
    let state = pb::PayoutState::try_from(state).map_err(|_| malformed("state", "must be one of the states that there are"))?;
    Ok(match state {
        pb::PayoutState::Unspecified => None,
        pb::PayoutState::Requested => Some(PayoutState::Requested),
        pb::PayoutState::Held => Some(PayoutState::Held),
        pb::PayoutState::Submitted => Some(PayoutState::Submitted),
        pb::PayoutState::Accepted => Some(PayoutState::Accepted),
        pb::PayoutState::OutcomeUnknown => Some(PayoutState::OutcomeUnknown),
        pb::PayoutState::Settled => Some(PayoutState::Settled),
        pb::PayoutState::Rejected => Some(PayoutState::Rejected),
        pb::PayoutState::InReview => Some(PayoutState::InReview),
        pb::PayoutState::Queued => Some(PayoutState::Queued),
        pb::PayoutState::SettledReturnable => Some(PayoutState::SettledReturnable),
        pb::PayoutState::Cancelled => Some(PayoutState::Cancelled),
    })
}

pub(crate) fn state(state: PayoutState) -> pb::PayoutState {
    match state {
        PayoutState::Requested => pb::PayoutState::Requested,
        PayoutState::Held => pb::PayoutState::Held,
        PayoutState::Submitted => pb::PayoutState::Submitted,
        PayoutState::Accepted => pb::PayoutState::Accepted,
        PayoutState::OutcomeUnknown => pb::PayoutState::OutcomeUnknown,
        PayoutState::Settled => pb::PayoutState::Settled,
        PayoutState::Rejected => pb::PayoutState::Rejected,
        PayoutState::InReview => pb::PayoutState::InReview,
        PayoutState::Queued => pb::PayoutState::Queued,
        PayoutState::SettledReturnable => pb::PayoutState::SettledReturnable,
        PayoutState::Cancelled => pb::PayoutState::Cancelled,
    }
}

/// A payout to cancel.
pub fn cancel(who: Result<(BookName, UserKey), Status>, request: &pb::CancelPayoutRequest) -> Result<CancelRequest, Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(&request.request_id)), wrong.take(who));
    let payout_id = wrong.take(uuid("payout_id", &request.payout_id));
    let (Some(request_id), Some((book, subject)), Some(payout_id)) = (request_id, who, payout_id) else { return Err(wrong.into_status()) };
    Ok(CancelRequest { payout_key: PayoutKey { book, payout_id }, subject, request_id })
}

/// An amount that would be paid to a beneficiary.
pub fn question(
    who: Result<(BookName, UserKey), Status>,
    request: &pb::GetPayoutOptionsRequest,
) -> Result<(BookName, UserKey, Uuid, Money), Status> {
    let mut wrong = Violations::default();
    let (who, beneficiary_id) = (wrong.take(who), wrong.take(uuid("beneficiary_id", &request.beneficiary_id)));
    let amount = wrong.take(money(request.amount.as_ref()));
    let (Some((book, user)), Some(beneficiary_id), Some(amount)) = (who, beneficiary_id, amount) else { return Err(wrong.into_status()) };
    Ok((book, user, beneficiary_id, amount))
}

#[cfg(test)]
mod tests;
