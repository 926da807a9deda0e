//! Use cases: orders that we make ourselves and a store is paid for. The order of steps is what makes a crash at any point harmless.
//!
//! A checkout: in one transaction register the request id and keep the order; ask the store for a session under a key that is derived from the order; keep the
//! session; record the answer. A retry finds the order, and the store's key finds its session, so there is never a second one.
//!
//! A payment, whoever reports it ([`read`] events, [`sweep`]): compare what the store says with the order ([`order`]); in one transaction make the order paid and
//! keep its purchase; from there on it is credited like any other. What contradicts the order is flagged for a person, and nothing is credited.

pub mod order;
pub(crate) mod read;
pub(crate) mod refusal;
pub(crate) mod sweep;

use std::sync::Arc;
use std::time::SystemTime;

use chart::BookKind;
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::time::{millis, unix_ms};
use money::{BookName, RequestId, UserKey};
use rpc::StickyRefusal;
use uuid::Uuid;

use crate::catalogue::PackageCatalogue;
use crate::domain::{Channel, Package, StoreKind};
use crate::error::Error;
use crate::purchases::Purchases;
use crate::store::orders;
use crate::stores::stripe::api::ApiFault;
use crate::stores::stripe::merchant::{Merchant, Merchants};
use crate::stores::stripe::session::{self, SessionDocument};
use order::{Order, OrderState};
use refusal::OrderRefusal;

/// Name under which request ids are kept.
const CREATE: &str = "CreateCheckout";

/// A session must be payable for at least this long when Stripe makes it; a little more, for the time of the call.
const SESSION_LEAST_MS: i64 = 30 * 60 * 1_000 + 30_000;

/// An idempotency key is repeated for so long only: Stripe keeps them for 24 hours.
const KEY_REPEATED_MS: i64 = 23 * 3_600 * 1_000;

/// How far Stripe's clock may be from ours when a session is looked for, in seconds.
const CLOCKS_S: i64 = 60;

/// The parts that orders need.
#[derive(Debug)]
pub struct Orders {
    /// Our accounts at Stripe.
    pub stripe: Arc<Merchants>,
    /// How long an order is left to its buyer before the store is asked about it, in milliseconds.
    pub check_after_ms: i64,
}

/// One request for a checkout.
#[derive(Debug, Clone)]
pub struct CheckoutRequest {
    /// The book.
    pub book: BookName,
    /// The buyer; request ids are scoped to this user, also if somebody else calls.
    pub user: UserKey,
    /// The client's id.
    pub request_id: RequestId,
    /// Who is to be paid.
    pub store: StoreKind,
    /// What is bought.
    pub product_id: String,
    /// How it is sold.
    pub channel: Channel,
    /// Where the buyer comes back to after paying.
    pub success_url: String,
    /// Where the buyer comes back to without having paid.
    pub cancel_url: String,
    /// What the caller sent.
    pub fields: SentFields,
}

impl CheckoutRequest {
    fn key(&self) -> RequestKey<'_> {
        RequestKey { book: &self.book, subject: &self.user, rpc: CREATE, request_id: &self.request_id }
    }
}

/// The package that is sold under an id and through a channel today. The only place where an order's price comes from.
fn on_offer<'a>(catalogue: &'a PackageCatalogue, product_id: &str, channel: Channel) -> Option<&'a Package> {
    catalogue.product(product_id).filter(|package| package.channel == channel && !package.withdrawn)
}

/// A request as it was found.
enum Begun {
    /// Its order, which may lack its session.
    Order(Box<Order>),
    /// Its order, answered before.
    Answered(Box<Order>),
    /// It was refused before.
    Refused(StickyRefusal),
}

impl Purchases {
    /// Makes an order and the store's session for it, once. The flag: it was answered before.
    pub(crate) async fn create_checkout(&self, asked: &CheckoutRequest) -> Result<(Order, bool), Error> {
        let now = SystemTime::now();
        let order = match self.begin_order(asked, now).await? {
            Begun::Answered(order) => return Ok((*order, true)),
            Begun::Refused(kept) => return Err(OrderRefusal::Kept(kept).into()),
            Begun::Order(order) => *order,
        };
        let merchant = self.merchant(&order.book)?;
        if merchant.account_id() != order.merchant {
            return Err(unavailable(&order, "the account that the order was made for is no longer configured"));
        }
        match self.session_for(merchant, &order, now).await? {
            Ok(order) => {
                let outcome = KeptAnswer { bytes: order.order_id.as_bytes().to_vec(), refusal: false };
                self.finish_order(asked, &outcome, now).await?;
                Ok((order, false))
            }
            Err(refusal) => {
                let kept = refusal.kept();
                self.finish_order(asked, &KeptAnswer { bytes: kept.to_bytes(), refusal: true }, now).await?;
                Err(OrderRefusal::Kept(kept).into())
            }
        }
    }

