//! Old bank accounts that move into the structure: planned, imported, moved, closed and reported by a running treasury service.

mod shown;

pub use shown::{
    applied_json, applied_text, closed_json, closed_text, moved_json, moved_text, plan_json, plan_text, report_json, report_text,
};

use crate::{
    OperationFault, staff_call,
    staff_call::told,
    structure::{StructureCaller, bank_files},
};
use api::treasury::{
    ApplyMigrationRequest, ApplyMigrationResponse, CloseOldAccountsRequest, CloseOldAccountsResponse, GetMigrationReportRequest,
    GetMigrationReportResponse, MoveOldBalancesRequest, MoveOldBalancesResponse, PlanMigrationRequest, PlanMigrationResponse,
};
use std::{fs::File, path::PathBuf};
use treasury::tables::ClosingBalances;

/// Old accounts that are asked for at once.
const PAGE_SIZE: i32 = 500;

/// A migration file with the balances of these statements, which confirm or set them; as it is if no statements are given.
pub fn with_statements(file: String, statements: &[PathBuf]) -> Result<String, OperationFault> {
    if statements.is_empty() {
        return Ok(file);
    }
    let mut balances = ClosingBalances::default();
    for path in bank_files(statements)? {
        let name = path.display().to_string();
        balances.add(&name, File::open(&path).map_err(|error| format!("{name}: {error}; nothing was sent"))?);
    }
    balances.filled(&file).map_err(|faults| format!("{}; nothing was sent", faults.join("; ")).into())
}

impl StructureCaller<'_> {
    /// What a migration file would import.
    pub async fn plan_migration(&self, file: String) -> Result<PlanMigrationResponse, OperationFault> {
        let request = PlanMigrationRequest { book: self.book.to_owned(), file };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().plan_migration(request).await.map_err(told)?.into_inner())
    }

    /// Imports what the plan with this hash says, and books the openings that an interrupted call did not.
    pub async fn apply_migration(&self, file: String, hash: String) -> Result<ApplyMigrationResponse, OperationFault> {
        let request = ApplyMigrationRequest { book: self.book.to_owned(), file, hash };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().apply_migration(request).await.map_err(told)?.into_inner())
    }

    /// Books that what these old accounts have, or all if none are named, arrived.
    pub async fn move_old(&self, request_id: String, account_ids: Vec<String>) -> Result<MoveOldBalancesResponse, OperationFault> {
        let request = MoveOldBalancesRequest { book: self.book.to_owned(), request_id, account_ids };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().move_old_balances(request).await.map_err(told)?.into_inner())
    }

    /// Closes the old accounts that can be closed, of these or of all.
    pub async fn close_old(&self, account_ids: Vec<String>) -> Result<CloseOldAccountsResponse, OperationFault> {
        let request = CloseOldAccountsRequest { book: self.book.to_owned(), account_ids };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().close_old_accounts(request).await.map_err(told)?.into_inner())
    }

    /// The whole report, with every old account.
    pub async fn migration_report(&self) -> Result<GetMigrationReportResponse, OperationFault> {
        let (mut accounts, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = GetMigrationReportRequest { book: self.book.to_owned(), page_size: PAGE_SIZE, page_token };
            let request = staff_call::request(request, self.token, self.reason)?;
            let page = self.client().get_migration_report(request).await.map_err(told)?.into_inner();
            accounts.extend(page.accounts.iter().cloned());
            if page.next_page_token.is_empty() {
                return Ok(GetMigrationReportResponse { accounts, ..page });
            }
            page_token = page.next_page_token;
        }
    }
}
