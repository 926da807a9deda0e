//! Coin packages: what is sold in which market and channel, at which price. A versioned file; one is built into the program.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::str::FromStr;

use money::{Coins, Currency, Money, Rounding};
use rust_decimal::Decimal;
use serde::Deserialize;
use settings::document::{DocumentError, DocumentText, VersionedDocument};
use toml::Spanned;

use crate::domain::{Channel, Package};

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
    built_in: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageDocument {
    version: Spanned<String>,
    package: Vec<Spanned<PackageEntry>>,
}

impl VersionedDocument for PackageDocument {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageEntry {
    product_id: String,
    market: String,
    channel: String,
    coins: i64,
    currency: String,
    price: String,
    #[serde(default)]
    withdrawn: bool,
}

impl PackageCatalogue {
    /// The built-in list.
    pub fn embedded() -> Result<PackageCatalogue, DocumentError> {
        let read = PackageCatalogue::read_entries(&DocumentText::new(WHAT, "packages.toml (built in)", EMBEDDED))?;
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

    /// A copy of the built-in list still counts as built in, whatever its version is called.
    fn read(text: &DocumentText) -> Result<PackageCatalogue, DocumentError> {
        let read = PackageCatalogue::read_entries(text)?;
        Ok(PackageCatalogue { built_in: read.packages == PackageCatalogue::embedded()?.packages, ..read })
    }

    fn read_entries(text: &DocumentText) -> Result<PackageCatalogue, DocumentError> {
        let document: PackageDocument = text.parse()?;
        let mut packages: Vec<Package> = Vec::with_capacity(document.package.len());
        let mut known = HashSet::new();
        for entry in document.package {
            let (span, entry) = (entry.span(), entry.into_inner());
            let product_id = entry.product_id.clone();
            let package = package(entry).map_err(|why| text.invalid(span.clone(), format!("package {product_id}, {why}")))?;
            if !known.insert(product_id.clone()) {
                return Err(text.invalid(span, format!("package {product_id}, product_id: is there twice")));
            }
            packages.push(package);
        }
        packages.sort_by(|a, b| (a.coins, &a.product_id).cmp(&(b.coins, &b.product_id)));
        let by_product = packages.iter().enumerate().map(|(at, package)| (package.product_id.clone(), at)).collect();
        Ok(PackageCatalogue { version: document.version.into_inner(), packages, by_product, built_in: false })
    }

    /// Version of the list.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether these are the built-in packages, which are for TEST books.
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }

    /// How many packages are on sale, in all markets.
    pub fn on_sale_anywhere(&self) -> usize {
        self.packages.iter().filter(|package| !package.withdrawn).count()
    }

    /// The packages on sale in a market, by coins; `None` when the market is not known at all.
    pub fn on_sale(&self, market: &str, channel: Option<Channel>) -> Option<Vec<&Package>> {
        let mut here = self.packages.iter().filter(|package| package.market == market).peekable();
        here.peek()?;
        Some(here.filter(|package| !package.withdrawn && channel.is_none_or(|channel| package.channel == channel)).collect())
    }

    /// The package behind a store product id, withdrawn or not.
    pub fn product(&self, product_id: &str) -> Option<&Package> {
        self.by_product.get(product_id).map(|at| &self.packages[*at])
    }
}

/// The package of an entry, or which key of the entry is invalid.
fn package(entry: PackageEntry) -> Result<Package, String> {
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

#[cfg(test)]
mod tests;
