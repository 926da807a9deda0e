//! Use cases: buying and looking. The order of steps is what makes a crash at any point harmless.
//!
//! A redemption: register the request id; verify; in one transaction keep the purchase (or the refusal); credit by an id derived from
//! the purchase; write the credit and the answer down. Whatever is lost after the purchase was kept is finished by a retry of the
//! request, by another request with the same receipt, or by the sweeper: all three do the same keyed steps.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use db::requests::{self, Begun, Fields, Key, Outcome};
use money::{BookName, RequestId, UserKey};
use uuid::Uuid;

use crate::catalogue::Catalogue;
use crate::domain::{self, Credit, Mode, Purchase, Rates, State, Transaction};
use crate::error::{Error, Refusal, Refused};
use crate::ledger::{Balance, Credited, Ledger};
use crate::receipt::Verifier;
use crate::store::{Store, purchases, wallet};

/// Name under which request ids are kept.
const REDEEM: &str = "RedeemPurchase";

/// What the use cases work with.
#[derive(Debug)]
pub struct Purchases {
    /// Tables.
    pub store: Store,
    /// The ledger.
    pub ledger: Ledger,
    /// Receipts.
    pub verifier: Verifier,
    /// Packages.
    pub catalogue: Arc<Catalogue>,
    /// How a sale splits.
    pub rates: Rates,
    /// How long the sweeper leaves a new purchase to its call, in milliseconds.
    pub sweep_after_ms: i64,
}

/// One request to redeem.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// Whose economy.
    pub book: BookName,
    /// Who calls.
    pub subject: UserKey,
    /// Who bought.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// The receipt.
    pub signed_transaction: String,
    /// What the caller sent.
    pub fields: Fields,
}

/// A redeemed purchase.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// Which.
    pub purchase: Purchase,
    /// What the ledger answered at the credit.
    pub credit: Credit,
    /// Answered before, under this id or another.
    pub replayed: bool,
}

impl Redeem {
    fn key(&self) -> Key<'_> {
        Key { book: &self.book, subject: &self.subject, rpc: REDEEM, request_id: &self.request_id }
    }
}

impl Purchases {
    /// The user's coins and token.
    pub async fn wallet(&self, book: &BookName, user: &UserKey) -> Result<(Balance, String), Error> {
        let mode = self.ledger.mode(book).await.map_err(|status| Error::Ledger(Box::new(status)))?;
        mode.ok_or_else(|| Error::BookUnknown(book.to_string()))?;
        let balance = self.ledger.balance(book, user).await.map_err(|status| Error::Ledger(Box::new(status)))?;
        Ok((balance, self.store.app_account_token(book, user).await?))
    }

    /// Credits the coins of a receipt, once.
    pub async fn redeem(&self, redeem: &Redeem) -> Result<Redeemed, Error> {
        let now = SystemTime::now();
        let mode = self.ledger.mode(&redeem.book).await.map_err(|status| Error::Ledger(Box::new(status)))?;
        let mode = mode.ok_or_else(|| Error::BookUnknown(redeem.book.to_string()))?;
        match self.register(redeem, now).await? {
            Begun::Reused { differing } => return Err(Error::RequestIdReused { differing }),
            Begun::Replay(outcome) => return self.replay(redeem, &outcome).await,
            // Unfinished: lost in a crash, or under way. Every step below is keyed, so doing them again is right in both cases.
            Begun::New | Begun::Unfinished { .. } => {}
        }
        let kept = match self.judge(redeem, mode, now) {
            Ok((new, transaction)) => self.keep(redeem, &new, &transaction, now).await?,
            Err(refused) => Err(refused),
        };
        match kept {
            Ok(purchase) => self.finish(redeem, purchase, now).await,
            Err(refused) => Err(self.refuse(redeem, refused, now).await?),
        }
    }

    async fn register(&self, redeem: &Redeem, now: SystemTime) -> Result<Begun, Error> {
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let begun = requests::begin(&mut connection, redeem.key(), &redeem.fields, now).await;
        Ok(begun.map_err(crate::store::Error::from)?)
    }

    /// Reads the receipt. No I/O.
    fn judge(&self, redeem: &Redeem, mode: Mode, now: SystemTime) -> Result<(Purchase, Transaction), Refused> {
        let transaction = self.verifier.verify(&redeem.signed_transaction, &redeem.book, mode)?;
        let unknown = || Refused::new(Refusal::ProductUnknown, "no coin package has this product id");
        // Web packages are never sold by the store: a receipt for one would be a mistake in the price list.
        let package = self.catalogue.product(&transaction.product_id).filter(|package| package.channel == crate::catalogue::Channel::App);
        let value = domain::value(&transaction, package.ok_or_else(unknown)?, self.rates)
            .map_err(|error| Refused::new(Refusal::Malformed, error.to_string()))?;
        let purchase = Purchase {
            book: redeem.book.clone(),
            purchase_id: Uuid::now_v7(),
            user: redeem.user.clone(),
            request_id: redeem.request_id.uuid(),
            state: State::Verified,
            environment: transaction.environment.clone(),
            bundle_id: transaction.bundle_id.clone(),
            transaction_id: transaction.transaction_id.clone(),
            product_id: transaction.product_id.clone(),
            quantity: transaction.quantity,
            value,
            purchased_at_ms: transaction.purchased_at_ms,
            created_at_ms: unix_ms(now),
            attempt: 0,
        };
        Ok((purchase, transaction))
    }

