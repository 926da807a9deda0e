//! Quotes and conversions, in order: earlier answers under this id, rules, records, the ledger's answer.
use crate::{
    domain::{self, Acceptance, Quote, QuoteState, Unpriced},
    error::{Error, Proven},
    postings,
    rates::RateCard,
    store::Store,
    wire::{self, Converted},
};
use api::earnings::{AcceptQuoteRequest, CreateQuoteRequest, Quote as QuoteMessage};
use chart::{Account, BookKind};
use db::requests::{KeptAnswer, RequestKey, RequestStanding};
use jiff::Timestamp;
use ledger_client::{CreatorDiamonds, CreatorPayable, LedgerClient, PostingDraft};
use money::time::{Clock, moment_ms, unix_ms, utc_day};
use money::{BookName, Currency, Diamonds, RequestId, UserKey};
use rpc::Violations;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use uuid::Uuid;

/// The RPC's name in the table of requests.
const CREATE_QUOTE: &str = "CreateQuote";

/// How often an acceptance may find that another one came first and failed. Each try has seen one fail, so a few are plenty.
const CLAIM_ATTEMPTS_MAX: usize = 8;
/// How long the worker waits for the ledger, so that one acceptance does not delay the others.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an acceptance is left to its call before the worker takes over, and between two attempts of the worker: longer than a call may take.
const SETTLE_AFTER_MS: i64 = 30_000;

/// The use cases.
#[derive(Clone)]
pub struct Earnings {
    /// Our tables.
    pub store: Store,
    /// The ledger.
    pub ledger: LedgerClient,
    /// What diamonds are worth.
    pub rates: Arc<RateCard>,
    /// The time.
    pub clock: Clock,
}

/// A creator's balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatorFunds {
    /// Received and not converted.
    pub diamonds: CreatorDiamonds,
    /// Money not paid out yet, by currency, holds subtracted: what there is, and what is frozen.
    pub payable: Vec<CreatorPayable>,
}

/// An accepted quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The quote, now used.
    pub quote: Quote,
    /// The conversion as the ledger posted it.
    pub converted: Converted,
}

impl Earnings {
    /// A creator's balances, from the ledger's committed state. All diamonds are ready: the card knows no maturity yet.
    pub async fn funds(&self, book: &BookName, user: &UserKey) -> Result<CreatorFunds, Error> {
        let currencies = self.rates.currencies();
        let payables = currencies.iter().map(|currency| self.ledger.creator_payable(book, user, *currency));
        let (diamonds, payable) =
            futures::future::try_join(self.ledger.creator_diamonds(book, user), futures::future::try_join_all(payables)).await?;
        Ok(CreatorFunds {
            diamonds,
            payable: payable.into_iter().filter(|payable| payable.available.minor_units() > 0 || payable.frozen).collect(),
        })
    }

    /// The same for staff, who may have mistyped the name: refused where the ledger has no account of this user and nothing was ever quoted to the user.
    pub async fn funds_of_another(&self, book: &BookName, user: &UserKey) -> Result<CreatorFunds, Error> {
        let funds = self.funds(book, user).await?;
        if funds.payable.is_empty() {
            self.must_know(book, user).await?;
        }
        Ok(funds)
    }

    /// Refused where nothing is known of this user.
    pub async fn must_know(&self, book: &BookName, user: &UserKey) -> Result<(), Error> {
        if !self.store.of_user(book, user, None, 1).await?.is_empty() || self.ledger.has_accounts(book, user).await? {
            return Ok(());
        }
        // Money that was imported has neither.
        let currencies = self.rates.currencies();
        let payables = currencies.iter().map(|currency| self.ledger.has_account(book, Account::creator_payable(user, *currency)));
        let known = futures::future::try_join_all(payables).await?.contains(&true);
        if known { Ok(()) } else { Err(Error::UserUnknown(user.to_string())) }
    }

    /// Makes a quote, or repeats the first answer. The flag says which.
    pub async fn create(&self, book: &BookName, user: &UserKey, request: &CreateQuoteRequest) -> Result<(QuoteMessage, bool), Error> {
        let now = (self.clock)();
        let (id, diamonds) = checked(request)?;
        let key = RequestKey { book, subject: user, rpc: CREATE_QUOTE, request_id: &id };
        match self.store.begin(key, &wire::create_fields(request), now).await? {
            RequestStanding::Reused { differing } => return Err(Error::Reused { differing }),
            RequestStanding::Replay(outcome) => return Ok((read_kept(&outcome)?, true)),
            // Nothing has been moved, so an attempt that a crash cut short is simply repeated, under the same derived id.
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
        }
        if self.rates.is_built_in() && self.ledger.book(book).await? == Some(BookKind::Live) {
            return Err(Error::ListBuiltIn);
        }
        let outcome = match self.price(book, user, diamonds, &request.currency_code, now).await {
            Ok(priced) => {
                let id = chart::id::quote(id.uuid(), book, user.as_str());
                let quote = Quote { id, user: user.clone(), ..priced };
                self.store.keep(key, &wire::kept_answer(&quote), &quote, now).await?
            }
            Err(error) => match error.kept() {
                Some(refusal) => self.store.refuse(key, &wire::kept_refusal(&refusal), now).await?,
                None => return Err(error),
            },
        };
        Ok((read_kept(&outcome)?, false))
    }

