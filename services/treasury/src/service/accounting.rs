//! The RPCs of accounting days.
use super::Handlers;
use crate::{
    accounting::{CloseOrder, wire as accounts},
    error::Error,
};
use api::treasury::{
    CloseAccountingPeriodRequest, CloseAccountingPeriodResponse, GetAccountingBalancesRequest, GetAccountingBalancesResponse,
    GetAccountingDayRequest, GetAccountingDayResponse, GetRollForwardRequest, GetRollForwardResponse, ListAccountingPeriodsRequest,
    ListAccountingPeriodsResponse,
};
use rpc::page::{PagedList, rows_to_read};
use tonic::{Request, Status};

impl Handlers {
    pub(super) async fn accounting_day(&self, request: Request<GetAccountingDayRequest>) -> Result<GetAccountingDayResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let page = Some((request.page_size, accounts::LINE_PAGES));
        let asked = accounts::Asked { entity: &request.entity, days: &[("date", &request.date)], page };
        let asked = accounts::asked(caller.book(&request.book)?, &asked)?;
        let read = self.accounting.day(&asked.of, asked.days[0], !request.page_token.is_empty()).await?;
        let list = accounts::day_list("GetAccountingDay", &asked, &read);
        let (closed, seq) = (read.closed, read.seq);
        let rows = accounts::after(list, &request.page_token, asked.size, read.lines, accounts::line)?;
        let (lines, next_page_token) = list.cut_to_fit(rows, asked.size);
        Ok(GetAccountingDayResponse { lines, closed, seq, next_page_token })
    }

    pub(super) async fn accounting_balances(
        &self,
        request: Request<GetAccountingBalancesRequest>,
    ) -> Result<GetAccountingBalancesResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let page = Some((request.page_size, accounts::LINE_PAGES));
        let asked = accounts::Asked { entity: &request.entity, days: &[("date", &request.date)], page };
        let asked = accounts::asked(caller.book(&request.book)?, &asked)?;
        let read = self.accounting.balances(&asked.of, asked.days[0], !request.page_token.is_empty()).await?;
        let list = accounts::day_list("GetAccountingBalances", &asked, &read);
        let (closed, seq) = (read.closed, read.seq);
        let rows = accounts::after(list, &request.page_token, asked.size, read.lines, accounts::balance)?;
        let (balances, next_page_token) = list.cut_to_fit(rows, asked.size);
        Ok(GetAccountingBalancesResponse { balances, closed, seq, next_page_token })
    }

    pub(super) async fn rolled_forward(&self, request: Request<GetRollForwardRequest>) -> Result<GetRollForwardResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let days = &[("first_date", request.first_date.as_str()), ("last_date", &request.last_date)];
        let asked = accounts::asked(caller.book(&request.book)?, &accounts::Asked { entity: &request.entity, days, page: None })?;
        let read = self.accounting.roll(&asked.of, asked.days[0], asked.days[1]).await?;
        Ok(accounts::rolled(read))
    }

    pub(super) async fn accounting_period_closed(
        &self,
        request: Request<CloseAccountingPeriodRequest>,
    ) -> Result<CloseAccountingPeriodResponse, Status> {
        let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
        let request = request.into_inner();
        let days = &[("first_date", request.first_date.as_str()), ("last_date", &request.last_date)];
        let asked = accounts::asked(caller.book(&request.book)?, &accounts::Asked { entity: &request.entity, days, page: None })?;
        let by = caller.principal.subject.to_string();
        let order = CloseOrder { first_day: asked.days[0], last_day: asked.days[1], by, reason };
        let closing = self.accounting.close(&asked.of, &order).await?;
        let period = Some(accounts::period(&asked.of.entity, closing.period));
        Ok(CloseAccountingPeriodResponse { period, replayed: closing.replayed })
    }

    pub(super) async fn accounting_periods(
        &self,
        request: Request<ListAccountingPeriodsRequest>,
    ) -> Result<ListAccountingPeriodsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let page = Some((request.page_size, accounts::PERIOD_PAGES));
        let asked = accounts::asked(caller.book(&request.book)?, &accounts::Asked { entity: &request.entity, days: &[], page })?;
        let list = PagedList::new("ListAccountingPeriods", asked.of.book.as_str(), &[&asked.of.entity]);
        let before = list.position(&request.page_token).map_err(|_| Error::PageToken)?;
        let mut periods = self.accounting.periods(&asked.of, before, rows_to_read(asked.size)).await?;
        let next_page_token = list.cut(&mut periods, asked.size, |period| period.period_no);
        let periods = periods.into_iter().map(|period| accounts::period(&asked.of.entity, period)).collect();
        Ok(ListAccountingPeriodsResponse { periods, next_page_token })
    }
}
