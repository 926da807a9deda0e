//! A client connected directly to a service of the same process.
use super::CallWire;
use crate::tls::Peer;
use api::codec::hand_over;
use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};
use tower::Service;

pub(super) struct InProcess<S>(S);

impl<S> InProcess<S> {
    /// Over `service`, which is always ready.
    pub(super) fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S> CallWire for InProcess<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    fn send(&self, mut request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, Status>> {
        // A socket carries no extensions, so neither does this: the server side finds only what its own stack put there.
        request.extensions_mut().clear();
        request.extensions_mut().insert(Peer::Here);
        // Routes are always ready.
        let answer = self.0.clone().call(request.map(HandedOverBody::body));
        Box::pin(answer.map(|answer| match answer {
            Ok(answer) => Ok(answer.map(HandedOverBody::body)),
            Err(never) => match never {},
        }))
    }
}

/// A body whose messages are handed over unencoded.
struct HandedOverBody(Body);

impl HandedOverBody {
    fn body(inner: Body) -> Body {
        Body::new(Self(inner))
    }
}

impl http_body::Body for HandedOverBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        hand_over(|| Pin::new(&mut self.0).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
