//! Serves HTTP/1.1 until shutdown: probes, metrics, and the callbacks of banks and stores.
//!
//! A connection has one call at a time. Headers have a size and a time, as has the wait for the next call; the bodies of calls are bounded by [`crate::webhooks`].
use crate::{
    Error, Listener, Protocol, Tls,
    lingering::Lingering,
    listener::{Connection, ConnectionBounds},
    serve::{DRAIN_MAX, told},
};
use axum::{Router, body::Body, extract::ConnectInfo};
use futures::future::BoxFuture;
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use std::{pin::pin, time::Duration};
use tokio::{net::TcpListener, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

/// The most that is buffered of a connection's headers: a bearer token is at most 8 KiB; the rest is small.
pub(crate) const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// The default limits of a listener for HTTP/1.1: its callers are few.
pub const CONNECTIONS: ConnectionBounds = ConnectionBounds {
    connections_max: 1_024,
    // A quarter: stores and banks send from few addresses, and keep some connections each.
    per_address_max: 256,
    // No call here has a token.
    unproven: Duration::ZERO,
    idle: Duration::from_secs(15),
    age: Duration::from_secs(60),
    grace: Duration::from_secs(10),
};

/// Serves `routes` until `shutdown`; calls in flight then have [`DRAIN_MAX`] to finish. A handler finds its caller's certificate in
/// `ConnectInfo<ShownCertificate>`, and the peer of its connection in [`crate::Peer`]. `bounds.idle` is also how long headers may take to arrive.
pub fn serve(
    socket: TcpListener,
    tls: Option<Tls>,
    routes: Router,
    bounds: ConnectionBounds,
    shutdown: CancellationToken,
) -> BoxFuture<'static, Result<(), Error>> {
    // Boxed, so that it is compiled with this crate, once and optimised.
    Box::pin(async move {
        let listener = Listener::try_new(socket, tls, Protocol::Http, bounds).map_err(|source| Error::Socket { source })?;
        let mut server = auto::Builder::new(TokioExecutor::new()).http1_only();
        let idle = (!bounds.idle.is_zero()).then_some(bounds.idle);
        server.http1().timer(TokioTimer::new()).header_read_timeout(idle).max_buf_size(BUFFER_BYTES_MAX);
        connections(listener, server, routes, bounds, shutdown).await;
        Ok(())
    })
}

/// Serves connections with `server` as they arrive until `shutdown`, and the open ones to their end.
pub(crate) async fn connections(
    mut listener: Listener,
    server: auto::Builder<TokioExecutor>,
    routes: Router,
    bounds: ConnectionBounds,
    shutdown: CancellationToken,
) {
    let open = TaskTracker::new();
    while let Some(Some(connection)) = shutdown.run_until_cancelled(listener.next()).await {
        open.spawn(one(connection, open.clone(), server.clone(), routes.clone(), bounds, shutdown.clone()));
    }
    drop(listener);
    open.close();
    open.wait().await;
}

/// Serves one connection to its end.
async fn one(
    connection: Connection,
    open: TaskTracker,
    server: auto::Builder<TokioExecutor>,
    routes: Router,
    bounds: ConnectionBounds,
    shutdown: CancellationToken,
) {
    let ((peer, in_use), shown) = (connection.peer(), connection.shown());
    let counted = in_use.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer.clone());
        request.extensions_mut().insert(ConnectInfo(shown.clone()));
        let (routes, call) = (routes.clone(), counted.count_call());
        async move {
            let answered = routes.oneshot(request).await;
            drop(call);
            answered
        }
    });
    let mut serving = pin!(server.serve_connection(TokioIo::new(Lingering::new(connection, open)), service));
    let (why, grace) = tokio::select! {
        ended = serving.as_mut() => return told(ended),
        () = shutdown.cancelled() => ("the process is about to stop", DRAIN_MAX),
        why = in_use.over(bounds) => (why, bounds.grace),
    };
    tracing::debug!(why, "a connection is closed after its call");
    in_use.end();
    serving.as_mut().graceful_shutdown();
    match timeout(grace, serving).await {
        Ok(ended) => told(ended),
        Err(_) => tracing::debug!(why, "a connection did not close in time and is cut off"),
    }
}
