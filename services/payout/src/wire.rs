//! Protobuf to domain and back.

use crate::{
    beneficiaries::{NewBeneficiary, TypedAccount},
    domain::{
        Payout, PayoutState,
        evidence::{REASON_CHARS_MAX, REASON_CODE_CHARS_MAX, plain},
    },
    error::Error,
    payouts::PayoutRequest,
    store::{
        PageStart,
        beneficiaries::Beneficiary,
        steps::{PayoutStep, ShownSteps},
    },
};
use api::payout::{self as pb, create_beneficiary_request::Account};
use iso20022::Rail;
use money::{BookName, Currency, Money, RequestId, UserKey, text::is_plain};
use prost::Message as _;
use rpc::{
    Violations,
    page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList},
    wire::{TimeRange, timestamp_ms},
};
use tonic::Status;
use uuid::Uuid;

/// Longest holder's name, in characters (ISO 20022 `Max140Text`).
const HOLDER_NAME_CHARS_MAX: usize = 140;
/// Longest account field accepted for parsing, in bytes; real ones have at most 34 characters and some blanks.
const ACCOUNT_BYTES_MAX: usize = 64;
/// Most bytes of one payout's steps in an answer.
const STEPS_BYTES_MAX: usize = 64 * 1024;
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

/// A beneficiary to record. The account's own rules are checked later, after the request id.
pub fn create(who: Result<(BookName, UserKey), Status>, request: pb::CreateBeneficiaryRequest) -> Result<NewBeneficiary, Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(&request.request_id)), wrong.take(who));
    let (name, account) = (wrong.take(holder_name(request.holder_name)), wrong.take(account(request.account)));
    let (Some(request_id), Some((book, user)), Some(holder_name), Some(account)) = (request_id, who, name, account) else {
        return Err(wrong.into_status());
    };
    Ok(NewBeneficiary { book, user, request_id, holder_name, account })
}

fn holder_name(name: String) -> Result<String, Error> {
    let chars = name.chars().count();
    // What shows nothing, or turns the rest round, is read otherwise than it is paid.
    let printable = is_plain(&name) && name.trim() == name;
    // Noncharacters are allowed in protobuf strings and not in XML.
    let in_xml = !name.contains(['\u{fffe}', '\u{ffff}']);
    if (1..=HOLDER_NAME_CHARS_MAX).contains(&chars) && printable && in_xml {
        Ok(name)
    } else {
        Err(malformed("holder_name", "must be 1 to 140 printable characters without blank ends"))
    }
}

fn account(account: Option<Account>) -> Result<TypedAccount, Status> {
    let bounded = |field, text: String| {
        if text.len() <= ACCOUNT_BYTES_MAX { Ok(text) } else { Err(malformed(field, "must be an account; this is too long")) }
    };
    match account {
        None => Err(malformed("account", "must be given: iban or aba").into()),
        Some(Account::Iban(iban)) => Ok(TypedAccount::Iban(bounded("iban", iban)?)),
        Some(Account::Aba(pb::AbaAccount { routing_number, account_number })) => {
            let mut wrong = Violations::default();
            let routing_number = wrong.take(bounded("aba.routing_number", routing_number));
            let account_number = wrong.take(bounded("aba.account_number", account_number));
            let (Some(routing_number), Some(account_number)) = (routing_number, account_number) else { return Err(wrong.into_status()) };
            Ok(TypedAccount::Aba { routing_number, account_number })
        }
    }
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

/// A user's beneficiaries, as a list to which page tokens are bound.
#[must_use]
pub fn beneficiaries_list(book: &BookName, user: &UserKey) -> PagedList {
    PagedList::new("ListBeneficiaries", book.as_str(), &[user.as_str()])
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
    })
}

fn state(state: PayoutState) -> pb::PayoutState {
    match state {
        PayoutState::Requested => pb::PayoutState::Requested,
        PayoutState::Held => pb::PayoutState::Held,
        PayoutState::Submitted => pb::PayoutState::Submitted,
        PayoutState::Accepted => pb::PayoutState::Accepted,
        PayoutState::OutcomeUnknown => pb::PayoutState::OutcomeUnknown,
        PayoutState::Settled => pb::PayoutState::Settled,
        PayoutState::Rejected => pb::PayoutState::Rejected,
    }
}

/// A beneficiary, masked.
#[must_use]
pub fn beneficiary(row: &Beneficiary) -> pb::Beneficiary {
    pb::Beneficiary {
        beneficiary_id: row.beneficiary_id.to_string(),
        user_id: row.user.to_string(),
        country: row.country.clone(),
        currency_code: row.currency.to_string(),
        masked_account: row.masked_account.clone(),
        masked_holder_name: row.masked_holder_name.clone(),
        create_time: Some(timestamp_ms(row.created_at_ms)),
    }
}

/// A payout with its steps: the newest, as many as fit. Longer texts from older programs are cut to the present limits.
#[must_use]
pub fn payout((row, shown): &(Payout, ShownSteps)) -> pb::Payout {
    let step = |step: &PayoutStep| pb::PayoutStep {
        state: state(step.state).into(),
        time: Some(timestamp_ms(step.at_ms)),
        note: step.note.clone(),
        times: i32::try_from(step.times).unwrap_or(i32::MAX),
        last_time: Some(timestamp_ms(step.last_at_ms)),
    };
    let mut bytes = 0;
    let fitting = shown.steps.iter().rev().map(step).take_while(|step| {
        bytes += step.encoded_len();
        bytes <= STEPS_BYTES_MAX
    });
    let mut steps: Vec<pb::PayoutStep> = fitting.collect();
    steps.reverse();
    let left_out = shown.left_out.saturating_add(i64::try_from(shown.steps.len() - steps.len()).unwrap_or(i64::MAX));
    let payout_rail = match row.rail {
        Rail::UsRtp => pb::Rail::UsRtp,
        Rail::SepaInstant => pb::Rail::SepaInstant,
    };
    #[allow(deprecated)]
    pb::Payout {
        payout_id: row.payout_id.to_string(),
        user_id: row.user.to_string(),
        beneficiary_id: row.beneficiary_id.to_string(),
        amount: Some(rpc::wire::money(row.amount)),
        state: state(row.state).into(),
        rail: row.rail.name().to_owned(),
        payout_rail: payout_rail.into(),
        end_to_end_id: row.end_to_end_id(),
        bank_status: plain(&row.bank_status, REASON_CODE_CHARS_MAX),
        reason_code: plain(&row.reason_code, REASON_CODE_CHARS_MAX),
        reason: plain(&row.reason, REASON_CHARS_MAX),
        blocked_by: row.blocked_by.clone(),
        steps,
        steps_left_out: i32::try_from(left_out).unwrap_or(i32::MAX),
        hold_posting_id: row.hold_posting_id.clone(),
        submit_posting_id: row.submit_posting_id.clone(),
        final_posting_id: row.final_posting_id.clone(),
        bank_time_ms: row.bank_time_ms,
        total_time_ms: if row.final_at_ms == 0 { 0 } else { row.final_at_ms - row.created_at_ms },
        create_time: Some(timestamp_ms(row.created_at_ms)),
    }
}

#[cfg(test)]
mod tests;
