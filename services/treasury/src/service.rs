//! The RPCs: who calls, decode, call, encode.
mod allocations;
mod moves;

use crate::{
    accounting::{Accounting, CloseOrder, wire as accounts},
    domain::listing,
    error::Error,
    treasury::Treasury,
    wire,
use crate::{domain::listing, error::Error, treasury::Treasury, wire};
use api::treasury::{
    AccrueInterestRequest, AccrueInterestResponse, AllocateChargesRequest, AllocateChargesResponse, ApplyStructureRequest,
    ApplyStructureResponse, ListAllocationsRequest, ListAllocationsResponse, ListMovesRequest, ListMovesResponse, ListPositionsRequest,
    ListPositionsResponse, ListVirtualAccountsRequest, ListVirtualAccountsResponse, MoveFundsRequest, MoveFundsResponse,
    PlanStructureRequest, PlanStructureResponse, treasury_service_server::TreasuryService,
//! The RPCs: who calls, decode, call, encode. `reconciliation`: those about statements, cases and days.
mod reconciliation;

use crate::{domain::listing, error::Error, treasury::Treasury, wire};
use api::treasury::{
    ApplyStructureRequest, ApplyStructureResponse, ApproveAdjustmentRequest, ApproveAdjustmentResponse, AssignCaseRequest,
    AssignCaseResponse, CloseDayRequest, CloseDayResponse, ExpectItemsRequest, ExpectItemsResponse, ExplainCaseRequest,
    ExplainCaseResponse, GetCaseRequest, GetCaseResponse, ImportStatementRequest, ImportStatementResponse, ListCasesRequest,
    ListCasesResponse, ListVirtualAccountsRequest, ListVirtualAccountsResponse, PlanStructureRequest, PlanStructureResponse,
    ProposeAdjustmentRequest, ProposeAdjustmentResponse, treasury_service_server::TreasuryService,
use crate::{domain::listing, error::Error, rendering::RenderedParts, treasury::Treasury, wire};
use api::treasury::{
    ApplyStructureRequest, ApplyStructureResponse, GetStatementRequest, GetStatementResponse, IssueStatementRequest,
    IssueStatementResponse, ListStatementsRequest, ListStatementsResponse, ListVirtualAccountsRequest, ListVirtualAccountsResponse,
    PlanStructureRequest, PlanStructureResponse, RenderStatementRequest, RenderStatementResponse, treasury_service_server::TreasuryService,
};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use api::treasury::{
    AccrueInterestRequest, AccrueInterestResponse, ListMovesRequest, ListMovesResponse, ListPositionsRequest, ListPositionsResponse, MoveFundsRequest, MoveFundsResponse, ApplyStructureRequest, ApplyStructureResponse, CloseAccountingPeriodRequest, CloseAccountingPeriodResponse,
    GetAccountingBalancesRequest, GetAccountingBalancesResponse, GetAccountingDayRequest, GetAccountingDayResponse, GetRollForwardRequest,
    GetRollForwardResponse, ListAccountingPeriodsRequest, ListAccountingPeriodsResponse, ListVirtualAccountsRequest,
    ListVirtualAccountsResponse, PlanStructureRequest, PlanStructureResponse, ProveBooksRequest, ProveBooksResponse, treasury_service_server::TreasuryService,
};
use rpc::page::{PagedList, rows_to_read};
use tonic::{Request, Response, Status};

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) treasury: Treasury,
    pub(crate) accounting: Accounting,
}

impl Handlers {
    /// Refuses a book that the caller's token does not cover, and one that is not the treasury's.
    fn check_book(&self, caller: &rpc::Caller, book: &str) -> Result<(), Status> {
        let asked = caller.book(book)?;
        let treasury = &self.treasury.book;
        if asked == *treasury { Ok(()) } else { Err(Error::BookUnknown { treasury: treasury.to_string() }.into()) }
    }
}

#[tonic::async_trait]
impl TreasuryService for Handlers {
    async fn plan_structure(&self, request: Request<PlanStructureRequest>) -> Result<Response<PlanStructureResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (plan, hash) = self.treasury.plan(&request.file).await?;
        Ok(Response::new(wire::plan(&plan, hash)))
    }

    async fn apply_structure(&self, request: Request<ApplyStructureRequest>) -> Result<Response<ApplyStructureResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let hash = wire::hash(&request.hash)?;
        let outcome = self.treasury.apply(&request.file, hash, caller.principal.subject.as_str()).await?;
        let (revision, change_count) = (outcome.applied.revision, outcome.applied.change_count);
        Ok(Response::new(ApplyStructureResponse { revision, change_count, replayed: outcome.replayed }))
    }

    async fn list_virtual_accounts(
        &self,
        request: Request<ListVirtualAccountsRequest>,
    ) -> Result<Response<ListVirtualAccountsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let query = wire::list_query(request)?;
        let structure = self.treasury.structure(query.on).await?;
        let balances = match query.on {
            None => self.treasury.balances(&structure).await?,
            Some(on) => self.treasury.balances_on(&structure, on).await?,
        };
        let listed = listing::list(&structure, &balances.leaves).ok_or(Error::Overflow)?;
        let paged = wire::list(&self.treasury.book, &query, structure.revision);
        let after: Option<i64> = paged.position(&query.page_token).map_err(|_| Error::PageToken)?;
        let numbers = wire::numbers(&structure);
        let claims = wire::claims(&structure);
        let wanted = |account: &str| query.physical_account.is_empty() || account == query.physical_account;
        let rows = listed.iter().filter(|one| wanted(&one.account.id)).zip(1_i64..).filter(|(_, at)| after.is_none_or(|after| *at > after));
        let rows = rows.take(query.size + 1).map(|(one, at)| (wire::virtual_account(one, (&numbers, &claims), &balances), at));
        let (virtual_accounts, next_page_token) = paged.cut_to_fit(rows.collect(), query.size);
        let (revision, seq) = (structure.revision, balances.seq);
        Ok(Response::new(ListVirtualAccountsResponse { virtual_accounts, revision, seq, next_page_token }))
    }

    async fn prove_books(&self, request: Request<ProveBooksRequest>) -> Result<Response<ProveBooksResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let only = wire::proof::physical_account(&request)?;
        let proof = self.treasury.prove(only).await?;
        let now_ms = money::time::unix_ms((self.treasury.clock)());
        Ok(Response::new(wire::proof::proof(proof, &self.treasury.book, now_ms)))
    }

    async fn get_accounting_day(&self, request: Request<GetAccountingDayRequest>) -> Result<Response<GetAccountingDayResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let page = Some((request.page_size, accounts::LINE_PAGES));
        let asked = accounts::Asked { entity: &request.entity, days: &[("date", &request.date)], page };
        let asked = accounts::asked(caller.book(&request.book)?, &asked)?;
        let read = self.accounting.day(&asked.of, asked.days[0], !request.page_token.is_empty()).await?;
        let list = accounts::day_list("GetAccountingDay", &asked, &read);
        let (closed, seq) = (read.closed, read.seq);
        let rows = accounts::after(list, (&request.page_token, asked.size), read.lines, accounts::line)?;
        let (lines, next_page_token) = list.cut_to_fit(rows, asked.size);
        Ok(Response::new(GetAccountingDayResponse { lines, closed, seq, next_page_token }))
    }

    async fn get_accounting_balances(
        &self,
        request: Request<GetAccountingBalancesRequest>,
    ) -> Result<Response<GetAccountingBalancesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let page = Some((request.page_size, accounts::LINE_PAGES));
        let asked = accounts::Asked { entity: &request.entity, days: &[("date", &request.date)], page };
        let asked = accounts::asked(caller.book(&request.book)?, &asked)?;
        let read = self.accounting.balances(&asked.of, asked.days[0], !request.page_token.is_empty()).await?;
        let list = accounts::day_list("GetAccountingBalances", &asked, &read);
        let (closed, seq) = (read.closed, read.seq);
        let rows = accounts::after(list, (&request.page_token, asked.size), read.lines, accounts::balance)?;
        let (balances, next_page_token) = list.cut_to_fit(rows, asked.size);
        Ok(Response::new(GetAccountingBalancesResponse { balances, closed, seq, next_page_token }))
    }

    async fn get_roll_forward(&self, request: Request<GetRollForwardRequest>) -> Result<Response<GetRollForwardResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let days = &[("first_date", request.first_date.as_str()), ("last_date", &request.last_date)];
        let asked = accounts::asked(caller.book(&request.book)?, &accounts::Asked { entity: &request.entity, days, page: None })?;
        let read = self.accounting.roll(&asked.of, (asked.days[0], asked.days[1])).await?;
        Ok(Response::new(accounts::rolled(read)))
    }

    async fn close_accounting_period(
        &self,
        request: Request<CloseAccountingPeriodRequest>,
    ) -> Result<Response<CloseAccountingPeriodResponse>, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let request = request.into_inner();
        let days = &[("first_date", request.first_date.as_str()), ("last_date", &request.last_date)];
        let asked = accounts::asked(caller.book(&request.book)?, &accounts::Asked { entity: &request.entity, days, page: None })?;
        let by = caller.principal.subject.to_string();
        let order = CloseOrder { first_day: asked.days[0], last_day: asked.days[1], by, reason };
        let closing = self.accounting.close(&asked.of, &order).await?;
        let period = Some(accounts::period(&asked.of.entity, closing.period));
        Ok(Response::new(CloseAccountingPeriodResponse { period, replayed: closing.replayed }))
    }

    async fn list_accounting_periods(
        &self,
        request: Request<ListAccountingPeriodsRequest>,
    ) -> Result<Response<ListAccountingPeriodsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let page = Some((request.page_size, accounts::PERIOD_PAGES));
        let asked = accounts::asked(caller.book(&request.book)?, &accounts::Asked { entity: &request.entity, days: &[], page })?;
        let list = PagedList::new("ListAccountingPeriods", asked.of.book.as_str(), &[&asked.of.entity]);
        let before = list.position(&request.page_token).map_err(|_| Error::PageToken)?;
        let mut periods = self.accounting.periods(&asked.of, before, rows_to_read(asked.size)).await?;
        let next_page_token = list.cut(&mut periods, asked.size, |period| period.period_no);
        let periods = periods.into_iter().map(|period| accounts::period(&asked.of.entity, period)).collect();
        Ok(Response::new(ListAccountingPeriodsResponse { periods, next_page_token }))
    }

    async fn move_funds(&self, request: Request<MoveFundsRequest>) -> Result<Response<MoveFundsResponse>, Status> {
        self.funds_moved(request).await.map(Response::new)
    }

    async fn list_moves(&self, request: Request<ListMovesRequest>) -> Result<Response<ListMovesResponse>, Status> {
        self.moves_listed(request).await.map(Response::new)
    }

    async fn list_positions(&self, request: Request<ListPositionsRequest>) -> Result<Response<ListPositionsResponse>, Status> {
        self.positions_listed(request).await.map(Response::new)
    }

    async fn accrue_interest(&self, request: Request<AccrueInterestRequest>) -> Result<Response<AccrueInterestResponse>, Status> {
        self.interest_accrued(request).await.map(Response::new)
    }

    async fn allocate_charges(&self, request: Request<AllocateChargesRequest>) -> Result<Response<AllocateChargesResponse>, Status> {
        self.charges_allocated(request).await.map(Response::new)
    }

    async fn list_allocations(&self, request: Request<ListAllocationsRequest>) -> Result<Response<ListAllocationsResponse>, Status> {
        self.allocations_listed(request).await.map(Response::new)
    }

    async fn import_statement(&self, request: Request<ImportStatementRequest>) -> Result<Response<ImportStatementResponse>, Status> {
        reconciliation::import(self, request).await
    }

    async fn expect_items(&self, request: Request<ExpectItemsRequest>) -> Result<Response<ExpectItemsResponse>, Status> {
        reconciliation::expect(self, request).await
    }

    async fn list_cases(&self, request: Request<ListCasesRequest>) -> Result<Response<ListCasesResponse>, Status> {
        reconciliation::list(self, request).await
    }

    async fn get_case(&self, request: Request<GetCaseRequest>) -> Result<Response<GetCaseResponse>, Status> {
        reconciliation::get(self, request).await
    }

    async fn assign_case(&self, request: Request<AssignCaseRequest>) -> Result<Response<AssignCaseResponse>, Status> {
        reconciliation::assign(self, request).await
    }

    async fn explain_case(&self, request: Request<ExplainCaseRequest>) -> Result<Response<ExplainCaseResponse>, Status> {
        reconciliation::explain(self, request).await
    }

    async fn propose_adjustment(&self, request: Request<ProposeAdjustmentRequest>) -> Result<Response<ProposeAdjustmentResponse>, Status> {
        reconciliation::propose(self, request).await
    }

    async fn approve_adjustment(&self, request: Request<ApproveAdjustmentRequest>) -> Result<Response<ApproveAdjustmentResponse>, Status> {
        reconciliation::approve(self, request).await
    }

    async fn close_day(&self, request: Request<CloseDayRequest>) -> Result<Response<CloseDayResponse>, Status> {
        reconciliation::close(self, request).await
    }

    async fn issue_statement(&self, request: Request<IssueStatementRequest>) -> Result<Response<IssueStatementResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let ask = wire::statement::issue_ask(request)?;
        let issued = self.treasury.issue_statement(&ask.node, ask.day).await?;
        Ok(Response::new(IssueStatementResponse { statement: Some(wire::statement::statement(&issued)) }))
    }

    async fn get_statement(&self, request: Request<GetStatementRequest>) -> Result<Response<GetStatementResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (ask, size, after, list) = wire::statement::get_ask(&self.treasury.book, request)?;
        let mut opened = self.treasury.open_statement(&ask.node, ask.day, after).await?;
        let (mut lines, mut balances) = (Vec::new(), Vec::new());
        while lines.len() <= size
            && let Some((line, balance)) = opened.next().await?
        {
            lines.push(line);
            balances.push(balance);
        }
        let details = self.treasury.details(&lines).await?;
        let rows = lines.iter().zip(details).zip(balances).map(|((line, details), balance)| wire::statement::entry(line, details, balance));
        let (entries, next_page_token) = list.cut_to_fit(rows.collect(), size);
        let statement = Some(wire::statement::statement(&opened.statement));
        Ok(Response::new(GetStatementResponse { statement, entries, next_page_token }))
    }

    async fn list_statements(&self, request: Request<ListStatementsRequest>) -> Result<Response<ListStatementsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (node, size, before, list) = wire::statement::list_ask(&self.treasury.book, request)?;
        let found = self.treasury.statements(&node, before, rpc::page::rows_to_read(size)).await?;
        let rows = found.iter().map(|one| (wire::statement::statement(one), one.number));
        let (statements, next_page_token) = list.cut_to_fit(rows.collect(), size);
        Ok(Response::new(ListStatementsResponse { statements, next_page_token }))
    }

    type RenderStatementStream = BoxStream<'static, Result<RenderStatementResponse, Status>>;

    async fn render_statement(&self, request: Request<RenderStatementRequest>) -> Result<Response<Self::RenderStatementStream>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (ask, format) = wire::statement::render_ask(request)?;
        let opened = self.treasury.open_statement(&ask.node, ask.day, None).await?;
        if format.needs_whole_day() && opened.statement.number == 0 {
            return Err(Error::DayOpen { day: ask.day }.into());
        }
        let first = RenderStatementResponse {
            media_type: format.media_type().to_owned(),
            file_name: format.file_name(&opened.statement),
            losses: format.losses().iter().map(|loss| (*loss).to_owned()).collect(),
            statement: Some(wire::statement::statement(&opened.statement)),
            content: Vec::new(),
        };
        let parts = stream::try_unfold(RenderedParts::new(self.treasury.clone(), opened, format), async |mut parts| {
            let part = parts.next().await.map_err(Status::from)?;
            Ok(part.map(|content| (RenderStatementResponse { content, ..RenderStatementResponse::default() }, parts)))
        });
        Ok(Response::new(stream::iter([Ok(first)]).chain(parts).boxed()))
    }
}
