//! Price sheets: loaded into a running purchase service and listed, and written as text.

use crate::{OperationFault, staff_call};
use api::purchase::{
    ListPriceSheetsRequest, LoadPriceSheetRequest, LoadPriceSheetResponse, LoadedPriceSheet, purchase_service_client::PurchaseServiceClient,
};
use rpc::{ANSWER_BYTES_MAX, Transport};
use serde_json::{Value, json};
use tonic::Status;

/// Items that are asked for at once.
const PAGE_SIZE: i32 = 200;

/// The purchase service of an installation, as a member of staff sees it.
pub struct SheetCaller<'a> {
    /// The connection.
    pub transport: Transport,
    /// The token of a member of staff.
    pub token: &'a str,
    /// Why, for the audit log.
    pub reason: &'a str,
    /// The book.
    pub book: &'a str,
}

fn failed(status: Status) -> OperationFault {
    status.message().to_owned().into()
}

impl SheetCaller<'_> {
    fn client(&self) -> PurchaseServiceClient<Transport> {
        PurchaseServiceClient::new(self.transport.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// Loads a sheet; one that was loaded before changes nothing.
    pub async fn load(&self, content: String) -> Result<LoadPriceSheetResponse, OperationFault> {
        let request = LoadPriceSheetRequest { book: self.book.to_owned(), content };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().load_price_sheet(request).await.map_err(failed)?.into_inner())
    }

    /// All sheets of the book, newest first.
    pub async fn list(&self) -> Result<Vec<LoadedPriceSheet>, OperationFault> {
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListPriceSheetsRequest { book: self.book.to_owned(), page_size: PAGE_SIZE, page_token };
            let request = staff_call::request(request, self.token, self.reason)?;
            let page = self.client().list_price_sheets(request).await.map_err(failed)?.into_inner();
            listed.extend(page.sheets);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(listed);
            }
        }
    }
}

/// When a sheet begins to be in force, and when it was loaded.
fn times(sheet: &LoadedPriceSheet) -> [String; 2] {
    let shown = |seconds: Option<i64>| money::time::rfc3339_ms(seconds.unwrap_or(0).saturating_mul(1_000));
    let seconds = [&sheet.effective_time, &sheet.load_time].map(|time| time.as_ref().map(|time| time.seconds));
    seconds.map(shown)
}

/// Sheets as JSON.
#[must_use]
pub fn sheets_json(sheets: &[LoadedPriceSheet]) -> Value {
    let sheet = |sheet: &LoadedPriceSheet| {
        let [from, at] = times(sheet);
        json!({
            "sheet_no": sheet.sheet_no, "version": sheet.version, "effective_time": from, "loaded_by": sheet.loaded_by, "load_time": at,
            "sha256": sheet.sha256,
        })
    };
    json!({ "sheets": sheets.iter().map(sheet).collect::<Vec<_>>() })
}

/// A sheet, on one line.
pub fn sheet_text(sheet: &LoadedPriceSheet) -> String {
    let [from, at] = times(sheet);
    format!(
        "{}: version {}, in force from {from}, loaded by {} at {at}, sha256 {}",
        sheet.sheet_no, sheet.version, sheet.loaded_by, sheet.sha256
    )
}

/// What became of a sheet.
pub fn loaded_text(loaded: &LoadPriceSheetResponse) -> String {
    let sheet = loaded.sheet.as_ref().map_or_else(String::new, sheet_text);
    let what = if loaded.replayed { "it was loaded before, and nothing was changed" } else { "loaded" };
    format!("{what}\n{sheet}")
}
