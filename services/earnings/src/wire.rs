//! Protobuf to domain and back: what callers send and get, what is kept of an answer, and what the ledger is asked and answers.
use crate::domain::{Acceptance, Decision, Quote, State};
use api::earnings::{AcceptQuoteRequest, CreateQuoteRequest, Quote as QuoteMessage};
use api::ledger::{CompareAndSet, Guard, PostRequest, PostResponse, RequestField, Transfer, guard::Operation};
use api::r#type::Money as MoneyMessage;
use chrono::{DateTime, Utc};
use db::requests::{Fields, Outcome};
use money::{BookName, Money, UserKey, derive_id};
use prost::Message;
use prost_types::Timestamp;
use tonic::Status;
use tonic_types::pb;
use uuid::Uuid;

/// The kind of a conversion's posting.
const KIND: &str = "conversion";
/// The scope of the ledger's id.
const SCOPE: &str = "earnings.AcceptQuote";

/// What is compared on a retry of CreateQuote: what was sent.
#[must_use]
pub fn create_fields(request: &CreateQuoteRequest) -> Fields {
    let fields = Fields::new().with("diamonds", request.diamonds).with("currency_code", &request.currency_code);
    if request.user_id.is_empty() { fields } else { fields.with("user_id", &request.user_id) }
}

/// A quote as callers see it.
#[must_use]
pub fn quote(quote: &Quote) -> QuoteMessage {
    QuoteMessage {
        quote_id: quote.id.hyphenated().to_string(),
        user_id: quote.user.to_string(),
        diamonds: quote.diamonds.get(),
        rate: quote.rate.to_string(),
        rate_date: quote.rate_date.to_string(),
        rate_card_version: quote.rate_card_version.clone(),
        gross: Some(money(quote.amounts.gross)),
        withholding: Some(money(quote.amounts.withholding)),
        fee: Some(money(quote.amounts.fee)),
        net: Some(money(quote.amounts.net)),
        expire_time: Some(timestamp(quote.expire_time)),
        posting_id: match &quote.state {
            State::Open | State::Accepting(_) => String::new(),
            State::Used { posting_id } => posting_id.clone(),
        },
    }
}

/// Money as callers see it.
#[must_use]
pub fn money(money: Money) -> MoneyMessage {
    MoneyMessage { currency_code: money.currency().code().to_owned(), minor_units: money.minor_units() }
}

fn timestamp(time: DateTime<Utc>) -> Timestamp {
    let nanos = i32::try_from(time.timestamp_subsec_nanos()).unwrap_or(0);
    Timestamp { seconds: time.timestamp(), nanos }
}

/// What is kept under a request id that made a quote.
#[must_use]
pub fn kept_answer(quote: &Quote) -> Outcome {
    Outcome { bytes: self::quote(quote).encode_to_vec(), refusal: false }
}

/// What is kept under a request id that was refused.
#[must_use]
pub fn kept_refusal(status: &Status) -> Outcome {
    let (code, message) = (i32::from(status.code()), status.message().to_owned());
    // tonic keeps the details as the encoded message that we want.
    let whole = pb::Status::decode(status.details()).ok().filter(|whole| whole.code == code);
    let whole = whole.unwrap_or_else(|| pb::Status { code, message, details: Vec::new() });
    Outcome { bytes: whole.encode_to_vec(), refusal: true }
}

/// Reads back what was kept: the quote as it was answered, or the refusal.
pub fn kept(outcome: &Outcome) -> Result<Result<QuoteMessage, Status>, sqlx::Error> {
    let unreadable = |error: prost::DecodeError| sqlx::Error::Decode(Box::new(error));
    if !outcome.refusal {
        return Ok(Ok(QuoteMessage::decode(outcome.bytes.as_slice()).map_err(unreadable)?));
    }
    let status = pb::Status::decode(outcome.bytes.as_slice()).map_err(unreadable)?;
    Ok(Err(Status::with_details(status.code.into(), status.message, outcome.bytes.clone().into())))
}

/// The acceptance a request holds.
#[must_use]
pub fn acceptance(request_id: Uuid, request: &AcceptQuoteRequest) -> Acceptance {
    Acceptance { request_id, user_named: request.user_id.clone() }
}

