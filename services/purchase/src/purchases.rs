//! Use cases: buying and reading. The order of steps is what makes a crash at any point harmless.
//!
//! A redemption: register the request id; verify; in one transaction keep the purchase (or the refusal); credit by an id derived from the purchase;
//! record the credit and the answer; tell the store where it wants to know. A purchase that was kept but not finished is finished by a retry of the request,
//! by another request with the same receipt, or by the sweeper: all three execute the same keyed steps. [`record`] verifies and keeps.

mod record;

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use api::ledger::PostResponse;
use chart::Account;
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use ledger_client::{
    Audience, BalanceSeq, LedgerClient, LedgerReason, LedgerRefusal, NotPosted, PostingDraft, ViewerWallet, takes_a_fresh_id,
};
use money::time::unix_ms;
use money::{BookName, Coins, RequestId, UserKey};
use rpc::StickyRefusal;
use telemetry::UnfinishedCount;
use uuid::Uuid;

use crate::config::{BillOptions, RefundOptions, RefundReview};
use crate::domain::refusal::ReceiptRefusal;
use crate::domain::{Credit, Purchase, PurchaseState, SaleRates};
use crate::error::Error;
use crate::limits::SpendingTerms;
use crate::orders::accounts::Orders;
use crate::postings;
use crate::price_lists::PriceLists;
use crate::refunds::hold::HoldTerms;
use crate::settlements::Settlements;
use crate::store::refused::{self, RefusedRow};
use crate::store::{self, Store, purchases};
use crate::stores::google::VoidedLook;
use crate::stores::receipt::RefusedReceipt;
use crate::stores::{StoreReceipt, Stores};
use crate::wallet_changes::rules::WalletRules;

pub(crate) use record::NotKept;

/// Name under which request ids are kept.
const REDEEM: &str = "RedeemPurchase";

/// The message for a refusal because of an account that is not the buyer's.
const NOT_NOW: &str = "the receipt was verified and stored, and its coins can't be booked now; do not resubmit it";

/// Attempts of one call: one whose id is too old, one for a closed wallet, and one for suspense; the sweeper makes others.
const ATTEMPTS_MAX: usize = 4;

/// The parts that the use cases need.
#[derive(Debug)]
pub struct Purchases {
    /// Tables.
    pub store: Store,
    /// The ledger.
    pub ledger: LedgerClient,
    /// The stores, who say what receipts are worth.
    pub stores: Stores,
    /// What is sold, and at which price.
    pub price_lists: PriceLists,
    /// What limits purchases.
    pub spending: SpendingTerms,
    /// The rates by which a sale is split.
    pub rates: SaleRates,
    /// Whether a receipt that states another price than the price list is credited.
    pub credit_other_prices: bool,
    /// How long the sweeper leaves a new purchase to its call, in milliseconds.
    pub sweep_after_ms: i64,
    /// Notified when a store's notification was stored, a store is to be told something, or the coin lots have read what a refund waits for, so that it is done at
    /// once.
    pub news: Arc<tokio::sync::Notify>,
    /// When stores are next asked what their notifications may have lost, in Unix milliseconds.
    pub next_look_ms: AtomicI64,
    /// A look at what Google lists that the next sweep goes on with.
    pub voided_look: Mutex<Option<VoidedLook>>,
    /// The time between two such looks, in milliseconds.
    pub look_interval_ms: i64,
    /// When the App Store is next asked what it lists, in Unix milliseconds.
    pub next_history_ms: AtomicI64,
    /// The most purchases whose buyers' refunds it is asked about in one look.
    pub refund_lookups_max: i64,
    /// What stores are answered that ask about refunds.
    pub review: RefundReview,
    /// For how long coins are held for what is not decided, and who pays for what was spent.
    pub holds: HoldTerms,
    /// What stores owe us, against what they report.
    pub settlements: Settlements,
    /// Orders that we make.
    pub orders: Orders,
    /// Notified when the store is to be asked about an order at once.
    pub order_news: tokio::sync::Notify,
    /// Who may have what paid back.
    pub refund_options: RefundOptions,
    /// What becomes of the coins of wallets that are closed.
    pub wallet_rules: WalletRules,
    /// The daily bills of wallets.
    pub bills: BillOptions,
}

