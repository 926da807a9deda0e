//! HTTP beside gRPC: liveness, readiness, metrics, and the callbacks of banks and stores.
use axum::{
    Router,
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use rpc::{Listener, Protocol, ShownCertificate, Tls, listener::ConnectionBounds};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// Whether everything has started, nothing is stopping, and the ledger here, if any, may write.
#[derive(Clone, Default)]
pub(super) struct Readiness {
    started: Arc<AtomicBool>,
    ledger: Arc<OnceLock<Arc<ledger::Ledger>>>,
}

impl Readiness {
    pub(super) fn set(&self, ready: bool) {
        self.started.store(ready, Ordering::Release);
    }

    /// Makes readiness depend on the ledger: one that waits for another process's lease must not get traffic.
    pub(super) fn follow(&self, ledger: &Arc<ledger::Ledger>) {
        // One ledger in a process; a second call changes nothing.
        self.ledger.get_or_init(|| ledger.clone());
    }

    fn status(&self) -> (StatusCode, String) {
        if !self.started.load(Ordering::Acquire) {
            return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned());
        }
        if self.ledger.get().is_some_and(|ledger| !ledger.is_writer()) {
            return (StatusCode::SERVICE_UNAVAILABLE, "another process writes the books; this one stands by\n".to_owned());
        }
        if let Some(book) = self.ledger.get().and_then(|ledger| ledger.crashed()) {
            return (StatusCode::SERVICE_UNAVAILABLE, format!("the writer task of book {book} crashed; restart this process\n"));
        }
        if let Some(why) = self.ledger.get().and_then(|ledger| ledger.too_new()) {
            return (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"));
        }
        (StatusCode::OK, "ready\n".to_owned())
    }
}

/// The routes under `/webhooks`, once the services that take them have started.
#[derive(Clone, Default)]
pub(super) struct Webhooks(Arc<OnceLock<Router>>);

impl Webhooks {
    pub(super) fn set(&self, routes: Router) {
        // Once in a process; a second call changes nothing.
        self.0.get_or_init(|| routes);
    }

    async fn answer(self, request: Request) -> Response {
        let Some(routes) = self.0.get() else {
            // Senders repeat what was not taken.
            return (StatusCode::SERVICE_UNAVAILABLE, "nothing here takes callbacks, or not yet\n").into_response();
        };
        match routes.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics, for Prometheus. Collected on a blocking thread, so that a scrape does not delay gifts.
async fn metrics() -> Response {
    let text = tokio::task::spawn_blocking(telemetry::prometheus).await.ok().flatten();
    match text {
        Some(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        None => (StatusCode::NOT_FOUND, "there are no metrics: telemetry.metrics is false\n").into_response(),
    }
}

/// Serves `/healthz`, `/readyz`, `/metrics` and `/webhooks/…` until `shutdown`.
pub(super) async fn serve(
    socket: TcpListener,
    tls: Option<Tls>,
    (readiness, webhooks): (Readiness, Webhooks),
    bounds: ConnectionBounds,
    shutdown: CancellationToken,
) -> std::io::Result<()> {
    let listener = Listener::try_new(socket, tls, Protocol::Http, bounds)?;
    let routes = Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(async move || readiness.status()))
        .route("/metrics", get(metrics))
        .route("/webhooks/{*path}", any(async move |request: Request| webhooks.answer(request).await));
    // Banks may be known by their certificates.
    let routes = routes.into_make_service_with_connect_info::<ShownCertificate>();
    axum::serve(listener, routes).with_graceful_shutdown(shutdown.cancelled_owned()).await
}

#[cfg(test)]
mod tests;
