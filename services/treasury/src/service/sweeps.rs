//! The RPCs about sweeps.
use super::{
    Handlers,
    reservations::{check_payout, is_payout},
};
use crate::{
    error::Error,
    sweeps::{SweepRun, steps::SweepMark},
    wire::{moves::page_size, sweeps as wire},
};
use api::treasury::{
    InstructSweepRequest, InstructSweepResponse, ListSweepInstructionsRequest, ListSweepInstructionsResponse, ListSweepsRequest,
    ListSweepsResponse, MarkSweepRequest, MarkSweepResponse, PlanSweepsRequest, PlanSweepsResponse, RunSweepsRequest, RunSweepsResponse,
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
        let by = caller.principal.subject.as_str();
        let mark = SweepMark { step, evidence: &request.evidence, by, is_payout: is_payout(&caller) };
        let (sweep, replayed) = self.treasury.mark_sweep(id, &mark).await?;
        Ok(MarkSweepResponse { sweep: Some(wire::sweep(&sweep)), replayed })
    }

    pub(super) async fn sweep_instructions_listed(
        &self,
        request: Request<ListSweepInstructionsRequest>,
    ) -> Result<ListSweepInstructionsResponse, Status> {
        let caller = rpc::caller(&request)?;
        self.check_own(&caller, &request.get_ref().book)?;
        check_payout(&caller)?;
        let sweeps = self.treasury.sweep_instructions().await?;
        let instructions = sweeps.iter().map(wire::instruction).collect();
        Ok(ListSweepInstructionsResponse { book: self.treasury.book.to_string(), instructions })
    }

    pub(super) async fn sweep_instructed(&self, request: Request<InstructSweepRequest>) -> Result<InstructSweepResponse, Status> {
        let caller = rpc::caller(&request)?;
        self.check_own(&caller, &request.get_ref().book)?;
        check_payout(&caller)?;
        let id = wire::instructed(request.get_ref())?;
        let (sweep, replayed) = self.treasury.instruct_sweep(id).await?;
        Ok(InstructSweepResponse { sweep: Some(wire::sweep(&sweep)), replayed })
    }

    /// The book of the payout service's calls about sweeps: this service's own, unless it is named.
    fn check_own(&self, caller: &rpc::Caller, book: &str) -> Result<(), Status> {
        self.check_book(caller, if book.is_empty() { self.treasury.book.as_str() } else { book })
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