/// One request to redeem.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// The book.
    pub book: BookName,
    /// The buyer; request ids are scoped to this user, also if somebody else calls.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// The receipt.
    pub receipt: StoreReceipt,
    /// What the caller sent.
    pub fields: SentFields,
    /// Submitted by a member of staff with a reason: then a receipt without an owner goes to this user.
    pub by_staff: bool,
}

/// A redeemed purchase.
#[derive(Debug, Clone)]
pub struct Redeemed {
    /// The purchase as stored.
    pub purchase: Purchase,
    /// The ledger's answer to the credit.
    pub credit: Credit,
    /// Answered before, under this id or another.
    pub replayed: bool,
}

impl Redeem {
    /// A receipt that the store itself submitted, for the user whose token it carries. Its id is nobody's request: nothing is kept under it.
    pub(crate) fn by_store(book: BookName, user: UserKey, receipt: StoreReceipt) -> Redeem {
        let request_id = RequestId::parse(&Uuid::now_v7().to_string()).expect("a UUID of version 7");
        Redeem { book, user, request_id, receipt, fields: SentFields::new(), by_staff: false }
    }

    fn key(&self) -> RequestKey<'_> {
        RequestKey { book: &self.book, subject: &self.user, rpc: REDEEM, request_id: &self.request_id }
    }
}

impl Purchases {
    /// What is not over, for alerts.
    pub(crate) async fn unfinished(&self) -> Result<Vec<UnfinishedCount>, store::Error> {
        let mut open = self.store.unfinished().await?;
        open.push(self.stores.ending_certificates(unix_ms(SystemTime::now())));
        Ok(open)
    }

    /// The user's coins and token.
    pub async fn wallet(&self, book: &BookName, user: &UserKey) -> Result<(ViewerWallet, String), Error> {
        self.ledger.book(book).await?.ok_or_else(|| Error::BookUnknown(book.to_string()))?;
        let wallet = self.ledger.viewer_wallet(book, user).await?;
        Ok((wallet, self.store.app_account_token(book, user).await?))
    }

    /// The same for staff, who may have mistyped the name: no token is created for the user, and a user of whom nothing is kept is unknown.
    pub async fn wallet_of_another(&self, book: &BookName, user: &UserKey) -> Result<(ViewerWallet, String), Error> {
        self.ledger.book(book).await?.ok_or_else(|| Error::BookUnknown(book.to_string()))?;
        let wallet = self.ledger.viewer_wallet(book, user).await?;
        let token = self.store.known_token(book, user).await?;
        if token.is_none() {
            self.must_know(book, user).await?;
        }
        Ok((wallet, token.unwrap_or_default()))
    }

    /// Refused where neither the ledger has an account of this user nor we keep anything.
    pub async fn must_know(&self, book: &BookName, user: &UserKey) -> Result<(), Error> {
        let known = self.store.has_traces(book, user).await? || self.ledger.has_accounts(book, user).await?;
        if known { Ok(()) } else { Err(Error::UserUnknown(user.to_string())) }
    }

