//! A price sheet that is to be loaded: from when it is in force, and whether it leaves alone what was in force before that.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::BookName;
use settings::document::{DocumentError, DocumentText};
use toml::Spanned;

use super::{PackageCatalogue, PackageDocument, WHAT};
use crate::sheets::{DatedRate, SheetPrice, day};

/// What a sheet is called in errors where it has no file.
const NO_FILE: &str = "(sheet)";

/// A sheet that can be read.
pub struct SheetCheck {
    text: DocumentText,
    document: PackageDocument,
    /// Its prices.
    pub list: PackageCatalogue,
}

/// A time as sheets have it: a day, which begins at 00:00 UTC, or a time with its zone.
pub(crate) fn effective_from(text: &str) -> Result<i64, String> {
    let of_day = |day: Date| day.to_zoned(TimeZone::UTC).map(|begin| begin.timestamp());
    let found = text.parse::<Date>().ok().filter(|day| day.to_string() == text).map(of_day);
    let found = found.unwrap_or_else(|| text.parse::<Timestamp>());
    found
        .map(Timestamp::as_millisecond)
        .map_err(|_| "effective_from: must be a day such as 2026-12-01, or a time such as 2026-12-01T08:00:00Z".to_owned())
}

impl SheetCheck {
    /// Reads a sheet; the first of its problems where it has some.
    pub fn new(content: &str) -> Result<SheetCheck, DocumentError> {
        let list = PackageCatalogue::parse(NO_FILE, content)?;
        let text = DocumentText::new(WHAT, NO_FILE, content);
        let document = text.parse()?;
        Ok(SheetCheck { text, document, list })
    }

    /// A problem of the version.
    #[must_use]
    pub fn wrong_version(&self, why: &str) -> DocumentError {
        self.text.invalid(self.document.version.span(), why)
    }

    /// When it begins, in Unix milliseconds: at once where it does not say.
    pub fn begins(&self, now_ms: i64) -> Result<i64, DocumentError> {
        let Some(named) = &self.document.effective_from else { return Ok(now_ms) };
        let wrong = |why: String| self.text.invalid(named.span(), why);
        let begins = effective_from(named.get_ref()).map_err(wrong)?;
        if begins < now_ms {
            return Err(wrong("effective_from: is in the past, whose prices do not change".to_owned()));
        }
        Ok(begins)
    }

    /// Why a book does not take it in place of the list that would be in force when it begins.
    #[must_use]
    pub fn fault_for(&self, book: &BookName, is_live: bool, before: Option<&PackageCatalogue>, begins_ms: i64) -> Option<DocumentError> {
        let sheet = self.list.sheet();
        if self.list.packages().is_empty() && sheet.prices.is_empty() {
            return Some(self.wrong_version("price: it sells nothing, neither a price nor a package is in it"));
        }
        if is_live && self.list.is_built_in() {
            return Some(self.wrong_version("package: these are the built-in packages, which are for TEST books"));
        }
        if let Some(row) = sheet.prices.iter().find(|row| row.book.as_ref().is_some_and(|own| own != book)) {
            return Some(self.at_price(row, &format!("book: the sheet is loaded for {book}")));
        }
        // Of the built-in packages nobody decided anything.
        let before = before.filter(|list| !list.is_built_in())?.sheet();
        let first = day(begins_ms);
        let is_past = |row: &&SheetPrice| row.valid_from < first;
        // The configured list may have rows of other books.
        let is_own = |row: &&SheetPrice| row.book.as_ref().is_none_or(|own| own == book);
        let why = |what: &str| format!("valid_from: is before the sheet begins on {first}, and the list in force has no such {what}");
        if let Some(row) = sheet.prices.iter().filter(is_past).find(|row| !before.prices.contains(row)) {
            return Some(self.at_price(row, &why("price")));
        }
        if let Some(row) = before.prices.iter().filter(is_past).filter(is_own).find(|row| !sheet.prices.contains(row)) {
            let (product_id, channel, from) = (&row.package.product_id, row.channel.as_str(), row.valid_from);
            let why = format!(
                "price {product_id} {channel} from {from}: the list in force has it, and what is over does not change; it is missing here"
            );
            return Some(self.wrong_version(&why));
        }
        let rates = [
            ("tax", &sheet.taxes, &before.taxes, &self.document.tax),
            ("commission", &sheet.commissions, &before.commissions, &self.document.commission),
        ];
        for (what, new, old, entries) in rates {
            let is_past = |row: &&DatedRate| row.valid_from < first;
            let has = |rows: &[DatedRate], row: &DatedRate| rows.iter().any(|other| key(other) == key(row));
            if let Some(at) = new.iter().position(|row| is_past(&row) && !has(old, row)) {
                let span = entries.get(at).map_or(0..0, Spanned::span);
                return Some(self.text.invalid(span, format!("{what} {}, {}", new[at].market, why(what))));
            }
            if let Some(row) = old.iter().filter(is_past).find(|row| !has(new, row)) {
                let (market, from) = (&row.market, row.valid_from);
                let why =
                    format!("{what} {market} from {from}: the list in force has it, and what is over does not change; it is missing here");
                return Some(self.wrong_version(&why));
            }
        }
        None
    }

    /// A problem of a price, at its row.
    fn at_price(&self, row: &SheetPrice, why: &str) -> DocumentError {
        let entries = self.document.price.iter();
        let found = entries.map(|entry| (entry.span(), entry.get_ref())).find(|(_, entry)| entry.is_of(row));
        let span = found.map_or(0..0, |(span, _)| span);
        self.text.invalid(span, format!("price {}, {why}", row.package.product_id))
    }
}

/// A rate without its source, which says where people have it from.
fn key(row: &DatedRate) -> (&str, Option<crate::domain::PriceChannel>, u32, Date) {
    (&row.market, row.channel, row.basis_points, row.valid_from)
}
