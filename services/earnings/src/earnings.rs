//! Quotes and conversions, in order: what was asked under this id before, what the rules say, what is written down, what the ledger says.
use crate::{
    domain::{self, Acceptance, Quote, State, Unpriced},
    error::Error,
    ledger::Ledger,
    rates::RateCard,
    store::Store,
    wire::{self, Converted},
};
use api::earnings::{AcceptQuoteRequest, CreateQuoteRequest, Quote as QuoteMessage};
use chrono::{DateTime, SubsecRound, Utc};
use db::requests::{Begun, Key, Outcome};
use money::{BookName, Currency, Diamonds, Money, RequestId, UserKey, derive_id};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use tonic::Status;
use uuid::Uuid;

/// The RPC's name in the table of requests.
const CREATE_QUOTE: &str = "CreateQuote";

/// How often an acceptance may find that another one came first and failed. Each try has seen one fail, so that a few are plenty.
const CLAIM_ATTEMPTS_MAX: usize = 8;
/// When to try again after that.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// Where the time comes from; read once per use case.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// The use cases.
#[derive(Clone)]
pub struct Earnings {
    /// Our tables.
    pub store: Store,
    /// The ledger.
    pub ledger: Ledger,
    /// What diamonds are worth.
    pub rates: Arc<RateCard>,
    /// The time.
    pub clock: Clock,
}

/// What a creator has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Diamonds.
    pub diamonds: i64,
    /// Of those, ready for conversion.
    pub matured: i64,
    /// Money not paid out yet, by currency, holds subtracted.
    pub payable: Vec<Money>,
    /// Sequence number of the diamonds' state.
    pub balance_seq: i64,
}

/// An accepted quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The quote, used.
    pub quote: Quote,
    /// What the ledger posted.
    pub converted: Converted,
}

impl Earnings {
    /// What a creator has, from the ledger's committed state. All diamonds are ready: the card knows no maturity yet.
    pub async fn held(&self, book: &BookName, user: &UserKey) -> Result<Held, Error> {
        let currencies = self.rates.currencies();
        let payables = currencies.iter().map(|currency| self.payable(book, user, *currency));
        let diamonds = wire::diamonds_account(user);
        let (diamonds, payable) =
            futures::future::try_join(self.ledger.account(book, &diamonds), futures::future::try_join_all(payables)).await?;
        Ok(Held {
            diamonds: diamonds.balance,
            matured: diamonds.available.max(0),
            payable: payable.into_iter().flatten().collect(),
            balance_seq: diamonds.balance_seq,
        })
    }

    async fn payable(&self, book: &BookName, user: &UserKey, currency: Currency) -> Result<Option<Money>, Error> {
        let account = self.ledger.account(book, &format!("creator/{user}/payable/{currency}")).await?;
        Ok(Money::try_new(currency, account.available).ok().filter(|money| money.minor_units() > 0))
    }

    /// Makes a quote, or gives the first answer again. The flag says which.
    pub async fn create(&self, book: &BookName, user: &UserKey, request: &CreateQuoteRequest) -> Result<(QuoteMessage, bool), Error> {
        let now = (self.clock)();
        let (id, diamonds) = checked(request)?;
        let key = Key { book, subject: user, rpc: CREATE_QUOTE, request_id: &id };
        match self.store.begin(key, &wire::create_fields(request), now).await? {
            Begun::Reused { differing } => return Err(Error::Reused { differing }),
            Begun::Replay(outcome) => return Ok((read_kept(&outcome)?, true)),
            // Nothing has been moved, so that what a crash left is simply done again, under the same derived id.
            Begun::New | Begun::Unfinished { .. } => {}
        }
        let outcome = match self.price(book, user, diamonds, &request.currency_code, now).await {
            Ok(priced) => {
                let id = quote_id(id.uuid(), book, user);
                let quote = Quote { id, user: user.clone(), ..priced };
                self.store.keep(key, &wire::kept_answer(&quote), &quote, now).await?
            }
            Err(error) if is_sticky(&error) => self.store.refuse(key, &wire::kept_refusal(&Status::from(error)), now).await?,
            Err(error) => return Err(error),
        };
        Ok((read_kept(&outcome)?, false))
    }