    /// Credits the coins of a receipt, once.
    pub async fn redeem(&self, redeem: &Redeem) -> Result<Redeemed, Error> {
        let now = SystemTime::now();
        let kind = self.ledger.book(&redeem.book).await?.ok_or_else(|| Error::BookUnknown(redeem.book.to_string()))?;
        match self.register(redeem, now).await? {
            RequestStanding::Reused { differing } => return Err(Error::RequestIdReused { differing }),
            RequestStanding::Replay(outcome) => return self.replay(redeem, &outcome).await,
            // Unfinished: lost in a crash, or in flight. Every step below is keyed, so repeating them is right in both cases.
            RequestStanding::New | RequestStanding::Unfinished { .. } => {}
        }
        match self.record(redeem, kind, now).await? {
            Ok(purchase) => {
                let state = match &purchase.state {
                    PurchaseState::Verified => self.issue(&purchase, now).await?,
                    PurchaseState::Blocked => {
                        return Err(Error::Blocked { purchase_id: purchase.purchase_id, why: purchase.blocked_by });
                    }
                    ended @ (PurchaseState::Credited(_) | PurchaseState::Suspended { .. }) => ended.clone(),
                };
                self.finish(redeem, purchase, state, now).await
            }
            Err(NotKept::Refused(refused)) => Err(self.refuse(redeem, refused.of(&redeem.receipt), now).await?),
            // Neither ends the request: it is good again once the buyer has paid, or the store can be asked.
            Err(NotKept::Pending) => Err(Error::Pending),
            Err(NotKept::Later(unavailable)) => Err(Error::StoreUnavailable(unavailable.why)),
        }
    }

    async fn register(&self, redeem: &Redeem, now: SystemTime) -> Result<RequestStanding, Error> {
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let begun = requests::begin(&mut connection, redeem.key(), &redeem.fields, now).await;
        Ok(begun.map_err(crate::store::Error::from)?)
    }

