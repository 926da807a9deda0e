//! Coin packages: what is sold where, in which channel, for how much. A versioned file; the program carries one.

use std::collections::HashMap;
use std::path::Path;
use std::str::FromStr;

use money::{Coins, Currency, Money, Rounding};
use rust_decimal::Decimal;
use serde::Deserialize;

/// The list that comes with the program.
const EMBEDDED: &str = include_str!("../packages.toml");
/// Largest file read.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// How a package is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Through an app store.
    App,
    /// On our own page.
    Web,
}

impl Channel {
    /// As in files and requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::App => "app",
            Channel::Web => "web",
        }
    }
}

/// One package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Store product id.
    pub product_id: String,
    /// ISO 3166 alpha-2 country.
    pub market: String,
    /// How it is sold.
    pub channel: Channel,
    /// Coins in it.
    pub coins: Coins,
    /// What the buyer pays.
    pub price: Money,
    /// No longer listed; receipts for it are still good.
    pub withdrawn: bool,
}

/// All packages.
#[derive(Debug, Clone)]
pub struct PackageCatalogue {
    version: String,
    packages: Vec<Package>,
    by_product: HashMap<String, usize>,
}

/// Why a list of packages can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("coin packages {path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The file is too large to be a price list.
    #[error("coin packages {0}: larger than 4 MiB")]
    TooLarge(String),
    /// Not TOML of the right form.
    #[error("coin packages: {0}")]
    Form(#[from] toml::de::Error),
    /// A package makes no sense.
    #[error("coin package {product_id}: {why}")]
    Package {
        /// Which one.
        product_id: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageDocument {
    version: String,
    package: Vec<PackageEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackageEntry {
    product_id: String,
    market: String,
    channel: Channel,
    coins: i64,
    currency: String,
    price: String,
    #[serde(default)]
    withdrawn: bool,
}

impl PackageCatalogue {
    /// The list that comes with the program.
    pub fn embedded() -> Result<PackageCatalogue, Error> {
        PackageCatalogue::parse(EMBEDDED)
    }

    /// Reads a file.
    pub fn load(path: &Path) -> Result<PackageCatalogue, Error> {
        let file = |source| Error::File { path: path.display().to_string(), source };
        if std::fs::metadata(path).map_err(file)?.len() > FILE_BYTES_MAX {
            return Err(Error::TooLarge(path.display().to_string()));
        }
        PackageCatalogue::parse(&std::fs::read_to_string(path).map_err(file)?)
    }

    /// Reads a list.
    pub fn parse(text: &str) -> Result<PackageCatalogue, Error> {
        let file: PackageDocument = toml::from_str(text)?;
        let mut packages = Vec::with_capacity(file.package.len());
        for line in file.package {
            packages.push(line.check()?);
        }
        packages.sort_by(|a, b| (a.coins, &a.product_id).cmp(&(b.coins, &b.product_id)));
        let mut by_product = HashMap::new();
        for (at, package) in packages.iter().enumerate() {
            if by_product.insert(package.product_id.clone(), at).is_some() {
                return Err(Error::Package { product_id: package.product_id.clone(), why: "stands there twice".to_owned() });
            }
        }
        Ok(PackageCatalogue { version: file.version, packages, by_product })
    }

    /// Version of the list.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What is on sale in a market, by coins; `None` when the market is not known at all.
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

impl PackageEntry {
    fn check(self) -> Result<Package, Error> {
        let product_id = self.product_id.clone();
        let wrong = |why: String| Error::Package { product_id: product_id.clone(), why };
        if self.market.len() != 2 || !self.market.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(wrong("market is two capital letters".to_owned()));
        }
        let coins = Coins::try_new(self.coins).map_err(|error| wrong(error.to_string()))?;
        let currency = Currency::try_new(&self.currency).map_err(|error| wrong(error.to_string()))?;
        let decimal = Decimal::from_str(&self.price).map_err(|error| wrong(error.to_string()))?;
        let price = Money::from_decimal(currency, decimal, Rounding::Down).map_err(|error| wrong(error.to_string()))?;
        if price.to_decimal() != decimal {
            return Err(wrong(format!("price has more digits than {currency}")));
        }
        if coins.get() == 0 || price.minor_units() == 0 {
            return Err(wrong("coins and price are at least 1".to_owned()));
        }
        Ok(Package { product_id: self.product_id, market: self.market, channel: self.channel, coins, price, withdrawn: self.withdrawn })
    }
}

#[cfg(test)]
mod tests;