    /// A quote for nobody yet. Reasons in order: no rate, too small, not enough diamonds.
    async fn price(
        &self,
        book: &BookName,
        user: &UserKey,
        diamonds: Diamonds,
        currency_code: &str,
        now: SystemTime,
    ) -> Result<Quote, Error> {
        // The tables keep milliseconds, and a quote must read the same from them as when it was made.
        let now = DateTime::<Utc>::from(now).trunc_subsecs(3);
        let unsupported = || Error::CurrencyUnsupported(currency_code.to_owned());
        let currency = Currency::try_new(currency_code).map_err(|_| unsupported())?;
        let rate = self.rates.rate(currency, now.date_naive()).ok_or_else(unsupported)?;
        let terms = self.rates.terms();
        let amounts = domain::amounts(diamonds, rate, terms).map_err(|unpriced| match unpriced {
            Unpriced::TooSmall { minimum } => Error::AmountTooSmall { minimum },
            Unpriced::TooLarge => Error::Malformed { field: "diamonds", why: "more than an amount of this currency can hold".to_owned() },
        })?;
        let available = self.ledger.account(book, &wire::diamonds_account(user)).await?.available.max(0);
        if available < diamonds.get() {
            return Err(Error::InsufficientFunds { needed: diamonds.get().to_string(), available: available.to_string() });
        }
        Ok(Quote {
            id: Uuid::nil(),
            user: user.clone(),
            diamonds,
            rate: rate.per_diamond,
            rate_date: rate.from,
            rate_card_version: self.rates.version().to_owned(),
            amounts,
            create_time: now,
            expire_time: domain::expiry(now, terms),
            state: State::Open,
        })
    }

    /// Whose a quote is.
    pub async fn owner(&self, book: &BookName, id: Uuid) -> Result<UserKey, Error> {
        Ok(self.load(book, id).await?.ok_or(Error::QuoteUnknown)?.user)
    }

    /// A quote as it is now; an acceptance whose outcome was lost is settled first.
    pub async fn quote(&self, book: &BookName, id: Uuid) -> Result<Quote, Error> {
        let quote = self.load(book, id).await?.ok_or(Error::QuoteUnknown)?;
        match &quote.state {
            State::Open | State::Used { .. } => Ok(quote),
            State::Accepting(acceptance) => {
                let acceptance = acceptance.clone();
                match self.settle(book, &quote, &acceptance).await {
                    Ok(accepted) => Ok(accepted.quote),
                    Err(error) if error.leaves_outcome_open() || is_busy(&error) => Err(error),
                    Err(_) => self.load(book, id).await?.ok_or(Error::QuoteUnknown),
                }
            }
        }
    }

    /// Converts as quoted, or gives the first answer again.
    pub async fn accept(&self, book: &BookName, user: &UserKey, request: &AcceptQuoteRequest) -> Result<Accepted, Error> {
        let now = DateTime::<Utc>::from((self.clock)());
        let malformed = |field, error: &dyn std::fmt::Display| Error::Malformed { field, why: error.to_string() };
        let request_id = RequestId::parse(&request.request_id).map_err(|error| malformed("request_id", &error))?;
        let quote_id = Uuid::try_parse(&request.quote_id).map_err(|_| malformed("quote_id", &"must be a UUID"))?;
        let acceptance = wire::acceptance(request_id.uuid(), request);
        let Some(quote) = self.load(book, quote_id).await?.filter(|quote| quote.user == *user) else {
            return self.refuse_unknown(book, user, &acceptance, quote_id).await;
        };
        let quote = self.settle_other(book, quote, &acceptance).await?;
        match quote.decide(now) {
            domain::Decision::Expired => {
                // An id that had been accepted in time keeps that answer; the ledger knows.
                let post = wire::conversion(book, &quote, &acceptance, domain::Decision::Expired);
                let converted = self.ledger.post(post).await.and_then(|response| Ok(wire::converted(response)?))?;
                self.mark(book, quote, converted).await
            }
            domain::Decision::Convert => {
                let quote = self.claim(book, quote, &acceptance).await?;
                self.settle(book, &quote, &acceptance).await
            }
        }
    }

    /// Writes down that this acceptance is to be posted, so that a crash can't hide it. When another one was written down in this moment, that one
    /// is settled first.
    async fn claim(&self, book: &BookName, quote: Quote, own: &Acceptance) -> Result<Quote, Error> {
        let mut quote = quote;
        for _ in 0..CLAIM_ATTEMPTS_MAX {
            if quote.state != State::Open || self.store.accepting(book, quote.id, own).await? {
                return Ok(quote);
            }
            let now = self.load(book, quote.id).await?.ok_or(Error::QuoteUnknown)?;
            quote = self.settle_other(book, now, own).await?;
        }
        Err(Error::Ledger(rpc::overload(RETRY_AFTER)))
    }

