//! The handlers of price sheets.

use std::time::SystemTime;

use api::purchase::{ListPriceSheetsRequest, ListPriceSheetsResponse, LoadPriceSheetRequest, LoadPriceSheetResponse};
use rpc::{Violations, page};
use tonic::{Request, Response, Status};

use crate::error::Error;
use crate::purchases::Purchases;
use crate::wire;
use crate::wire::prices as shown;

/// LoadPriceSheet.
pub(super) async fn load(
    purchases: &Purchases,
    request: Request<LoadPriceSheetRequest>,
) -> Result<Response<LoadPriceSheetResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let content = wrong.take(shown::content(request.content));
    let (Some(book), Some(content)) = (book, content) else { return Err(wrong.into_status()) };
    let (sheet, replayed) = purchases.load_sheet(&book, content, caller.principal.subject.as_str(), SystemTime::now()).await?;
    Ok(Response::new(shown::loaded(&sheet, replayed)))
}

/// ListPriceSheets.
pub(super) async fn list(
    purchases: &Purchases,
    request: Request<ListPriceSheetsRequest>,
) -> Result<Response<ListPriceSheetsResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let size = wrong.take(wire::page_size(request.page_size));
    let (Some(book), Some(size)) = (book, size) else { return Err(wrong.into_status()) };
    let list = shown::sheets_list(&book);
    let before = match wire::place(&list, &request.page_token)? {
        0 => i64::MAX,
        place => place,
    };
    let mut found = purchases.store.sheets_before(&book, before, page::rows_to_read(size)).await.map_err(Error::from)?;
    let next_page_token = list.cut(&mut found, size, |row| row.sheet_no);
    Ok(Response::new(shown::sheets(&found, next_page_token)))
}
