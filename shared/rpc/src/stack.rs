//! The layers every call passes before its handler, the same in process and over sockets. [`Stack::answer`] reads top-down.
//!
//! A tower [`Layer`]; inside it is one future and not one per layer, because the layers share what they learn about a call and the call's whole budget is a
//! few microseconds.
use crate::{
    Caller, Error, Quotas, Transport,
    acts::{
        self, RequestShapes,
        refused::{AttemptRecord, RefusedAttempts},
    },
    approver,
    arrival::{ArrivalBounds, Arrivals, Arriving},
    authenticate, authorise,
    body::{HeldBody, SeatsOfCall, WatchedBody},
    connection::ConnectionUse,
    contain,
    context::{self, CallContext},
    deadline, listener,
    methods::{Method, Methods},
    overload,
    quota::{self, SeatKind},
    step_up, tls,
    trace::{self, CallSpan},
};
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use identity::{Principal, Verifier, access::Access};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    mem,
    pin::pin,
    sync::{Arc, OnceLock},
    task::{self, Poll},
    time::{Duration, SystemTime},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};

/// The parts and settings of a stack.
#[derive(Clone)]
pub struct Options {
    /// Checks tokens.
    pub verifier: Arc<Verifier>,
    /// How long ago staff may have signed in to approve something. `None`: it is not asked.
    pub login_age_max: Option<Duration>,
    /// Which tokens need a client certificate. `None`: no token does.
    pub tls: Option<tls::Config>,
    /// How much may be in flight, per service.
    pub overload: overload::OverloadLimits,
    /// How long calls may take.
    pub deadline: deadline::DeadlineLimits,
    /// How often each caller may call.
    pub quotas: Arc<Quotas>,
    /// How many bytes of requests may be arriving.
    pub arrival: ArrivalBounds,
    /// How many connections a listener takes.
    pub connections: listener::ConnectionBounds,
    /// Whether staff actions must be recorded. If so, their calls are refused until [`Stack::record_by`] is called.
    pub recorded: bool,
    /// Cancelled when the process is about to stop; ends the streams that would otherwise keep it running.
    pub closing: CancellationToken,
}

impl Options {
    /// Only token checks and the default limits; no rate limits.
    pub fn new(verifier: Arc<Verifier>, closing: CancellationToken) -> Self {
        let (overload, deadline) = (overload::OverloadLimits::default(), deadline::DeadlineLimits::default());
        let quotas = Quotas::new(&quota::Config::NONE);
        Self {
            verifier,
            login_age_max: None,
            tls: None,
            overload,
            deadline,
            quotas,
            arrival: ArrivalBounds::default(),
            connections: listener::ConnectionBounds::default(),
            recorded: false,
            closing,
        }
    }
}

struct StackParts {
    methods: Methods,
    options: Options,
    arrivals: Arrivals,
    shapes: RequestShapes,
    /// A transport to SupportService for each service that records, such as `gift`, each with its own token.
    record: OnceLock<BTreeMap<&'static str, Transport>>,
    attempts: Arc<RefusedAttempts>,
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
        let arrivals = Arrivals::new(options.arrival);
        Ok(Self(Arc::new(StackParts { methods, options, arrivals, shapes, record: OnceLock::new(), attempts: Arc::default() })))
    }

    /// Records staff actions over these transports to SupportService, each service the calls it received, with its own token. Calls to a service that is not
    /// among them are refused. Later calls of this function change nothing.
    pub fn record_by(&self, ways: BTreeMap<&'static str, Transport>) {
        self.0.record.get_or_init(|| ways);
    }

    /// The connection limits of its listeners.
    pub fn connections(&self) -> listener::ConnectionBounds {
        self.0.options.connections
    }

    /// Cancelled to end the streams that only watch.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.0.options.closing.clone()
    }

    /// Answers one call, with `inner` as its handler.
    async fn answer<S>(&self, mut inner: S, mut request: Request<Body>) -> Response<Body>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    {
        let shared = &*self.0;
        // Which RPC. Everything below depends on it, and a path without a row must never get further.
        let Some(method) = shared.methods.find(request.uri().path()) else {
            if let Some((_, connection)) = request.extensions().get::<tls::Peer>().and_then(tls::Peer::remote) {
                connection.count_refused();
            }
            return Status::unimplemented("UNIMPLEMENTED: no such RPC").into_http();
        };
        // Counted from here on, including calls refused below; traced once the caller is authenticated.
        let mut span = CallSpan::server(method, request.headers());
        let trace_state = trace::state(&span, request.headers());
        let arriving = CallContext { deadline: None, trace: span.parent, trace_state, service: method.service };
        let admitted = match context::enter(arriving.clone(), shared.admit(method, &mut request, &mut span)).await {
            Ok(admitted) => admitted,
            Err(status) => return finish(span, &status),
        };
        let context = CallContext { deadline: admitted.deadline, trace: span.parent, ..arriving };
        // Staff calls are recorded before they are executed; other calls skip this without paying for the size of its future.
        let (begun, request) = match &admitted.staff {
            None => (None, request),
            Some(caller) => {
                let beginning =
                    context::enter(context.clone(), deadline::enforce(admitted.deadline, shared.begin(method, caller, request)));
                match Box::pin(beginning).await.and_then(|begun| begun) {
                    Ok((begun, request)) => (Some(begun), request),
                    Err(status) => {
                        // Nothing was executed.
                        caller.allowance.give_back(1);
                        return finish(span, &status);
                    }
                }
            }
        };
        // Panics inside the deadline: a panic before the deadline is INTERNAL.
        // The handler runs inside the context, so that its own calls inherit deadline and trace.
        let handled = contain::panics(async {
            let ready = futures::future::poll_fn(|cx| inner.poll_ready(cx)).await;
            match ready {
                Ok(()) => inner.call(request).await,
                Err(never) => Err(never),
            }
        });
        let handled = context::enter(context.clone(), deadline::enforce(admitted.deadline, handled)).await;
        let handled = handled.and_then(|contained| contained).map(|answered| match answered {
            Ok(response) => response,
        });
        if let Some(begun) = begun {
            Box::pin(context::enter(context.clone(), begun.end(&acts::ending(&handled)))).await;
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
            return HeldBody::around(response, admitted.held);
        }
        // A stream that takes gifts ends when its client is done; one that only watches would never end by itself.
        let closing = admitted.remote.as_ref().map_or_else(|| shared.options.closing.clone(), |remote| remote.connection.ending());
        let closing = (!method.client_streaming).then(|| closing.cancelled_owned());
        response.map(|body| WatchedBody::new(body, context, span, admitted.held).closing(closing).taking(method.message_bytes_max()).body())
    }
}

