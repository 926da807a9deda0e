//! The RPC about closed days.
use super::Handlers;
use crate::wire::days as wire;
use api::treasury as pb;
use tonic::{Request, Response, Status};

/// ListClosedDays.
pub(super) async fn list(
    handlers: &Handlers,
    request: Request<pb::ListClosedDaysRequest>,
) -> Result<Response<pb::ListClosedDaysResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let (ask, size, paged) = wire::list_ask(&handlers.treasury.book, request)?;
    let (currency, days) = handlers.treasury.closed_days(&ask, rpc::page::rows_to_read(size)).await?;
    let rows = days.iter().map(|day| (wire::day(day, currency), wire::number_of(day.day)));
    let (days, next_page_token) = paged.cut_to_fit(rows.collect(), size);
    Ok(Response::new(pb::ListClosedDaysResponse { days, next_page_token }))
}
