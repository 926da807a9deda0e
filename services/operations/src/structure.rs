//! The structure of physical and virtual accounts: planned, applied and listed by a running treasury service, and written as text or JSON.
//!
//! - [`statement`]: statements as files.

mod bank;
mod cases;
mod funds;
mod picture;
mod proof;
mod reconciled;
mod shown;
pub mod statement;
mod sweeps;

pub use bank::bank_files;
pub use funds::{
    allocations_json, allocations_text, forecasts_json, forecasts_text, interest_json, interest_text, moves_json, moves_text,
    positions_json, positions_text,
};
pub use picture::picture_svg;
pub use proof::{proof_json, proof_text};
pub use reconciled::{
    case_json, case_text, cases_json, cases_text, closed_json, closed_text, days_json, days_text, imported_json, imported_text,
};
pub(crate) use shown::money_text;
pub use shown::{applied_json, applied_text, listed_json, listed_text, plan_json, plan_text};
pub use sweeps::{outcomes_json, outcomes_text, sweeps_json, sweeps_text};

use crate::{OperationFault, staff_call, staff_call::told};
use api::treasury::{
    ApplyStructureRequest, ApplyStructureResponse, ListVirtualAccountsRequest, PlanStructureRequest, PlanStructureResponse,
    ProveBooksRequest, ProveBooksResponse, VirtualAccount, treasury_service_client::TreasuryServiceClient,
};
use rpc::{ANSWER_BYTES_MAX, Transport};
use std::{fs, path::Path};

/// Largest structure file, in bytes: what the service takes.
const FILE_BYTES_MAX: u64 = 240 * 1024;
/// Items that are asked for at once.
const PAGE_SIZE: i32 = 1_000;

/// The treasury service of an installation, as a member of staff sees it.
pub struct StructureCaller<'a> {
    /// The connection.
    pub transport: Transport,
    /// The token of a member of staff.
    pub token: &'a str,
    /// Why, for the audit log.
    pub reason: &'a str,
    /// The treasury's book.
    pub book: &'a str,
}

/// Reads a structure file, unless it is larger than the service takes.
pub fn read_file(path: &Path) -> Result<String, OperationFault> {
    let failed = |error: std::io::Error| format!("{}: {error}; nothing was sent", path.display());
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes > FILE_BYTES_MAX {
        let what = format!("has {bytes} bytes, and at most {FILE_BYTES_MAX} are taken; nothing was sent");
        return Err(format!("{}: {what}. Divide it: what a file leaves out stays as it is", path.display()).into());
    }
    Ok(fs::read_to_string(path).map_err(failed)?)
}

impl StructureCaller<'_> {
    pub(crate) fn client(&self) -> TreasuryServiceClient<Transport> {
        TreasuryServiceClient::new(self.transport.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// What a file would change.
    pub async fn plan(&self, file: String) -> Result<PlanStructureResponse, OperationFault> {
        let request = PlanStructureRequest { book: self.book.to_owned(), file };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().plan_structure(request).await.map_err(told)?.into_inner())
    }

    /// Makes the changes of the plan with this hash.
    pub async fn apply(&self, file: String, hash: String) -> Result<ApplyStructureResponse, OperationFault> {
        let request = ApplyStructureRequest { book: self.book.to_owned(), file, hash };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().apply_structure(request).await.map_err(told)?.into_inner())
    }

    /// Proves the books; all, or one physical account if it is not empty.
    pub async fn prove(&self, physical_account: &str) -> Result<ProveBooksResponse, OperationFault> {
        let request = ProveBooksRequest { book: self.book.to_owned(), physical_account: physical_account.to_owned() };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().prove_books(request).await.map_err(told)?.into_inner())
    }

    /// All items of the structure, or of one physical account's tree if it is not empty; as they are now, or were on a day if it is not empty.
    pub async fn list(&self, physical_account: &str, on_date: &str) -> Result<Vec<VirtualAccount>, OperationFault> {
        let (mut listed, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = ListVirtualAccountsRequest {
                book: self.book.to_owned(),
                physical_account: physical_account.to_owned(),
                on_date: on_date.to_owned(),
                page_size: PAGE_SIZE,
                page_token,
            };
            let request = staff_call::request(request, self.token, self.reason)?;
            let page = self.client().list_virtual_accounts(request).await.map_err(told)?.into_inner();
            listed.extend(page.virtual_accounts);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(listed);
            }
        }
    }
}
