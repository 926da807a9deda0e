//! Use cases: orders that we make ourselves and a store is paid for. The order of steps is what makes a crash at any point harmless.
//!
//! A checkout: in one transaction register the request id and keep the order; ask the store for a session under a key that is derived from the order; keep the
//! session; record the answer. A retry finds the order, and the store's key finds its session, so there is never a second one.
//!
//! A payment, whoever reports it ([`read`] events, [`sweep`]): compare what the store says with the order ([`order`]); in one transaction make the order paid and
//! keep its purchase; from there on it is credited like any other. What contradicts the order is flagged for a person, and nothing is credited.

pub mod accounts;
pub mod news;
pub mod order;
pub mod paying;
pub(crate) mod read;
pub(crate) mod refusal;
pub(crate) mod sweep;

use std::time::SystemTime;

use api::ledger::AccountState;
use chart::BookKind;
use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use money::time::{millis, unix_ms};
use money::{BookName, RequestId, UserKey};
use rpc::StickyRefusal;
use uuid::Uuid;

use crate::domain::{Channel, StoreKind};
use crate::error::Error;
use crate::price_lists::BookPrices;
use crate::purchases::Purchases;
use crate::sheets::{PriceQuote, Wanted};
use crate::store::{orders, wallet_changes};
use crate::stores::payee::{NotOpened, OrderAccount};
use crate::wallet_changes::change::WalletChangeState;
use crate::wallet_changes::refusal::WalletRefusal;
use order::{CREATE, Order, OrderState, PaymentFacts, PaymentStanding};
use paying::OrderPaying;
use refusal::OrderRefusal;

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
    /// The market whose price is meant; empty: the only one.
    pub market: String,
    /// How it is paid.
    pub paying: OrderPaying,
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
        let account = self.selling(asked)?;
        if account.account_id() != order.merchant {
            return Err(unavailable(&order, "the account that the order was made for is no longer configured"));
        }
        match self.session_for(account, &order, now).await? {
            Ok(order) => {
                let outcome = KeptAnswer { bytes: order.order_id.as_bytes().to_vec(), refusal: false };
                self.answered_order(asked, &outcome, order, now).await
            }
            Err(refusal) => {
                let outcome = KeptAnswer { bytes: refusal.kept().to_bytes(), refusal: true };
                self.answered_order(asked, &outcome, order, now).await
            }
        }
    }

    /// One order of a book.
    pub(crate) async fn checkout(&self, book: &BookName, order_id: Uuid) -> Result<Option<Order>, Error> {
        Ok(self.store.order(book, order_id).await?)
    }

    fn selling(&self, asked: &CheckoutRequest) -> Result<&dyn OrderAccount, Error> {
        self.orders.account(asked.store, &asked.book).ok_or_else(|| OrderRefusal::NotOffered.into())
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
        // What is paid while a wallet is closed or merged comes too late for it. One that waits for a second person may be rejected.
        let change = wallet_changes::open_of(&mut tx, &order.book, &order.user).await?;
        if let Some(change) = change.filter(|change| change.user == order.user && change.state != WalletChangeState::Asked) {
            return Err(WalletRefusal::Open(change.change_id).into());
        }
        let open_max = self.orders.open_max;
        if orders::payable_beside(&mut tx, &order, unix_ms(now)).await? >= i64::from(open_max) {
            return Err(OrderRefusal::TooMany { open_max }.into());
        }
        self.bind_order(&mut tx, &order, now).await?;
        orders::insert(&mut tx, &order, unix_ms(now).saturating_add(self.orders.check_after_ms)).await?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        Ok(Begun::Order(Box::new(order)))
    }

    /// The order of a request, if its package is sold.
    async fn judge_order(&self, asked: &CheckoutRequest, kind: BookKind, now: SystemTime) -> Result<Order, Error> {
        let account = self.selling(asked)?;
        if account.kind() != kind {
            tracing::error!(book = %asked.book, account_id = account.account_id(), "the key of this account is for books of the other kind");
            return Err(OrderRefusal::NotOffered.into());
        }
        let prices = self.prices(&asked.book).await?;
        let order = self.new_order(asked, account, &prices, now)?;
        // Coins that are paid for a closed wallet would only wait in suspense.
        if self.ledger.viewer_wallet(&asked.book, &asked.user).await?.state == AccountState::Closed {
            return Err(WalletRefusal::NotOpen { user_id: asked.user.to_string(), state: "closed" }.into());
        }
        Ok(order)
    }

    /// The order of a request, at the price of today. The only place where an order's price comes from.
    fn new_order(&self, asked: &CheckoutRequest, account: &dyn OrderAccount, prices: &BookPrices, now: SystemTime) -> Result<Order, Error> {
        for (field, address) in [("success_url", &asked.success_url), ("cancel_url", &asked.cancel_url)] {
            if !account.may_return_to(address) {
                let why = "must be an https:// address, of an origin that the operator has listed".to_owned();
                return Err(Error::Malformed { field, why });
            }
        }
        if let Some((field, why)) = asked.paying.problem(asked.store == StoreKind::Wechat) {
            return Err(Error::Malformed { field, why: why.to_owned() });
        }
        if !account.takes(asked.paying.method) {
            return Err(OrderRefusal::NotOffered.into());
        }
        let unknown = || OrderRefusal::ProductUnknown(asked.product_id.clone());
        let list = prices.at(unix_ms(now)).ok_or(Error::ListBuiltIn)?;
        let (channel, at_ms) = (asked.store.price_channel(), unix_ms(now));
        let wanted = Wanted { book: &asked.book, channel, product_id: &asked.product_id, currency: None, at_ms };
        let sold = list.sold(wanted, Some(asked.market.as_str()).filter(|market| !market.is_empty()));
        let PriceQuote { package, bonus, entity } = sold.filter(|sold| sold.package.channel == asked.channel).ok_or_else(unknown)?;
        let of_account = account.value(&package).map_err(|_| unknown())?;
        let value = match list.sheet().tax(&package.market, channel, at_ms) {
            Some(tax_basis_points) => order::value(&package, tax_basis_points).map_err(|_| unknown())?,
            None => of_account,
        };
        Ok(Order {
            book: asked.book.clone(),
            order_id: Uuid::now_v7(),
            user: asked.user.clone(),
            request_id: asked.request_id.uuid(),
            store: asked.store,
            environment: account.environment().to_owned(),
            merchant: account.account_id().to_owned(),
            product_id: package.product_id.clone(),
            market: package.market.clone(),
            entity,
            bonus,
            channel: package.channel,
            value,
            paying: asked.paying.clone(),
            authenticate: account.authenticates(&package.market, package.price),
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
            expires_at_ms: unix_ms(now).saturating_add(millis(account.pay_within())) / 1_000 * 1_000,
            asked_at_ms: 0,
            tries: 0,
        })
    }

    /// The order with its session, which the store makes at most once; or why there will never be one.
    async fn session_for(&self, account: &dyn OrderAccount, order: &Order, now: SystemTime) -> Result<Result<Order, OrderRefusal>, Error> {
        if !order.session_id.is_empty() || order.purchase_id.is_some() {
            return Ok(Ok(order.clone()));
        }
        if order.state != OrderState::Open {
            return Ok(Err(OrderRefusal::Expired));
        }
        let now_ms = unix_ms(now);
        let made = if account.may_open(order, now_ms) {
            let open_max = self.orders.open_max;
            if !self.store.asking(order, open_max, now_ms).await? {
                // Not the answer to the request: there may be room for it later.
                return Err(OrderRefusal::TooMany { open_max }.into());
            }
            account.open(order, now).await
        } else {
            Err(NotOpened::Look)
        };
        match made {
            Ok(facts) => self.opened(order, &facts).await.map(Ok),
            Err(NotOpened::Refused(why)) => self.refused_by_store(order, why).await,
            Err(NotOpened::Later(why)) => Err(unavailable(order, &why)),
            Err(NotOpened::Look) => match account.standing(order, now).await {
                // Nobody can be sent there any more.
                Ok(Some(facts)) if facts.standing == PaymentStanding::Open && facts.pay_url.is_empty() => Ok(Err(OrderRefusal::Expired)),
                Ok(Some(facts)) => self.opened(order, &facts).await.map(Ok),
                Ok(None) => {
                    self.store.move_order(order, OrderState::Expired, "the store made no session for it in time").await?;
                    Ok(Err(OrderRefusal::Expired))
                }
                Err(why) => Err(unavailable(order, &why)),
            },
        }
    }

    async fn opened(&self, order: &Order, facts: &PaymentFacts) -> Result<Order, Error> {
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

    /// Records the answer, and gives the one in force: of equal calls at the same time, that of the first to finish. The flag: it was answered before.
    async fn answered_order(
        &self,
        asked: &CheckoutRequest,
        outcome: &KeptAnswer,
        order: Order,
        now: SystemTime,
    ) -> Result<(Order, bool), Error> {
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let finished = requests::finish_first(&mut connection, asked.key(), outcome, now).await.map_err(crate::store::Error::from)?;
        drop(connection);
        let (stands, is_first) = finished.unwrap_or_else(|| (outcome.clone(), true));
        if stands.refusal {
            let damaged = || crate::store::Error::Damaged { purchase_id: asked.request_id.to_string(), column: "outcome" };
            return Err(OrderRefusal::Kept(StickyRefusal::from_bytes(&stands.bytes).ok_or_else(damaged)?).into());
        }
        // Another call may know more of it by now, such as its page.
        let order = if is_first { order } else { self.store.order(&order.book, order.order_id).await?.unwrap_or(order) };
        Ok((order, !is_first))
    }
}

/// The store can't be reached, or its answer is lost; the order is kept.
fn unavailable(order: &Order, why: &str) -> Error {
    tracing::warn!(order_id = %order.order_id, why, "a store made no session yet, or its answer was lost");
    OrderRefusal::Unavailable.into()
}
