//! The price lists of a book: the one that is configured, and the sheets that were loaded, each in force from its time on. Of those that have begun, the one that
//! was loaded last counts; so what was sold before it began keeps the prices that it was sold at.

pub mod damage;
pub(crate) mod load;
pub mod refusal;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use money::BookName;

use crate::catalogue::{PackageCatalogue, PackageOffer};
use crate::domain::PriceChannel;
use crate::domain::SaleRates;
use crate::sheets::{PriceQuote, Wanted};

/// A sheet that was loaded.
#[derive(Debug, Clone)]
pub struct LoadedSheet {
    /// 1 and up.
    pub sheet_no: i64,
    /// When it begins, in Unix milliseconds.
    pub effective_at_ms: i64,
    /// Its prices.
    pub list: PackageCatalogue,
}

/// The configured list, and what was read of the loaded ones so far.
#[derive(Debug)]
pub struct PriceLists {
    configured: Arc<PackageCatalogue>,
    loaded: Mutex<HashMap<BookName, Arc<Vec<LoadedSheet>>>>,
}

/// The price lists of one book.
#[derive(Debug, Clone)]
pub struct BookPrices {
    /// `None`: the built-in one, and the book is LIVE.
    configured: Option<Arc<PackageCatalogue>>,
    /// By number.
    loaded: Arc<Vec<LoadedSheet>>,
}

impl PriceLists {
    pub(crate) fn new(configured: PackageCatalogue) -> PriceLists {
        PriceLists { configured: Arc::new(configured), loaded: Mutex::default() }
    }

    fn known(&self, book: &BookName) -> Arc<Vec<LoadedSheet>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(book).cloned().unwrap_or_default()
    }

    fn keep(&self, book: &BookName, sheets: &Arc<Vec<LoadedSheet>>) {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(book.clone(), sheets.clone());
    }
}

impl BookPrices {
    /// What is sold at a time in Unix milliseconds; `None` where nobody decided that for the book.
    #[must_use]
    pub fn at(&self, at_ms: i64) -> Option<&PackageCatalogue> {
        let begun = self.loaded.iter().rev().find(|sheet| sheet.effective_at_ms <= at_ms).map(|sheet| &sheet.list);
        begun.or(self.configured.as_deref())
    }

    /// All lists: the one in force at a time, those before it, the newest first, and those after it, the oldest first.
    fn lists(&self, at_ms: i64) -> impl Iterator<Item = &PackageCatalogue> {
        let begun = self.loaded.iter().rev().filter(move |sheet| sheet.effective_at_ms <= at_ms);
        let later = self.loaded.iter().filter(move |sheet| sheet.effective_at_ms > at_ms);
        begun.map(|sheet| &sheet.list).chain(self.configured.as_deref()).chain(later.map(|sheet| &sheet.list))
    }

    /// Whether somebody decided what anything costs in the book.
    #[must_use]
    pub fn is_decided(&self) -> bool {
        self.configured.is_some() || !self.loaded.is_empty()
    }

    /// The price of a product on the day of its sale. What no list of that day has was paid for all the same: then another list says what it is worth.
    #[must_use]
    pub fn quote(&self, wanted: Wanted<'_>) -> Option<PriceQuote> {
        self.lists(wanted.at_ms).find_map(|list| list.quote(wanted))
    }

    /// By which rates a sale in a market is split; where no sheet says, by those given.
    #[must_use]
    pub fn rates(&self, market: &str, channel: PriceChannel, at_ms: i64, otherwise: SaleRates) -> SaleRates {
        self.lists(at_ms).next().map_or(otherwise, |list| list.rates(market, channel, at_ms, otherwise))
    }

    /// By which rates a sale of an offer would be split.
    pub(crate) fn rates_of(&self, offer: &PackageOffer<'_>, at_ms: i64, otherwise: SaleRates) -> SaleRates {
        offer.channel.map_or(otherwise, |channel| self.rates(&offer.package.market, channel, at_ms, otherwise))
    }
}

#[cfg(test)]
mod tests;
