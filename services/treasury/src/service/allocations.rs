//! The RPCs about allocations.
use super::Handlers;
use crate::{
    error::Error,
    wire::{allocations as wire, moves::page_size},
};
use api::treasury::{AllocateChargesRequest, AllocateChargesResponse, ListAllocationsRequest, ListAllocationsResponse};
use rpc::page::{PagedList, rows_to_read};
use tonic::{Request, Status};

impl Handlers {
    pub(super) async fn charges_allocated(&self, request: Request<AllocateChargesRequest>) -> Result<AllocateChargesResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let asked = wire::asked(&request)?;
        let allocated = self.treasury.allocate(&asked, caller.principal.subject.as_str()).await?;
        let first = allocated.rows.first().map(|row| wire::allocation(&self.treasury, row));
        Ok(AllocateChargesResponse { allocation: first, replayed: allocated.replayed })
    }

    pub(super) async fn allocations_listed(&self, request: Request<ListAllocationsRequest>) -> Result<ListAllocationsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let size = page_size(request.page_size)?;
        let paged = PagedList::new("ListAllocations", self.treasury.book.as_str(), &[]);
        let below: Option<i64> = paged.position(&request.page_token).map_err(|_| Error::PageToken)?;
        let rows = self.treasury.allocations(below.unwrap_or(i64::MAX), rows_to_read(size)).await?;
        let rows = rows.iter().map(|row| (wire::allocation(&self.treasury, row), row.movement_no)).collect();
        let (allocations, next_page_token) = paged.cut_to_fit(rows, size);
        // Further postings of one allocation have no calculation.
        let allocations = allocations.into_iter().filter(|allocation| !allocation.physical_account.is_empty()).collect();
        Ok(ListAllocationsResponse { allocations, next_page_token })
    }
}
