//! The RPCs: who, decode, call, encode.
use crate::{
    domain::Malformed,
    error::Error,
    gifts::{Gifts, Route},
    wire,
};
use api::gift::{
    ListGiftsRequest, ListGiftsResponse, SendGiftRequest, SendGiftResponse, SendGiftsRequest, SendGiftsResponse,
    gift_service_server::GiftService, send_gifts_response::Outcome,
};
use futures::{Stream, StreamExt};
use std::{pin::Pin, sync::Arc, time::SystemTime};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) gifts: Arc<Gifts>,
    pub(crate) unary: Route,
    pub(crate) streamed: Route,
    pub(crate) stream_in_flight_max: usize,
    pub(crate) shutdown: CancellationToken,
}

impl Handlers {
    async fn send(&self, caller: &rpc::Caller, request: &SendGiftRequest, route: Route) -> Result<SendGiftResponse, Status> {
        let book = caller.book(&request.book)?;
        let sender = caller.acting_for(&request.user_id)?;
        let receipt = self.gifts.send(&book, &sender, request, route).await.map_err(Status::from)?;
        Ok(wire::response(receipt))
    }

    /// One item of a stream. A token is good for the items that come before it expires.
    async fn send_streamed(&self, caller: &rpc::Caller, request: SendGiftsRequest) -> SendGiftsResponse {
        let Some(gift) = request.gift else {
            return refused(String::new(), &Error::Malformed(Malformed { field: "gift", why: "must be there" }).into());
        };
        let outcome = if caller.principal.expires_at <= SystemTime::now() {
            Err(rpc::refused(Code::Unauthenticated, "UNAUTHENTICATED", "the token has expired".to_owned(), &[]))
        } else {
            self.send(caller, &gift, self.streamed).await
        };
        match outcome {
            Ok(accepted) => SendGiftsResponse { request_id: gift.request_id, outcome: Some(Outcome::Accepted(accepted)) },
            Err(status) => refused(gift.request_id, &status),
        }
    }
}

fn refused(request_id: String, status: &Status) -> SendGiftsResponse {
    SendGiftsResponse { request_id, outcome: Some(Outcome::Refused(wire::refusal(status))) }
}

#[tonic::async_trait]
impl GiftService for Handlers {
    async fn list_gifts(&self, request: Request<ListGiftsRequest>) -> Result<Response<ListGiftsResponse>, Status> {
        rpc::caller(&request)?.book(&request.get_ref().book)?;
        Ok(Response::new(wire::listing(&self.gifts.shelf.current())))
    }

    async fn send_gift(&self, request: Request<SendGiftRequest>) -> Result<Response<SendGiftResponse>, Status> {
        let caller = rpc::caller(&request)?;
        self.send(&caller, request.get_ref(), self.unary).await.map(Response::new)
    }

    type SendGiftsStream = Pin<Box<dyn Stream<Item = Result<SendGiftsResponse, Status>> + Send>>;

    /// Items are read only while fewer than the maximum are under way, and answered only as the caller reads: both ends push back. At shutdown no
    /// more are read, and those under way are answered.
    async fn send_gifts(&self, request: Request<Streaming<SendGiftsRequest>>) -> Result<Response<Self::SendGiftsStream>, Status> {
        let caller = Arc::new(rpc::caller(&request)?);
        let handlers = self.clone();
        let in_flight_max = self.stream_in_flight_max;
        let answers = request
            .into_inner()
            .take_until(self.shutdown.clone().cancelled_owned())
            .map(move |item| {
                let (handlers, caller) = (handlers.clone(), Arc::clone(&caller));
                async move {
                    match item {
                        Ok(item) => Ok(handlers.send_streamed(&caller, item).await),
                        Err(status) => Err(status),
                    }
                }
            })
            .buffer_unordered(in_flight_max);
        Ok(Response::new(Box::pin(answers)))
    }
}
