//! What a store says about the payment of an order, applied: by an event, or by the store's answer to a question.

use std::time::SystemTime;

use money::BookName;
use money::time::unix_ms;
use uuid::Uuid;

use super::news::news;
use super::order::{EventNews, Order, OrderState, PaymentFacts, PaymentStanding, RefundedSoFar};
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::{Purchase, PurchaseState, SoldAs};
use crate::error::Error;
use crate::events::EventReading;
use crate::purchases::Purchases;
use crate::store::{orders, purchases};

/// For so long stores repeat a notification that was not taken, with an hour to spare, in milliseconds: WeChat Pay for 24 hours, Alipay for 25.
const NOTIFICATIONS_MS: i64 = 26 * 3_600_000;

/// For so long a bill may say what nothing else did, with two hours to spare, in milliseconds: a payment at the beginning of a day may be paid back within the time of its
/// notifications on the next one, whose bill comes on the third at ten.
const BILLS_MS: i64 = 60 * 3_600_000;

/// What came of it.
pub(crate) enum AppliedFacts {
    /// The order is paid, and this is its purchase.
    Paid(Box<Purchase>),
    /// The order moved, or there was nothing to do.
    Noted(&'static str),
    /// It contradicts the order, in this.
    Flagged(String),
}

impl Purchases {
    /// Reads an event of a store that is paid for our orders.
    pub(crate) async fn read_order_event(&self, event: &StoreEvent, now: SystemTime, credited: &mut usize) -> Result<EventReading, Error> {
        let ended = |state, note: &str| Ok(EventReading::Ended(state, note.to_owned()));
        let facts = match news(event) {
            None => return ended(EventState::WaitsForStaff, "it can't be read"),
            Some(EventNews::Unknown) => return ended(EventState::Unknown, ""),
            Some(EventNews::Nothing) => return ended(EventState::Noted, ""),
            Some(EventNews::MoneyBack(note)) => return ended(EventState::WaitsForRefunds, &note),
            Some(EventNews::AskAbout(order_id)) => return self.ask_about(&event.book, order_id, now).await,
            Some(EventNews::Payment(facts)) => facts,
        };
        let Some(order_id) = facts.order_id else { return ended(EventState::Noted, "it is about no order of ours") };
        let Some(order) = self.store.order(&event.book, order_id).await? else {
            return ended(EventState::WaitsForStaff, "there is no such order");
        };
        Ok(match self.apply(&order, &facts, now).await? {
            AppliedFacts::Paid(purchase) => {
                if purchase.state == PurchaseState::Verified {
                    *credited += usize::from(self.finish_later(&purchase, self.sweep_after_ms).await?);
                }
                EventReading::Ended(EventState::Kept, purchase.purchase_id.to_string())
            }
            AppliedFacts::Noted(note) => EventReading::Ended(EventState::Noted, note.to_owned()),
            AppliedFacts::Flagged(why) => EventReading::Ended(EventState::WaitsForStaff, why),
        })
    }

    /// Has the sweep ask the store about an order now.
    async fn ask_about(&self, book: &BookName, order_id: Option<Uuid>, now: SystemTime) -> Result<EventReading, Error> {
        if let Some(order_id) = order_id
            && let Some(order) = self.store.order(book, order_id).await?
        {
            self.store.check_order_at(&order, unix_ms(now), false).await?;
            self.order_news.notify_one();
        }
        Ok(EventReading::Ended(EventState::Noted, "its session decides".to_owned()))
    }

    /// Applies what the store says about an order. Each step is keyed by the order, so applying it again is harmless, and so is any order of what is said.
    pub(crate) async fn apply(&self, order: &Order, facts: &PaymentFacts, now: SystemTime) -> Result<AppliedFacts, Error> {
        let contradiction = facts.contradict(order);
        match (facts.standing, contradiction) {
            (PaymentStanding::Paid | PaymentStanding::Processing, Some(why)) => {
                tracing::error!(order_id = %order.order_id, why, "a store says that something else was paid than was ordered; nothing is credited");
                self.store.flag_order(order, &why).await?;
                Ok(AppliedFacts::Flagged(why))
            }
            (PaymentStanding::Paid, None) => match self.refunded_unknown(order, facts, now).await? {
                Some(not_yet) => Ok(not_yet),
                None => self.pay(order, facts, now).await,
            },
            // What was not paid does not end an order by what it says of another session.
            (_, Some(_)) => Ok(AppliedFacts::Noted("it is not the order's session")),
            (PaymentStanding::Processing, None) => {
                self.store.opened(order, &facts.session_id, &facts.pay_url).await?;
                let moved = order.state == OrderState::Open && self.store.move_order(order, OrderState::Processing, "").await?;
                Ok(AppliedFacts::Noted(if moved { "its payment is on its way" } else { "nothing new" }))
            }
            (PaymentStanding::Expired, None) => {
                self.store.move_order(order, OrderState::Expired, "").await?;
                Ok(AppliedFacts::Noted("its session has ended unpaid"))
            }
            (PaymentStanding::Failed, None) => {
                self.store.move_order(order, OrderState::Failed, "its payment failed").await?;
                Ok(AppliedFacts::Noted("its payment failed"))
            }
            (PaymentStanding::Open, None) => {
                // A wallet does not repeat where the buyer is sent to; the call that makes it keeps it.
                if !facts.pay_url.is_empty() {
                    self.store.opened(order, &facts.session_id, &facts.pay_url).await?;
                }
                Ok(AppliedFacts::Noted("nobody has paid yet"))
            }
        }
    }

