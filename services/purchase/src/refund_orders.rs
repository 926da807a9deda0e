//! Use cases: refunds that are started here. The order of steps is what makes a crash at any point harmless.
//!
//! A refund: in one transaction register the request id, keep the refund, compare it with what is left of the price, and record the answer. [`send`] asks the store,
//! under an id that follows from the refund, and keeps what it says as a fact ([`crate::refunds::fact`]). Of a purchase one refund at a time has not ended.
//!
//! - [`order`]: a refund. [`refusal`]: why there is none. `send`: what the store is asked.

pub mod order;
pub mod refusal;
mod send;

use std::time::SystemTime;

use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::time::unix_ms;
use money::{BookName, Money, RequestId, UserKey};
use sqlx::AnyConnection;
use uuid::Uuid;

use crate::domain::{Purchase, PurchaseState, StoreKind};
use crate::error::Error;
use crate::purchases::Purchases;
use crate::refunds::fact::{self, FactStatus, RefundFact};
use crate::sheets;
use crate::store::refund_orders;
use order::{RefundOrder, RefundOrderState, RefundStarter};
use refusal::RefundRefusal;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Who does something to a refund, under which id.
#[derive(Debug, Clone)]
pub(crate) struct RefundCaller {
    /// The book.
    pub(crate) book: BookName,
    /// Whose request ids these are: the caller's, or the buyer's, also if somebody else asks for a buyer.
    pub(crate) subject: UserKey,
    /// The caller.
    pub(crate) person: UserKey,
    /// The client's id.
    pub(crate) request_id: RequestId,
    /// The RPC.
    pub(crate) rpc: &'static str,
    /// What the caller sent.
    pub(crate) fields: SentFields,
}

impl RefundCaller {
    fn key(&self) -> RequestKey<'_> {
        RequestKey { book: &self.book, subject: &self.subject, rpc: self.rpc, request_id: &self.request_id }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RefundAsk {
    /// Who starts it.
    pub(crate) started_by: RefundStarter,
    /// Within the buyer's right of withdrawal. Otherwise as staff decide.
    pub(crate) by_right: bool,
    /// How much of the price; `None`: all that may be paid back.
    pub(crate) amount: Option<Money>,
    /// Two people have approved what it belongs to, or it needed only one.
    pub(crate) is_approved: bool,
}

/// A decision about a refund that waits for a second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefundVerdict {
    Approve,
    Reject,
}

/// Part of a price that may be paid back, in minor units.
#[derive(Debug, Clone, Copy)]
struct RefundBound {
    /// What is left of the price.
    left: i64,
    /// What the coins that were not spent are worth; `None` where that is no bound.
    unspent: Option<i64>,
}

impl RefundBound {
    fn refuse(self, amount: i64) -> Result<(), RefundRefusal> {
        if amount > self.left {
            return Err(RefundRefusal::Exceeds { minor_units_max: self.left });
        }
        match self.unspent {
            Some(minor_units_max) if amount > minor_units_max => Err(RefundRefusal::Spent { minor_units_max }),
            _ => Ok(()),
        }
    }
}

