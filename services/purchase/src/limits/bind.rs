//! Use cases of limits: judging what is bought, one after the other for a user, and setting them.

use std::time::SystemTime;

use jiff::tz::TimeZone;
use money::time::{millis, unix_ms};
use money::{BookName, Currency, Money, UserKey};
use sqlx::AnyConnection;
use uuid::Uuid;

use super::calendar::{SpendingDay, day_of, with_zone, zone_name};
use super::refusal::LimitRefusal;
use super::rules::MarketRule;
use super::{SpendingLeft, SpendingProfile, SpendingStanding};
use crate::domain::Purchase;
use crate::error::Error;
use crate::orders::order::{Order, OrderState};
use crate::purchases::Purchases;
use crate::store::consents;
use crate::store::spending::{self, Spending};
use crate::store::wallet_changes::{self, WalletOwner};

/// What a user asked for as the limits by day and by month.
pub(crate) type WantedLimits = [Option<i64>; 2];

/// A price that is to be paid in a market.
#[derive(Debug, Clone, Copy)]
struct JudgedPrice<'a> {
    market: &'a str,
    price: Money,
    /// Under which id it is counted already.
    counted: Option<Uuid>,
}

impl Purchases {
    fn rule_of(&self, market: &str, now_ms: i64) -> Option<&MarketRule> {
        self.spending.rules.rule_of(market, now_ms)
    }

    /// Judges a price, after every other of the user that is judged now; with the day on which it counts. What is counted of it already does not count against it.
    async fn judge_spending(
        &self,
        connection: &mut AnyConnection,
        book: &BookName,
        user: &UserKey,
        JudgedPrice { market, price, counted }: JudgedPrice<'_>,
        now_ms: i64,
    ) -> Result<(Option<LimitRefusal>, SpendingDay), Error> {
        spending::lock(connection, book, user).await?;
        let profile = spending::profile(connection, book, user).await?;
        let rule = self.rule_of(market, now_ms);
        let today = day_of(&profile, &rule.map_or(TimeZone::UTC, |rule| rule.zone.clone()), now_ms);
        let currency = price.currency();
        let own = spending::limits(connection, book, user).await?.get(&currency).copied().unwrap_or_default();
        let spent = spending::spent(connection, book, user, currency, &today, counted).await?;
        let standing = SpendingStanding { rule, profile: &profile, own, spent, today: &today, currency };
        Ok((standing.refusal(price, now_ms), today))
    }

    /// Counts an order that is about to be made, unless a limit forbids it.
    pub(crate) async fn bind_order(&self, connection: &mut AnyConnection, order: &Order, now: SystemTime) -> Result<(), Error> {
        let (price, now_ms) = (order.value.price, unix_ms(now));
        let judged = JudgedPrice { market: &order.market, price, counted: None };
        let (refusal, today) = self.judge_spending(connection, &order.book, &order.user, judged, now_ms).await?;
        if let Some(refusal) = refusal {
            return Err(Error::Limit(refusal));
        }
        let (spending_id, user) = (order.order_id, &order.user);
        let new = Spending {
            spending_id,
            user,
            order_id: Some(spending_id),
            purchase_id: None,
            today: &today,
            price,
            over_limit: "",
            at_ms: now_ms,
        };
        Ok(spending::insert(connection, &order.book, &new).await?)
    }

    /// Counts a purchase that was paid at a store, and flags it where it would not have been sold here.
    pub(crate) async fn count_purchase(&self, connection: &mut AnyConnection, new: &Purchase, now: SystemTime) -> Result<(), Error> {
        self.count_spending(connection, new, new.purchase_id, None, now).await
    }

    /// What was counted with an order is that of its purchase now. One that had ended counted no longer, and is judged as it is paid.
    pub(crate) async fn count_paid(
        &self,
        connection: &mut AnyConnection,
        order: &Order,
        new: &Purchase,
        now: SystemTime,
    ) -> Result<(), Error> {
        let has_ended = matches!(order.state, OrderState::Expired | OrderState::Failed);
        let mut over_limit = "";
        if has_ended {
            let judged = JudgedPrice { market: &order.market, price: order.value.price, counted: Some(order.order_id) };
            let (refusal, _) = self.judge_spending(connection, &order.book, &order.user, judged, unix_ms(now)).await?;
            over_limit = refusal.as_ref().map_or("", LimitRefusal::reason);
        }
        if spending::is_paid(connection, &order.book, order.order_id, new.purchase_id, over_limit).await? {
            return Ok(());
        }
        // Of an order from before orders were counted.
        self.count_spending(connection, new, order.order_id, Some(order.order_id), now).await
    }

