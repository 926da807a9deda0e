//! The RPCs about moves, positions and their interest.
use super::Handlers;
use crate::{error::Error, treasury::day, wire::moves as wire};
use api::treasury::{
    AccrueInterestRequest, AccrueInterestResponse, ListMovesRequest, ListMovesResponse, ListPositionsRequest, ListPositionsResponse,
    MoveFundsRequest, MoveFundsResponse,
};
use rpc::page::{PagedList, rows_to_read};
use tonic::{Request, Status};

impl Handlers {
    pub(super) async fn funds_moved(&self, request: Request<MoveFundsRequest>) -> Result<MoveFundsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (request_id, asked) = wire::asked(&request)?;
        let (row, replayed) = self.treasury.move_funds(request_id, &asked, caller.principal.subject.as_str()).await?;
        Ok(MoveFundsResponse { funds_move: Some(wire::funds_move(&self.treasury, &row)), replayed })
    }

    pub(super) async fn moves_listed(&self, request: Request<ListMovesRequest>) -> Result<ListMovesResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let size = wire::page_size(request.page_size)?;
        let paged = PagedList::new("ListMoves", self.treasury.book.as_str(), &[]);
        let below: Option<i64> = paged.position(&request.page_token).map_err(|_| Error::PageToken)?;
        let rows = self.treasury.moves_below(below.unwrap_or(i64::MAX), rows_to_read(size)).await?;
        let rows = rows.iter().map(|row| (wire::funds_move(&self.treasury, row), row.movement_no)).collect();
        let (funds_moves, next_page_token) = paged.cut_to_fit(rows, size);
        Ok(ListMovesResponse { funds_moves, next_page_token })
    }

    pub(super) async fn positions_listed(&self, request: Request<ListPositionsRequest>) -> Result<ListPositionsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (on, size) = wire::positions(&request)?;
        let paged = PagedList::new("ListPositions", self.treasury.book.as_str(), &[&request.on_date]);
        let after: i64 = paged.position(&request.page_token).map_err(|_| Error::PageToken)?.unwrap_or_default();
        let on = on.unwrap_or_else(|| day((self.treasury.clock)()));
        let pairs = self.treasury.pairs().await?.into_iter().zip(1_i64..);
        let mut rows = Vec::new();
        for (pair, at) in pairs.filter(|(_, at)| *at > after).take(size + 1) {
            rows.push((wire::position(&self.treasury.position(pair, on).await?), at));
        }
        let (positions, next_page_token) = paged.cut_to_fit(rows, size);
        Ok(ListPositionsResponse { positions, next_page_token })
    }

    pub(super) async fn interest_accrued(&self, request: Request<AccrueInterestRequest>) -> Result<AccrueInterestResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        self.check_book(&caller, &request.book)?;
        let (pair, until) = wire::accrual(&request)?;
        let accrual = self.treasury.accrue_interest(&pair, until, caller.principal.subject.as_str()).await?;
        Ok(wire::accrued(&self.treasury, &accrual))
    }
}
