//! Price sheets: what a package costs in a market, through a channel and from a selling entity, since which day; which tax the price includes; and which
//! share of it a channel keeps. Rows of the same file as the packages, each valid from its day until a later row of the same key.

mod entry;

pub(crate) use entry::{DatedRateEntry, PriceEntry, price, rate};

use std::collections::BTreeSet;

use jiff::civil::Date;
use money::{
    BookName, Coins, Currency,
    time::{moment_ms, utc_day},
};

use crate::domain::{Package, PriceChannel, SaleRates};

/// The market of a rate that holds wherever no row names the market.
pub const ANY_MARKET: &str = "*";

/// The price of a package from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetPrice {
    /// What is sold: its coins are those of the package and its bonus together.
    pub package: Package,
    /// How many of the coins are a bonus. They share the price with the others.
    pub bonus: Coins,
    /// The only book that sells it; `None`: every book.
    pub book: Option<BookName>,
    /// Through whom.
    pub channel: PriceChannel,
    /// Id of the legal entity that sells.
    pub entity: String,
    /// The first day, UTC.
    pub valid_from: Date,
}

/// A rate of a market and channel from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedRate {
    /// ISO 3166 alpha-2 country, or [`ANY_MARKET`].
    pub market: String,
    /// Only of this channel; `None`: of those that no row names.
    pub channel: Option<PriceChannel>,
    /// The rate.
    pub basis_points: u32,
    /// The first day, UTC.
    pub valid_from: Date,
    /// Where the rate comes from, for people.
    pub source: String,
}

/// All rows of a file. Empty for one that has packages only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceSheet {
    /// Prices, by coins and product id.
    pub prices: Vec<SheetPrice>,
    /// Taxes that prices include, of the price without tax.
    pub taxes: Vec<DatedRate>,
    /// Shares that channels keep, of the price without tax.
    pub commissions: Vec<DatedRate>,
}

/// What is looked up: who sells what, and when.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The book that sells.
    pub book: &'a BookName,
    /// Through whom.
    pub channel: PriceChannel,
    /// The product id.
    pub product_id: &'a str,
    /// The currency of the receipt, which tells apart markets where one product id is sold in several.
    pub currency: Option<Currency>,
    /// When it was sold, in Unix milliseconds.
    pub at_ms: i64,
}

/// The price in force for something that was sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceQuote {
    /// What is sold, with the price.
    pub package: Package,
    /// How many of its coins are a bonus.
    pub bonus: Coins,
    /// The selling entity; empty where packages don't name one.
    pub entity: String,
}

impl PriceSheet {
    /// The price of a product on the day of its sale; the first one for what was sold before all of them, because it was paid for.
    pub(crate) fn quote(&self, wanted: Wanted<'_>) -> Option<PriceQuote> {
        let day = day(wanted.at_ms);
        let rows = self.prices.iter().filter(|row| row.package.product_id == wanted.product_id && row.channel == wanted.channel);
        let rows: Vec<&SheetPrice> = rows.filter(|row| row.book.as_ref().is_none_or(|book| book == wanted.book)).collect();
        let in_currency = |row: &&SheetPrice| Some(row.package.price.currency()) == wanted.currency;
        // A receipt in another currency than any row's is flagged by whoever compares it, not lost.
        let some_match = rows.iter().any(in_currency);
        let rows: Vec<&SheetPrice> = rows.into_iter().filter(|row| !some_match || in_currency(row)).collect();
        let begun = rows.iter().filter(|row| row.valid_from <= day).max_by_key(|row| (row.valid_from, row.book.is_some()));
        let row = begun.or_else(|| rows.iter().min_by_key(|row| (row.valid_from, row.book.is_none())))?;
        Some(PriceQuote { package: row.package.clone(), bonus: row.bonus, entity: row.entity.clone() })
    }

