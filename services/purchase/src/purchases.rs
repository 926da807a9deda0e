//! Use cases: buying and looking. The order of steps is what makes a crash at any point harmless.
//!
//! A redemption: register the request id; verify; in one transaction keep the purchase (or the refusal); credit by an id derived from
//! the purchase; write the credit and the answer down. Whatever is lost after the purchase was kept is finished by a retry of the
//! request, by another request with the same receipt, or by the sweeper: all three do the same keyed steps.

use std::sync::Arc;
use std::time::SystemTime;

use api::ledger::PostResponse;
use chart::{Account, BookKind};
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use ledger_client::{Audience, BalanceSeq, LedgerClient, LedgerReason, LedgerRefusal, NotPosted, PostingDraft, Retry, ViewerCoins};
use money::time::unix_ms;
use money::{BookName, Coins, RequestId, UserKey};
use rpc::StickyRefusal;
use uuid::Uuid;

use crate::catalogue::PackageCatalogue;
use crate::domain::{self, Channel, Credit, Purchase, PurchaseState, SaleRates, Transaction};
use crate::error::{Error, ReceiptRefusal, RefusedReceipt};
use crate::postings;
use crate::receipt::ReceiptVerifier;
use crate::store::{Store, purchases, wallet};

/// Name under which request ids are kept.
const REDEEM: &str = "RedeemPurchase";

/// After this no call is on its way any more, in milliseconds.
const IN_FLIGHT_MAX_MS: i64 = 3_600_000;

/// What the use cases work with.
#[derive(Debug)]
pub struct Purchases {
    /// Tables.
    pub store: Store,
    /// The ledger.
    pub ledger: LedgerClient,
    /// Receipts.
    pub verifier: ReceiptVerifier,
    /// Packages.
    pub catalogue: Arc<PackageCatalogue>,
    /// How a sale splits.
    pub rates: SaleRates,
    /// How long the sweeper leaves a new purchase to its call, in milliseconds.
    pub sweep_after_ms: i64,
}

/// One request to redeem.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// Whose economy.
    pub book: BookName,
    /// Who bought; request ids are this user's, whoever calls.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// The receipt.
    pub signed_transaction: String,
    /// What the caller sent.
    pub fields: SentFields,
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
    fn key(&self) -> RequestKey<'_> {
        RequestKey { book: &self.book, subject: &self.user, rpc: REDEEM, request_id: &self.request_id }
    }
}

impl Purchases {
    /// The user's coins and token.
    pub async fn wallet(&self, book: &BookName, user: &UserKey) -> Result<(ViewerCoins, String), Error> {
        self.ledger.book(book).await?.ok_or_else(|| Error::BookUnknown(book.to_string()))?;
        let coins = self.ledger.viewer_coins(book, user).await?;
        Ok((coins, self.store.app_account_token(book, user).await?))
    }

    /// Credits the coins of a receipt, once.
    pub async fn redeem(&self, redeem: &Redeem) -> Result<Redeemed, Error> {
        let now = SystemTime::now();
        let kind = self.ledger.book(&redeem.book).await?.ok_or_else(|| Error::BookUnknown(redeem.book.to_string()))?;
        match self.register(redeem, now).await? {
            RequestStanding::Reused { differing } => return Err(Error::RequestIdReused { differing }),
            RequestStanding::Replay(outcome) => return self.replay(redeem, &outcome).await,
            // Unfinished: lost in a crash, or under way. Every step below is keyed, so doing them again is right in both cases.
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
        }
        let kept = match self.judge(redeem, kind, now) {
            Ok((new, transaction)) => self.keep(redeem, &new, &transaction, now).await?,
            Err(refused) => Err(refused),
        };
        match kept {
            Ok(purchase) => self.finish(redeem, purchase, now).await,
            Err(refused) => Err(self.refuse(redeem, refused, now).await?),
        }
    }

    async fn register(&self, redeem: &Redeem, now: SystemTime) -> Result<RequestStanding, Error> {
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let begun = requests::begin(&mut connection, redeem.key(), &redeem.fields, now).await;
        Ok(begun.map_err(crate::store::Error::from)?)
    }

