//! The RPCs: who calls, decode, call, encode.
//!
//! - `structure`: the structure, and the proof of the books. `moves`, `allocations`, `forecasts`: money between leaves. `statements`: those that this service issues.
//! - `reconciliation`: banks' statements, cases and days. `migration`: old accounts, and receipts. `reservations`: payouts. `accounting`: accounting days.
//! - `structure`: the structure, and the proof of the books. `moves`, `allocations`, `forecasts`, `sweeps`: money in it. `statements`: those that this service issues.
//! - `reconciliation`, `uploads`: banks' statements, cases and days. `migration`: old accounts, and receipts. `accounting`: accounting days.
mod accounting;
mod allocations;
mod days;
mod forecasts;
mod migration;
mod moves;
mod reconciliation;
mod reservations;
mod statements;
mod structure;
mod sweeps;
mod uploads;

use crate::{accounting::Accounting, error::Error, treasury::Treasury};
use api::treasury::{self as pb, treasury_service_server::TreasuryService};
use futures::stream::BoxStream;
use tonic::{Request, Response, Status, Streaming};

/// The parts of a rendered statement.
type RenderStatementStream = BoxStream<'static, Result<pb::RenderStatementResponse, Status>>;

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) treasury: Treasury,
    pub(crate) accounting: Accounting,
}

impl Handlers {
    /// Who calls, and the request, if its book is the treasury's.
    fn opened<T>(&self, request: Request<T>, book: impl Fn(&T) -> &String) -> Result<(rpc::Caller, T), Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, book(&request))?;
        Ok((caller, request))
    }

    /// Refuses a book that the caller's token does not cover, and one that is not the treasury's.
    fn check_book(&self, caller: &rpc::Caller, book: &str) -> Result<(), Status> {
        let asked = caller.book(book)?;
        let treasury = &self.treasury.book;
        if asked == *treasury { Ok(()) } else { Err(Error::BookUnknown { treasury: treasury.to_string() }.into()) }
    }
}

#[tonic::async_trait]
impl TreasuryService for Handlers {
    async fn plan_structure(&self, request: Request<pb::PlanStructureRequest>) -> Result<Response<pb::PlanStructureResponse>, Status> {
        self.structure_planned(request).await.map(Response::new)
    }

    async fn apply_structure(&self, request: Request<pb::ApplyStructureRequest>) -> Result<Response<pb::ApplyStructureResponse>, Status> {
        self.structure_applied(request).await.map(Response::new)
    }

    async fn list_virtual_accounts(
        &self,
        request: Request<pb::ListVirtualAccountsRequest>,
    ) -> Result<Response<pb::ListVirtualAccountsResponse>, Status> {
        self.virtual_accounts_listed(request).await.map(Response::new)
    }

    async fn prove_books(&self, request: Request<pb::ProveBooksRequest>) -> Result<Response<pb::ProveBooksResponse>, Status> {
        self.books_proved(request).await.map(Response::new)
    }

    async fn get_accounting_day(
        &self,
        request: Request<pb::GetAccountingDayRequest>,
    ) -> Result<Response<pb::GetAccountingDayResponse>, Status> {
        self.accounting_day(request).await.map(Response::new)
    }

    async fn get_accounting_balances(
        &self,
        request: Request<pb::GetAccountingBalancesRequest>,
    ) -> Result<Response<pb::GetAccountingBalancesResponse>, Status> {
        self.accounting_balances(request).await.map(Response::new)
    }

    async fn get_roll_forward(&self, request: Request<pb::GetRollForwardRequest>) -> Result<Response<pb::GetRollForwardResponse>, Status> {
        self.rolled_forward(request).await.map(Response::new)
    }

    async fn close_accounting_period(
        &self,
        request: Request<pb::CloseAccountingPeriodRequest>,
    ) -> Result<Response<pb::CloseAccountingPeriodResponse>, Status> {
        self.accounting_period_closed(request).await.map(Response::new)
    }

    async fn list_accounting_periods(
        &self,
        request: Request<pb::ListAccountingPeriodsRequest>,
    ) -> Result<Response<pb::ListAccountingPeriodsResponse>, Status> {
        self.accounting_periods(request).await.map(Response::new)
    }