    /// What a book sells in a market now; `None` if the sheet has nothing of the market at any time.
    pub(crate) fn on_sale<'a>(&'a self, book: &'a BookName, market: &'a str, at_ms: i64) -> Option<Vec<&'a SheetPrice>> {
        let day = day(at_ms);
        let of_book = |row: &&SheetPrice| row.book.as_ref().is_none_or(|own| own == book);
        let here: Vec<&SheetPrice> = self.prices.iter().filter(|row| row.package.market == market).filter(of_book).collect();
        let in_force = |row: &&SheetPrice| {
            let rivals = here.iter().filter(|other| other.key() == row.key() && other.valid_from <= day);
            rivals.max_by_key(|other| (other.valid_from, other.book.is_some())).is_some_and(|newest| std::ptr::eq(*newest, *row))
        };
        (!here.is_empty()).then(|| here.iter().copied().filter(in_force).filter(|row| !row.package.withdrawn).collect())
    }

    /// Whether a book has or had a price of a product through a channel by now, in a market where one is named.
    pub(crate) fn has_begun(&self, wanted: Wanted<'_>, market: Option<&str>) -> bool {
        let today = day(wanted.at_ms);
        let of_product = |row: &SheetPrice| row.package.product_id == wanted.product_id && row.channel == wanted.channel;
        let of_book = |row: &SheetPrice| row.book.as_ref().is_none_or(|own| own == wanted.book);
        let here = |row: &SheetPrice| market.is_none_or(|named| named == row.package.market);
        self.prices.iter().any(|row| of_product(row) && of_book(row) && here(row) && row.valid_from <= today)
    }

    /// The row by which a book sells a product through a channel now; in several markets only where one is named.
    pub(crate) fn sold<'a>(&'a self, wanted: Wanted<'a>, market: Option<&str>) -> Option<&'a SheetPrice> {
        let of_product = |row: &&SheetPrice| row.package.product_id == wanted.product_id && row.channel == wanted.channel;
        let markets: BTreeSet<&str> = self.prices.iter().filter(of_product).map(|row| row.package.market.as_str()).collect();
        let here = markets.into_iter().filter(|here| market.is_none_or(|named| named == *here));
        let mut found = here.flat_map(|here| self.on_sale(wanted.book, here, wanted.at_ms).unwrap_or_default()).filter(of_product);
        found.next().filter(|_| found.next().is_none())
    }

    /// The tax of a market and channel on a day; `None` where the sheet has none.
    pub(crate) fn tax(&self, market: &str, channel: PriceChannel, at_ms: i64) -> Option<u32> {
        in_force(&self.taxes, market, channel, day(at_ms)).map(|row| row.basis_points)
    }

    /// The rates of a sale; where the sheet has none, those given.
    pub(crate) fn rates(&self, market: &str, channel: PriceChannel, at_ms: i64, otherwise: SaleRates) -> SaleRates {
        let day = day(at_ms);
        let find = |rows: &[DatedRate], otherwise| in_force(rows, market, channel, day).map_or(otherwise, |row| row.basis_points);
        SaleRates { tax: find(&self.taxes, otherwise.tax), commission: find(&self.commissions, otherwise.commission) }
    }
}

impl SheetPrice {
    /// What a later row of the same key replaces. A row of one book is in force before a row of all of them.
    fn key(&self) -> (&str, &str, PriceChannel) {
        (&self.package.product_id, &self.package.market, self.channel)
    }
}

/// The row that says most about the sale, and of several such the newest: the market's before any market's, the channel's before all channels'.
fn in_force<'a>(rows: &'a [DatedRate], market: &str, channel: PriceChannel, day: Date) -> Option<&'a DatedRate> {
    let covers = |row: &&DatedRate| {
        (row.market == market || row.market == ANY_MARKET) && row.channel.is_none_or(|own| own == channel) && row.valid_from <= day
    };
    rows.iter().filter(covers).max_by_key(|row| (row.market != ANY_MARKET, row.channel.is_some(), row.valid_from))
}

/// The day of a time in Unix milliseconds, UTC.
pub(crate) fn day(at_ms: i64) -> Date {
    utc_day(moment_ms(at_ms))
}

#[cfg(test)]
mod tests;