    /// Reads the receipt. No I/O.
    fn judge(&self, redeem: &Redeem, kind: BookKind, now: SystemTime) -> Result<(Purchase, Transaction), RefusedReceipt> {
        let transaction = self.verifier.verify(&redeem.signed_transaction, &redeem.book, kind)?;
        let unknown = || {
            RefusedReceipt::new(ReceiptRefusal::ProductUnknown, format!("no coin package has the product id {}", transaction.product_id))
        };
        // Web packages are never sold by the store: a receipt for one would be a mistake in the price list.
        let package = self.catalogue.product(&transaction.product_id).filter(|package| package.channel == Channel::App);
        let value = domain::value(&transaction, package.ok_or_else(unknown)?, self.rates)
            .map_err(|error| RefusedReceipt::new(ReceiptRefusal::Malformed, error.to_string()))?;
        let purchase = Purchase {
            book: redeem.book.clone(),
            purchase_id: Uuid::now_v7(),
            user: redeem.user.clone(),
            request_id: redeem.request_id.uuid(),
            state: PurchaseState::Verified,
            environment: transaction.environment.clone(),
            bundle_id: transaction.bundle_id.clone(),
            transaction_id: transaction.transaction_id.clone(),
            product_id: transaction.product_id.clone(),
            quantity: transaction.quantity,
            value,
            purchased_at_ms: transaction.purchased_at_ms,
            created_at_ms: unix_ms(now),
            attempt: 0,
            attempt_at_ms: 0,
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
    ) -> Result<Result<Purchase, RefusedReceipt>, Error> {
        let mut tx = self.store.begin().await?;
        if let Some(token) = transaction.app_account_token
            && !wallet::owns(&mut tx, &redeem.book, &redeem.user, token).await?
        {
            return Ok(Err(RefusedReceipt::new(ReceiptRefusal::OtherAccount, "the receipt was bought for another account")));
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
        Ok(Err(RefusedReceipt::new(ReceiptRefusal::AlreadyRedeemed, "the receipt was redeemed before")))
    }

    /// Credits and writes the answer down.
    async fn finish(&self, redeem: &Redeem, purchase: Purchase, now: SystemTime) -> Result<Redeemed, Error> {
        let credit = match &purchase.state {
            PurchaseState::Credited(credit) => credit.clone(),
            PurchaseState::Verified => self.credit(&purchase, postings::sale(&purchase), now).await?,
        };
        let replayed = purchase.request_id != redeem.request_id.uuid();
        let mut tx = self.store.begin().await?;
        purchases::credit(&mut tx, &purchase, &credit).await?;
        let outcome = KeptAnswer { bytes: purchase.purchase_id.as_bytes().to_vec(), refusal: false };
        requests::finish(&mut tx, redeem.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        let purchase = Purchase { state: PurchaseState::Credited(credit.clone()), ..purchase };
        Ok(Redeemed { purchase, credit, replayed })
    }

    /// Has the ledger issue the coins of a kept purchase, as its sale says, under its attempt's id. Where that has grown too old, under the next one's at once.
    async fn credit(&self, purchase: &Purchase, sale: PostingDraft, now: SystemTime) -> Result<Credit, Error> {
        let not_posted = match self.attempt(purchase, sale).await {
            Ok(credit) => return Ok(credit),
            Err(not_posted) => not_posted,
        };
        let Some(refusal) = not_posted.refusal() else { return Err(uncertain(purchase, &not_posted)) };
        if !takes_a_fresh_id(refusal, purchase, unix_ms(now)) {
            return Err(uncertain(purchase, &not_posted));
        }
        let next = self.store.next_attempt(purchase, unix_ms(now)).await?;
        match (&refusal.reason, next) {
            // The user's own request is as good as it was.
            (LedgerReason::RequestIdTime, Some(next)) => {
                self.attempt(&next, postings::sale(&next)).await.map_err(|not_posted| uncertain(&next, &not_posted))
            }
            (LedgerReason::RequestIdTime, None) => Err(uncertain(purchase, &not_posted)),
            // What the wallet's owner can do something about is told; the receipt is kept all the same.
            _ if refusal.reason.row().audience == Audience::User => Err(Error::Ledger(not_posted)),
            _ => Err(uncertain(purchase, &not_posted)),
        }
    }

    async fn attempt(&self, purchase: &Purchase, sale: PostingDraft) -> Result<Credit, NotPosted> {
        let answer = self.ledger.post(&purchase.book, sale).await?;
        credited(answer, &purchase.user).ok_or_else(|| NotPosted::lost("the ledger's answer lacks the transfer of the coins"))
    }

    /// Makes the refusal stick. Another call with the same id may have been first; then its answer stands.
    async fn refuse(&self, redeem: &Redeem, refused: RefusedReceipt, now: SystemTime) -> Result<Error, Error> {
        let outcome = KeptAnswer { bytes: kept(&refused), refusal: true };
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let stands = requests::finish(&mut connection, redeem.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        match stands {
            Some(first) if first.refusal => Ok(Error::Refused(read_kept(&first.bytes).unwrap_or(refused))),
            Some(_) => Ok(Error::CreditUncertain),
            None => Ok(Error::Refused(refused)),
        }
    }

    /// The first answer under this id.
    async fn replay(&self, redeem: &Redeem, outcome: &KeptAnswer) -> Result<Redeemed, Error> {
        let damaged = || crate::store::Error::Damaged { purchase_id: redeem.request_id.to_string(), column: "outcome" };
        if outcome.refusal {
            return Err(Error::Refused(read_kept(&outcome.bytes).ok_or_else(damaged)?));
        }
        let purchase_id = Uuid::from_slice(&outcome.bytes).map_err(|_| damaged())?;
        let purchase = self.store.purchase(&redeem.book, purchase_id).await?.ok_or_else(damaged)?;
        match purchase.state.clone() {
            PurchaseState::Credited(credit) => Ok(Redeemed { purchase, credit, replayed: true }),
            PurchaseState::Verified => Err(damaged().into()),
        }
    }

    /// Finishes one purchase whose call never came back. True: its coins are there.
    pub(crate) async fn finish_later(&self, purchase: &Purchase, put_off_ms: i64) -> Result<bool, Error> {
        match self.credit(purchase, postings::sale(purchase), SystemTime::now()).await {
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

/// Whether the next attempt gets an id of its own. An id that is refused for its time is given up only once it is old: one that the ledger takes for ahead of
/// its clock may still be on its way to be posted.
fn takes_a_fresh_id(refusal: &LedgerRefusal, purchase: &Purchase, now_ms: i64) -> bool {
    let begun_at_ms = purchase.created_at_ms.max(purchase.attempt_at_ms);
    match refusal.retry() {
        Retry::FreshId if refusal.reason == LedgerReason::RequestIdTime => now_ms.saturating_sub(begun_at_ms) > IN_FLIGHT_MAX_MS,
        Retry::FreshId => true,
        Retry::SameId | Retry::Never => false,
    }
}

/// The receipt is kept and its coins will come. What the ledger said is for us.
fn uncertain(purchase: &Purchase, not_posted: &NotPosted) -> Error {
    tracing::warn!(purchase_id = %purchase.purchase_id, attempt = purchase.attempt, %not_posted, "coins not credited yet");
    Error::CreditUncertain
}

/// The viewer's coins right after the posting.
fn credited(answer: PostResponse, user: &UserKey) -> Option<Credit> {
    let posting = answer.posting?;
    let account = Account::viewer_coins(user).name();
    let after = posting.transfers.iter().find(|transfer| transfer.credit_account == account)?.credit_after.as_ref()?;
    let coin_balance = Coins::try_new(after.balance).ok()?;
    Some(Credit { posting_id: posting.posting_id, coin_balance, balance_seq: BalanceSeq::new(after.balance_seq) })
}

/// As it is kept under its request id.
fn kept(refused: &RefusedReceipt) -> Vec<u8> {
    refused.kept().to_bytes()
}

/// What was kept; also as older programs kept it: the reason, a line feed, the sentence.
fn read_kept(bytes: &[u8]) -> Option<RefusedReceipt> {
    if let Some(kept) = StickyRefusal::from_bytes(bytes) {
        return Some(RefusedReceipt::new(ReceiptRefusal::from_reason(kept.reason())?, kept.message()));
    }
    let (reason, message) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    Some(RefusedReceipt::new(ReceiptRefusal::from_reason(reason)?, message))
}

#[cfg(test)]
mod tests;
