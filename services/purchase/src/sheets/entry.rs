//! Rows of a price sheet as they are written, and what is wrong with them.

use chart::HouseId;
use jiff::civil::Date;
use money::{BookName, Coins};
use serde::Deserialize;

use super::{ANY_MARKET, DatedRate, SheetPrice};
use crate::catalogue::entry::{PackageEntry, package};
use crate::domain::{BASIS_POINTS, PriceChannel};

/// Longest source of a rate, in bytes.
const SOURCE_BYTES_MAX: usize = 500;

/// A row `[[price]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceEntry {
    pub(crate) product_id: String,
    book: Option<String>,
    market: String,
    channel: String,
    entity: Option<String>,
    coins: i64,
    #[serde(default)]
    bonus_coins: i64,
    currency: String,
    price: String,
    valid_from: String,
    #[serde(default)]
    withdrawn: bool,
}

/// A row `[[tax]]` or `[[commission]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatedRateEntry {
    pub(crate) market: String,
    channel: Option<String>,
    basis_points: u32,
    valid_from: String,
    source: String,
}

impl PriceEntry {
    /// Whether it is the row of this price.
    pub(crate) fn is_of(&self, row: &SheetPrice) -> bool {
        let own = (self.product_id.as_str(), self.channel.as_str(), self.book.as_deref(), self.currency.as_str());
        let book = row.book.as_ref().map(BookName::as_str);
        own == (&row.package.product_id, row.channel.as_str(), book, row.package.price.currency().code())
            && self.valid_from == row.valid_from.to_string()
    }
}

/// The price of a row, or which key of it is invalid.
pub(crate) fn price(entry: PriceEntry) -> Result<SheetPrice, String> {
    let channel = channel(&entry.channel)?;
    let book = entry.book.map(|book| BookName::try_new(&book).map_err(|error| format!("book: {error}"))).transpose()?;
    let entity = entry.entity.unwrap_or_else(|| HouseId::MAIN.as_str().to_owned());
    if HouseId::try_new(&entity).is_none() {
        return Err("entity: must match [a-z0-9-]{1,32}".to_owned());
    }
    let bonus = Coins::try_new(entry.bonus_coins).map_err(|error| format!("bonus_coins: {error}"))?;
    let total = entry.coins.checked_add(bonus.get()).ok_or("bonus_coins: too many")?;
    if entry.coins < 1 {
        return Err("coins and price: must be at least 1".to_owned());
    }
    let package = package(PackageEntry {
        product_id: entry.product_id,
        market: entry.market,
        channel: channel.sales_channel().as_str().to_owned(),
        coins: total,
        currency: entry.currency,
        price: entry.price,
        withdrawn: entry.withdrawn,
    })?;
    Ok(SheetPrice { package, bonus, book, channel, entity, valid_from: valid_from(&entry.valid_from)? })
}

/// The rate of a row, or which key of it is invalid.
pub(crate) fn rate(entry: DatedRateEntry) -> Result<DatedRate, String> {
    let market = entry.market;
    if market != ANY_MARKET && (market.len() != 2 || !market.bytes().all(|byte| byte.is_ascii_uppercase())) {
        return Err("market: must be two capital letters, or `*`".to_owned());
    }
    if entry.basis_points > BASIS_POINTS {
        return Err("basis_points: must be 0 to 10,000".to_owned());
    }
    if !(1..=SOURCE_BYTES_MAX).contains(&entry.source.trim().len()) {
        return Err(format!("source: must say in 1 to {SOURCE_BYTES_MAX} bytes where the rate comes from"));
    }
    let channel = entry.channel.as_deref().map(channel).transpose()?;
    Ok(DatedRate { market, channel, basis_points: entry.basis_points, valid_from: valid_from(&entry.valid_from)?, source: entry.source })
}

fn channel(name: &str) -> Result<PriceChannel, String> {
    let names: Vec<&str> = PriceChannel::ALL.into_iter().map(PriceChannel::as_str).collect();
    PriceChannel::from_name(name).ok_or_else(|| format!("channel: must be one of {}", names.join(", ")))
}

fn valid_from(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "valid_from: must be a day such as 2026-11-01".to_owned())
}
