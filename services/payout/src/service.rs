//! PayoutService: authenticate, decode, call, encode.

use crate::{
    beneficiaries,
    error::Error,
    payouts::Payouts,
    store::payouts::{ListedPayouts, PayoutKey},
    watch::{PayoutWithSteps, WatchedPayout, watch},
    wire,
};
use api::payout::{self as pb, payout_service_server::PayoutService};
use futures::{Stream, StreamExt as _};
use rpc::{Violations, page, wire::TimeRange};
use std::{pin::Pin, sync::Arc, time::SystemTime};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

/// The service over gRPC.
#[derive(Clone)]
pub struct Handlers {
    /// The use cases.
    pub payouts: Arc<Payouts>,
    /// Ends streams.
    pub shutdown: CancellationToken,
}

impl Handlers {
    /// A payout the caller may see; another user's is answered as if there were none.
    async fn visible(&self, caller: &rpc::Caller, book: &str, payout_id: &str) -> Result<(PayoutKey, PayoutWithSteps), Status> {
        let payout_key = PayoutKey { book: caller.book(book)?, payout_id: wire::uuid("payout_id", payout_id)? };
        let seen = self.payouts.get(&payout_key).await?.ok_or(Error::PayoutUnknown(payout_key.payout_id))?;
        if caller.acting_for(seen.0.user.as_str()).is_err() {
            return Err(Error::PayoutUnknown(payout_key.payout_id).into());
        }
        Ok((payout_key, seen))
    }
}

#[tonic::async_trait]
impl PayoutService for Handlers {
    async fn create_beneficiary(
        &self,
        request: Request<pb::CreateBeneficiaryRequest>,
    ) -> Result<Response<pb::CreateBeneficiaryResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let create = wire::create(caller.book_and_user(&request.book, &request.user_id), request)?;
        let (store, vault, count_max) = (&self.payouts.store, &self.payouts.vault, self.payouts.config.beneficiaries_max);
        let (row, replayed) = beneficiaries::create(store, vault, &create, SystemTime::now(), count_max).await?;
        Ok(Response::new(pb::CreateBeneficiaryResponse { beneficiary: Some(wire::beneficiary(&row)), replayed }))
    }

    async fn list_beneficiaries(
        &self,
        request: Request<pb::ListBeneficiariesRequest>,
    ) -> Result<Response<pb::ListBeneficiariesResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (book, user) = caller.book_and_user(&request.book, &request.user_id)?;
        let list = wire::beneficiaries_list(&book, &user);
        let (size, after) = (wire::page_size(request.page_size)?, wire::after(&list, &request.page_token)?);
        let mut rows = self.payouts.store.beneficiaries(&book, &user, after, page::rows_to_read(size)).await.map_err(Error::from)?;
        let next_page_token = list.cut(&mut rows, size, |row| (row.created_at_ms, row.beneficiary_id));
        let beneficiaries = rows.iter().map(wire::beneficiary).collect();
        Ok(Response::new(pb::ListBeneficiariesResponse { beneficiaries, next_page_token }))
    }

    async fn request_payout(&self, request: Request<pb::RequestPayoutRequest>) -> Result<Response<pb::RequestPayoutResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let ask = wire::ask(caller.book_and_user(&request.book, &request.user_id), &request)?;
        let (payout, replayed) = self.payouts.request(&ask, SystemTime::now()).await?;
        let seen = self.payouts.get(&payout.key()).await?.ok_or(Error::PayoutUnknown(payout.payout_id))?;
        Ok(Response::new(pb::RequestPayoutResponse { payout: Some(wire::payout(&seen)), replayed }))
    }

    async fn get_payout(&self, request: Request<pb::GetPayoutRequest>) -> Result<Response<pb::GetPayoutResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (_, seen) = self.visible(&caller, &request.book, &request.payout_id).await?;
        Ok(Response::new(pb::GetPayoutResponse { payout: Some(wire::payout(&seen)) }))
    }

    async fn list_payouts(&self, request: Request<pb::ListPayoutsRequest>) -> Result<Response<pb::ListPayoutsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let mut wrong = Violations::default();
        let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
        let state = wrong.take(wire::filter(request.state));
        let created = wrong.take(TimeRange::read(["created_from", "created_until"], request.created_from, request.created_until));
        let size = wrong.take(wire::page_size(request.page_size));
        let (Some((book, user)), Some(state), Some(created), Some(size)) = (who, state, created, size) else {
            return Err(wrong.into_status());
        };
        let list = wire::payouts_list(&book, &user, state, created);
        let listed = ListedPayouts { state, created, after: wire::after(&list, &request.page_token)?, limit: page::rows_to_read(size) };
        let rows = self.payouts.store.payouts(&book, &user, listed).await.map_err(Error::from)?;
        let shown = self.payouts.with_steps(rows).await?;
        let rows = shown.iter().map(|seen| (wire::payout(seen), (seen.0.created_at_ms, seen.0.payout_id))).collect();
        let (payouts, next_page_token) = list.cut_to_fit(rows, size);
        Ok(Response::new(pb::ListPayoutsResponse { payouts, next_page_token }))
    }

    type WatchPayoutStream = Pin<Box<dyn Stream<Item = Result<pb::WatchPayoutResponse, Status>> + Send>>;

    async fn watch_payout(&self, request: Request<pb::WatchPayoutRequest>) -> Result<Response<Self::WatchPayoutStream>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let (payout_key, _) = self.visible(&caller, &request.book, &request.payout_id).await?;
        // A token is valid for the messages sent before it expires.
        let left = caller.principal.expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let stream = watch(self.payouts.clone(), payout_key, left, self.shutdown.clone());
        let encode = |watched: Result<WatchedPayout, Error>| {
            let WatchedPayout { seen, heartbeat } = watched?;
            Ok(pb::WatchPayoutResponse { payout: Some(wire::payout(&seen)), heartbeat })
        };
        Ok(Response::new(Box::pin(stream.map(encode))))
    }
}
