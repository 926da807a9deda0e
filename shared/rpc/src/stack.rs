//! What every call passes on its way to a handler, the same in process and over sockets. [`Stack::answer`] reads top-down.
//!
//! A tower [`Layer`]; inside it is one future and not one per layer, because the layers share what they learn about a call and the
//! call's whole budget is a few microseconds.
use crate::{
    Caller, Error, Quotas, Transport,
    acts::{self, RequestShapes},
    authenticate, authorise,
    body::{SeatsOfCall, WatchedBody},
    contain,
    context::{self, CallContext},
    deadline, listener,
    methods::{Method, Methods},
    overload,
    quota::{self, StreamSeat},
    tls,
    trace::{self, CallSpan},
};
use futures::future::BoxFuture;
use http::{Request, Response};
use identity::{Verifier, access::Access};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    mem,
    sync::{Arc, OnceLock},
    task::{self, Poll},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Status, body::Body};
use tower::{Layer, Service};

/// What a stack is made of.
#[derive(Clone)]
pub struct Options {
    /// Checks tokens.
    pub verifier: Arc<Verifier>,
    /// Says which tokens need a client certificate. None: no token does.
    pub tls: Option<tls::Config>,
    /// How much may be in flight, per service.
    pub overload: overload::OverloadLimits,
    /// How long calls may take.
    pub deadline: deadline::DeadlineLimits,
    /// How often anybody may call.
    pub quotas: Arc<Quotas>,
    /// How many connections a listener takes.
    pub connections: listener::ConnectionBounds,
    /// Whether what staff do must be written down. If so, their calls are refused until [`Stack::record_with`] says where.
    pub recorded: bool,
    /// Cancelled when the process is about to stop; ends the streams that would otherwise keep it alive.
    pub closing: CancellationToken,
}

impl Options {
    /// Nothing but tokens and the default limits; nobody calls too often.
    pub fn new(verifier: Arc<Verifier>, closing: CancellationToken) -> Self {
        let (overload, deadline) = (overload::OverloadLimits::default(), deadline::DeadlineLimits::default());
        let quotas = Quotas::new(&quota::Config::NONE);
        Self {
            verifier,
            tls: None,
            overload,
            deadline,
            quotas,
            connections: listener::ConnectionBounds::default(),
            recorded: false,
            closing,
        }
    }
}

/// The ways to SupportService.
enum RecordWays {
    /// One for all services.
    One(Transport),
    /// Each service as itself, by its name.
    Each(BTreeMap<&'static str, Transport>),
}

impl RecordWays {
    fn of(&self, service: &str) -> Option<&Transport> {
        match self {
            Self::One(way) => Some(way),
            Self::Each(ways) => ways.get(service),
        }
    }
}

struct StackParts {
    methods: Methods,
    options: Options,
    shapes: RequestShapes,
    /// The ways to SupportService.
    record: OnceLock<RecordWays>,
}

/// The server side of every call. One per process; clones share their counters.
#[derive(Clone)]
pub struct Stack(Arc<StackParts>);

impl Stack {
    /// Joins the contracts with the table of access; an RPC without a row is an error here, before anything listens.
    pub fn try_new(options: Options) -> Result<Self, Error> {
        let shapes = RequestShapes::try_new().map_err(Error::Descriptors)?;
        let methods = Methods::try_new(options.overload)?;
        methods.watch();
        Ok(Self(Arc::new(StackParts { methods, options, shapes, record: OnceLock::new() })))
    }

    /// Writes down what staff do by this way to SupportService. Later calls change nothing.
    pub fn record_with(&self, support: Transport) {
        self.0.record.get_or_init(|| RecordWays::One(support));
    }

    /// The same, each service by a way of its own, with its own token. Calls of a service that is not among them are refused.
    pub fn record_by(&self, ways: BTreeMap<&'static str, Transport>) {
        self.0.record.get_or_init(|| RecordWays::Each(ways));
    }

    /// How many connections its listeners take.
    pub fn connections(&self) -> listener::ConnectionBounds {
        self.0.options.connections
    }

    /// What ends the streams that only watch.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.0.options.closing.clone()
    }