    /// Keeps the purchase, or finds the one that had the receipt before.
    async fn keep(
        &self,
        redeem: &Redeem,
        new: &Purchase,
        transaction: &Transaction,
        now: SystemTime,
    ) -> Result<Result<Purchase, Refused>, Error> {
        let mut tx = self.store.begin().await?;
        if let Some(token) = transaction.app_account_token
            && !wallet::owns(&mut tx, &redeem.book, &redeem.user, token).await?
        {
            return Ok(Err(Refused::new(Refusal::OtherAccount, "the receipt was bought for another account")));
        }
        let next_attempt_at_ms = unix_ms(now).saturating_add(self.sweep_after_ms);
        if purchases::insert(&mut tx, new, next_attempt_at_ms).await? {
            tx.commit().await.map_err(crate::store::Error::from)?;
            return Ok(Ok(new.clone()));
        }
        let first = purchases::by_transaction(&mut tx, new).await?;
        let first = first.ok_or(crate::store::Error::Database(sqlx::Error::RowNotFound))?;
        if first.book == redeem.book && first.user == redeem.user {
            return Ok(Ok(first));
        }
        Ok(Err(Refused::new(Refusal::AlreadyRedeemed, "the receipt was redeemed before")))
    }

    /// Credits and writes the answer down.
    async fn finish(&self, redeem: &Redeem, purchase: Purchase, now: SystemTime) -> Result<Redeemed, Error> {
        let credit = match &purchase.state {
            State::Credited(credit) => credit.clone(),
            State::Verified => self.credit(&purchase).await?,
        };
        let replayed = purchase.request_id != redeem.request_id.uuid();
        let mut tx = self.store.begin().await?;
        purchases::credit(&mut tx, &purchase, &credit).await?;
        let outcome = Outcome { bytes: purchase.purchase_id.as_bytes().to_vec(), refusal: false };
        requests::finish(&mut tx, redeem.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        let purchase = Purchase { state: State::Credited(credit.clone()), ..purchase };
        Ok(Redeemed { purchase, credit, replayed })
    }

    /// Has the ledger issue the coins of a kept purchase.
    async fn credit(&self, purchase: &Purchase) -> Result<Credit, Error> {
        match self.ledger.credit(purchase).await {
            Credited::Yes(credit) => Ok(credit),
            Credited::Refused(status) => {
                self.store.next_attempt(purchase).await?;
                Err(Error::Ledger(Box::new(status)))
            }
            Credited::Unknown(status) => {
                let (purchase_id, code) = (purchase.purchase_id, status.code());
                tracing::warn!(%purchase_id, ?code, message = status.message(), "coins not credited yet");
                Err(Error::CreditUncertain)
            }
        }
    }

    /// Makes the refusal stick. Another call with the same id may have been first; then its answer stands.
    async fn refuse(&self, redeem: &Redeem, refused: Refused, now: SystemTime) -> Result<Error, Error> {
        let outcome = Outcome { bytes: encode(&refused), refusal: true };
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let stands = requests::finish(&mut connection, redeem.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        match stands {
            Some(first) if first.refusal => Ok(Error::Refused(decode(&first.bytes).unwrap_or(refused))),
            Some(_) => Ok(Error::CreditUncertain),
            None => Ok(Error::Refused(refused)),
        }
    }

    /// The first answer under this id.
    async fn replay(&self, redeem: &Redeem, outcome: &Outcome) -> Result<Redeemed, Error> {
        let damaged = || crate::store::Error::Damaged { purchase_id: redeem.request_id.to_string(), column: "outcome" };
        if outcome.refusal {
            return Err(Error::Refused(decode(&outcome.bytes).ok_or_else(damaged)?));
        }
        let purchase_id = Uuid::from_slice(&outcome.bytes).map_err(|_| damaged())?;
        let purchase = self.store.purchase(&redeem.book, purchase_id).await?.ok_or_else(damaged)?;
        match purchase.state.clone() {
            State::Credited(credit) => Ok(Redeemed { purchase, credit, replayed: true }),
            State::Verified => Err(damaged().into()),
        }
    }

    /// Finishes one purchase whose call never came back. True: its coins are there.
    pub(crate) async fn finish_later(&self, purchase: &Purchase, put_off_ms: i64) -> Result<bool, Error> {
        match self.credit(purchase).await {
            Ok(credit) => {
                let mut tx = self.store.begin().await?;
                purchases::credit(&mut tx, purchase, &credit).await?;
                tx.commit().await.map_err(crate::store::Error::from)?;
                Ok(true)
            }
            Err(_) => {
                self.store.put_off(purchase, unix_ms(SystemTime::now()).saturating_add(put_off_ms)).await?;
                Ok(false)
            }
        }
    }
}

/// Unix milliseconds.
pub(crate) fn unix_ms(time: SystemTime) -> i64 {
    let age = time.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis());
    i64::try_from(age).unwrap_or(i64::MAX)
}

/// The reason, a line feed, the sentence.
fn encode(refused: &Refused) -> Vec<u8> {
    format!("{}\n{}", refused.refusal.reason(), refused.message).into_bytes()
}

fn decode(bytes: &[u8]) -> Option<Refused> {
    let (reason, message) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    Some(Refused::new(Refusal::from_reason(reason)?, message))
}