    async fn move_funds(&self, request: Request<pb::MoveFundsRequest>) -> Result<Response<pb::MoveFundsResponse>, Status> {
        self.funds_moved(request).await.map(Response::new)
    }

    async fn list_moves(&self, request: Request<pb::ListMovesRequest>) -> Result<Response<pb::ListMovesResponse>, Status> {
        self.moves_listed(request).await.map(Response::new)
    }

    async fn list_positions(&self, request: Request<pb::ListPositionsRequest>) -> Result<Response<pb::ListPositionsResponse>, Status> {
        self.positions_listed(request).await.map(Response::new)
    }

    async fn accrue_interest(&self, request: Request<pb::AccrueInterestRequest>) -> Result<Response<pb::AccrueInterestResponse>, Status> {
        self.interest_accrued(request).await.map(Response::new)
    }

    async fn allocate_charges(
        &self,
        request: Request<pb::AllocateChargesRequest>,
    ) -> Result<Response<pb::AllocateChargesResponse>, Status> {
        self.charges_allocated(request).await.map(Response::new)
    }

    async fn list_allocations(
        &self,
        request: Request<pb::ListAllocationsRequest>,
    ) -> Result<Response<pb::ListAllocationsResponse>, Status> {
        self.allocations_listed(request).await.map(Response::new)
    }

    async fn import_statement(
        &self,
        request: Request<pb::ImportStatementRequest>,
    ) -> Result<Response<pb::ImportStatementResponse>, Status> {
        reconciliation::import(self, request).await
    }

    async fn import_statement_stream(
        &self,
        request: Request<Streaming<pb::ImportStatementStreamRequest>>,
    ) -> Result<Response<pb::ImportStatementStreamResponse>, Status> {
        uploads::import(self, request).await
    }

    async fn expect_items(&self, request: Request<pb::ExpectItemsRequest>) -> Result<Response<pb::ExpectItemsResponse>, Status> {
        reconciliation::expect(self, request).await
    }

    async fn list_cases(&self, request: Request<pb::ListCasesRequest>) -> Result<Response<pb::ListCasesResponse>, Status> {
        reconciliation::list(self, request).await
    }

    async fn get_case(&self, request: Request<pb::GetCaseRequest>) -> Result<Response<pb::GetCaseResponse>, Status> {
        reconciliation::get(self, request).await
    }

    async fn assign_case(&self, request: Request<pb::AssignCaseRequest>) -> Result<Response<pb::AssignCaseResponse>, Status> {
        reconciliation::assign(self, request).await
    }

    async fn explain_case(&self, request: Request<pb::ExplainCaseRequest>) -> Result<Response<pb::ExplainCaseResponse>, Status> {
        reconciliation::explain(self, request).await
    }

    async fn propose_adjustment(
        &self,
        request: Request<pb::ProposeAdjustmentRequest>,
    ) -> Result<Response<pb::ProposeAdjustmentResponse>, Status> {
        reconciliation::propose(self, request).await
    }

    async fn approve_adjustment(
        &self,
        request: Request<pb::ApproveAdjustmentRequest>,
    ) -> Result<Response<pb::ApproveAdjustmentResponse>, Status> {
        reconciliation::approve(self, request).await
    }

    async fn close_day(&self, request: Request<pb::CloseDayRequest>) -> Result<Response<pb::CloseDayResponse>, Status> {
        reconciliation::close(self, request).await
    }

    async fn list_closed_days(&self, request: Request<pb::ListClosedDaysRequest>) -> Result<Response<pb::ListClosedDaysResponse>, Status> {
        days::list(self, request).await
    }

    async fn issue_statement(&self, request: Request<pb::IssueStatementRequest>) -> Result<Response<pb::IssueStatementResponse>, Status> {
        self.statement_issued(request).await.map(Response::new)
    }

    async fn get_statement(&self, request: Request<pb::GetStatementRequest>) -> Result<Response<pb::GetStatementResponse>, Status> {
        self.statement_read(request).await.map(Response::new)
    }