    /// One order of a book.
    pub(crate) async fn checkout(&self, book: &BookName, order_id: Uuid) -> Result<Option<Order>, Error> {
        Ok(self.store.order(book, order_id).await?)
    }

    fn merchant(&self, book: &BookName) -> Result<&Merchant, Error> {
        self.orders.stripe.of_book(book).ok_or_else(|| OrderRefusal::NotOffered.into())
    }

    /// Registers the request and keeps its order, in one transaction.
    async fn begin_order(&self, asked: &CheckoutRequest, now: SystemTime) -> Result<Begun, Error> {
        let kind = self.ledger.book(&asked.book).await?.ok_or_else(|| Error::BookUnknown(asked.book.to_string()))?;
        // Before the transaction, which no call may hold open; what was answered before is answered again, whatever is sold now.
        let judged = self.judge_order(asked, kind, now).await;
        let mut tx = self.store.begin().await?;
        match requests::begin(&mut tx, asked.key(), &asked.fields, now).await.map_err(crate::store::Error::from)? {
            RequestStanding::Reused { differing } => return Err(Error::RequestIdReused { differing }),
            RequestStanding::Replay(outcome) => {
                let damaged = || crate::store::Error::Damaged { purchase_id: asked.request_id.to_string(), column: "outcome" };
                tx.rollback().await.map_err(crate::store::Error::from)?;
                if outcome.refusal {
                    return Ok(Begun::Refused(StickyRefusal::from_bytes(&outcome.bytes).ok_or_else(damaged)?));
                }
                let order_id = Uuid::from_slice(&outcome.bytes).map_err(|_| damaged())?;
                let order = self.store.order(&asked.book, order_id).await?.ok_or_else(damaged)?;
                return Ok(Begun::Answered(Box::new(order)));
            }
            RequestStanding::Unfinished { .. } => {
                if let Some(order) = orders::of_request(&mut tx, &asked.book, &asked.user, asked.request_id.uuid()).await? {
                    return Ok(Begun::Order(Box::new(order)));
                }
            }
            RequestStanding::New => {}
        }
        // If it is refused, the request is forgotten with the transaction: the list and the accounts can be completed.
        let order = judged?;
        orders::insert(&mut tx, &order, unix_ms(now).saturating_add(self.orders.check_after_ms)).await?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        Ok(Begun::Order(Box::new(order)))
    }

    /// The order of a request, if its package is sold.
    async fn judge_order(&self, asked: &CheckoutRequest, kind: BookKind, now: SystemTime) -> Result<Order, Error> {
        let merchant = self.merchant(&asked.book)?;
        if merchant.kind() != kind {
            tracing::error!(book = %asked.book, account_id = merchant.account_id(), "the key of this account is for books of the other kind");
            return Err(OrderRefusal::NotOffered.into());
        }
        self.may_sell(&asked.book).await?;
        self.new_order(asked, merchant, now)
    }

    fn new_order(&self, asked: &CheckoutRequest, merchant: &Merchant, now: SystemTime) -> Result<Order, Error> {
        for (field, address) in [("success_url", &asked.success_url), ("cancel_url", &asked.cancel_url)] {
            if !merchant.may_return_to(address) {
                let why = "must be an https:// address, of an origin that the operator has listed".to_owned();
                return Err(Error::Malformed { field, why });
            }
        }
        let package = on_offer(&self.catalogue, &asked.product_id, asked.channel);
        let package = package.ok_or_else(|| OrderRefusal::ProductUnknown(asked.product_id.clone()))?;
        let value = merchant.value(package).map_err(|_| OrderRefusal::ProductUnknown(asked.product_id.clone()))?;
        Ok(Order {
            book: asked.book.clone(),
            order_id: Uuid::now_v7(),
            user: asked.user.clone(),
            request_id: asked.request_id.uuid(),
            store: asked.store,
            environment: merchant.environment().to_owned(),
            merchant: merchant.account_id().to_owned(),
            product_id: package.product_id.clone(),
            market: package.market.clone(),
            channel: package.channel,
            value,
            authenticate: merchant.authenticates(&package.market, package.price),
            success_url: asked.success_url.clone(),
            cancel_url: asked.cancel_url.clone(),
            state: OrderState::Open,
            session_id: String::new(),
            pay_url: String::new(),
            transaction_id: String::new(),
            purchase_id: None,
            note: String::new(),
            created_at_ms: unix_ms(now),
            // Whole seconds, as the store counts them.
            expires_at_ms: unix_ms(now).saturating_add(millis(merchant.pay_within())) / 1_000 * 1_000,
            asked_at_ms: 0,
            tries: 0,
        })
    }

