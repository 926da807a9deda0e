//! A stack on a socket, until told to stop.
use crate::{
    Error, Listener, Protocol, Stack, StackedService, Tls, Transport,
    health::{HealthTeller, WriterHealth},
    reflection,
};
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{service::Routes, transport::Server};

/// Calls in flight on one connection. A connection that wants more waits; the stack's bound is over all connections.
const CONCURRENT_STREAMS_MAX: u32 = 1_024;
/// Streams that a caller begins and takes back before they are looked at, and those that it makes end by its own mistakes, before its connection ends.
const PENDING_RESETS_MAX: usize = 20;
const ERROR_RESETS_MAX: usize = 256;
/// Flow control windows, in bytes. HTTP/2's 64 KiB stalls a connection that carries thousands of calls.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;
/// How soon a client that vanished without a word is noticed: one interval and the timeout after it.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// A token is at most 8 KiB; the rest is small.
const HEADER_LIST_BYTES_MAX: u32 = 16 * 1024;
/// How long calls in flight may take to finish once the process is told to stop.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);

/// What a listener answers for.
#[derive(Clone, Default)]
pub struct ServedRoutes {
    /// Full service names, such as `largesse.gift.v1.GiftService`.
    pub names: Vec<&'static str>,
    /// Their routes.
    pub routes: Routes,
    /// Where the ledger is among them: whether it may write.
    pub writer: Option<WriterHealth>,
}

impl ServedRoutes {
    /// With another service.
    pub fn add(mut self, name: &'static str, routes: Routes) -> Self {
        self.names.push(name);
        let router = std::mem::take(&mut self.routes).into_axum_router();
        // Two routers may not both have the answer to unknown paths; the first one's stays.
        self.routes = Routes::from(router.merge(routes.into_axum_router().reset_fallback()));
        self
    }
}

/// A transport straight into a service of this process: no socket, and the same server stack in between.
pub fn in_process(service: StackedService<Routes>) -> Transport {
    // Not generic, so that the stack is compiled with this crate.
    Transport::over(service)
}

/// Serves until `shutdown`: then health says NOT_SERVING, watchers are sent away, no call is begun any more, and those in flight have
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
    let serving = Server::builder()
        .layer(stack)
        .max_concurrent_streams(CONCURRENT_STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS_MAX))
        .http2_max_local_error_reset_streams(Some(ERROR_RESETS_MAX))
        .http2_max_header_list_size(HEADER_LIST_BYTES_MAX)
        .serve_with_incoming_shutdown(routes, listener, drain.clone().cancelled_owned());
    let stopping = async {
        health.follow(&shutdown).await;
        closing.cancel();
        drain.cancel();
        tokio::time::sleep(DRAIN_MAX).await;
    };
    tokio::select! {
        ended = serving => ended.map_err(|source| Error::Listener { address, source }),
        () = stopping => {
            tracing::warn!(address, seconds = DRAIN_MAX.as_secs(), "calls were still in flight when the time to finish them was over");
            Ok(())
        }
    }
}