/// An admitted call, with the resources it occupies.
struct AdmittedCall {
    deadline: Option<Instant>,
    /// The resources it occupies until it ends.
    held: SeatsOfCall,
    /// The caller, when it is a member of staff whose actions are recorded.
    staff: Option<Caller>,
    /// Its origin, if it came over a socket.
    remote: Option<RemoteCaller>,
}

/// The origin of a call over a socket.
struct RemoteCaller {
    /// A digest of its address.
    address: u64,
    connection: Arc<ConnectionUse>,
}

impl StackParts {
    async fn admit(&self, method: &Method, request: &mut Request<Body>, span: &mut CallSpan) -> Result<AdmittedCall, Status> {
        // Overload before anything expensive: a refusal must be cheaper than a call.
        method.gate.look(method.paid)?;
        // Deadline before identity, so that the time for checking counts.
        let deadline = deadline::inbound(self.options.deadline, method, request.headers())?;
        let peer = request.extensions().get::<tls::Peer>().and_then(tls::Peer::remote);
        let remote = peer.map(|(ip, connection)| RemoteCaller { address: self.options.quotas.address(ip), connection: connection.clone() });
        let admitted = self.admit_from(method, request, span, deadline, remote.as_ref()).await;
        if let Some(remote) = &remote {
            match &admitted {
                Ok(_) => remote.connection.count_executed(),
                Err(status) if is_of_caller(status) => remote.connection.count_refused(),
                Err(_) => {}
            }
        }
        let (held, caller) = admitted?;
        let staff = caller.as_ref().filter(|caller| self.options.recorded && acts::is_staff(caller.principal.role)).cloned();
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        Ok(AdmittedCall { deadline, held, staff, remote })
    }

    /// The places that a call from here takes, and its caller if it needs one.
    async fn admit_from(
        &self,
        method: &Method,
        request: &mut Request<Body>,
        span: &mut CallSpan,
        deadline: Option<Instant>,
        remote: Option<&RemoteCaller>,
    ) -> Result<(SeatsOfCall, Option<Caller>), Status> {
        let mut held = SeatsOfCall::of(remote.map(|remote| remote.connection.count_call()));
        let caller = match method.row.access {
            Access::Open => {
                self.open(method, remote, &mut held)?;
                None
            }
            Access::Roles(_) => {
                let until = deadline.unwrap_or_else(|| Instant::now() + self.options.deadline.default);
                let peer = request.extensions().get::<tls::Peer>();
                let mut caller = self.known(method, request.headers(), peer, until, span).await?;
                self.seated(method, &mut caller, remote, &mut held)?;
                Some(caller)
            }
        };
        // The request before the slot: a slow upload occupies no slot.
        if let Some(remote) = remote {
            let crowd = caller.is_none().then_some(remote.address);
            let arriving = Arriving { method, crowd, connection: &remote.connection, deadline };
            let body = mem::take(request.body_mut());
            *request.body_mut() = if method.client_streaming {
                let (body, refused) = self.arrivals.streamed(&arriving, body);
                held.stream(refused);
                body
            } else {
                self.arrivals.whole(arriving, body).await?
            };
        }
        let placed = method.gate.admit(method.paid);
        if placed.is_err() {
            caller.iter().for_each(|caller| caller.allowance.give_call_back(method.kept()));
        }
        held.place(placed?);
        Ok((held, caller))
    }

