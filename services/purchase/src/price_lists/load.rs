//! Use cases: loading a price sheet, and finding those of a book.

use std::sync::Arc;
use std::time::SystemTime;

use chart::BookKind;
use money::BookName;
use money::time::unix_ms;
use sha2::{Digest as _, Sha256};

use super::refusal::SheetRefusal;
use super::{BookPrices, LoadedSheet};
use crate::catalogue::PackageCatalogue;
use crate::catalogue::dated::SheetCheck;
use crate::error::Error;
use crate::purchases::Purchases;
use crate::store::price_sheets::SheetRow;

/// Most sheets of a book: each is kept for receipts of its time, in memory as well. Enough for one a week in ten years.
const SHEETS_MAX: i64 = 520;
/// How often a sheet is tried whose number another one took.
const TRIES_MAX: usize = 20;

impl Purchases {
    /// The price lists of a book, with every sheet that is loaded by now.
    pub(crate) async fn prices(&self, book: &BookName) -> Result<BookPrices, Error> {
        let is_live = self.ledger.book(book).await? == Some(BookKind::Live);
        let configured = Some(&self.price_lists.configured).filter(|list| !(is_live && list.is_built_in())).cloned();
        Ok(BookPrices { configured, loaded: self.loaded_sheets(book).await? })
    }

    async fn loaded_sheets(&self, book: &BookName) -> Result<Arc<Vec<LoadedSheet>>, Error> {
        let known = self.price_lists.known(book);
        let (last, known_last) = (self.store.last_sheet_no(book).await?, known.last().map_or(0, |sheet| sheet.sheet_no));
        if last == known_last {
            return Ok(known);
        }
        // Fewer than are known: the tables were restored.
        let (mut sheets, after) = if last > known_last { (known.to_vec(), known_last) } else { (Vec::new(), 0) };
        for row in self.store.sheets_after(book, after, SHEETS_MAX).await? {
            let damaged = |_| crate::store::Error::Damaged { purchase_id: format!("of price sheet {}", row.sheet_no), column: "content" };
            if hex::encode(Sha256::digest(row.content.as_bytes())) != row.content_hash {
                let (purchase_id, column) = (format!("of price sheet {}", row.sheet_no), "content_hash");
                return Err(crate::store::Error::Damaged { purchase_id, column }.into());
            }
            let list = PackageCatalogue::parse(&row.version, &row.content).map_err(damaged)?;
            sheets.push(LoadedSheet { sheet_no: row.sheet_no, effective_at_ms: row.effective_at_ms, list });
        }
        let sheets = Arc::new(sheets);
        self.price_lists.keep(book, &sheets);
        Ok(sheets)
    }

    /// Loads a sheet for a book, once. The flag: it was loaded before.
    pub(crate) async fn load_sheet(
        &self,
        book: &BookName,
        content: String,
        loaded_by: &str,
        now: SystemTime,
    ) -> Result<(SheetRow, bool), Error> {
        let kind = self.ledger.book(book).await?.ok_or_else(|| Error::BookUnknown(book.to_string()))?;
        let check = SheetCheck::new(&content).map_err(SheetRefusal::from)?;
        let content_hash = hex::encode(Sha256::digest(content.as_bytes()));
        for _ in 0..TRIES_MAX {
            if let Some(first) = self.store.sheet_of_version(book, check.list.version()).await? {
                if first.content_hash == content_hash {
                    return Ok((first, true));
                }
                let why = "version: a sheet of this version was loaded before, with other content";
                return Err(SheetRefusal::from(check.wrong_version(why)).into());
            }
            let now_ms = unix_ms(now);
            let effective_at_ms = check.begins(now_ms).map_err(SheetRefusal::from)?;
            let prices = self.prices(book).await?;
            let fault = check.fault_for(book, kind == BookKind::Live, prices.at(effective_at_ms), effective_at_ms);
            if let Some(fault) = fault {
                return Err(SheetRefusal::from(fault).into());
            }
            // Of those that it was compared with: one that came since has its number, and then it is compared with that one as well.
            let last = prices.loaded.last().map_or(0, |sheet| sheet.sheet_no);
            if last >= SHEETS_MAX {
                let why = format!("version: {SHEETS_MAX} sheets were loaded for this book, and more are not kept");
                return Err(SheetRefusal::from(check.wrong_version(&why)).into());
            }
            let row = SheetRow {
                sheet_no: last + 1,
                version: check.list.version().to_owned(),
                content_hash: content_hash.clone(),
                content: content.clone(),
                effective_at_ms,
                loaded_by: loaded_by.to_owned(),
                loaded_at_ms: now_ms,
            };
            // Otherwise another sheet came in between, to which this one is compared now.
            if self.store.insert_sheet(book, &row).await? {
                tracing::info!(%book, version = row.version, sheet_no = row.sheet_no, effective_at_ms, "a price sheet was loaded");
                return Ok((row, false));
            }
        }
        Err(Error::Store(crate::store::Error::Database(sqlx::Error::PoolTimedOut)))
    }
}

impl From<SheetRefusal> for Error {
    fn from(refusal: SheetRefusal) -> Error {
        Error::Sheet(refusal)
    }
}
