//! The RPCs of old accounts that move into the structure, and of receipts.

use super::Handlers;
use crate::wire;
use api::treasury::{
    ApplyMigrationRequest, ApplyMigrationResponse, CloseOldAccountsRequest, CloseOldAccountsResponse, ExpectReceiptRequest,
    ExpectReceiptResponse, GetMigrationReportRequest, GetMigrationReportResponse, MoveOldBalancesRequest, MoveOldBalancesResponse,
    PlanMigrationRequest, PlanMigrationResponse, RecordReceiptRequest, RecordReceiptResponse,
};
use tonic::{Request, Status};

impl Handlers {
    pub(super) async fn migration_planned(&self, request: Request<PlanMigrationRequest>) -> Result<PlanMigrationResponse, Status> {
        let (_, request) = self.opened(request, |request| &request.book)?;
        let (plan, hash) = self.treasury.plan_migration(&request.file).await?;
        Ok(wire::migration::plan(&plan, hash)?)
    }

    pub(super) async fn migration_applied(&self, request: Request<ApplyMigrationRequest>) -> Result<ApplyMigrationResponse, Status> {
        let (caller, request) = self.opened(request, |request| &request.book)?;
        let hash = wire::hash(&request.hash)?;
        let outcome = self.treasury.apply_migration(&request.file, hash, caller.principal.subject.as_str()).await?;
        let (account_count, opened_count) = (outcome.accounts, outcome.opened);
        Ok(ApplyMigrationResponse { account_count, opened_count, replayed: outcome.replayed })
    }

    pub(super) async fn old_balances_moved(&self, request: Request<MoveOldBalancesRequest>) -> Result<MoveOldBalancesResponse, Status> {
        let (_, request) = self.opened(request, |request| &request.book)?;
        let ids = wire::migration::account_ids(&request.account_ids)?;
        let (moves, replayed) = self.treasury.move_old_balances(wire::migration::request_id(&request.request_id)?, ids).await?;
        Ok(wire::migration::moved(&moves, replayed)?)
    }

    pub(super) async fn old_accounts_closed(&self, request: Request<CloseOldAccountsRequest>) -> Result<CloseOldAccountsResponse, Status> {
        let (_, request) = self.opened(request, |request| &request.book)?;
        let closing = self.treasury.close_old_accounts(wire::migration::account_ids(&request.account_ids)?).await?;
        Ok(wire::migration::closed(closing))
    }

    pub(super) async fn migration_reported(
        &self,
        request: Request<GetMigrationReportRequest>,
    ) -> Result<GetMigrationReportResponse, Status> {
        let (_, request) = self.opened(request, |request| &request.book)?;
        let report = self.treasury.migration_report().await?;
        let page = wire::migration::report_page(&self.treasury.book, &request, report.accounts.len())?;
        Ok(wire::migration::report(&report, page))
    }

    pub(super) async fn receipt_expected(&self, request: Request<ExpectReceiptRequest>) -> Result<ExpectReceiptResponse, Status> {
        let (caller, request) = self.opened(request, |request| &request.book)?;
        let announced = wire::receipts::announced(request)?;
        let (expected, replayed) = self.treasury.expect_receipt(announced, caller.principal.subject.as_str()).await?;
        Ok(ExpectReceiptResponse { expected_receipt: Some(wire::receipts::expected_receipt(expected)), replayed })
    }

    pub(super) async fn receipt_recorded(&self, request: Request<RecordReceiptRequest>) -> Result<RecordReceiptResponse, Status> {
        let (_, request) = self.opened(request, |request| &request.book)?;
        let (receipt, replayed) = self.treasury.record_receipt(wire::receipts::incoming(request)?).await?;
        Ok(RecordReceiptResponse { receipt: Some(wire::receipts::receipt(receipt)), replayed })
    }
}