    /// Answers one call with `inner` behind it.
    async fn answer<S>(&self, mut inner: S, mut request: Request<Body>) -> Response<Body>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    {
        let shared = &*self.0;
        // Which RPC. Everything below depends on it, and a path without a row must never come further.
        let Some(method) = shared.methods.find(request.uri().path()) else {
            return Status::unimplemented("UNIMPLEMENTED: no such RPC").into_http();
        };
        // Counted from here on, also what is refused below; traced once it is known who calls.
        let mut span = CallSpan::server(method, request.headers());
        let arriving = CallContext { deadline: None, trace: span.parent, service: method.service };
        let admitted = match context::enter(arriving, shared.admit(method, &mut request, &mut span)).await {
            Ok(admitted) => admitted,
            Err(status) => return finish(span, &status),
        };
        let context = CallContext { deadline: admitted.deadline, trace: span.parent, ..arriving };
        // Written down before it is done, where staff call; everybody else passes, without carrying the room for it along.
        let (begun, request) = match &admitted.staff {
            None => (None, request),
            Some(caller) => {
                let beginning = context::enter(context, deadline::enforce(admitted.deadline, shared.begin(method, caller, request)));
                match Box::pin(beginning).await.and_then(|begun| begun) {
                    Ok((begun, request)) => (Some(begun), request),
                    Err(status) => {
                        // Nothing was done.
                        caller.allowance.give_back(1);
                        return finish(span, &status);
                    }
                }
            }
        };
        // Panics inside the deadline: whatever falls in time is INTERNAL.
        // The handler runs inside the context, so that its own calls inherit deadline and trace.
        let handled = contain::panics(async {
            let ready = futures::future::poll_fn(|cx| inner.poll_ready(cx)).await;
            match ready {
                Ok(()) => inner.call(request).await,
                Err(never) => Err(never),
            }
        });
        let handled = context::enter(context, deadline::enforce(admitted.deadline, handled)).await;
        let handled = handled.and_then(|contained| contained).map(|answered| match answered {
            Ok(response) => response,
        });
        if let Some(begun) = begun {
            Box::pin(context::enter(context, begun.end(&acts::ending(&handled)))).await;
        }
        let response = match handled {
            Ok(response) => response,
            Err(status) => return finish(span, &status),
        };
        if let Some(status) = contain::unreadable(response.headers(), method.message_bytes_max()) {
            return finish(span, &status);
        }
        if !method.streaming {
            span.finish(trace::outcome(response.headers()));
            return response;
        }
        // A stream that takes gifts ends when its client is done; one that only watches would never end by itself.
        let closing = (!method.client_streaming).then(|| shared.options.closing.clone().cancelled_owned());
        response.map(|body| WatchedBody::new(body, context, span, admitted.held).closing(closing).taking(method.message_bytes_max()).body())
    }
}

/// What a call holds once it may be handled.
struct AdmittedCall {
    deadline: Option<Instant>,
    /// What it takes up until it ends.
    held: SeatsOfCall,
    /// The caller, when it is a member of staff whose acts are written down.
    staff: Option<Caller>,
}

impl StackParts {
    async fn admit(&self, method: &Method, request: &mut Request<Body>, span: &mut CallSpan) -> Result<AdmittedCall, Status> {
        // Overload before anything that costs: saying no must be cheaper than saying yes.
        let place = method.gate.admit(method.paid)?;
        // Deadline before identity, so that the time for checking counts.
        let deadline = deadline::inbound(self.options.deadline, method, request.headers())?;
        let (mut staff, mut seat) = (None, StreamSeat::default());
        match method.row.access {
            Access::Open => {}
            Access::Roles(_) => {
                // Who calls, then whether they may: nobody learns about RPCs by probing without a token.
                let until = deadline.unwrap_or_else(|| Instant::now() + self.options.deadline.default);
                let principal = authenticate::authenticate(&self.options.verifier, request.headers(), until).await?;
                span.admitted();
                // The connection, after the token: only the token says whether it needs one with a certificate.
                tls::peer::check(self.options.tls.as_ref(), &principal, request.extensions().get::<tls::Peer>())?;
                let caller = authorise::authorise(method, principal, request.headers(), &self.options.quotas)?;
                // Last: only what would be done counts. The seat before the call: who is refused the call gives the seat back by dropping it.
                if method.streaming || method.client_streaming {
                    seat = caller.allowance.sit()?;
                }
                caller.allowance.take(1)?;
                staff = Some(&caller).filter(|caller| self.options.recorded && acts::is_staff(caller.principal.role)).cloned();
                request.extensions_mut().insert(caller);
            }
        }
        Ok(AdmittedCall { deadline, held: SeatsOfCall::new(place, seat), staff })
    }

    async fn begin(&self, method: &Method, caller: &Caller, request: Request<Body>) -> Result<(acts::StartedAct, Request<Body>), Status> {
        let record = self.record.get().and_then(|ways| ways.of(method.service)).ok_or_else(crate::errors::audit_unavailable)?;
        acts::begin(&self.shapes, record, method, caller, request).await
    }
}

fn finish(mut span: CallSpan, status: &Status) -> Response<Body> {
    span.finish(status.code());
    status.clone().into_http()
}

impl<S> Layer<S> for Stack {
    type Service = StackedService<S>;

    fn layer(&self, inner: S) -> StackedService<S> {
        StackedService { stack: self.clone(), inner }
    }
}

/// A service behind the stack.
#[derive(Clone)]
pub struct StackedService<S> {
    stack: Stack,
    inner: S,
}

impl<S> Service<Request<Body>> for StackedService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that was polled ready is the one to call; its clone waits for the next.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        let stack = self.stack.clone();
        Box::pin(async move { Ok(stack.answer(inner, request).await) })
    }
}

#[cfg(test)]
mod tests;
