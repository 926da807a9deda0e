//! Price sheets to protobuf.

use api::purchase::{self as pb, ListPriceSheetsResponse, LoadPriceSheetResponse};
use money::BookName;
use rpc::page::PagedList;
use rpc::wire::timestamp_ms;
use tonic::Status;

use crate::store::price_sheets::SheetRow;

/// Longest sheet, in bytes: with the rest of its request less than what the service takes as one message.
const CONTENT_BYTES_MAX: usize = 250_000;

/// A sheet's bytes, if they are as many as one may have.
pub(crate) fn content(content: String) -> Result<String, Status> {
    let fits = (1..=CONTENT_BYTES_MAX).contains(&content.len());
    if fits { Ok(content) } else { Err(rpc::malformed("content", &format!("must have 1 to {CONTENT_BYTES_MAX} bytes"))) }
}

/// The sheets of a book, as page tokens are bound to them.
pub(crate) fn sheets_list(book: &BookName) -> PagedList {
    PagedList::new("ListPriceSheets", book.as_str(), &[])
}

fn sheet(row: &SheetRow) -> pb::LoadedPriceSheet {
    pb::LoadedPriceSheet {
        sheet_no: row.sheet_no,
        version: row.version.clone(),
        sha256: row.content_hash.clone(),
        effective_time: Some(timestamp_ms(row.effective_at_ms)),
        loaded_by: row.loaded_by.clone(),
        load_time: Some(timestamp_ms(row.loaded_at_ms)),
    }
}

pub(crate) fn loaded(row: &SheetRow, replayed: bool) -> LoadPriceSheetResponse {
    LoadPriceSheetResponse { sheet: Some(sheet(row)), replayed }
}

pub(crate) fn sheets(rows: &[SheetRow], next_page_token: String) -> ListPriceSheetsResponse {
    ListPriceSheetsResponse { sheets: rows.iter().map(sheet).collect(), next_page_token }
}
