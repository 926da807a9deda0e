//! The handlers of stores' reports and their settlements.

use std::time::SystemTime;

use api::purchase::{
    AcceptStoreDifferencesRequest, AcceptStoreDifferencesResponse, GetStoreSettlementRequest, GetStoreSettlementResponse,
    ImportStoreReportRequest, ImportStoreReportResponse, ListStoreSettlementsRequest, ListStoreSettlementsResponse,
};
use rpc::{Violations, page};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::error::Error;
use crate::purchases::Purchases;
use crate::settlements::report::ReportState;
use crate::wire;
use crate::wire::settlements as shown;

/// ImportStoreReport.
pub(super) async fn import(
    purchases: &Purchases,
    request: Request<ImportStoreReportRequest>,
) -> Result<Response<ImportStoreReportResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let part = shown::part(caller.book(&request.book), request)?;
    let imported = purchases.import_report(&part, caller.principal.subject.as_str(), SystemTime::now()).await?;
    let is_whole = imported.row.state != ReportState::Receiving;
    let settlement = if is_whole { purchases.store.settlement_of(&imported.row.key).await.map_err(Error::from)? } else { None };
    Ok(Response::new(shown::imported(&imported, settlement.as_ref())))
}

/// ListStoreSettlements.
pub(super) async fn list(
    purchases: &Purchases,
    request: Request<ListStoreSettlementsRequest>,
) -> Result<Response<ListStoreSettlementsResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let store = wrong.take(shown::store(request.store_kind));
    let size = wrong.take(wire::page_size(request.page_size));
    let (Some(book), Some(store), Some(size)) = (book, store, size) else { return Err(wrong.into_status()) };
    let list = shown::settlements_list(&book, store);
    let before = wire::before(&list, &request.page_token)?;
    let mut found = purchases.store.settlements(&book, store, before, page::rows_to_read(size)).await.map_err(Error::from)?;
    let next_page_token = list.cut(&mut found, size, |one| one.settlement_id);
    Ok(Response::new(ListStoreSettlementsResponse { settlements: found.iter().map(shown::settlement).collect(), next_page_token }))
}

/// GetStoreSettlement.
pub(super) async fn get(
    purchases: &Purchases,
    request: Request<GetStoreSettlementRequest>,
) -> Result<Response<GetStoreSettlementResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let settlement_id = wrong.take(settlement_id(&request.settlement_id));
    let size = wrong.take(wire::page_size(request.page_size));
    let (Some(book), Some(settlement_id), Some(size)) = (book, settlement_id, size) else { return Err(wrong.into_status()) };
    let list = wire::lots::list(&book, "GetStoreSettlement", &settlement_id.to_string());
    let after = wire::place(&list, &request.page_token)?;
    let unknown = || Error::from(crate::settlements::DecisionRefusal::Unknown(settlement_id));
    let found = purchases.store.settlement(&book, settlement_id).await.map_err(Error::from)?.ok_or_else(unknown)?;
    let rows = purchases.store.settlement_differences(&found, after, page::rows_to_read(size)).await.map_err(Error::from)?;
    let (differences, next_page_token) = list.cut_to_fit(rows.iter().map(|(place, one)| (shown::difference(one), *place)).collect(), size);
    let postings = purchases.store.settlement_postings(&book, settlement_id).await.map_err(Error::from)?;
    Ok(Response::new(GetStoreSettlementResponse {
        settlement: Some(shown::settlement(&found)),
        differences,
        next_page_token,
        postings: postings.iter().map(shown::posting).collect(),
    }))
}

/// AcceptStoreDifferences.
pub(super) async fn accept(
    purchases: &Purchases,
    request: Request<AcceptStoreDifferencesRequest>,
) -> Result<Response<AcceptStoreDifferencesResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let book = wrong.take(caller.book(&request.book));
    let settlement_id = wrong.take(settlement_id(&request.settlement_id));
    let hash = wrong.take(shown::hash("differences_hash", &request.differences_hash));
    let (Some(book), Some(settlement_id), Some(hash)) = (book, settlement_id, hash) else { return Err(wrong.into_status()) };
    let by = caller.principal.subject.as_str();
    let decided = purchases.accept_differences(&book, settlement_id, hash, by, SystemTime::now()).await?;
    let settlement = Some(shown::settlement(&decided.settlement));
    Ok(Response::new(AcceptStoreDifferencesResponse { settlement, approved: decided.is_approved }))
}

fn settlement_id(text: &str) -> Result<Uuid, Status> {
    Uuid::try_parse(text).map_err(|_| rpc::malformed("settlement_id", "must be a UUID"))
}