    /// A quote not yet stored for anybody. Refusals in order: no rate, too small, not enough diamonds.
    async fn price(
        &self,
        book: &BookName,
        user: &UserKey,
        diamonds: Diamonds,
        currency_code: &str,
        now: SystemTime,
    ) -> Result<Quote, Error> {
        // The tables keep milliseconds, and a quote read from them must equal the quote as made.
        let now = moment(now);
        let unsupported = || Error::CurrencyUnsupported(currency_code.to_owned());
        let currency = Currency::try_new(currency_code).map_err(|_| unsupported())?;
        let rate = self.rates.rate(currency, utc_day(now)).ok_or_else(unsupported)?;
        let terms = self.rates.terms();
        let amounts = domain::amounts(diamonds, rate, terms).map_err(|unpriced| match unpriced {
            Unpriced::TooSmall { minimum } => Error::AmountTooSmall { minimum },
            Unpriced::TooLarge => Error::Malformed {
                field: "diamonds",
                why: "must be fewer: their money is more than an amount of this currency can hold".to_owned(),
            },
        })?;
        let available = self.ledger.creator_diamonds(book, user).await?.available;
        if available < diamonds {
            return Err(Error::InsufficientFunds { needed: diamonds.get().to_string(), available: available.get().to_string() });
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
            state: QuoteState::Open,
        })
    }

    /// The owner of a quote.
    pub async fn owner(&self, book: &BookName, id: Uuid) -> Result<UserKey, Error> {
        Ok(self.load(book, id).await?.ok_or(Error::QuoteUnknown)?.user)
    }

    /// A quote in its present state; an acceptance whose outcome was lost is settled first.
    pub async fn quote(&self, book: &BookName, id: Uuid) -> Result<Quote, Error> {
        let quote = self.load(book, id).await?.ok_or(Error::QuoteUnknown)?;
        let QuoteState::Accepting(acceptance) = &quote.state else { return Ok(quote) };
        let acceptance = acceptance.clone();
        self.settle_open(book, &quote, &acceptance, (self.clock)()).await?;
        self.load(book, id).await?.ok_or(Error::QuoteUnknown)
    }

    /// Converts as quoted, or repeats the first answer.
    pub async fn accept(&self, book: &BookName, user: &UserKey, request: &AcceptQuoteRequest) -> Result<Accepted, Error> {
        let now = (self.clock)();
        let mut wrong = Violations::default();
        let request_id = wrong.take(RequestId::parse(&request.request_id).map_err(|error| rpc::malformed("request_id", &error.must())));
        let quote_id = wrong.take(Uuid::try_parse(&request.quote_id).map_err(|_| rpc::malformed("quote_id", "must be a UUID")));
        let (Some(request_id), Some(quote_id)) = (request_id, quote_id) else { return Err(Error::Violations(wrong.into_status().into())) };
        let own = wire::acceptance(request_id.uuid(), request);
        for _ in 0..CLAIM_ATTEMPTS_MAX {
            let Some(quote) = self.load(book, quote_id).await?.filter(|quote| quote.user == *user) else {
                // The ledger is called, so that an id that accepted another quote is REQUEST_ID_REUSED, and the refusal is kept.
                self.ledger.post(book, postings::unknown(book, user, &own, quote_id)).await?;
                return Err(Error::QuoteUnknown);
            };
            match &quote.state {
                // Only the ledger knows whether this acceptance used it, and it always gives the same answer.
                QuoteState::Used { .. } => return self.post(book, &quote, postings::conversion(book, &quote, &own)).await,
                QuoteState::Accepting(other) if *other != own => {
                    let other = other.clone();
                    self.settle_open(book, &quote, &other, now).await?;
                }
                QuoteState::Accepting(_) => {
                    if self.store.accepting_again(book, quote.id, &own, settle_at_ms(now)).await? {
                        return self.settle(book, &quote, &own, postings::conversion(book, &quote, &own)).await;
                    }
                }
                QuoteState::Open => match quote.decide(moment(now)) {
                    // An id that was accepted in time keeps that answer, which the ledger has.
                    domain::Decision::Expired => return self.post(book, &quote, postings::expired(book, &quote, &own)).await,
                    domain::Decision::Convert => {
                        if self.store.accepting(book, quote.id, &own, settle_at_ms(now)).await? {
                            return self.settle(book, &quote, &own, postings::conversion(book, &quote, &own)).await;
                        }
                    }
                },
            }
        }
        Err(Error::Contended)
    }

    /// Makes due, as of `now`, acceptances that a clock which was ahead has put off; how many.
    pub(crate) async fn end_impossible_waits(&self, now: SystemTime) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
        self.store.end_impossible_waits(SETTLE_AFTER_MS, unix_ms(now)).await
    }

    /// Settles acceptances that nobody retries, as of `now`; returns how many are settled.
    pub(crate) async fn settle_due(&self, now: SystemTime, count_max: i64) -> Result<usize, Error> {
        let mut settled = 0;
        for (book, quote) in self.store.to_settle(unix_ms(now), count_max).await? {
            let QuoteState::Accepting(acceptance) = quote.state.clone() else { continue };
            match rpc::deadline::within(SETTLE_TIMEOUT, self.settle_open(&book, &quote, &acceptance, now)).await {
                Ok(()) => settled += 1,
                Err(error) => tracing::warn!(%error, quote_id = %quote.id, "an accepted quote could not be settled yet; it is retried"),
            }
        }
        Ok(settled)
    }

    /// Determines the outcome of a recorded acceptance. An error means that it is still unknown.
    async fn settle_open(&self, book: &BookName, quote: &Quote, acceptance: &Acceptance, now: SystemTime) -> Result<(), Error> {
        if !self.store.accepting_again(book, quote.id, acceptance, settle_at_ms(now)).await? {
            return Ok(());
        }
        match self.settle(book, quote, acceptance, postings::conversion(book, quote, acceptance)).await {
            Ok(_) => Ok(()),
            Err(error) if error.proves() == Proven::NeverPosted => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Posts an acceptance that is recorded as attempted, under its own id, which makes it happen once; and records the outcome.
    async fn settle(&self, book: &BookName, quote: &Quote, acceptance: &Acceptance, conversion: PostingDraft) -> Result<Accepted, Error> {
        let error = match self.post(book, quote, conversion).await {
            Ok(accepted) => return Ok(accepted),
            Err(error) => error,
        };
        match (error.proves(), error) {
            (Proven::NeverPosted, error) => {
                self.store.not_accepted(book, quote.id, acceptance).await?;
                Err(error)
            }
            (Proven::ThisAttemptWasNot, Error::Ledger(not_posted)) => {
                let only = self.store.not_attempted(book, quote.id, acceptance).await?;
                Err(if only { Error::Ledger(not_posted) } else { Error::EarlierAttempt(not_posted) })
            }
            (Proven::ThisAttemptWasNot | Proven::Nothing, error) => Err(error),
        }
    }

    async fn post(&self, book: &BookName, quote: &Quote, draft: PostingDraft) -> Result<Accepted, Error> {
        let posted = self.ledger.post(book, draft).await.map_err(|not_posted| Error::of_conversion(not_posted, &quote.user))?;
        let converted = wire::converted(posted)?;
        self.mark(book, quote.clone(), converted).await
    }

    async fn mark(&self, book: &BookName, quote: Quote, converted: Converted) -> Result<Accepted, Error> {
        self.store.used(book, quote.id, &converted.posting_id).await?;
        let quote = Quote { state: QuoteState::Used { posting_id: converted.posting_id.clone() }, ..quote };
        Ok(Accepted { quote, converted })
    }

    async fn load(&self, book: &BookName, id: Uuid) -> Result<Option<Quote>, Error> {
        Ok(self.store.quote(book, id).await?)
    }
}

/// The clock's time to the millisecond, rounded down.
fn moment(now: SystemTime) -> Timestamp {
    moment_ms(unix_ms(now))
}

/// When the worker takes over an acceptance whose call begins now.
fn settle_at_ms(now: SystemTime) -> i64 {
    unix_ms(now).saturating_add(SETTLE_AFTER_MS)
}

fn checked(request: &CreateQuoteRequest) -> Result<(RequestId, Diamonds), Error> {
    let mut wrong = Violations::default();
    let id = wrong.take(RequestId::parse(&request.request_id).map_err(|error| rpc::malformed("request_id", &error.must())));
    let diamonds = Diamonds::try_new(request.diamonds).ok().filter(|diamonds| *diamonds > Diamonds::ZERO);
    let diamonds = wrong.take(diamonds.ok_or_else(|| rpc::malformed("diamonds", "must be 1 to 2^53")));
    let code = &request.currency_code;
    let is_code = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    if !is_code {
        wrong.add(rpc::malformed("currency_code", "must be three upper-case letters (ISO 4217)"));
    }
    let (Some(id), Some(diamonds), true) = (id, diamonds, is_code) else { return Err(Error::Violations(wrong.into_status().into())) };
    Ok((id, diamonds))
}

fn read_kept(outcome: &KeptAnswer) -> Result<QuoteMessage, Error> {
    wire::kept(outcome)?.map_err(Error::Again)
}