    /// What another acceptance left open is settled first: if it did happen, this one is too late.
    async fn settle_other(&self, book: &BookName, quote: Quote, own: &Acceptance) -> Result<Quote, Error> {
        let State::Accepting(other) = &quote.state else { return Ok(quote) };
        if other == own {
            return Ok(quote);
        }
        let other = other.clone();
        match self.settle(book, &quote, &other).await {
            Ok(accepted) => Ok(accepted.quote),
            Err(error) if error.leaves_outcome_open() || is_busy(&error) => Err(error),
            Err(_) => self.load(book, quote.id).await?.ok_or(Error::QuoteUnknown),
        }
    }

    /// Posts an acceptance under its own id, which makes it happen once, and writes down what came of it.
    async fn settle(&self, book: &BookName, quote: &Quote, acceptance: &Acceptance) -> Result<Accepted, Error> {
        let post = wire::conversion(book, quote, acceptance, domain::Decision::Convert);
        let answered = self.ledger.post(post).await.and_then(|response| Ok(wire::converted(response)?));
        match answered {
            Ok(converted) => self.mark(book, quote.clone(), converted).await,
            Err(error) => {
                if !error.leaves_outcome_open() {
                    self.store.not_accepted(book, quote.id, acceptance).await?;
                }
                Err(error)
            }
        }
    }

    async fn mark(&self, book: &BookName, quote: Quote, converted: Converted) -> Result<Accepted, Error> {
        self.store.used(book, quote.id, &converted.posting_id).await?;
        let quote = Quote { state: State::Used { posting_id: converted.posting_id.clone() }, ..quote };
        Ok(Accepted { quote, converted })
    }

    /// No such quote for this user. Told to the ledger, so that an id that accepted another quote is REQUEST_ID_REUSED, and the refusal sticks.
    async fn refuse_unknown(&self, book: &BookName, user: &UserKey, acceptance: &Acceptance, quote_id: Uuid) -> Result<Accepted, Error> {
        let post = wire::unknown(book, user, acceptance, &quote_id.hyphenated().to_string());
        self.ledger.post(post).await?;
        Err(Error::QuoteUnknown)
    }

    async fn load(&self, book: &BookName, id: Uuid) -> Result<Option<Quote>, Error> {
        Ok(self.store.quote(book, id).await?)
    }
}

/// The id of the quote that a user's request makes.
#[must_use]
pub fn quote_id(request_id: Uuid, book: &BookName, user: &UserKey) -> Uuid {
    derive_id(request_id, &["earnings.CreateQuote", book.as_str(), user.as_str()])
}

fn checked(request: &CreateQuoteRequest) -> Result<(RequestId, Diamonds), Error> {
    let malformed = |field, why: String| Error::Malformed { field, why };
    let id = RequestId::parse(&request.request_id).map_err(|error| malformed("request_id", error.to_string()))?;
    let diamonds = Diamonds::try_new(request.diamonds).ok().filter(|diamonds| *diamonds > Diamonds::ZERO);
    let diamonds = diamonds.ok_or_else(|| malformed("diamonds", "must be 1 to 2^53".to_owned()))?;
    let code = &request.currency_code;
    if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(malformed("currency_code", "must be three upper-case letters (ISO 4217)".to_owned()));
    }
    Ok((id, diamonds))
}

fn read_kept(outcome: &Outcome) -> Result<QuoteMessage, Error> {
    wire::kept(outcome)?.map_err(Error::Again)
}

/// A rule said no, and will go on saying no to a late duplicate.
fn is_sticky(error: &Error) -> bool {
    matches!(error, Error::CurrencyUnsupported(_) | Error::AmountTooSmall { .. } | Error::InsufficientFunds { .. })
}

/// Nothing happened because somebody was busy or away; the answer would be another one in a moment.
fn is_busy(error: &Error) -> bool {
    match error {
        Error::Unreachable(_) => true,
        Error::Ledger(status) => status.code() == tonic::Code::Unavailable,
        _ => false,
    }
}
