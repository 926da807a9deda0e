//! What limits purchases of coins: the rules of a market by age, and what users set for themselves. They bind where we sell: an order beyond them is not made. What a
//! store sold was paid, so it is credited all the same and flagged. No I/O here.
//!
//! - [`rules`]: the operator's document. [`calendar`]: days and months in a user's time zone. [`refusal`]: what callers are answered. `bind`: the use cases.
//!
//! What counts is the price, tax included, of purchases and of orders that can still be paid, on the day (in the user's zone) on which the order was made or the store's
//! purchase came. What was paid back of them, and is in the books, counts no longer: for the day and the month of the purchase, not for later ones.

pub(crate) mod bind;
pub mod calendar;
pub mod refusal;
pub mod rules;

use std::time::Duration;

use money::Money;

use calendar::SpendingDay;
use refusal::LimitRefusal;
use rules::{AgeLimits, MarketRule, SpendingRules};

/// What the operator decided.
#[derive(Debug)]
pub struct SpendingTerms {
    /// The markets' rules.
    pub rules: SpendingRules,
    /// How long a user's higher limit is awaited.
    pub raise_delay: Duration,
}

/// How long a limit counts what is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitWindow {
    /// One purchase.
    Purchase,
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

impl LimitWindow {
    /// All windows.
    pub const ALL: [Self; 3] = [Self::Purchase, Self::Day, Self::Month];

    /// The word in tables and answers; never changed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// Who limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSetter {
    /// The rules of a market.
    Market,
    /// The user.
    User,
}

impl LimitSetter {
    /// The word in answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::User => "user",
        }
    }
}

/// A limit of a user's own in a currency and window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OwnLimit {
    /// Minor units; `None`: no limit.
    pub most: Option<i64>,
    /// What replaces it, and when, in Unix milliseconds.
    pub next: Option<(Option<i64>, i64)>,
}

/// Whether one limit is lower than another; no limit is the highest.
fn is_lower(one: Option<i64>, other: Option<i64>) -> bool {
    one.unwrap_or(i64::MAX) < other.unwrap_or(i64::MAX)
}

fn lower(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    if is_lower(one, other) { one } else { other }
}

impl OwnLimit {
    /// As it stands at a time: a higher limit that was awaited has begun.
    #[must_use]
    pub fn at(self, now_ms: i64) -> OwnLimit {
        match self.next {
            Some((most, from_ms)) if from_ms <= now_ms => OwnLimit { most, next: None },
            _ => self,
        }
    }

    /// After its user asked for another: less counts at once, more is awaited. What is asked for again is not awaited longer.
    #[must_use]
    pub fn asked(self, wanted: Option<i64>, now_ms: i64, raise_delay_ms: i64) -> OwnLimit {
        let stands = self.at(now_ms);
        if !is_lower(stands.most, wanted) {
            return OwnLimit { most: wanted, next: None };
        }
        let from_ms = match stands.next {
            Some((next, from_ms)) if !is_lower(next, wanted) => from_ms,
            _ => now_ms.saturating_add(raise_delay_ms),
        };
        OwnLimit { next: Some((wanted, from_ms)), ..stands }
    }

    /// Of two limits of one person, whose wallets are merged, the lower. A higher one that is awaited begins once neither is lower than what holds in the end.
    #[must_use]
    pub fn joined(self, other: OwnLimit, now_ms: i64) -> OwnLimit {
        let both = [self.at(now_ms), other.at(now_ms)];
        let [one, other] = both.map(|limit| limit.next.map_or(limit.most, |(next, _)| next));
        let in_the_end = lower(one, other);
        let from_ms =
            both.into_iter().filter(|limit| is_lower(limit.most, in_the_end)).filter_map(|limit| limit.next).map(|(_, from_ms)| from_ms);
        OwnLimit { most: lower(both[0].most, both[1].most), next: from_ms.max().map(|from_ms| (in_the_end, from_ms)) }
    }
}

/// What is known of a user by which purchases are limited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpendingProfile {
    /// An age that the user has reached, in years; `None`: not known.
    pub age_at_least: Option<u32>,
    /// Days and months are counted by this zone; `None`: by the market's.
    pub time_zone: Option<String>,
    /// Which zone counts from which time on, in Unix milliseconds.
    pub next_zone: Option<(Option<String>, i64)>,
    /// No coins are sold before this time, in Unix milliseconds; 0: no pause.
    pub paused_until_ms: i64,
    /// When a parent withdrew consent for the app, in Unix milliseconds, so that no coins are sold; 0: nobody did.
    pub consent_withdrawn_ms: i64,
}

impl SpendingProfile {
    /// With what is known of the same person under another key, whose wallet is merged into this one's: whichever limits more. The zone stays.
    #[must_use]
    pub fn joined(self, other: &SpendingProfile) -> SpendingProfile {
        SpendingProfile {
            age_at_least: self.age_at_least.into_iter().chain(other.age_at_least).min(),
            paused_until_ms: self.paused_until_ms.max(other.paused_until_ms),
            consent_withdrawn_ms: self.consent_withdrawn_ms.max(other.consent_withdrawn_ms),
            ..self
        }
    }
}

/// Minor units that were spent in the present windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpentSums {
    /// Today.
    pub day: i64,
    /// This month.
    pub month: i64,
}

