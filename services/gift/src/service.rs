//! The RPCs: authenticate, decode, call, encode.
use crate::{
    domain::Malformed,
    error::Error,
    gifts::{GiftInFlight, Gifts, LedgerRoute, Selling},
    wire,
};
use api::gift::{
    ListGiftsRequest, ListGiftsResponse, SendGiftRequest, SendGiftResponse, SendGiftsRequest, SendGiftsResponse,
    gift_service_server::GiftService, send_gifts_response::Outcome,
};
use futures::{FutureExt, Stream, StreamExt, future};
use money::UserKey;
use rpc::{Violations, lifetime::StreamLifetime};
use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status, Streaming};

/// The tonic service.
#[derive(Clone)]
pub struct Handlers {
    pub(crate) gifts: Arc<Gifts>,
    pub(crate) unary: LedgerRoute,
    pub(crate) streamed: LedgerRoute,
    pub(crate) stream_in_flight_max: usize,
    pub(crate) stream_age_max: Duration,
    pub(crate) shutdown: CancellationToken,
}

impl Handlers {
    /// Whether the request's book may sell; asks the ledger where needed.
    async fn selling(&self, caller: &rpc::Caller, request: &SendGiftRequest) -> Result<Selling, Status> {
        Ok(self.gifts.selling(&caller.book(&request.book)?).await.map_err(Error::from)?)
    }

    /// One item of a stream. A token is valid for the items that arrive before it expires. The future is small, because thousands wait at once; only
    /// until a book's mode is known does an item wait in a boxed, larger one.
    fn begin_streamed(
        &self,
        caller: &Arc<rpc::Caller>,
        request: SendGiftsRequest,
    ) -> impl Future<Output = SendGiftsResponse> + Send + use<> {
        let begun = match request.gift {
            None => Err((String::new(), Error::Malformed(vec![Malformed { field: "gift", why: "must be given" }]).into())),
            Some(gift) if caller.principal.expires_at <= SystemTime::now() => {
                let expired = rpc::refused(Code::Unauthenticated, "UNAUTHENTICATED", "the token has expired".to_owned(), &[]);
                Err((gift.request_id, expired))
            }
            Some(gift) => match caller.allowance.take(1).and_then(|()| caller.book(&gift.book)) {
                Ok(book) => match self.gifts.selling_known(&book) {
                    Some(selling) => match sender(caller, &gift) {
                        Ok(sender) => {
                            self.gifts.begin(&book, sender, gift, self.streamed, selling).map_err(|(id, error)| (id, error.into()))
                        }
                        Err(status) => Err((gift.request_id, status)),
                    },
                    None => {
                        let (handlers, caller) = (self.clone(), caller.clone());
                        let looked_up = async move {
                            let selling = handlers.selling(&caller, &gift).await;
                            let begun = match selling.and_then(|selling| Ok((selling, sender(&caller, &gift)?))) {
                                Ok((selling, sender)) => {
                                    let begun = handlers.gifts.begin(&book, sender, gift, handlers.streamed, selling);
                                    begun.map_err(|(id, error)| (id, error.into()))
                                }
                                Err(status) => Err((gift.request_id, status)),
                            };
                            finished(begun).await
                        };
                        return looked_up.boxed().right_future();
                    }
                },
                Err(status) => Err((gift.request_id, status)),
            },
        };
        finished(begun).left_future()
    }
}

/// Whose coins are spent. A caller who may not act for that user is told what else is wrong with the gift.
fn sender(caller: &rpc::Caller, request: &SendGiftRequest) -> Result<UserKey, Status> {
    caller.acting_for(&request.user_id).map_err(|status| {
        let mut wrong = Violations::default();
        wrong.add(status);
        wrong.take(wire::sending(request, &caller.principal.subject).map_err(Error::Malformed));
        wrong.into_status()
    })
}

/// A gift in flight, or why it was not sent, with its request id.
type BegunGift = Result<GiftInFlight, (String, Status)>;

/// The outcome of an item.
async fn finished(begun: BegunGift) -> SendGiftsResponse {
    let (request_id, outcome) = match begun {
        Ok(sent) => sent.finish().await,
        Err((request_id, status)) => return refused(request_id, &status),
    };
    match outcome {
        Ok(receipt) => SendGiftsResponse { request_id, outcome: Some(Outcome::Accepted(wire::response(receipt))) },
        Err(error) => refused(request_id, &error.into()),
    }
}

fn refused(request_id: String, status: &Status) -> SendGiftsResponse {
    SendGiftsResponse { request_id, outcome: Some(Outcome::Refused(wire::refusal(status))) }
}

#[tonic::async_trait]
impl GiftService for Handlers {
    async fn list_gifts(&self, request: Request<ListGiftsRequest>) -> Result<Response<ListGiftsResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let book = caller.book(&request.book)?;
        let page = wire::GiftsPage::read(&book, request.page_size, &request.page_token)?;
        match self.gifts.selling(&book).await.map_err(Error::from)? {
            Selling::Catalogue => Ok(Response::new(page.listing(&self.gifts.shelf.current()))),
            Selling::Nothing => Err(Error::ListBuiltIn.into()),
        }
    }

    async fn send_gift(&self, request: Request<SendGiftRequest>) -> Result<Response<SendGiftResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let selling = self.selling(&caller, &request).await?;
        let (book, sender) = (caller.book(&request.book)?, sender(&caller, &request)?);
        let sent = self.gifts.begin(&book, sender, request, self.unary, selling).map_err(|(_, error)| error)?;
        let (_, outcome) = sent.finish().await;
        Ok(Response::new(wire::response(outcome.map_err(Status::from)?)))
    }

    type SendGiftsStream = Pin<Box<dyn Stream<Item = Result<SendGiftsResponse, Status>> + Send>>;

    /// Items are read only while fewer than the maximum are in flight, and answered only as the caller reads: backpressure at both ends. At shutdown,
    /// when the caller's token expires and after `stream_age_max` no more are read, those in flight are answered, and the stream ends with the reason.
    async fn send_gifts(&self, request: Request<Streaming<SendGiftsRequest>>) -> Result<Response<Self::SendGiftsStream>, Status> {
        let caller = Arc::new(rpc::caller(&request)?);
        let handlers = self.clone();
        let in_flight_max = self.stream_in_flight_max;
        let lifetime = StreamLifetime::of(&caller, self.stream_age_max);
        let (over, farewell) = (lifetime.clone().over(self.shutdown.clone().cancelled_owned()), lifetime.farewell());
        let answers = request
            .into_inner()
            .take_until(over)
            .map(move |item| match item {
                Ok(item) => handlers.begin_streamed(&caller, item).map(Ok).left_future(),
                Err(status) => future::ready(Err(status)).right_future(),
            })
            .buffer_unordered(in_flight_max)
            .chain(farewell);
        Ok(Response::new(Box::pin(answers)))
    }
}