/// What the ledger is asked for when `user` accepts a quote: exactly what was quoted, once.
#[must_use]
pub fn conversion(book: &BookName, quote: &Quote, acceptance: &Acceptance, decision: Decision) -> PostRequest {
    let post = PostRequest { kind: KIND.to_owned(), ..base(book, &quote.user, acceptance, &quote.id.hyphenated().to_string()) };
    match decision {
        Decision::Convert => PostRequest { transfers: transfers(quote), guards: vec![once(quote.id)], ..post },
        Decision::Expired => PostRequest {
            refusal: "QUOTE_EXPIRED".to_owned(),
            refusal_detail: format!("expire_time={}", quote.expire_time.to_rfc3339()),
            ..post
        },
    }
}

/// What the ledger is asked to remember when there is no such quote for `user`: an id that accepted another quote keeps its answer.
#[must_use]
pub fn unknown(book: &BookName, user: &UserKey, acceptance: &Acceptance, quote_id: &str) -> PostRequest {
    let refusal = "QUOTE_UNKNOWN".to_owned();
    PostRequest { kind: KIND.to_owned(), refusal, ..base(book, user, acceptance, quote_id) }
}

fn base(book: &BookName, user: &UserKey, acceptance: &Acceptance, quote_id: &str) -> PostRequest {
    let id = derive_id(acceptance.request_id, &[SCOPE, book.as_str(), user.as_str()]);
    let field = |name: &str, value: &str| RequestField { name: name.to_owned(), value: value.to_owned() };
    let mut request_fields = vec![field("quote_id", quote_id)];
    if !acceptance.user_named.is_empty() {
        request_fields.push(field("user_id", &acceptance.user_named));
    }
    PostRequest { book: book.to_string(), request_id: id.hyphenated().to_string(), request_fields, ..PostRequest::default() }
}

fn once(quote: Uuid) -> Guard {
    Guard { key: format!("quote/{quote}"), operation: Some(Operation::CompareAndSet(CompareAndSet { expected: 0, next: 1 })) }
}

/// Diamonds go out of circulation. The cost is recognised now, and what was accrued goes to the creator, the tax office and us.
fn transfers(quote: &Quote) -> Vec<Transfer> {
    let amounts = quote.amounts;
    let currency = amounts.gross.currency();
    let house = |purpose: &str| format!("house/{purpose}/{currency}");
    let accrued = house("accrued_creator_liability");
    let transfer = |debit_account: String, credit_account: String, amount: i64| Transfer {
        debit_account,
        credit_account,
        amount,
        ..Transfer::default()
    };
    let mut transfers = vec![
        transfer(diamonds_account(&quote.user), "house/diamonds/redeemed".to_owned(), quote.diamonds.get()),
        transfer(house("creator_cost"), accrued.clone(), amounts.gross.minor_units()),
        transfer(accrued.clone(), format!("creator/{}/payable/{currency}", quote.user), amounts.net.minor_units()),
        transfer(accrued.clone(), house("withholding_payable"), amounts.withholding.minor_units()),
        transfer(accrued, house("fee_income"), amounts.fee.minor_units()),
    ];
    // The ledger moves nothing less than one.
    transfers.retain(|transfer| transfer.amount > 0);
    transfers
}

/// Where a creator's diamonds are.
#[must_use]
pub fn diamonds_account(user: &UserKey) -> String {
    format!("creator/{user}/diamonds")
}

/// The ledger's answer isn't a conversion.
#[derive(Debug, thiserror::Error)]
#[error("the ledger's answer is not a conversion: {0}")]
pub struct Unreadable(&'static str);

/// A conversion as the ledger posted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The posting.
    pub posting_id: String,
    /// Diamonds left.
    pub diamonds: i64,
    /// Sequence number of that state.
    pub balance_seq: i64,
    /// True when the id had been answered before.
    pub replayed: bool,
}

/// Reads the ledger's answer.
pub fn converted(response: PostResponse) -> Result<Converted, Unreadable> {
    let posting = response.posting.ok_or(Unreadable("no posting"))?;
    let diamonds = posting.transfers.into_iter().find(|transfer| transfer.unit == "DIAMOND").ok_or(Unreadable("no diamonds"))?;
    let after = diamonds.debit_after.ok_or(Unreadable("no balance after it"))?;
    Ok(Converted { posting_id: posting.posting_id, diamonds: after.balance, balance_seq: after.balance_seq, replayed: response.replayed })
}

#[cfg(test)]
mod tests;