impl Purchases {
    /// Starts a refund of a purchase, once. The flag: it was answered before.
    pub(crate) async fn start_refund(
        &self,
        by: &RefundCaller,
        of: &Purchase,
        ask: RefundAsk,
        now: SystemTime,
    ) -> Result<(RefundOrder, bool), Error> {
        let RefundAsk { started_by, amount, .. } = ask;
        if let Some(amount) = amount {
            check(amount, of)?;
        }
        // Before the transaction, which no call may hold open; what was answered before is answered again, whatever holds now.
        let judged = self.judge_refund(by, of, ask, now).await;
        let mut tx = self.store.begin().await?;
        if let Some(kept) = answered(&mut tx, by, now).await? {
            return Ok((kept, true));
        }
        let bound = judged?;
        let asked = amount.map_or(bound.left.min(bound.unspent.unwrap_or(bound.left)), |amount| amount.minor_units());
        let currency = of.value.price.currency();
        let needs_another = started_by == RefundStarter::Staff && !ask.is_approved && asked > self.refund_options.one_person_max(currency);
        let new = RefundOrder {
            book: of.book.clone(),
            refund_id: Uuid::now_v7(),
            purchase_id: of.purchase_id,
            user: of.user.clone(),
            started_by,
            asked_by: by.person.clone(),
            request_id: by.request_id.uuid(),
            amount: Money::try_new(currency, asked.max(0)).map_err(|_| RefundRefusal::Exceeds { minor_units_max: bound.left })?,
            state: if needs_another { RefundOrderState::Asked } else { RefundOrderState::Approved },
            decided_by: String::new(),
            end_asked_by: String::new(),
            end_agreed_by: String::new(),
            store_refund_id: String::new(),
            note: String::new(),
            created_at_ms: unix_ms(now),
            decided_at_ms: 0,
            sent_at_ms: 0,
            ended_at_ms: 0,
            tries: 0,
        };
        // First, since it decides between rivals; what the winner of another race was paid back is seen after it.
        if !refund_orders::insert(&mut tx, &new).await? {
            let open = refund_orders::open_of(&mut tx, of).await?;
            return Err(RefundRefusal::Open(open.map_or(Uuid::nil(), |open| open.refund_id)).into());
        }
        let bound = RefundBound { left: left(&refund_orders::facts_of(&mut tx, of).await?, of)?, ..bound };
        bound.refuse(asked.max(1))?;
        self.answer_refund(tx, by, &new, now).await?;
        Ok((new, false))
    }

    /// Approves or rejects a refund that waits for a second person, once. The flag: it was answered before.
    pub(crate) async fn decide_refund(
        &self,
        by: &RefundCaller,
        refund_id: Uuid,
        verdict: RefundVerdict,
        now: SystemTime,
    ) -> Result<(RefundOrder, bool), Error> {
        // Before the transaction, in which no other connection may be waited for. What is refunded never changes.
        let of = match self.store.refund_order(&by.book, refund_id).await? {
            Some(order) => self.store.purchase(&order.book, order.purchase_id).await?,
            None => None,
        };
        let is_own = match &of {
            Some(of) => self.concerns(&by.person, of).await?,
            None => false,
        };
        let mut tx = self.store.begin().await?;
        if let Some(kept) = answered(&mut tx, by, now).await? {
            return Ok((kept, true));
        }
        let unknown = || RefundRefusal::Unknown(refund_id.to_string());
        let order = refund_orders::get(&mut tx, &by.book, refund_id).await?.ok_or_else(unknown)?;
        let of = of.ok_or_else(unknown)?;
        if order.state == RefundOrderState::Abnormal && verdict == RefundVerdict::Reject {
            return self.end_abnormal(tx, by, order, &of, is_own, now).await;
        }
        if order.state != RefundOrderState::Asked {
            return Err(RefundRefusal::Decided.into());
        }
        let state = match verdict {
            RefundVerdict::Reject => RefundOrderState::Rejected,
            RefundVerdict::Approve if order.asked_by == by.person || is_own => {
                return Err(RefundRefusal::SamePerson.into());
            }
            RefundVerdict::Approve => RefundOrderState::Approved,
        };
        // First, since it decides between rivals.
        if !refund_orders::decide(&mut tx, &order, state, &by.person, unix_ms(now)).await? {
            return Err(RefundRefusal::Decided.into());
        }
        if state == RefundOrderState::Approved {
            // The store may have paid back since. The buyer may have spent coins since, too, as until the store has paid back: what is spent becomes debt, here as where staff
            // refund on their own. The right of withdrawal was judged when the buyer's wish came in, and who approves decides as staff do.
            let left = left(&refund_orders::facts_of(&mut tx, &of).await?, &of)?;
            RefundBound { left, unspent: None }.refuse(order.amount.minor_units())?;
        }
        let order = RefundOrder { state, decided_by: by.person.to_string(), decided_at_ms: unix_ms(now), ..order };
        self.answer_refund(tx, by, &order, now).await?;
        Ok((order, false))
    }

