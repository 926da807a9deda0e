//! The RPCs about statements, cases and days.
use super::Handlers;
use crate::{cases::StaffCall, store::FilePart, wire::reconciliation as wire};
use api::treasury as pb;
use money::time::unix_ms;
use tonic::{Request, Response, Status};

type Answer<T> = Result<Response<T>, Status>;

/// ImportStatement.
pub(super) async fn import(handlers: &Handlers, request: Request<pb::ImportStatementRequest>) -> Answer<pb::ImportStatementResponse> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    wire::check_part(&request)?;
    let part = FilePart {
        book: handlers.treasury.book.as_str(),
        hash: &request.sha256,
        size_bytes: request.size_bytes,
        offset_bytes: request.offset_bytes,
        bytes: &request.part,
    };
    let imported = handlers.treasury.import(part, caller.principal.subject.as_str()).await?;
    Ok(Response::new(wire::imported(imported)))
}

/// ExpectItems.
pub(super) async fn expect(handlers: &Handlers, request: Request<pb::ExpectItemsRequest>) -> Answer<pb::ExpectItemsResponse> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let items = wire::items(request)?;
    let added_count = handlers.treasury.expect(&items).await?;
    Ok(Response::new(pb::ExpectItemsResponse { added_count }))
}

/// ListCases.
pub(super) async fn list(handlers: &Handlers, request: Request<pb::ListCasesRequest>) -> Answer<pb::ListCasesResponse> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let (filter, size, paged) = wire::case_list(&handlers.treasury.book, &request)?;
    let cases = handlers.treasury.list_cases(&filter, rpc::page::rows_to_read(size)).await?;
    let rows = cases.into_iter().map(|case| {
        let position = (case.kept.found_at_ms, uuid::Uuid::try_parse(&case.kept.found.id).unwrap_or_default());
        (wire::case(case), position)
    });
    let (cases, next_page_token) = paged.cut_to_fit(rows.collect(), size);
    Ok(Response::new(pb::ListCasesResponse { cases, next_page_token }))
}

/// GetCase.
pub(super) async fn get(handlers: &Handlers, request: Request<pb::GetCaseRequest>) -> Answer<pb::GetCaseResponse> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let (case, adjustment) = handlers.treasury.get_case(wire::case_id(&request.case_id)?).await?;
    Ok(Response::new(pb::GetCaseResponse { found: Some(wire::case(case)), adjustment: adjustment.map(wire::adjustment) }))
}

/// AssignCase.
pub(super) async fn assign(handlers: &Handlers, request: Request<pb::AssignCaseRequest>) -> Answer<pb::AssignCaseResponse> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let (id, assignee) = (wire::case_id(&request.case_id)?, wire::assignee(&request.assignee)?);
    let case = handlers.treasury.assign_case(id, assignee).await?;
    Ok(Response::new(pb::AssignCaseResponse { found: Some(wire::case(case)) }))
}

/// ExplainCase.
pub(super) async fn explain(handlers: &Handlers, request: Request<pb::ExplainCaseRequest>) -> Answer<pb::ExplainCaseResponse> {
    let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let call = StaffCall { by: caller.principal.subject.as_str(), reason: &reason };
    let case = handlers.treasury.explain_case(wire::case_id(&request.case_id)?, call).await?;
    Ok(Response::new(pb::ExplainCaseResponse { found: Some(wire::case(case)) }))
}

/// ProposeAdjustment.
pub(super) async fn propose(handlers: &Handlers, request: Request<pb::ProposeAdjustmentRequest>) -> Answer<pb::ProposeAdjustmentResponse> {
    let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let by = (caller.principal.subject.as_str().to_owned(), unix_ms((handlers.treasury.clock)()));
    let adjustment = handlers.treasury.propose(wire::proposal(request, by)?, &reason).await?;
    Ok(Response::new(pb::ProposeAdjustmentResponse { adjustment: Some(wire::adjustment(adjustment)) }))
}

/// ApproveAdjustment.
pub(super) async fn approve(handlers: &Handlers, request: Request<pb::ApproveAdjustmentRequest>) -> Answer<pb::ApproveAdjustmentResponse> {
    let (caller, reason) = (rpc::caller(&request)?, rpc::staff_reason(&request)?);
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let call = StaffCall { by: caller.principal.subject.as_str(), reason: &reason };
    let (adjustment, case) = handlers.treasury.approve(wire::adjustment_id(&request.adjustment_id)?, call).await?;
    Ok(Response::new(pb::ApproveAdjustmentResponse { adjustment: Some(wire::adjustment(adjustment)), found: Some(wire::case(case)) }))
}

/// CloseDay.
pub(super) async fn close(handlers: &Handlers, request: Request<pb::CloseDayRequest>) -> Answer<pb::CloseDayResponse> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    handlers.check_book(&caller, &request.book)?;
    let day = wire::day("day", &request.day)?;
    let (closed, replayed) = handlers.treasury.close_day(&request.physical_account, day, caller.principal.subject.as_str()).await?;
    Ok(Response::new(wire::closed(&closed, replayed)))
}