    /// The order with its session, which the store makes at most once; or why there will never be one.
    async fn session_for(&self, merchant: &Merchant, order: &Order, now: SystemTime) -> Result<Result<Order, OrderRefusal>, Error> {
        if !order.session_id.is_empty() || order.purchase_id.is_some() {
            return Ok(Ok(order.clone()));
        }
        if order.state != OrderState::Open {
            return Ok(Err(OrderRefusal::Expired));
        }
        let now_ms = unix_ms(now);
        // A key that Stripe may have forgotten, and a session that it would not make any more, are not sent: only what is there is looked for.
        let may_repeat = now_ms.saturating_sub(order.created_at_ms) < KEY_REPEATED_MS && order.expires_at_ms - now_ms >= SESSION_LEAST_MS;
        let form = match session::form(order) {
            Ok(form) => form,
            Err(why) => return self.refused_by_store(order, why.to_string()).await,
        };
        let made = if may_repeat {
            self.store.asking(order, now_ms).await?;
            merchant.api().create_session(&form, &idempotency_key(order)).await
        } else {
            Err(ApiFault::KeyReused)
        };
        match made {
            Ok(session) => self.opened(merchant, order, &session, now).await.map(Ok),
            Err(ApiFault::Refused(why)) => self.refused_by_store(order, why).await,
            Err(ApiFault::NotFound) => Err(unavailable(order, "the interface is not where it should be")),
            Err(ApiFault::Later(why)) => Err(unavailable(order, &why)),
            Err(ApiFault::KeyReused) => match self.session_made(merchant, order, now).await {
                Ok(Some(session)) => self.opened(merchant, order, &session, now).await.map(Ok),
                Ok(None) => {
                    self.store.move_order(order, OrderState::Expired, "the store made no session for it in time").await?;
                    Ok(Err(OrderRefusal::Expired))
                }
                Err(why) => Err(unavailable(order, &why)),
            },
        }
    }

    /// The session that the store made for an order, found by the order's id in its metadata. `None`: it made none, or was never asked.
    async fn session_made(&self, merchant: &Merchant, order: &Order, now: SystemTime) -> Result<Option<SessionDocument>, String> {
        // Asked for the last time at `asked_at_ms`, unless the process ended between noting that and asking.
        let until_s = order.asked_at_ms.max(order.created_at_ms).saturating_add(120_000).min(unix_ms(now)) / 1_000;
        let found = merchant.api().session_of_order(order.order_id, order.created_at_ms / 1_000 - CLOCKS_S, until_s + CLOCKS_S).await;
        found.map_err(|fault| format!("{fault:?}"))
    }

    async fn opened(&self, merchant: &Merchant, order: &Order, session: &SessionDocument, now: SystemTime) -> Result<Order, Error> {
        let facts = session.facts(merchant.account_id(), unix_ms(now));
        let is_ours = facts.order_id == Some(order.order_id);
        let why = if is_ours { facts.contradict(order) } else { Some("the store's session carries another order".to_owned()) };
        if let Some(why) = why {
            // Nobody is sent to pay something else than was ordered.
            self.store.flag_order(order, &why).await?;
            return Err(unavailable(order, "the store's session is not what was ordered; support looks at it"));
        }
        self.store.opened(order, &facts.session_id, &facts.pay_url).await?;
        let kept = self.store.order(&order.book, order.order_id).await?;
        kept.ok_or(Error::Store(crate::store::Error::Database(sqlx::Error::RowNotFound)))
    }

    async fn refused_by_store(&self, order: &Order, why: String) -> Result<Result<Order, OrderRefusal>, Error> {
        tracing::error!(order_id = %order.order_id, why, "a store refused an order");
        self.store.move_order(order, OrderState::Failed, &why).await?;
        Ok(Err(OrderRefusal::RefusedByStore))
    }

    async fn finish_order(&self, asked: &CheckoutRequest, outcome: &KeptAnswer, now: SystemTime) -> Result<(), Error> {
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        requests::finish(&mut connection, asked.key(), outcome, now).await.map_err(crate::store::Error::from)?;
        Ok(())
    }
}

/// The key under which Stripe makes the session of an order once.
fn idempotency_key(order: &Order) -> String {
    format!("largesse-order-{}", order.order_id.hyphenated())
}

/// The store can't be reached, or its answer is lost; the order is kept.
fn unavailable(order: &Order, why: &str) -> Error {
    tracing::warn!(order_id = %order.order_id, why, "a store made no session yet, or its answer was lost");
    OrderRefusal::Unavailable.into()
}