    /// A payment of which something was paid back, nobody knows how much, is not credited: with its refund's notification it is, and without that a person decides.
    async fn refunded_unknown(&self, order: &Order, facts: &PaymentFacts, now: SystemTime) -> Result<Option<AppliedFacts>, Error> {
        if facts.refunded != RefundedSoFar::Something || order.purchase_id.is_some() {
            return Ok(None);
        }
        if self.store.is_refund_known(order, &facts.transaction_id).await? {
            return Ok(None);
        }
        let awaited_ms = if self.bills.fetch { BILLS_MS } else { NOTIFICATIONS_MS };
        if unix_ms(now).saturating_sub(facts.said_at_ms) < awaited_ms {
            return Ok(Some(AppliedFacts::Noted("it was paid back in part or in whole, and what says how much is awaited")));
        }
        let why = "it was paid back in part or in whole, and the store does not say how much: compare with its console".to_owned();
        tracing::error!(order_id = %order.order_id, why, "a payment is not credited");
        self.store.flag_order(order, &why).await?;
        Ok(Some(AppliedFacts::Flagged(why)))
    }

    /// Makes an order paid and keeps its purchase, with what was paid back of it already, once.
    async fn pay(&self, order: &Order, facts: &PaymentFacts, now: SystemTime) -> Result<AppliedFacts, Error> {
        let new = purchase(order, facts, now);
        let mut tx = self.store.begin().await?;
        let is_first = orders::pay(&mut tx, order, new.purchase_id, &facts.transaction_id, &facts.session_id).await?;
        if is_first && purchases::insert(&mut tx, &new, unix_ms(now).saturating_add(self.sweep_after_ms)).await? {
            let known = if let RefundedSoFar::Known(words) = &facts.refunded { words.as_slice() } else { &[] };
            for fact in known.iter().filter_map(|word| word.fact(&new, unix_ms(now))) {
                crate::store::keep_refund_fact(&mut tx, &fact, unix_ms(now)).await?;
            }
            self.count_paid(&mut tx, order, &new, now).await?;
            tx.commit().await.map_err(crate::store::Error::from)?;
            return Ok(AppliedFacts::Paid(Box::new(new)));
        }
        tx.rollback().await.map_err(crate::store::Error::from)?;
        let order = self.store.order(&order.book, order.order_id).await?.unwrap_or_else(|| order.clone());
        let why = match (order.purchase_id, facts.contradict(&order)) {
            (Some(purchase_id), None) => match self.store.purchase(&order.book, purchase_id).await? {
                Some(first) => return Ok(AppliedFacts::Paid(Box::new(first))),
                None => "the order's purchase is missing".to_owned(),
            },
            (_, Some(why)) => why,
            (None, None) => format!("payment {} was credited for another order", facts.transaction_id),
        };
        tracing::error!(order_id = %order.order_id, why, "a payment can't be credited for its order");
        self.store.flag_order(&order, &why).await?;
        Ok(AppliedFacts::Flagged(why))
    }
}

/// The purchase of a paid order.
fn purchase(order: &Order, facts: &PaymentFacts, now: SystemTime) -> Purchase {
    Purchase {
        book: order.book.clone(),
        purchase_id: Uuid::now_v7(),
        user: order.user.clone(),
        request_id: order.request_id,
        state: PurchaseState::Verified,
        store: order.store,
        environment: order.environment.clone(),
        bundle_id: order.merchant.clone(),
        transaction_id: facts.transaction_id.clone(),
        product_id: order.product_id.clone(),
        quantity: 1,
        value: order.value,
        purchased_at_ms: facts.said_at_ms,
        created_at_ms: unix_ms(now),
        attempt: 0,
        attempt_at_ms: 0,
        tries: 0,
        blocked_by: String::new(),
        waits_since_ms: 0,
        stated_price: String::new(),
        sold: SoldAs { market: order.market.clone(), entity: order.entity.clone(), bonus: order.bonus },
    }
}
