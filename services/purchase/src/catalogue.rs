//! Coin packages: what is sold in which market and channel, at which price. A versioned file; one is built into the program. A file has packages, or
//! the rows of a price sheet ([`crate::sheets`]), or both.

pub mod dated;
mod diff;
pub(crate) mod entry;

pub use diff::diff;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use money::{BookName, Coins};
use serde::Deserialize;
use settings::document::{DocumentError, DocumentText, VersionedDocument};
use toml::Spanned;

use crate::domain::{Package, PriceChannel, SaleRates};
use crate::sheets::{self, DatedRate, DatedRateEntry, PriceEntry, PriceQuote, PriceSheet, SheetPrice, Wanted};
use entry::{PackageEntry, package};

/// The built-in list, as a file.
pub const EMBEDDED: &str = include_str!("../packages.toml");
/// The name of the file in errors.
const WHAT: &str = "coin packages";

/// All packages.
#[derive(Debug, Clone)]
pub struct PackageCatalogue {
    version: String,
    packages: Vec<Package>,
    by_product: HashMap<String, usize>,
    sheet: PriceSheet,
    built_in: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageDocument {
    version: Spanned<String>,
    /// From when a sheet is in force that is loaded.
    effective_from: Option<Spanned<String>>,
    #[serde(default)]
    package: Vec<Spanned<PackageEntry>>,
    #[serde(default)]
    price: Vec<Spanned<PriceEntry>>,
    #[serde(default)]
    tax: Vec<Spanned<DatedRateEntry>>,
    #[serde(default)]
    commission: Vec<Spanned<DatedRateEntry>>,
}

impl VersionedDocument for PackageDocument {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

/// A package as it is offered to buyers.
#[derive(Debug, Clone, Copy)]
pub struct PackageOffer<'a> {
    /// What is sold, with the price.
    pub package: &'a Package,
    /// How many of its coins are a bonus.
    pub bonus: Coins,
    /// Through whom; `None` where the list says only `app` or `web`.
    pub channel: Option<PriceChannel>,
}

impl PackageCatalogue {
    /// The built-in list.
    pub fn embedded() -> Result<PackageCatalogue, DocumentError> {
        let read = PackageCatalogue::read_entries(&DocumentText::new(WHAT, "packages.toml (built in)", EMBEDDED)).map_err(first)?;
        Ok(PackageCatalogue { built_in: true, ..read })
    }

    /// Reads a file. The error names file, line and package.
    pub fn load(path: &Path) -> Result<PackageCatalogue, DocumentError> {
        PackageCatalogue::read(&DocumentText::read(WHAT, path)?)
    }

    /// Reads a list; `file` only names it in errors.
    pub fn parse(file: &str, text: &str) -> Result<PackageCatalogue, DocumentError> {
        PackageCatalogue::read(&DocumentText::new(WHAT, file, text))
    }

    /// Every problem of a file, with its line.
    pub fn faults(file: &str, text: &str) -> Vec<DocumentError> {
        PackageCatalogue::read_entries(&DocumentText::new(WHAT, file, text)).err().unwrap_or_default()
    }

    /// A copy of the built-in list still counts as built in, whatever its version is called.
    fn read(text: &DocumentText) -> Result<PackageCatalogue, DocumentError> {
        let read = PackageCatalogue::read_entries(text).map_err(first)?;
        let is_same = read.sheet.prices.is_empty() && read.packages == PackageCatalogue::embedded()?.packages;
        Ok(PackageCatalogue { built_in: is_same, ..read })
    }

    fn read_entries(text: &DocumentText) -> Result<PackageCatalogue, Vec<DocumentError>> {
        let document: PackageDocument = text.parse().map_err(|error| vec![error])?;
        let mut faults = Vec::new();
        if let Some(named) = &document.effective_from
            && let Err(why) = dated::effective_from(named.get_ref())
        {
            faults.push(text.invalid(named.span(), why));
        }
        let (mut packages, mut known) = (Vec::with_capacity(document.package.len()), HashSet::new());
        for entry in document.package {
            let (span, entry) = (entry.span(), entry.into_inner());
            let product_id = entry.product_id.clone();
            match package(entry) {
                Err(why) => faults.push(text.invalid(span, format!("package {product_id}, {why}"))),
                Ok(_) if known.contains(&product_id) => {
                    faults.push(text.invalid(span, format!("package {product_id}, product_id: is there twice")));
                }
                Ok(package) => packages.push(package),
            }
            known.insert(product_id);
        }
        let mut sheet = PriceSheet {
            prices: prices(text, document.price, &mut faults),
            taxes: rates(text, "tax", document.tax, &mut faults),
            commissions: rates(text, "commission", document.commission, &mut faults),
        };
        if !faults.is_empty() {
            return Err(faults);
        }
        let order = |package: &Package| (package.coins, package.product_id.clone());
        packages.sort_by_key(order);
        sheet.prices.sort_by_key(|row| order(&row.package));
        let by_product = packages.iter().enumerate().map(|(at, package): (usize, &Package)| (package.product_id.clone(), at)).collect();
        Ok(PackageCatalogue { version: document.version.into_inner(), packages, by_product, sheet, built_in: false })
    }

    /// Version of the list.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether these are the built-in packages, which are for TEST books.
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }

    /// The packages that are no rows of a price sheet.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The rows of the price sheet.
    pub fn sheet(&self) -> &PriceSheet {
        &self.sheet
    }

