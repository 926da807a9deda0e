//! HTTP beside gRPC: whether the process lives and whether it should get traffic.
use axum::{Router, http::StatusCode, routing::get};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Whether everything has started and nothing is stopping.
#[derive(Clone, Default)]
pub(super) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub(super) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    fn status(&self) -> (StatusCode, &'static str) {
        if self.0.load(Ordering::Acquire) { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
    }
}

/// Serves `/healthz` and `/readyz` until `shutdown`.
pub(super) async fn serve(listener: TcpListener, readiness: Readiness, shutdown: CancellationToken) -> std::io::Result<()> {
    let routes = Router::new().route("/healthz", get(async || "alive\n")).route("/readyz", get(async move || readiness.status()));
    axum::serve(listener, routes).with_graceful_shutdown(shutdown.cancelled_owned()).await
}