    /// Ends a refund that the store can't end, so that another one can be asked for: above what one person may decide, the second of two people. What was on its way by
    /// it is so no longer; whatever the store says later of how it ended stands instead.
    async fn end_abnormal(
        &self,
        mut tx: sqlx::Transaction<'static, sqlx::Any>,
        by: &RefundCaller,
        order: RefundOrder,
        of: &Purchase,
        is_own: bool,
        now: SystemTime,
    ) -> Result<(RefundOrder, bool), Error> {
        if is_own || order.end_asked_by == by.person.as_str() {
            return Err(RefundRefusal::SamePerson.into());
        }
        let is_agreed = !order.end_asked_by.is_empty();
        let is_over = is_agreed || order.amount.minor_units() <= self.refund_options.one_person_max(order.amount.currency());
        let person = by.person.to_string();
        let ended = RefundOrder {
            state: if is_over { RefundOrderState::Ended } else { order.state },
            end_asked_by: if is_agreed { order.end_asked_by.clone() } else { person.clone() },
            end_agreed_by: if is_agreed { person } else { String::new() },
            ended_at_ms: if is_over { unix_ms(now) } else { 0 },
            ..order.clone()
        };
        // The store may have ended it meanwhile, or another person.
        if !refund_orders::end_abnormal(&mut tx, &order, &ended).await? {
            return Err(RefundRefusal::Decided.into());
        }
        if is_over {
            let is_its = |fact: &&RefundFact| fact.fact_id == order.store_refund_id && fact.part == order.amount.minor_units();
            let facts = refund_orders::facts_of(&mut tx, of).await?;
            for fact in facts.iter().filter(is_its).filter(|fact| fact.status == FactStatus::Pending) {
                // Next to what it replaces, so that everything that has a time comes after it.
                let (order_no, said_at_ms) = (fact.order_no.saturating_add(1), unix_ms(now) / 1_000 * 1_000);
                let undone = RefundFact { status: FactStatus::Undone, order_no, said_at_ms, ..fact.clone() };
                crate::store::keep_refund_fact(&mut tx, &undone, unix_ms(now)).await?;
            }
        }
        self.answer_refund(tx, by, &ended, now).await?;
        Ok((ended, false))
    }

    /// Records the answer and has the store be asked at once.
    async fn answer_refund(
        &self,
        mut tx: sqlx::Transaction<'static, sqlx::Any>,
        by: &RefundCaller,
        order: &RefundOrder,
        now: SystemTime,
    ) -> Result<(), Error> {
        let outcome = KeptAnswer { bytes: order.refund_id.as_bytes().to_vec(), refusal: false };
        requests::finish(&mut tx, by.key(), &outcome, now).await.map_err(crate::store::Error::from)?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        tracing::info!(refund_id = %order.refund_id, purchase_id = %order.purchase_id, state = ?order.state, "a refund was asked for or decided");
        self.news.notify_one();
        Ok(())
    }

    /// How much of a purchase may be paid back, or why nothing.
    async fn judge_refund(&self, by: &RefundCaller, of: &Purchase, ask: RefundAsk, now: SystemTime) -> Result<RefundBound, Error> {
        if of.store == StoreKind::Apple {
            return Err(RefundRefusal::ByStore.into());
        }
        let facts = self.store.refunds_of(of).await?.1;
        let mut bound = RefundBound { left: left(&facts, of)?, unspent: None };
        if ask.started_by == RefundStarter::Staff && self.concerns(&by.person, of).await? {
            return Err(RefundRefusal::SamePerson.into());
        }
        if ask.by_right {
            if !of.store.takes_orders() {
                return Err(RefundRefusal::ByStore.into());
            }
            if matches!(of.state, PurchaseState::Verified | PurchaseState::Blocked) {
                return Err(RefundRefusal::NotYet.into());
            }
            let right = self.refund_options.withdrawal_of(&of.sold.market, sheets::day(of.purchased_at_ms));
            let right = right.ok_or(RefundRefusal::NotOffered)?;
            if unix_ms(now) - of.purchased_at_ms > i64::from(right.days) * DAY_MS {
                return Err(RefundRefusal::TooLate { days: right.days }.into());
            }
            if right.unspent_only {
                bound.unspent = Some(self.unspent_worth(of).await?);
            }
        }
        let account = self.stores.refunding(of).ok_or(RefundRefusal::NoAccount)?;
        if ask.amount.is_some() && !account.takes_parts() {
            return Err(RefundRefusal::WholeOnly.into());
        }
        Ok(bound)
    }

