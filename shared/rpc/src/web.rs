//! Serves browsers until shutdown: HTTP/2 where TLS negotiates it, HTTP/1.1 otherwise.
//!
//! A connection has no maximum age, because a page may watch a stream for hours. It ends when nothing was asked over it for a while. While an answer waits for its own
//! next part, as a stream does, that counts as a call; while a part waits for the browser to take it, it does not: a browser that reads nothing holds no connection.
use crate::{
    Error, Listener, Peer, Protocol, Tls,
    connection::{ConnectionCall, ConnectionUse},
    http1::{BUFFER_BYTES_MAX, connections},
    listener::ConnectionBounds,
};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    middleware::{self, Next},
    response::Response,
};
use futures::future::BoxFuture;
use http_body::{Frame, SizeHint};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto,
};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The default limits: a person's browser has a few connections, an office behind one address some tens.
pub const CONNECTIONS: ConnectionBounds = ConnectionBounds {
    connections_max: 1_024,
    per_address_max: 128,
    // A page has no bearer token; its session is the console's.
    unproven: Duration::ZERO,
    idle: Duration::from_secs(75),
    age: Duration::ZERO,
    grace: Duration::from_secs(10),
};

/// How long the headers of a request may take over HTTP/1.1, which is also the wait for the next request there.
const HEADERS_TIMEOUT: Duration = Duration::from_secs(15);
/// Requests at once on a connection of HTTP/2: a page with its style, script and a stream needs a handful.
const STREAMS_MAX: u32 = 64;
/// How often a quiet connection of HTTP/2 is asked whether its other end is there, and how long the answer may take.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Reset streams that are remembered: more end the connection (CVE-2023-44487).
const RESETS_MAX: usize = 32;

/// Serves `routes` until `shutdown`; calls in flight then have [`crate::serve::DRAIN_MAX`] to finish. A handler finds the peer of its connection in
/// [`crate::Peer`].
pub fn serve(
    socket: TcpListener,
    tls: Option<Tls>,
    routes: Router,
    bounds: ConnectionBounds,
    shutdown: CancellationToken,
) -> BoxFuture<'static, Result<(), Error>> {
    // Boxed, so that it is compiled with this crate, once and optimised.
    Box::pin(async move {
        let listener = Listener::try_new(socket, tls, Protocol::Web, bounds).map_err(|source| Error::Socket { source })?;
        let mut server = auto::Builder::new(TokioExecutor::new());
        let headers = if bounds.idle.is_zero() { HEADERS_TIMEOUT } else { bounds.idle.min(HEADERS_TIMEOUT) };
        server.http1().timer(TokioTimer::new()).header_read_timeout(headers).max_buf_size(BUFFER_BYTES_MAX);
        server
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .keep_alive_interval(Some(KEEPALIVE_INTERVAL))
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .max_pending_accept_reset_streams(Some(RESETS_MAX))
            .max_local_error_reset_streams(Some(RESETS_MAX))
            .max_header_list_size(BUFFER_BYTES_MAX as u32);
        connections(listener, server, routes.layer(middleware::from_fn(count_body)), bounds, shutdown).await;
        Ok(())
    })
}

/// Counts an answer as a call while it is made, so that a stream does not look like an idle connection.
async fn count_body(request: Request, next: Next) -> Response {
    let connection = match request.extensions().get::<Peer>() {
        Some(Peer::Remote { connection, .. }) => Some(connection.clone()),
        Some(Peer::Here) | None => None,
    };
    let answer = next.run(request).await;
    answer.map(|body| Body::new(CountedBody { body, call: connection.as_ref().map(ConnectionUse::count_call), connection }))
}

/// A body that counts as a call while its next part is not there.
struct CountedBody {
    body: Body,
    connection: Option<Arc<ConnectionUse>>,
    call: Option<ConnectionCall>,
}

impl http_body::Body for CountedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Pending if self.call.is_none() => self.call = self.connection.as_ref().map(ConnectionUse::count_call),
            Poll::Pending => {}
            // From here on the browser has so long to take it as a connection may be idle.
            Poll::Ready(_) => self.call = None,
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
