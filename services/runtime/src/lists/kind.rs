//! Which lists there are, and how each is read.
use super::PackageCatalogue;
use earnings::RateCard;
use gift::GiftCatalogue;
use identity::Service;
use settings::document::DocumentError;
use std::{fmt, path::Path, str::FromStr};

/// One of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// The gifts on sale.
    Gifts,
    /// The coin packages on sale.
    Packages,
    /// The exchange rates of diamonds.
    Rates,
}

/// A list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFound {
    kind: ListKind,
    version: String,
    entries: usize,
    /// Whether its entries equal the built-in ones.
    pub built_in: bool,
}

impl ListKind {
    /// All lists.
    pub const ALL: [Self; 3] = [Self::Gifts, Self::Packages, Self::Rates];

    /// The service that reads it.
    #[must_use]
    pub fn service(self) -> Service {
        match self {
            Self::Gifts => Service::Gift,
            Self::Packages => Service::Purchase,
            Self::Rates => Service::Earnings,
        }
    }

    /// The option that names its file.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::Gifts => "gift.catalogue",
            Self::Packages => "purchase.packages",
            Self::Rates => "earnings.rate_card",
        }
    }

    /// The built-in list, as a file.
    #[must_use]
    pub fn built_in(self) -> &'static str {
        match self {
            Self::Gifts => gift::catalogue::EMBEDDED,
            Self::Packages => purchase::catalogue::EMBEDDED,
            Self::Rates => earnings::rates::EMBEDDED,
        }
    }

    /// Reads a file as the service would.
    pub fn read(self, file: &Path) -> Result<ListFound, DocumentError> {
        let found = |version: &str, entries, built_in| ListFound { kind: self, version: version.to_owned(), entries, built_in };
        Ok(match self {
            Self::Gifts => {
                let list = GiftCatalogue::load(file)?;
                found(list.version(), list.on_sale().len(), list.is_built_in())
            }
            Self::Packages => {
                let list = PackageCatalogue::load(file)?;
                found(list.version(), list.on_sale_anywhere(), list.is_built_in())
            }
            Self::Rates => {
                let list = RateCard::load(file)?;
                found(list.version(), list.currencies().len(), list.is_built_in())
            }
        })
    }

    /// Its name in commands.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gifts => "gifts",
            Self::Packages => "packages",
            Self::Rates => "rates",
        }
    }
}

impl fmt::Display for ListKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gifts => "gifts",
            Self::Packages => "coin packages",
            Self::Rates => "rates",
        })
    }
}

impl FromStr for ListKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| "the lists are gifts, packages and rates".to_owned())
    }
}

impl fmt::Display for ListFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entries = match self.kind {
            ListKind::Gifts => "gifts on sale",
            ListKind::Packages => "coin packages on sale",
            ListKind::Rates => "currencies",
        };
        write!(f, "version {}, {} {entries}", self.version, self.entries)
    }
}
