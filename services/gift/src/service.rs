//! The RPCs: who, decode, call, encode.
use crate::{
    domain::Malformed,
    error::Error,
    gifts::{GiftInFlight, Gifts, LedgerRoute},
    wire,
};
use api::gift::{
    ListGiftsRequest, ListGiftsResponse, SendGiftRequest, SendGiftResponse, SendGiftsRequest, SendGiftsResponse,
    gift_service_server::GiftService, send_gifts_response::Outcome,
};
use futures::{FutureExt, Stream, StreamExt, future};
use std::{pin::Pin, sync::Arc, time::SystemTime};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) gifts: Arc<Gifts>,
    pub(crate) unary: LedgerRoute,
    pub(crate) streamed: LedgerRoute,
    pub(crate) stream_in_flight_max: usize,
    pub(crate) shutdown: CancellationToken,
}

impl Handlers {
    /// Everything before the wait.
    fn begin(&self, caller: &rpc::Caller, request: SendGiftRequest, route: LedgerRoute) -> Result<GiftInFlight, (String, Status)> {
        let who = || Ok((caller.book(&request.book)?, caller.acting_for(&request.user_id)?));
        match who() {
            Ok((book, sender)) => self.gifts.begin(&book, sender, request, route).map_err(|(id, error)| (id, error.into())),
            Err(status) => Err((request.request_id, status)),
        }
    }

    /// One item of a stream. A token is good for the items that come before it expires. What waits is small, because thousands wait at once.
    fn begin_streamed(&self, caller: &rpc::Caller, request: SendGiftsRequest) -> impl Future<Output = SendGiftsResponse> + Send + use<> {
        let begun = match request.gift {
            None => Err((String::new(), Error::Malformed(Malformed { field: "gift", why: "must be there" }).into())),
            Some(gift) if caller.principal.expires_at <= SystemTime::now() => {
                let expired = rpc::refused(Code::Unauthenticated, "UNAUTHENTICATED", "the token has expired".to_owned(), &[]);
                Err((gift.request_id, expired))
            }
            Some(gift) => match caller.allowance.take(1) {
                Ok(()) => self.begin(caller, gift, self.streamed),
                Err(status) => Err((gift.request_id, status)),
            },
        };
        async move {
            let (request_id, outcome) = match begun {
                Ok(sent) => sent.finish().await,
                Err((request_id, status)) => return refused(request_id, &status),
            };
            match outcome {
                Ok(receipt) => SendGiftsResponse { request_id, outcome: Some(Outcome::Accepted(wire::response(receipt))) },
                Err(error) => refused(request_id, &error.into()),
            }
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
        let sent = self.begin(&caller, request.into_inner(), self.unary).map_err(|(_, status)| status)?;
        let (_, outcome) = sent.finish().await;
        Ok(Response::new(wire::response(outcome.map_err(Status::from)?)))
    }

    type SendGiftsStream = Pin<Box<dyn Stream<Item = Result<SendGiftsResponse, Status>> + Send>>;

    /// Items are read only while fewer than the maximum are under way, and answered only as the caller reads: both ends push back. At shutdown no
    /// more are read, and those under way are answered.
    async fn send_gifts(&self, request: Request<Streaming<SendGiftsRequest>>) -> Result<Response<Self::SendGiftsStream>, Status> {
        let caller = rpc::caller(&request)?;
        let handlers = self.clone();
        let in_flight_max = self.stream_in_flight_max;
        let answers = request
            .into_inner()
            .take_until(self.shutdown.clone().cancelled_owned())
            .map(move |item| match item {
                Ok(item) => handlers.begin_streamed(&caller, item).map(Ok).left_future(),
                Err(status) => future::ready(Err(status)).right_future(),
            })
            .buffer_unordered(in_flight_max);
        Ok(Response::new(Box::pin(answers)))
    }
}