    /// Whether somebody bought a purchase, or has its coins since the buyer's wallet was merged into another.
    async fn concerns(&self, person: &UserKey, of: &Purchase) -> Result<bool, Error> {
        Ok(of.user == *person || self.owner_of_coins(&of.book, &of.user).await?.as_ref() == Some(person))
    }

    /// What the coins of a purchase that were not spent are worth, in minor units, rounded down. The one place where the coins of a refund that is asked for
    /// are counted: coins that are spent before the store has paid back are the viewer's debt, unless something holds them from here on.
    async fn unspent_worth(&self, of: &Purchase) -> Result<i64, Error> {
        let lot = self.store.lot_of(&of.book, of.purchase_id).await?.ok_or(Error::LotUnknown(of.purchase_id))?;
        // The lots follow the wallet with a delay; in the wallet there are no more than it says now.
        let in_wallet = match of.state {
            PurchaseState::Suspended { .. } => lot.left(),
            _ => {
                let owner = self.owner_of_coins(&of.book, &of.user).await?.unwrap_or_else(|| of.user.clone());
                self.ledger.viewer_wallet(&of.book, &owner).await?.balance.available().get()
            }
        };
        let unspent = lot.left().min(in_wallet).max(0);
        Ok(fact::PaidBack::new(unspent, of.value.coins.get()).of(of.value.price.minor_units()))
    }
}

/// Whether an amount is a part of the price of a purchase at all.
fn check(amount: Money, of: &Purchase) -> Result<(), Error> {
    let currency = of.value.price.currency();
    if amount.currency() != currency {
        return Err(Error::Malformed { field: "amount.currency_code", why: format!("must be {currency}, in which it was paid") });
    }
    if amount.minor_units() < 1 {
        return Err(Error::Malformed { field: "amount.minor_units", why: "must be at least 1".to_owned() });
    }
    Ok(())
}

/// The refund that a request was answered with before; `None`: the request is new.
async fn answered(connection: &mut AnyConnection, by: &RefundCaller, now: SystemTime) -> Result<Option<RefundOrder>, Error> {
    let standing = requests::begin(connection, by.key(), &by.fields, now).await.map_err(crate::store::Error::from)?;
    match standing {
        RequestStanding::Reused { differing } => Err(Error::RequestIdReused { differing }),
        RequestStanding::Replay(outcome) => {
            let damaged = || crate::store::Error::Damaged { purchase_id: by.request_id.to_string(), column: "outcome" };
            let refund_id = Uuid::from_slice(&outcome.bytes).map_err(|_| damaged())?;
            Ok(Some(refund_orders::get(connection, &by.book, refund_id).await?.ok_or_else(damaged)?))
        }
        RequestStanding::New | RequestStanding::Unfinished { .. } => Ok(None),
    }
}

/// What is left of a price after everything that its store said was paid back, is on its way or is disputed, in minor units.
fn left(facts: &[RefundFact], of: &Purchase) -> Result<i64, Error> {
    let price = of.value.price.minor_units();
    let (paid_back, _) = fact::paid_back(facts, of).map_err(|not| RefundRefusal::Contradicted(not.what))?;
    let paid_back = paid_back.of(price);
    let open = |fact: &&RefundFact| matches!(fact.status, FactStatus::Pending | FactStatus::Disputed) && !fact.currency.is_empty();
    let pending = facts.iter().filter(open);
    let pending = pending.fold(0_i64, |sum, fact| sum.saturating_add(fact.part));
    Ok(price.saturating_sub(paid_back).saturating_sub(pending).max(0))
}