    /// Calls without a token, limited per address.
    fn open(&self, method: &Method, remote: Option<&RemoteCaller>, held: &mut SeatsOfCall) -> Result<(), Status> {
        let Some(remote) = remote else { return Ok(()) };
        held.seat(self.options.quotas.sit_unknown(remote.address, kind(method))?);
        self.options.quotas.take_open(remote.address)
    }

    /// Authenticates, then authorises: nobody learns about RPCs by probing without a token.
    async fn known(
        &self,
        method: &Method,
        headers: &HeaderMap,
        peer: Option<&tls::Peer>,
        until: Instant,
        span: &mut CallSpan,
    ) -> Result<Caller, Status> {
        let quotas = &self.options.quotas;
        let mut checking = pin!(authenticate::authenticate(&self.options.verifier, headers, until));
        let principal = match futures::poll!(checking.as_mut()) {
            Poll::Ready(principal) => principal?,
            // Its issuer's keys are being fetched: until then it counts as a call without a token.
            Poll::Pending => {
                let address = peer.and_then(tls::Peer::remote).map(|(address, _)| quotas.address(address));
                let _waiting = address.map(|address| quotas.sit_unknown(address, SeatKind::Call)).transpose()?;
                checking.await?
            }
        };
        span.admitted();
        // The connection after the token: only the token says whether it needs one with a certificate.
        tls::peer::check(self.options.tls.as_ref(), &principal, peer)?;
        let authorised = authorise::authorise(method, principal.clone(), headers, quotas).and_then(|caller| {
            step_up::check(method, &principal, self.options.login_age_max, SystemTime::now())?;
            Ok(caller)
        });
        if let Err(status) = &authorised {
            self.note_refused(method, &principal, status).await;
        }
        let authorised = authorised?;
        Ok(Caller { approver: approver::approver(&self.options.verifier, headers, principal.role, until).await?, ..authorised })
    }

    /// Applies the limits of an authenticated caller.
    fn seated(&self, method: &Method, caller: &mut Caller, remote: Option<&RemoteCaller>, held: &mut SeatsOfCall) -> Result<(), Status> {
        if let Some(remote) = remote {
            remote.connection.prove();
            caller.ending = Some(remote.connection.ending());
            held.seat(self.options.quotas.sit_at(remote.address, caller.principal.role)?);
        }
        // Last, so that only calls that would be executed count. The seat before the call: a refused call releases its seat when dropped.
        held.seat(caller.allowance.sit(kind(method))?);
        caller.allowance.take_call(method.kept())
    }

    async fn begin(&self, method: &Method, caller: &Caller, request: Request<Body>) -> Result<(acts::StartedAct, Request<Body>), Status> {
        let record = self.recorder(method).ok_or_else(crate::errors::audit_unavailable)?;
        acts::begin(&self.shapes, record, method, caller, request).await
    }

    /// The transport over which staff calls of an RPC are recorded.
    fn recorder(&self, method: &Method) -> Option<&Transport> {
        self.record.get().and_then(|ways| ways.get(method.service))
    }

    /// Records a call that a member of staff was not allowed to make.
    async fn note_refused(&self, method: &Method, principal: &Principal, status: &Status) {
        if !self.options.recorded || !acts::is_staff(principal.role) {
            return;
        }
        let Some(record) = self.recorder(method) else { return };
        let attempt = AttemptRecord { attempts: &self.attempts, record, closing: &self.options.closing };
        Box::pin(attempt.note(method, principal, status)).await;
    }
}

/// Whether a call was refused because of what its caller did, and not because of our load or a failure of ours.
fn is_of_caller(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unauthenticated | Code::PermissionDenied | Code::ResourceExhausted | Code::InvalidArgument | Code::DeadlineExceeded
    )
}

/// The kind a call is counted as.
fn kind(method: &Method) -> SeatKind {
    if method.streaming || method.client_streaming { SeatKind::Stream } else { SeatKind::Call }
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
        // The one that was polled ready is the one to call; its clone serves the next call.
        let clone = self.inner.clone();
        let inner = mem::replace(&mut self.inner, clone);
        let stack = self.stack.clone();
        Box::pin(async move { Ok(stack.answer(inner, request).await) })
    }
}

#[cfg(test)]
mod tests;
