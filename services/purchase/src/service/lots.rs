//! Handlers that read coin lots.

use std::time::SystemTime;

use api::purchase::{
    GetDeferredRevenueRequest, GetDeferredRevenueResponse, GetLotFundingRequest, GetLotFundingResponse, ListLotsRequest, ListLotsResponse,
};
use jiff::civil::Date;
use money::{UserKey, time::unix_ms};
use rpc::{Violations, page};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Handlers;
use crate::error::Error;
use crate::sheets;
use crate::wire::{self, lots};

impl Handlers {
    pub(super) async fn lots_of_user(&self, request: Request<ListLotsRequest>) -> Result<Response<ListLotsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let book = wrong.take(caller.book(&request.book));
        let user = wrong.take(UserKey::try_new(&request.user_id).map_err(|error| rpc::malformed("user_id", &error.must())));
        let size = wrong.take(wire::page_size(request.page_size));
        let (Some(book), Some(user), Some(size)) = (book, user, size) else { return Err(wrong.into_status()) };
        let list = lots::list(&book, "ListLots", user.as_str());
        let before = lots::place(&list, &request.page_token)?;
        let store = &self.purchases.store;
        let mut found = store.lots_of(&book, &user, before, page::rows_to_read(size)).await.map_err(Error::from)?;
        let next_page_token = list.cut(&mut found, size, |lot| lot.lot_no);
        Ok(Response::new(ListLotsResponse { lots: found.iter().map(lots::lot).collect(), next_page_token }))
    }

    pub(super) async fn funding_of_purchase(
        &self,
        request: Request<GetLotFundingRequest>,
    ) -> Result<Response<GetLotFundingResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let book = wrong.take(caller.book(&request.book));
        let purchase_id = wrong.take(Uuid::try_parse(&request.purchase_id).map_err(|_| rpc::malformed("purchase_id", "must be a UUID")));
        let size = wrong.take(wire::page_size(request.page_size));
        let (Some(book), Some(purchase_id), Some(size)) = (book, purchase_id, size) else { return Err(wrong.into_status()) };
        let store = &self.purchases.store;
        let known = store.purchase(&book, purchase_id).await.map_err(Error::from)?;
        known.ok_or_else(|| Error::PurchaseUnknown(purchase_id.to_string()))?;
        let lot = store.lot_of(&book, purchase_id).await.map_err(Error::from)?.ok_or(Error::LotUnknown(purchase_id))?;
        let list = lots::list(&book, "GetLotFunding", &purchase_id.to_string());
        let after = lots::place(&list, &request.page_token)?;
        let mut found = store.spends_of(&book, lot.lot_no, after, page::rows_to_read(size)).await.map_err(Error::from)?;
        let next_page_token = list.cut(&mut found, size, |spend| spend.spend_no);
        let funding = found.iter().map(|spend| lots::funding(spend, &lot.currency)).collect();
        Ok(Response::new(GetLotFundingResponse { lot: Some(lots::lot(&lot)), funding, next_page_token }))
    }

    pub(super) async fn deferred_on(
        &self,
        request: Request<GetDeferredRevenueRequest>,
    ) -> Result<Response<GetDeferredRevenueResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let book = wrong.take(caller.book(&request.book));
        let day = match request.day.as_str() {
            "" => Ok(sheets::day(unix_ms(SystemTime::now()))),
            day => day.parse::<Date>().map_err(|_| rpc::malformed("day", "must be a day such as 2026-11-27, or empty")),
        };
        let (Some(book), Some(day)) = (book, wrong.take(day)) else { return Err(wrong.into_status()) };
        let place = self.lots.catch_up(&book).await.map_err(Error::from)?;
        let store = &self.purchases.store;
        let sums = store.sums_until(&book, day).await.map_err(Error::from)?;
        let unposted = store.unposted_until(&book, day).await.map_err(Error::from)?;
        let refunds = store.unposted_refunds(&book, day).await.map_err(Error::from)?;
        let unposted = unposted.iter().map(|((entity, currency), earned)| lots::unposted(entity, currency, earned.0, earned.1));
        let refunds = refunds.iter().map(|((entity, currency), undone)| lots::unposted_refund(entity, currency, undone.0, undone.1));
        Ok(Response::new(GetDeferredRevenueResponse {
            lines: sums.iter().map(|(key, sums)| lots::deferred(key, sums)).collect(),
            unposted: unposted.collect(),
            seq: place.journal.seq,
            unposted_refunds: refunds.collect(),
        }))
    }
}
