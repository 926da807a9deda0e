//! The lists that operators write: gifts, coin packages and rates. The built-in lists are for sandboxes; a LIVE book needs its own.
mod gifts;

pub use gifts::{ListedGift, built_in_gifts, gifts_file};
pub use purchase::{PackageCatalogue, catalogue::diff as price_changes};

use crate::{Error, IdentitySource, Options, wiring::Wiring};
use api::ledger::{BookMode, ledger_service_client::LedgerServiceClient};
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

    /// The list's file, if the options name one.
    #[must_use]
    pub fn file(self, options: &Options) -> Option<&Path> {
        let settings = &options.settings;
        match self {
            Self::Gifts => settings.gift.catalogue.as_deref(),
            Self::Packages => settings.purchase.packages.as_deref(),
            Self::Rates => settings.earnings.rate_card.as_deref(),
        }
    }

    /// Why the list can't be used, judging by its file alone.
    pub(crate) fn problem(self, options: &Options) -> Option<String> {
        match self.file(options) {
            Some(file) => self.read(file).err().map(|error| error.to_string()),
            None if matches!(options.identity, IdentitySource::Sandbox) => None,
            None => Some(format!(
                "names no file, and the {self} that are built in are for a sandbox; `largesse lists show {}` prints a file to begin with",
                self.name()
            )),
        }
    }

    fn name(self) -> &'static str {
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

/// Refuses to start if a LIVE book exists and a service here would use a built-in list. If the ledger is unavailable now, or a book is created later, the
/// service itself refuses that book's calls.
pub(super) async fn refuse_built_in(wiring: &Wiring) -> Result<(), Error> {
    let here = |kind: &ListKind| wiring.options.services.contains(&kind.service());
    let built_in = |kind: &ListKind| match kind.file(&wiring.options) {
        None => true,
        // The service has just read this file.
        Some(file) => kind.read(file).is_ok_and(|found| found.built_in),
    };
    let sandbox = matches!(wiring.options.identity, IdentitySource::Sandbox);
    let Some(kind) = ListKind::ALL.into_iter().filter(here).find(built_in).filter(|_| !sandbox) else { return Ok(()) };
    let ledger = wiring.way(kind.service(), Service::Ledger)?;
    let listed = match ledger_client::all_books(LedgerServiceClient::new(ledger)).await {
        Ok(listed) => listed,
        Err(status) => {
            tracing::warn!(%status, option = kind.option(), "whether a book is LIVE is not known yet; a LIVE book's calls will be refused");
            return Ok(());
        }
    };
    match listed.into_iter().find(|book| book.mode() == BookMode::Live) {
        Some(book) => Err(Error::ListBuiltIn { kind, book: book.name }),
        None => Ok(()),
    }
}