impl SpentSums {
    fn of(self, window: LimitWindow) -> i64 {
        match window {
            LimitWindow::Purchase => 0,
            LimitWindow::Day => self.day.max(0),
            LimitWindow::Month => self.month.max(0),
        }
    }
}

/// A limit and what is spent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendingBound {
    /// How long it counts.
    pub window: LimitWindow,
    /// Who set it.
    pub set_by: LimitSetter,
    /// Minor units of this currency.
    pub currency: money::Currency,
    /// The limit; `None` where one of the user's has none now.
    pub most: Option<i64>,
    /// What was spent.
    pub spent: i64,
    /// When the next window begins, in Unix milliseconds; `None` for one purchase.
    pub resets_at_ms: Option<i64>,
    /// What replaces it, and when.
    pub next: Option<(Option<i64>, i64)>,
}

impl SpendingBound {
    /// What is left, in minor units; `None` without a limit.
    #[must_use]
    pub fn left(&self) -> Option<i64> {
        self.most.map(|most| most.saturating_sub(self.spent).max(0))
    }
}

/// What may still be spent in a currency.
#[derive(Debug, Clone, Copy)]
pub struct SpendingStanding<'a> {
    /// The rule of the market, if there is one.
    pub rule: Option<&'a MarketRule>,
    /// The user.
    pub profile: &'a SpendingProfile,
    /// The user's limits by day and by month, in this currency.
    pub own: [OwnLimit; 2],
    /// What was spent, in this currency.
    pub spent: SpentSums,
    /// The day and month in which that was.
    pub today: &'a SpendingDay,
    /// The currency.
    pub currency: money::Currency,
}

impl SpendingStanding<'_> {
    /// Every limit of this currency: the market's, then the user's.
    #[must_use]
    pub fn bounds(&self, now_ms: i64) -> Vec<SpendingBound> {
        let bound = |window, set_by, limit: OwnLimit| SpendingBound {
            window,
            set_by,
            currency: self.currency,
            most: limit.most,
            spent: self.spent.of(window),
            resets_at_ms: match window {
                LimitWindow::Purchase => None,
                LimitWindow::Day => Some(self.today.ends_at_ms),
                LimitWindow::Month => Some(self.today.month_ends_at_ms),
            },
            next: limit.next,
        };
        let of_age = self.rule.and_then(|rule| rule.limits(self.profile.age_at_least)).unwrap_or_default();
        let of_market = LimitWindow::ALL.into_iter().filter_map(|window| {
            let most = self.of_rule(of_age, window)?;
            Some(bound(window, LimitSetter::Market, OwnLimit { most: Some(most), next: None }))
        });
        let own = [LimitWindow::Day, LimitWindow::Month].into_iter().zip(self.own.map(|limit| limit.at(now_ms)));
        let own = own.filter(|(_, limit)| *limit != OwnLimit::default());
        let mut bounds: Vec<SpendingBound> = of_market.chain(own.map(|(window, limit)| bound(window, LimitSetter::User, limit))).collect();
        bounds.sort_by_key(|bound| bound.window);
        bounds
    }

    /// A limit of the rule. A price in another currency than the rule's can't be compared with it, so nothing is left.
    fn of_rule(&self, limits: AgeLimits, window: LimitWindow) -> Option<i64> {
        let is_same = self.rule.is_some_and(|rule| rule.currency == self.currency);
        limits.of(window).map(|most| if is_same { most } else { 0 })
    }

    /// Why this price is not to be paid now, if it is not.
    #[must_use]
    pub fn refusal(&self, price: Money, now_ms: i64) -> Option<LimitRefusal> {
        if let Some(rule) = self.rule.filter(|rule| rule.limits(self.profile.age_at_least).is_none()) {
            return Some(LimitRefusal::Age { market: rule.market.clone(), minimum_age: rule.minimum_age });
        }
        if self.profile.consent_withdrawn_ms > 0 {
            return Some(LimitRefusal::ConsentWithdrawn);
        }
        if self.profile.paused_until_ms > now_ms {
            return Some(LimitRefusal::Paused { until_ms: self.profile.paused_until_ms });
        }
        let is_over = |bound: &SpendingBound| bound.left().is_some_and(|left| left < price.minor_units());
        self.bounds(now_ms).into_iter().find(is_over).map(LimitRefusal::Limit)
    }
}

/// What a user may still spend.
#[derive(Debug, Clone)]
pub struct SpendingLeft {
    /// Every limit.
    pub bounds: Vec<SpendingBound>,
    /// The user.
    pub profile: SpendingProfile,
    /// The rule of the market that was asked about.
    pub rule: Option<MarketRule>,
    /// The zone by which days are counted.
    pub zone: String,
    /// When that was, in Unix milliseconds.
    pub now_ms: i64,
}

impl SpendingLeft {
    /// Whether somebody of the user's age buys in the market.
    #[must_use]
    pub fn age_allows(&self) -> bool {
        self.rule.as_ref().is_none_or(|rule| rule.limits(self.profile.age_at_least).is_some())
    }

    /// When the present pause ends; `None` without one.
    #[must_use]
    pub fn paused_until_ms(&self) -> Option<i64> {
        Some(self.profile.paused_until_ms).filter(|until_ms| *until_ms > self.now_ms)
    }

    /// Limits in the order in which they are shown.
    #[must_use]
    pub fn in_order(&self) -> Vec<&SpendingBound> {
        let of = |window| self.bounds.iter().filter(move |bound| bound.window == window);
        LimitWindow::ALL.into_iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests;
