//! The RPC that posts on a stream.

use super::{Service, posting::posting};
use crate::wire;
use api::ledger::{self as pb, post_stream_response::Outcome};
use futures::{Stream, StreamExt};
use rpc::lifetime::StreamLifetime;
use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tonic::{Code, Request, Status, Streaming};

/// Postings in flight of one stream; more are read as these are answered. Two such streams of a busy service fill a commit.
const IN_FLIGHT_MAX: usize = 256;

/// Outcomes in the order they are ready.
pub type PostStreamStream = Pin<Box<dyn Stream<Item = Result<pb::PostStreamResponse, Status>> + Send>>;

impl Service {
    /// Items are read only while fewer than the bound are in flight, and answered only as the caller reads: backpressure at both ends. At shutdown,
    /// when the caller's token expires and after `stream_age_max_ms` no more are read, those in flight are answered, and the stream ends with the
    /// reason.
    pub(super) fn post_stream(&self, request: Request<Streaming<pb::PostStreamRequest>>) -> Result<PostStreamStream, Status> {
        let caller = Arc::new(rpc::caller(&request)?);
        let lifetime = StreamLifetime::of(&caller, Duration::from_millis(self.ledger.config().stream_age_max_ms));
        let farewell = lifetime.clone().farewell();
        let (service, closing, shutdown) = (self.clone(), self.ledger.closing(), self.shutdown.clone());
        let items = request.into_inner();
        let items = items.take_until(lifetime.over(async move {
            tokio::select! {
                () = closing.cancelled() => {}
                () = shutdown.cancelled() => {}
            }
        }));
        let answers = items.map(move |item| {
            let (service, caller) = (service.clone(), caller.clone());
            async move { Ok(service.post_item(&caller, item?).await) }
        });
        Ok(Box::pin(answers.buffer_unordered(IN_FLIGHT_MAX).chain(farewell)))
    }

    async fn post_item(&self, caller: &rpc::Caller, item: pb::PostStreamRequest) -> pb::PostStreamResponse {
        let Some(post) = item.post else {
            let refused = wire::refusal(&rpc::malformed("post", "must be given"));
            return pb::PostStreamResponse { request_id: String::new(), outcome: Some(Outcome::Refused(refused)) };
        };
        let request_id = post.request_id.clone();
        let outcome = match self.post_as(caller, post).await {
            Ok(response) => Outcome::Accepted(response),
            Err(status) => Outcome::Refused(wire::refusal(&status)),
        };
        pb::PostStreamResponse { request_id, outcome: Some(outcome) }
    }

    async fn post_as(&self, caller: &rpc::Caller, post: pb::PostRequest) -> Result<pb::PostResponse, Status> {
        // A token is valid for the items that arrive before it expires.
        if caller.principal.expires_at <= SystemTime::now() {
            return Err(rpc::refused(Code::Unauthenticated, "UNAUTHENTICATED", "the token has expired".to_owned(), &[]));
        }
        let place = self.place_of(caller, &post.book).await?;
        let asked = place.rights.post(wire::post(post, place.scope())?)?;
        let (posting, replayed) = posting(place.handle.submit(asked).await)?;
        Ok(pb::PostResponse { posting: Some(posting), replayed })
    }
}
