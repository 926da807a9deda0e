//! Serves a stack on a socket until shutdown.
use crate::{
    Error, Listener, Peer, Protocol, Stack, StackedService, Tls, Transport,
    health::{HealthTeller, WriterHealth},
    lingering::Lingering,
    listener::{Connection, ConnectionBounds},
    reflection,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use std::{
    convert::Infallible,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{body::Body, service::Routes};
use tower::{Layer as _, Service};

/// Calls in flight on one connection. Further calls on it wait; the stack's limit is over all connections.
const CONCURRENT_STREAMS_MAX: u32 = 1_024;
/// Streams that a caller opens and resets before they are accepted, and those that its own errors end, before the connection is closed.
const PENDING_RESETS_MAX: usize = 20;
const ERROR_RESETS_MAX: usize = 256;
/// Flow control windows, in bytes. HTTP/2's 64 KiB stalls a connection that carries thousands of calls; unread data is buffered for its sender, so they
/// are not larger either.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// How soon a client that vanished silently is noticed: one interval and the timeout after it.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// A token is at most 8 KiB; the rest is small.
const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;
/// How long calls in flight may take to finish once the process is asked to stop.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);

/// The services of a listener.
#[derive(Clone, Default)]
pub struct ServedRoutes {
    /// Full service names, such as `largesse.gift.v1.GiftService`.
    pub names: Vec<&'static str>,
    /// Their routes.
    pub routes: Routes,
    /// If the ledger is among them: whether it may write.
    pub writer: Option<WriterHealth>,
}

impl ServedRoutes {
    /// Adds a service.
    pub fn add(mut self, name: &'static str, routes: Routes) -> Self {
        self.names.push(name);
        let router = std::mem::take(&mut self.routes).into_axum_router();
        // Only one router may have the fallback for unknown paths; the first one's stays.
        self.routes = Routes::from(router.merge(routes.into_axum_router().reset_fallback()));
        self
    }
}

/// A transport straight into a service of this process: no socket, and the same server stack in between.
pub fn in_process(service: StackedService<Routes>) -> Transport {
    // Not generic, so that the stack is compiled with this crate.
    Transport::over(service)
}

/// Serves until `shutdown`: then health reports NOT_SERVING, streams that only watch are ended, no new call is accepted, and those in flight have
/// [`DRAIN_MAX`] to finish.
pub fn serve(
    socket: TcpListener,
    tls: Option<Tls>,
    served: ServedRoutes,
    stack: Stack,
    shutdown: CancellationToken,
) -> BoxFuture<'static, Result<(), Error>> {
    // A future is compiled where it is polled: boxed here, the whole server is compiled with this crate, once and optimised.
    Box::pin(until_shutdown(socket, tls, served, stack, shutdown))
}

async fn until_shutdown(
    socket: TcpListener,
    tls: Option<Tls>,
    served: ServedRoutes,
    stack: Stack,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let failed = |source| Error::Socket { source };
    let listener = Listener::try_new(socket, tls, Protocol::Grpc, stack.connections()).map_err(failed)?;
    let address = listener.address().to_string();
    let (reporter, health_service) = tonic_health::server::health_reporter();
    let routes = reflection::add(served.routes, &served.names)?.add_service(health_service).prepare();
    let mut health = HealthTeller { reporter, names: served.names, writer: served.writer };
    health.tell().await;
    let drain = CancellationToken::new();
    let closing = stack.closing();
    let serving = connections(listener, stack.layer(routes), stack.connections(), drain.clone());
    let stopping = async {
        health.follow(&shutdown).await;
        closing.cancel();
        drain.cancel();
        tokio::time::sleep(DRAIN_MAX).await;
    };
    tokio::select! {
        () = serving => Ok(()),
        () = stopping => {
            tracing::warn!(address, seconds = DRAIN_MAX.as_secs(), "calls were still in flight when the drain time was over");
            Ok(())
        }
    }
}

/// Serves connections as they arrive until `drain`; then no more are accepted, and open ones are asked to close.
async fn connections(mut listener: Listener, service: StackedService<Routes>, bounds: ConnectionBounds, drain: CancellationToken) {
    let mut server = auto::Builder::new(TokioExecutor::new()).http2_only();
    server
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(CONCURRENT_STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(Some(KEEPALIVE_INTERVAL))
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .max_pending_accept_reset_streams(Some(PENDING_RESETS_MAX))
        .max_local_error_reset_streams(Some(ERROR_RESETS_MAX))
        .max_header_list_size(HEADER_LIST_BYTES_MAX);
    let open = TaskTracker::new();
    while let Some(Some(connection)) = drain.run_until_cancelled(listener.next()).await {
        open.spawn(one(connection, open.clone(), server.clone(), service.clone(), bounds, drain.clone()));
    }
    // The socket closes: the system refuses new callers at once instead of leaving them waiting.
    drop(listener);
    open.close();
    open.wait().await;
}

/// Serves one connection to its end.
async fn one(
    connection: Connection,
    open: TaskTracker,
    server: auto::Builder<TokioExecutor>,
    service: StackedService<Routes>,
    bounds: ConnectionBounds,
    drain: CancellationToken,
) {
    let (peer, in_use) = connection.peer();
    let service = TowerToHyperService::new(ServiceOfConnection { inner: service, peer });
    let mut serving = pin!(server.serve_connection(TokioIo::new(Lingering::new(connection, open)), service));
    let over = async {
        tokio::select! {
            () = drain.cancelled() => "the process is about to stop",
            why = in_use.over(bounds) => why,
        }
    };
    let why = tokio::select! {
        ended = serving.as_mut() => return told(ended),
        why = over => why,
    };
    tracing::debug!(why, "a connection is asked to close");
    in_use.end();
    serving.as_mut().graceful_shutdown();
    tokio::select! {
        ended = timeout(bounds.grace, serving) => match ended {
            Ok(ended) => told(ended),
            Err(_) => tracing::debug!(why, "a connection did not close in time and is cut off"),
        },
        () = in_use.hopeless() => tracing::debug!(why, "a connection went on with calls that are refused and is cut off"),
    }
}

/// Errors on a connection are at debug level: any caller can cause them.
pub(crate) fn told(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended with an error");
    }
}

/// A service as one connection's calls reach it: each call knows its connection.
#[derive(Clone)]
struct ServiceOfConnection<S> {
    inner: S,
    peer: Peer,
}

impl<S, B> Service<Request<B>> for ServiceOfConnection<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer.clone());
        self.inner.call(request)
    }
}
