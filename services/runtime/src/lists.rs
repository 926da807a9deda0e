//! The lists that operators write: gifts, coin packages and rates. The built-in lists are for sandboxes; a LIVE book needs its own.
mod checked;
mod gifts;
pub(crate) mod kind;

pub use checked::{CheckedFile, CheckedRows};
pub use gifts::{ListedGift, built_in_gifts, gifts_file};
pub use kind::{ListFound, ListKind};
pub use purchase::{PackageCatalogue, catalogue::diff as price_changes};

use crate::{Error, IdentitySource, Options, wiring::Wiring};
use api::ledger::{BookMode, ledger_service_client::LedgerServiceClient};
use identity::Service;
use std::path::Path;

impl ListKind {
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
