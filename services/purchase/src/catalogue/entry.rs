//! A package as a file has it, and what is wrong with it.

use std::str::FromStr;

use money::{Coins, Currency, Money, Rounding};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::domain::{Channel, Package};

/// A row `[[package]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackageEntry {
    pub(crate) product_id: String,
    pub(crate) market: String,
    pub(crate) channel: String,
    pub(crate) coins: i64,
    pub(crate) currency: String,
    pub(crate) price: String,
    #[serde(default)]
    pub(crate) withdrawn: bool,
}

/// The package of an entry, or which key of the entry is invalid.
pub(crate) fn package(entry: PackageEntry) -> Result<Package, String> {
    if entry.market.len() != 2 || !entry.market.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err("market: must be two capital letters".to_owned());
    }
    let channel = Channel::from_name(&entry.channel).ok_or("channel: must be `app` or `web`")?;
    let coins = Coins::try_new(entry.coins).map_err(|error| format!("coins: {error}"))?;
    let currency = Currency::try_new(&entry.currency).map_err(|error| format!("currency: {error}"))?;
    let decimal = Decimal::from_str(&entry.price).map_err(|error| format!("price: {error}"))?;
    let price = Money::from_decimal(currency, decimal, Rounding::Down).map_err(|error| format!("price: {error}"))?;
    if price.to_decimal() != decimal {
        return Err(format!("price: has more digits than {currency}"));
    }
    if coins.get() == 0 || price.minor_units() == 0 {
        return Err("coins and price: must be at least 1".to_owned());
    }
    Ok(Package { product_id: entry.product_id, market: entry.market, channel, coins, price, withdrawn: entry.withdrawn })
}
