//! Limits of purchases from and to protobuf.

use api::purchase as pb;
use api::r#type::Money as WireMoney;
use money::{Currency, Money};
use rpc::wire::{money, timestamp_ms};
use tonic::Status;

use crate::domain::RECEIPT_MINOR_UNITS_MAX;
use crate::limits::rules::AGE_MAX;
use crate::limits::{LimitSetter, LimitWindow, SpendingBound, SpendingLeft};
use crate::store::answers::WalletCoins;

/// Longest name of a time zone, in bytes.
const ZONE_BYTES_MAX: usize = 64;

/// A country that may be left out.
pub(crate) fn market(text: String) -> Result<String, Status> {
    let fits = text.is_empty() || (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()));
    if fits { Ok(text) } else { Err(rpc::malformed("market", "must be two capital letters, or empty")) }
}

/// An age in years.
pub(crate) fn age(years: Option<i32>) -> Result<Option<u32>, Status> {
    let read = |years: i32| u32::try_from(years).ok().filter(|years| *years <= AGE_MAX);
    let wrong = || rpc::malformed("age_at_least", &format!("must be 0 to {AGE_MAX}, or absent"));
    years.map(|years| read(years).ok_or_else(wrong)).transpose()
}

/// A time zone that is known here, by its own name.
pub(crate) fn zone(name: &str) -> Result<Option<String>, Status> {
    if name.is_empty() {
        return Ok(None);
    }
    let found = if name.len() <= ZONE_BYTES_MAX { jiff::tz::TimeZone::get(name).ok() } else { None };
    let found = found.and_then(|zone| zone.iana_name().map(str::to_owned));
    found.map(Some).ok_or_else(|| rpc::malformed("time_zone", "must be a name of the IANA time zone database, such as Asia/Shanghai"))
}

/// A limit in minor units.
pub(crate) fn limit(field: &'static str, minor_units: Option<i64>) -> Result<Option<i64>, Status> {
    if minor_units.is_none_or(|amount| (0..=RECEIPT_MINOR_UNITS_MAX).contains(&amount)) {
        return Ok(minor_units);
    }
    Err(rpc::malformed(field, &format!("must be 0 to {RECEIPT_MINOR_UNITS_MAX}, or absent")))
}

fn amount(currency: Currency, minor_units: i64) -> Option<WireMoney> {
    Money::try_new(currency, minor_units).ok().map(money)
}

fn bound(bound: &SpendingBound) -> pb::SpendingBound {
    let window = match bound.window {
        LimitWindow::Purchase => pb::SpendingWindow::Purchase,
        LimitWindow::Day => pb::SpendingWindow::Day,
        LimitWindow::Month => pb::SpendingWindow::Month,
    };
    let set_by = match bound.set_by {
        LimitSetter::Market => pb::SpendingLimitSetter::Market,
        LimitSetter::User => pb::SpendingLimitSetter::User,
    };
    let shown = |minor_units: i64| amount(bound.currency, minor_units);
    pb::SpendingBound {
        window: window.into(),
        set_by: set_by.into(),
        limit: bound.most.and_then(shown),
        spent: shown(bound.spent),
        left: bound.left().and_then(shown),
        reset_time: bound.resets_at_ms.map(timestamp_ms),
        next_time: bound.next.map(|(_, from_ms)| timestamp_ms(from_ms)),
        next_limit: bound.next.and_then(|(most, _)| most).and_then(shown),
    }
}

pub(crate) fn allowance(of: &SpendingLeft) -> pb::SpendingAllowance {
    pb::SpendingAllowance {
        bounds: of.in_order().into_iter().map(bound).collect(),
        paused_until: of.paused_until_ms().map(timestamp_ms),
        market: of.rule.as_ref().map_or_else(String::new, |rule| rule.market.clone()),
        age_allows: of.age_allows(),
        minimum_age: of.rule.as_ref().map_or(0, |rule| i32::try_from(rule.minimum_age).unwrap_or(i32::MAX)),
        age_at_least: of.profile.age_at_least.and_then(|years| i32::try_from(years).ok()),
        time_zone: of.zone.clone(),
    }
}

/// What was paid for the coins in a wallet.
pub(crate) fn paid_for(coins: &WalletCoins) -> Vec<pb::CoinsPaid> {
    let shown = |(currency, (coins, minor_units)): (&String, &(i64, i64))| pb::CoinsPaid {
        coins: *coins,
        price: Currency::try_new(currency).ok().and_then(|currency| amount(currency, *minor_units)),
    };
    coins.paid_for.iter().map(shown).collect()
}
