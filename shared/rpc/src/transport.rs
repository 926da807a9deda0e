//! How a generated client reaches a service: over a channel, or in process over the service's own stack. A service cannot tell which.
//!
//! [`Transport`] carries the client's side of every call: the remaining deadline out, the service's token, the trace out.
use crate::{
    ApproverToken, Error, ServiceToken, Tls, context, deadline,
    trace::{self, CallSpan},
};
use futures::future::{self, BoxFuture};
use http::{HeaderName, Request, Response, header};
use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};
use tonic::{Status, body::Body};
use tower::Service;

mod channel;
mod connector;
mod in_process;
mod retry;

const AUTHORIZATION: HeaderName = header::AUTHORIZATION;

/// What carries a request.
trait CallWire: Send + Sync {
    /// Sends a request and waits for the answer's headers.
    fn send(&self, request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, Status>>;
}

/// The service under a generated client: `LedgerServiceClient<Transport>`. Cloning costs two reference counts.
#[derive(Clone)]
pub struct Transport {
    wire: Arc<dyn CallWire>,
    token: Option<ServiceToken>,
    approver: Option<ApproverToken>,
}

/// A transport to `url` (`http://host:port`). Connects at the first call and again whenever the connection is lost; must be called inside
/// the runtime.
pub fn connect(url: &str) -> Result<Transport, Error> {
    Ok(Transport { wire: Arc::new(channel::RemotePeer::try_new(url, None)?), token: None, approver: None })
}

/// As [`connect`], for `https://host:port` too: the peer's certificate is checked, and ours is shown, as `tls` says.
pub fn connect_with(url: &str, tls: &Tls) -> Result<Transport, Error> {
    Ok(Transport { wire: Arc::new(channel::RemotePeer::try_new(url, Some(tls))?), token: None, approver: None })
}

impl Transport {
    /// Over a service of this process.
    pub(crate) fn over<S>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        Self { wire: Arc::new(in_process::InProcess::new(service)), token: None, approver: None }
    }

    /// The same transport with `token` on every call that does not carry one already.
    pub fn with_token(&self, token: ServiceToken) -> Self {
        Self { token: Some(token), ..self.clone() }
    }

    /// The same transport with the token of the person who approved what is sent over it.
    #[must_use]
    pub fn approved_by(&self, approver: &ApproverToken) -> Self {
        Self { approver: Some(approver.clone()), ..self.clone() }
    }

    /// The layers on the way out. Reads top-down.
    fn prepare(&self, request: &mut Request<Body>) -> Result<CallSpan, Status> {
        let context = context::current();
        let path = request.uri().clone();
        let headers = request.headers_mut();
        // Deadline first: a call that cannot finish in time is not sent.
        deadline::outbound(&context, headers)?;
        // Token: services call as themselves; a call that has its own token keeps it.
        if let Some(token) = &self.token
            && !headers.contains_key(AUTHORIZATION)
        {
            headers.insert(AUTHORIZATION, token.header());
        }
        headers.extend(self.approver.as_ref().map(ApproverToken::header));
        // Trace last, so that the span measures the network and not these layers.
        Ok(CallSpan::client(&context, path.path(), headers))
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        // A call waits for room under its own deadline.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let mut span = match self.prepare(&mut request) {
            Ok(span) => span,
            Err(status) => return Box::pin(future::ready(Err(status))),
        };
        let answer = self.wire.send(request);
        if !span.is_recorded() {
            return answer;
        }
        Box::pin(async move {
            let answer = answer.await;
            let code = answer.as_ref().map_or_else(Status::code, |response| trace::outcome(response.headers()));
            span.finish(code);
            answer
        })
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
