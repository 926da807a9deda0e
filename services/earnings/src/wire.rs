//! Protobuf to domain and back: requests and answers of callers, kept answers, and answers of the ledger.
use crate::domain::{Acceptance, Quote, QuoteState};
use api::earnings::{AcceptQuoteRequest, CreateQuoteRequest, Quote as QuoteMessage};
use api::ledger::PostResponse;
use chart::Unit;
use db::requests::{KeptAnswer, SentFields};
use ledger_client::BalanceSeq;
use money::{BookName, Diamonds, UserKey};
use prost::Message;
use rpc::{
    StickyRefusal,
    page::{InvalidPageSize, InvalidPageToken, PageSizes, PagedList},
    wire::{money, timestamp_ms, timestamp_us},
};
use tonic::Status;
use tonic_types::pb;
use uuid::Uuid;

/// Quotes of one page: default and maximum.
const PAGES: PageSizes = PageSizes { default: 50, max: 200 };

/// The fields compared on a retry of CreateQuote, as sent.
#[must_use]
pub fn create_fields(request: &CreateQuoteRequest) -> SentFields {
    let fields = SentFields::new().with("diamonds", request.diamonds).with("currency_code", &request.currency_code);
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
        expire_time: Some(timestamp_us(quote.expire_time.as_microsecond())),
        posting_id: match &quote.state {
            QuoteState::Open | QuoteState::Accepting(_) => String::new(),
            QuoteState::Used { posting_id } => posting_id.clone(),
        },
        create_time: Some(timestamp_ms(quote.create_time.as_millisecond())),
    }
}

/// A creator's quotes, as their page tokens are bound to them.
#[must_use]
pub fn quotes_list(book: &BookName, user: &UserKey) -> PagedList {
    PagedList::new("ListQuotes", book.as_str(), &[user.as_str()])
}

/// The number of rows of the requested page.
pub fn page_size(asked: i32) -> Result<usize, Status> {
    PAGES.read(asked).map_err(|InvalidPageSize| rpc::malformed("page_size", "must not be negative"))
}

/// When the quote was made after which a page begins, and its id; `None`: the page begins with the newest.
pub fn quote_place(list: &PagedList, token: &str) -> Result<Option<(i64, Uuid)>, Status> {
    list.position(token).map_err(|InvalidPageToken| rpc::errors::page_token())
}

/// The answer kept under a request id that made a quote.
#[must_use]
pub fn kept_answer(quote: &Quote) -> KeptAnswer {
    KeptAnswer { bytes: self::quote(quote).encode_to_vec(), refusal: false }
}

/// The answer kept under a request id that was refused.
#[must_use]
pub fn kept_refusal(refusal: &StickyRefusal) -> KeptAnswer {
    KeptAnswer { bytes: refusal.to_bytes(), refusal: true }
}

/// Reads a kept answer: the quote as it was answered, or the refusal; also in the form of older programs, an encoded `google.rpc.Status`.
pub fn kept(outcome: &KeptAnswer) -> Result<Result<QuoteMessage, Status>, sqlx::Error> {
    let unreadable = |error: prost::DecodeError| sqlx::Error::Decode(Box::new(error));
    if !outcome.refusal {
        return Ok(Ok(QuoteMessage::decode(outcome.bytes.as_slice()).map_err(unreadable)?));
    }
    if let Some(refusal) = StickyRefusal::from_bytes(&outcome.bytes) {
        return Ok(Err(refusal.status()));
    }
    let status = pb::Status::decode(outcome.bytes.as_slice()).map_err(unreadable)?;
    Ok(Err(Status::with_details(status.code.into(), status.message, outcome.bytes.clone().into())))
}

/// The acceptance in a request.
#[must_use]
pub fn acceptance(request_id: Uuid, request: &AcceptQuoteRequest) -> Acceptance {
    Acceptance { request_id, user_named: request.user_id.clone() }
}

/// The ledger's answer isn't a conversion.
#[derive(Debug, thiserror::Error)]
#[error("the ledger's answer is not a conversion: {0}")]
pub struct NotAConversion(&'static str);

/// A conversion as the ledger posted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// The posting.
    pub posting_id: String,
    /// Diamonds left.
    pub diamonds: Diamonds,
    /// The position of that state among the account's states.
    pub seq: BalanceSeq,
    /// True when the id had been answered before.
    pub replayed: bool,
}

/// Reads the ledger's answer.
pub fn converted(response: PostResponse) -> Result<Converted, NotAConversion> {
    let posting = response.posting.ok_or(NotAConversion("no posting"))?;
    let diamonds = posting
        .transfers
        .into_iter()
        .find(|transfer| Unit::parse(&transfer.unit) == Some(Unit::Diamond))
        .ok_or(NotAConversion("no diamonds"))?;
    let after = diamonds.debit_after.ok_or(NotAConversion("no balance after it"))?;
    Ok(Converted {
        posting_id: posting.posting_id,
        diamonds: Diamonds::try_new(after.balance).map_err(|_| NotAConversion("diamonds out of range"))?,
        seq: BalanceSeq::new(after.balance_seq),
        replayed: response.replayed,
    })
}

#[cfg(test)]
mod tests;