    /// Records where the coins are, and the answer.
    async fn finish(&self, redeem: &Redeem, purchase: Purchase, state: PurchaseState, now: SystemTime) -> Result<Redeemed, Error> {
        let owes = self.owes(&purchase, &state).await;
        let mut tx = self.store.begin().await?;
        purchases::settle(&mut tx, &purchase, &state, owes).await?;
        let outcome = KeptAnswer { bytes: purchase.purchase_id.as_bytes().to_vec(), refusal: false };
        let finished = requests::finish_first(&mut tx, redeem.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        if redeem.receipt.is_token() {
            self.news.notify_one();
        }
        // Of concurrent calls, only the one that finished first is not a replay.
        let replayed = purchase.request_id != redeem.request_id.uuid() || finished.is_some_and(|(_, first)| !first);
        answered(Purchase { state, blocked_by: String::new(), ..purchase }, replayed).unwrap_or(Err(Error::CreditUncertain))
    }

    /// Has the ledger issue the coins of a kept purchase, under its attempt's id. If that id has grown too old, at once under the next one's; and if
    /// the wallet is closed, to suspense, also under the next one's: one id has one answer, whichever of the two is requested.
    async fn issue(&self, purchase: &Purchase, now: SystemTime) -> Result<PurchaseState, Error> {
        let wallet = Account::viewer_coins(&purchase.user).name();
        let (mut purchase, mut closed) = (purchase.clone(), false);
        for _ in 0..ATTEMPTS_MAX {
            let sale = if closed { postings::suspended_sale(&purchase) } else { postings::sale(&purchase) };
            let not_posted = match self.attempt(&purchase, sale).await {
                Ok(state) => return Ok(state),
                Err(not_posted) => not_posted.for_user(purchase.user.as_str(), NOT_NOW),
            };
            self.store.blocked(&purchase, &not_posted.blocked_by(purchase.user.as_str())).await?;
            let Some(refusal) = not_posted.refusal() else { return Err(uncertain(&purchase, &not_posted)) };
            let begun_at_ms = purchase.created_at_ms.max(purchase.attempt_at_ms);
            if !takes_a_fresh_id(&not_posted, begun_at_ms, unix_ms(now)) {
                return Err(uncertain(&purchase, &not_posted));
            }
            if let Some(ended) = self.ended(&purchase, refusal, &wallet, closed).await? {
                return Err(ended);
            }
            closed = closed || not_posted.is_closed(&wallet);
            let own = !refusal.is_of_another(purchase.user.as_str());
            let old = refusal.reason == LedgerReason::RequestIdTime;
            // A refusal that the wallet's owner can resolve is returned; the receipt is kept all the same.
            let waits = own && !closed && !old && refusal.reason.row().audience == Audience::User;
            match self.store.next_attempt(&purchase, waits, unix_ms(now)).await? {
                // The user's own request is still valid.
                Some(next) if closed || old => purchase = next,
                next if waits => {
                    self.wait(next.as_ref()).await;
                    return Err(Error::Ledger(not_posted));
                }
                None if closed && own => return Err(Error::Ledger(not_posted)),
                _ => return Err(uncertain(&purchase, &not_posted)),
            }
        }
        Err(Error::CreditUncertain)
    }

    /// Ends a purchase whose sale the ledger will never accept, for a reason other than a wallet that could be thawed or bypassed to suspense.
    async fn ended(&self, purchase: &Purchase, refusal: &LedgerRefusal, wallet: &str, to_suspense: bool) -> Result<Option<Error>, Error> {
        let of_wallet = !to_suspense && refusal.facts.get("account").is_none_or(|named| named == wallet);
        let last = match refusal.reason {
            // An account's counters never decrease.
            LedgerReason::Overflow => true,
            // Closed accounts stay closed.
            LedgerReason::AccountClosed => !of_wallet,
            _ => false,
        };
        if !last {
            return Ok(None);
        }
        self.store.end_blocked(purchase).await?;
        self.store.never_issued(&purchase.book, purchase.purchase_id, unix_ms(SystemTime::now())).await?;
        let why = self.store.purchase(&purchase.book, purchase.purchase_id).await?.map_or_else(String::new, |now| now.blocked_by);
        tracing::error!(purchase_id = %purchase.purchase_id, why, "a paid purchase will never be credited as it is; staff have to decide");
        Ok(Some(Error::Blocked { purchase_id: purchase.purchase_id, why }))
    }

    /// Keeps the wallet from being closed while the purchase waits for it. If this fails, the coins at worst go to suspense, so the failure is not
    /// returned to the caller.
    async fn wait(&self, purchase: Option<&Purchase>) {
        if let Some(purchase) = purchase.filter(|purchase| purchase.waits_since_ms > 0)
            && let Err(not_posted) = self.ledger.post(&purchase.book, postings::waiting(purchase)).await
        {
            tracing::warn!(purchase_id = %purchase.purchase_id, ?not_posted, "a purchase waits for its wallet and is not counted");
        }
    }

    async fn attempt(&self, purchase: &Purchase, sale: PostingDraft) -> Result<PurchaseState, NotPosted> {
        let answer = self.ledger.post(&purchase.book, sale).await?;
        issued(answer, &purchase.user).ok_or_else(|| NotPosted::lost("the ledger's answer lacks the transfer of the coins"))
    }

    /// Keeps the refusal. If another call with the same id was first, its answer is in force.
    async fn refuse(&self, redeem: &Redeem, refused: RefusedReceipt, now: SystemTime) -> Result<Error, Error> {
        let outcome = KeptAnswer { bytes: kept(&refused), refusal: true };
        let mut tx = self.store.begin().await?;
        let stands = requests::finish(&mut tx, redeem.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        if stands.as_ref() == Some(&outcome) {
            refused::insert(&mut tx, &redeem.book, &trace(redeem, &refused, now)).await?;
        }
        tx.commit().await.map_err(crate::store::Error::from)?;
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
        answered(purchase, true).unwrap_or_else(|| Err(damaged().into()))
    }

    /// Whether a viewer whose coins were just credited owes some, as the ledger says: of a debt that came with an imported book nothing is known here. If the ledger
    /// does not say, perhaps; the debt is looked at before anything is paid.
    async fn owes(&self, purchase: &Purchase, state: &PurchaseState) -> bool {
        if purchase.state != PurchaseState::Verified || !matches!(state, PurchaseState::Credited(_)) {
            return false;
        }
        match self.ledger.viewer_wallet(&purchase.book, &purchase.user).await {
            Ok(wallet) => wallet.balance.debt > Coins::ZERO,
            Err(not_read) => {
                tracing::warn!(purchase_id = %purchase.purchase_id, ?not_read, "it is not known whether the buyer owes coins; looking later");
                true
            }
        }
    }

    /// Finishes one purchase whose call was lost. True: its coins are issued.
    pub(crate) async fn finish_later(&self, purchase: &Purchase, put_off_ms: i64) -> Result<bool, Error> {
        match self.issue(purchase, SystemTime::now()).await {
            Ok(state) => {
                let owes = self.owes(purchase, &state).await;
                let mut tx = self.store.begin().await?;
                purchases::settle(&mut tx, purchase, &state, owes).await?;
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

/// The record of a refused receipt, for support.
fn trace(redeem: &Redeem, refused: &RefusedReceipt, now: SystemTime) -> RefusedRow {
    RefusedRow {
        refusal_id: Uuid::now_v7(),
        user: redeem.user.clone(),
        request_id: redeem.request_id.uuid(),
        refused_at_ms: unix_ms(now),
        reason: refused.refusal.reason().to_owned(),
        message: refused.message.clone(),
        authentic: redeem.receipt.is_authentic(refused.refusal),
        claims: redeem.receipt.claims(),
    }
}

/// The receipt is kept and its coins will follow. The ledger's answer is only logged.
fn uncertain(purchase: &Purchase, not_posted: &NotPosted) -> Error {
    tracing::warn!(purchase_id = %purchase.purchase_id, attempt = purchase.attempt, ?not_posted, "coins not credited yet");
    Error::CreditUncertain
}

/// The answer to the request that submitted the receipt; `None` while its coins are not issued.
fn answered(purchase: Purchase, replayed: bool) -> Option<Result<Redeemed, Error>> {
    match purchase.state.clone() {
        PurchaseState::Verified => None,
        PurchaseState::Credited(credit) => Some(Ok(Redeemed { purchase, credit, replayed })),
        PurchaseState::Suspended { .. } => Some(Err(Error::Suspended { purchase_id: purchase.purchase_id, coins: purchase.value.coins })),
        PurchaseState::Blocked => Some(Err(Error::Blocked { purchase_id: purchase.purchase_id, why: purchase.blocked_by })),
    }
}

/// Where the coins are, according to the posting: in the viewer's wallet, with the balance right after it, or in suspense.
fn issued(answer: PostResponse, user: &UserKey) -> Option<PurchaseState> {
    let posting = answer.posting?;
    let credited = |account: String| posting.transfers.iter().find(|transfer| transfer.credit_account == account);
    if credited(Account::CoinsSuspense.name()).is_some() {
        return Some(PurchaseState::Suspended { posting_id: posting.posting_id });
    }
    let after = credited(Account::viewer_coins(user).name())?.credit_after.as_ref()?;
    let coin_balance = Coins::try_new(after.balance).ok()?;
    let balance_seq = BalanceSeq::new(after.balance_seq);
    Some(PurchaseState::Credited(Credit { posting_id: posting.posting_id, coin_balance, balance_seq }))
}

/// The refusal as kept under its request id.
fn kept(refused: &RefusedReceipt) -> Vec<u8> {
    refused.kept().to_bytes()
}

/// Reads a kept refusal; also in the form of older programs: the reason, a line feed, the sentence.
fn read_kept(bytes: &[u8]) -> Option<RefusedReceipt> {
    if let Some(kept) = StickyRefusal::from_bytes(bytes) {
        let facts = kept.facts().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        return Some(RefusedReceipt { facts, ..RefusedReceipt::new(ReceiptRefusal::from_reason(kept.reason())?, kept.message()) });
    }
    let (reason, message) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
    Some(RefusedReceipt::new(ReceiptRefusal::from_reason(reason)?, message))
}

#[cfg(test)]
mod tests;