    async fn list_statements(&self, request: Request<pb::ListStatementsRequest>) -> Result<Response<pb::ListStatementsResponse>, Status> {
        self.statements_listed(request).await.map(Response::new)
    }

    type RenderStatementStream = RenderStatementStream;

    async fn render_statement(&self, request: Request<pb::RenderStatementRequest>) -> Result<Response<RenderStatementStream>, Status> {
        self.statement_rendered(request).await.map(Response::new)
    }

    async fn plan_migration(&self, request: Request<pb::PlanMigrationRequest>) -> Result<Response<pb::PlanMigrationResponse>, Status> {
        self.migration_planned(request).await.map(Response::new)
    }

    async fn apply_migration(&self, request: Request<pb::ApplyMigrationRequest>) -> Result<Response<pb::ApplyMigrationResponse>, Status> {
        self.migration_applied(request).await.map(Response::new)
    }

    async fn move_old_balances(
        &self,
        request: Request<pb::MoveOldBalancesRequest>,
    ) -> Result<Response<pb::MoveOldBalancesResponse>, Status> {
        self.old_balances_moved(request).await.map(Response::new)
    }

    async fn close_old_accounts(
        &self,
        request: Request<pb::CloseOldAccountsRequest>,
    ) -> Result<Response<pb::CloseOldAccountsResponse>, Status> {
        self.old_accounts_closed(request).await.map(Response::new)
    }

    async fn get_migration_report(
        &self,
        request: Request<pb::GetMigrationReportRequest>,
    ) -> Result<Response<pb::GetMigrationReportResponse>, Status> {
        self.migration_reported(request).await.map(Response::new)
    }

    async fn expect_receipt(&self, request: Request<pb::ExpectReceiptRequest>) -> Result<Response<pb::ExpectReceiptResponse>, Status> {
        self.receipt_expected(request).await.map(Response::new)
    }

    async fn record_receipt(&self, request: Request<pb::RecordReceiptRequest>) -> Result<Response<pb::RecordReceiptResponse>, Status> {
        self.receipt_recorded(request).await.map(Response::new)
    }

    async fn reserve_funds(&self, request: Request<pb::ReserveFundsRequest>) -> Result<Response<pb::ReserveFundsResponse>, Status> {
        self.funds_reserved(request).await.map(Response::new)
    }

    async fn release_funds(&self, request: Request<pb::ReleaseFundsRequest>) -> Result<Response<pb::ReleaseFundsResponse>, Status> {
        self.funds_released(request).await.map(Response::new)
    }

    async fn get_forecast(&self, request: Request<pb::GetForecastRequest>) -> Result<Response<pb::GetForecastResponse>, Status> {
        self.forecast(request).await.map(Response::new)
    }

    async fn plan_sweeps(&self, request: Request<pb::PlanSweepsRequest>) -> Result<Response<pb::PlanSweepsResponse>, Status> {
        self.sweeps_planned(request).await.map(Response::new)
    }

    async fn run_sweeps(&self, request: Request<pb::RunSweepsRequest>) -> Result<Response<pb::RunSweepsResponse>, Status> {
        self.sweeps_run(request).await.map(Response::new)
    }

    async fn mark_sweep(&self, request: Request<pb::MarkSweepRequest>) -> Result<Response<pb::MarkSweepResponse>, Status> {
        self.sweep_marked(request).await.map(Response::new)
    }

    async fn list_sweeps(&self, request: Request<pb::ListSweepsRequest>) -> Result<Response<pb::ListSweepsResponse>, Status> {
        self.sweeps_listed(request).await.map(Response::new)
    }

    async fn list_sweep_instructions(
        &self,
        request: Request<pb::ListSweepInstructionsRequest>,
    ) -> Result<Response<pb::ListSweepInstructionsResponse>, Status> {
        self.sweep_instructions_listed(request).await.map(Response::new)
    }

    async fn instruct_sweep(&self, request: Request<pb::InstructSweepRequest>) -> Result<Response<pb::InstructSweepResponse>, Status> {
        self.sweep_instructed(request).await.map(Response::new)
    }
}