    /// How many packages are on sale, in all markets; of a price sheet, those of any day.
    pub fn on_sale_anywhere(&self) -> usize {
        let prices = self.sheet.prices.iter().map(|row| &row.package);
        self.packages.iter().chain(prices).filter(|package| !package.withdrawn).count()
    }

    /// What a book sells in a market at a time in Unix milliseconds, by coins; `None` when the market is not known at all.
    pub fn offers<'a>(&'a self, book: &'a BookName, market: &'a str, at_ms: i64) -> Option<Vec<PackageOffer<'a>>> {
        let sheet = self.sheet.on_sale(book, market, at_ms);
        let mut here = self.packages.iter().filter(|package| package.market == market).peekable();
        if sheet.is_none() && here.peek().is_none() {
            return None;
        }
        let listed = here.filter(|package| !package.withdrawn).map(|package| PackageOffer { package, bonus: Coins::ZERO, channel: None });
        let priced = sheet.into_iter().flatten();
        let priced = priced.map(|row| PackageOffer { package: &row.package, bonus: row.bonus, channel: Some(row.channel) });
        let mut offers: Vec<PackageOffer<'_>> = listed.chain(priced).collect();
        offers.sort_by_key(|offer| (offer.package.coins, offer.package.product_id.as_str(), offer.channel));
        Some(offers)
    }

    /// What is sold under a product id through a channel now: the price sheet's row, or the package. Nothing that is withdrawn.
    pub fn sold(&self, wanted: Wanted<'_>, market: Option<&str>) -> Option<PriceQuote> {
        // Once a sheet has a price of it, the sheet decides, also that it is withdrawn.
        if self.sheet.has_begun(wanted, market) {
            let sold = self.sheet.sold(wanted, market);
            return sold.map(|row| PriceQuote { package: row.package.clone(), bonus: row.bonus, entity: row.entity.clone() });
        }
        let is_sold = |package: &&Package| {
            package.channel == wanted.channel.sales_channel() && !package.withdrawn && market.is_none_or(|named| named == package.market)
        };
        let package = self.product(wanted.product_id).filter(is_sold)?;
        Some(PriceQuote { package: package.clone(), bonus: Coins::ZERO, entity: String::new() })
    }

    /// The price of a product on the day of its sale: the price sheet's, or the package's. Withdrawn or not.
    pub fn quote(&self, wanted: Wanted<'_>) -> Option<PriceQuote> {
        let listed = || {
            let package = self.product(wanted.product_id).filter(|package| package.channel == wanted.channel.sales_channel())?;
            Some(PriceQuote { package: package.clone(), bonus: Coins::ZERO, entity: String::new() })
        };
        self.sheet.quote(wanted).or_else(listed)
    }

    /// By which rates a sale in a market is split; where the sheet has none, by those given.
    pub fn rates(&self, market: &str, channel: PriceChannel, at_ms: i64, otherwise: SaleRates) -> SaleRates {
        self.sheet.rates(market, channel, at_ms, otherwise)
    }

    /// The package of a product id that is no row of a price sheet, withdrawn or not.
    pub fn product(&self, product_id: &str) -> Option<&Package> {
        self.by_product.get(product_id).map(|at| &self.packages[*at])
    }
}

fn first(faults: Vec<DocumentError>) -> DocumentError {
    faults.into_iter().next().expect("a list is refused for a reason")
}

fn prices(text: &DocumentText, entries: Vec<Spanned<PriceEntry>>, faults: &mut Vec<DocumentError>) -> Vec<SheetPrice> {
    let mut prices: Vec<SheetPrice> = Vec::with_capacity(entries.len());
    for entry in entries {
        let (span, entry) = (entry.span(), entry.into_inner());
        let product_id = entry.product_id.clone();
        let of_same = |row: &SheetPrice, new: &SheetPrice| {
            let key = |row: &SheetPrice| (row.package.product_id.clone(), row.channel, row.book.clone(), row.valid_from);
            key(row) == key(new) && row.package.price.currency() == new.package.price.currency()
        };
        let found = sheets::price(entry);
        let found = found.and_then(|new| match prices.iter().find(|row| of_same(row, &new)) {
            // A receipt names product, channel and currency, and not the market.
            Some(row) => Err(format!("valid_from: there is a row for the same day and currency, of market {}", row.package.market)),
            None => Ok(new),
        });
        match found {
            Ok(new) => prices.push(new),
            Err(why) => faults.push(text.invalid(span, format!("price {product_id}, {why}"))),
        }
    }
    prices
}

fn rates(text: &DocumentText, what: &str, entries: Vec<Spanned<DatedRateEntry>>, faults: &mut Vec<DocumentError>) -> Vec<DatedRate> {
    let mut rates: Vec<DatedRate> = Vec::with_capacity(entries.len());
    for entry in entries {
        let (span, entry) = (entry.span(), entry.into_inner());
        let market = entry.market.clone();
        let key = |row: &DatedRate| (row.market.clone(), row.channel, row.valid_from);
        let found = sheets::rate(entry).and_then(|new| match rates.iter().any(|row| key(row) == key(&new)) {
            true => Err("valid_from: there is a row for the same market, channel and day".to_owned()),
            false => Ok(new),
        });
        match found {
            Ok(new) => rates.push(new),
            Err(why) => faults.push(text.invalid(span, format!("{what} {market}, {why}"))),
        }
    }
    rates
}

#[cfg(test)]
mod tests;