    async fn count_spending(
        &self,
        connection: &mut AnyConnection,
        new: &Purchase,
        spending_id: Uuid,
        order_id: Option<Uuid>,
        now: SystemTime,
    ) -> Result<(), Error> {
        let (price, at_ms) = (new.value.price, unix_ms(now));
        spending::lock(connection, &new.book, &new.user).await?;
        // What was bought for a wallet after it was merged counts for the person whose limits moved.
        let user = match wallet_changes::wallet_owner(connection, &new.book, &new.user).await? {
            WalletOwner::Is(owner) => owner,
            // The posting that moves its coins moves this too.
            WalletOwner::Moving => new.user.clone(),
        };
        let judged = JudgedPrice { market: &new.sold.market, price, counted: None };
        let (refusal, today) = self.judge_spending(connection, &new.book, &user, judged, at_ms).await?;
        let over_limit = refusal.as_ref().map_or("", LimitRefusal::reason);
        if !over_limit.is_empty() {
            tracing::warn!(purchase_id = %new.purchase_id, over_limit, "a purchase was paid beyond a limit of its buyer; its coins are credited");
        }
        let purchase_id = Some(new.purchase_id);
        let row = Spending { spending_id, user: &user, order_id, purchase_id, today: &today, price, over_limit, at_ms };
        Ok(spending::insert(connection, &new.book, &row).await?)
    }

    /// What a user may still spend, in a market where one is named.
    pub(crate) async fn allowance(&self, book: &BookName, user: &UserKey, market: &str, now: SystemTime) -> Result<SpendingLeft, Error> {
        let now_ms = unix_ms(now);
        let mut connection = self.store.pool.acquire().await.map_err(crate::store::Error::from)?;
        let profile = spending::profile(&mut connection, book, user).await?;
        let rule = self.rule_of(market, now_ms);
        let today = day_of(&profile, &rule.map_or(TimeZone::UTC, |rule| rule.zone.clone()), now_ms);
        let limits = spending::limits(&mut connection, book, user).await?;
        let mut currencies: Vec<Currency> = limits.keys().copied().chain(rule.map(|rule| rule.currency)).collect();
        currencies.sort();
        currencies.dedup();
        let mut bounds = Vec::new();
        for currency in currencies {
            let spent = spending::spent(&mut connection, book, user, currency, &today, None).await?;
            let own = limits.get(&currency).copied().unwrap_or_default();
            let of_currency = rule.filter(|rule| rule.currency == currency);
            let standing = SpendingStanding { rule: of_currency, profile: &profile, own, spent, today: &today, currency };
            bounds.extend(standing.bounds(now_ms));
        }
        let zone = if rule.is_some() || zone_name(&profile, now_ms).is_some() { today.zone } else { String::new() };
        Ok(SpendingLeft { bounds, profile, rule: rule.cloned(), zone, now_ms })
    }

    /// Records what the app knows of a user.
    pub(crate) async fn set_spending_profile(
        &self,
        book: &BookName,
        user: &UserKey,
        age_at_least: Option<u32>,
        parent_consents: bool,
        zone: Option<String>,
        now: SystemTime,
    ) -> Result<SpendingProfile, Error> {
        self.spending_book(book).await?;
        let mut tx = self.store.begin().await?;
        spending::lock(&mut tx, book, user).await?;
        let stands = spending::profile(&mut tx, book, user).await?;
        let has_spent = spending::has_spent(&mut tx, book, user, unix_ms(now)).await?;
        let consent_withdrawn_ms = if parent_consents { 0 } else { stands.consent_withdrawn_ms };
        if parent_consents {
            consents::consented_again(&mut tx, book, user).await?;
        }
        let profile = SpendingProfile { age_at_least, consent_withdrawn_ms, ..with_zone(stands, zone, unix_ms(now), has_spent) };
        spending::set_profile(&mut tx, book, user, &profile).await?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        Ok(profile)
    }

    /// Sets a user's own limits in a currency.
    pub(crate) async fn set_spending_limit(
        &self,
        book: &BookName,
        user: &UserKey,
        currency: Currency,
        wanted: WantedLimits,
        now: SystemTime,
    ) -> Result<SpendingLeft, Error> {
        self.spending_book(book).await?;
        let mut tx = self.store.begin().await?;
        spending::lock(&mut tx, book, user).await?;
        let stands = spending::limits(&mut tx, book, user).await?.get(&currency).copied().unwrap_or_default();
        let delay_ms = millis(self.spending.raise_delay);
        let [day, month] = [0, 1].map(|at: usize| stands[at].asked(wanted[at], unix_ms(now), delay_ms));
        spending::set_limits(&mut tx, book, user, currency, [day, month]).await?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        self.allowance(book, user, "", now).await
    }

    /// Pauses a user's spending until a time; the end of the pause. One that lasts longer stays.
    pub(crate) async fn pause_spending(&self, book: &BookName, user: &UserKey, until_ms: i64, now: SystemTime) -> Result<i64, Error> {
        self.spending_book(book).await?;
        let mut tx = self.store.begin().await?;
        spending::lock(&mut tx, book, user).await?;
        let stands = spending::profile(&mut tx, book, user).await?;
        if stands.paused_until_ms > until_ms && stands.paused_until_ms > unix_ms(now) {
            return Err(Error::Limit(LimitRefusal::Paused { until_ms: stands.paused_until_ms }));
        }
        spending::set_profile(&mut tx, book, user, &SpendingProfile { paused_until_ms: until_ms, ..stands }).await?;
        tx.commit().await.map_err(crate::store::Error::from)?;
        Ok(until_ms)
    }

    async fn spending_book(&self, book: &BookName) -> Result<(), Error> {
        self.ledger.book(book).await?.map(drop).ok_or_else(|| Error::BookUnknown(book.to_string()))
    }
}
