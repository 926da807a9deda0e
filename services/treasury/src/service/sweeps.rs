//! The RPCs about sweeps.
use super::Handlers;
use crate::{
    error::Error,
    sweeps::SweepRun,
    wire::{moves::page_size, sweeps as wire},
};
use api::treasury::{
    ListSweepsRequest, ListSweepsResponse, MarkSweepRequest, MarkSweepResponse, PlanSweepsRequest, PlanSweepsResponse, RunSweepsRequest,
    RunSweepsResponse,
};
use rpc::page::{PagedList, rows_to_read};
use tonic::{Request, Status};

impl Handlers {
    pub(super) async fn sweeps_planned(&self, request: Request<PlanSweepsRequest>) -> Result<PlanSweepsResponse, Status> {
        self.opened(request, |request| &request.book)?;
        let outcomes = self.treasury.run_sweeps(SweepRun::Plan).await?;
        Ok(PlanSweepsResponse { outcomes: outcomes.iter().map(wire::outcome).collect() })
    }

    pub(super) async fn sweeps_run(&self, request: Request<RunSweepsRequest>) -> Result<RunSweepsResponse, Status> {
        let (caller, _) = self.opened(request, |request| &request.book)?;
        let outcomes = self.treasury.run_sweeps(SweepRun::By(caller.principal.subject.as_str())).await?;
        Ok(RunSweepsResponse { outcomes: outcomes.iter().map(wire::outcome).collect() })
    }

    pub(super) async fn sweep_marked(&self, request: Request<MarkSweepRequest>) -> Result<MarkSweepResponse, Status> {
        let (caller, request) = self.opened(request, |request| &request.book)?;
        let (id, step) = wire::marked(&request)?;
        let (sweep, replayed) = self.treasury.mark_sweep(id, step, caller.principal.subject.as_str()).await?;
        Ok(MarkSweepResponse { sweep: Some(wire::sweep(&sweep)), replayed })
    }

    pub(super) async fn sweeps_listed(&self, request: Request<ListSweepsRequest>) -> Result<ListSweepsResponse, Status> {
        let (_, request) = self.opened(request, |request| &request.book)?;
        let size = page_size(request.page_size)?;
        let paged = PagedList::new("ListSweeps", self.treasury.book.as_str(), &[]);
        let below: Option<i64> = paged.position(&request.page_token).map_err(|_| Error::PageToken)?;
        let rows = self.treasury.sweeps(below.unwrap_or(i64::MAX), rows_to_read(size)).await?;
        let rows = rows.iter().map(|row| (wire::sweep(row), row.number)).collect();
        let (sweeps, next_page_token) = paged.cut_to_fit(rows, size);
        Ok(ListSweepsResponse { sweeps, next_page_token })
    }
}
