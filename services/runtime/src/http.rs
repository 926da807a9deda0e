//! HTTP beside gRPC: liveness, readiness, metrics, and the callbacks of banks and stores.
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use futures::stream;
use rpc::{Tls, http1, listener::ConnectionBounds, webhooks::WebhookGate};
use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{net::TcpListener, sync::Semaphore};
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

/// Scrapes that are collected at once; each occupies a thread.
const SCRAPES_MAX: usize = 8;
/// Answers to scrapes that are read at once; each occupies the memory of what is not read yet.
const ANSWERS_MAX: usize = 8;
/// The part of an answer that is handed to a connection at once.
const PIECE_BYTES: usize = 16 * 1024;

/// What is collected of metrics, and what of it is being read.
struct Scrapes {
    collecting: Arc<Semaphore>,
    answers: Mutex<VecDeque<Weak<AnswerRest>>>,
}

/// What is not read yet of an answer; `None`: newer ones needed its place.
type AnswerRest = Mutex<Option<Bytes>>;

impl Scrapes {
    fn new() -> Arc<Self> {
        Arc::new(Self { collecting: Arc::new(Semaphore::new(SCRAPES_MAX)), answers: Mutex::default() })
    }

    /// All metrics, for Prometheus. Collected on a blocking thread, so that a scrape does not delay gifts.
    async fn metrics(&self) -> Response {
        let Ok(collecting) = self.collecting.clone().try_acquire_owned() else {
            return (StatusCode::SERVICE_UNAVAILABLE, "too many scrapes at once\n").into_response();
        };
        let collect = move || {
            let text = telemetry::prometheus();
            // Not held until the answer is read: readers who take their time would keep all others out.
            drop(collecting);
            text
        };
        match tokio::task::spawn_blocking(collect).await.ok().flatten() {
            Some(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], self.in_pieces(text.into())).into_response(),
            None => (StatusCode::NOT_FOUND, "there are no metrics: telemetry.metrics is false\n").into_response(),
        }
    }

    /// A body that ends early if it is the oldest of too many: an honest reader takes an answer at once.
    fn in_pieces(&self, text: Bytes) -> Body {
        let rest = Arc::new(AnswerRest::new(Some(text)));
        let mut answers = locked(&self.answers);
        answers.retain(|answer| answer.strong_count() > 0);
        if answers.len() >= ANSWERS_MAX
            && let Some(oldest) = answers.pop_front().and_then(|oldest| oldest.upgrade())
        {
            locked(&oldest).take();
        }
        answers.push_back(Arc::downgrade(&rest));
        drop(answers);
        Body::from_stream(stream::unfold(rest, async |rest| {
            let piece = match &mut *locked(&rest) {
                // Copied: a part of the answer would keep all of its memory, for as long as a connection that is not read has it.
                Some(text) => Ok(Bytes::copy_from_slice(&text.split_to(text.len().min(PIECE_BYTES)))),
                None => Err(io::Error::other("newer scrapes needed the place of this one")),
            };
            let is_over = piece.as_ref().is_ok_and(Bytes::is_empty);
            (!is_over).then_some((piece, rest))
        }))
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whose calls a path takes; for what is counted of them.
fn caller_of(path: &str) -> &'static str {
    match path.strip_prefix("/webhooks/").and_then(|rest| rest.split_once('/')) {
        Some(("bank", _)) => "bank",
        Some(("store", _)) => "store",
        _ => "nobody",
    }
}

/// What the routes of a listener need.
pub(super) struct HttpParts {
    pub(super) readiness: Readiness,
    pub(super) webhooks: Webhooks,
    pub(super) gate: Arc<WebhookGate>,
}

/// Serves `/healthz`, `/readyz`, `/metrics` and `/webhooks/…` until `shutdown`. Only the last wait for each other.
pub(super) async fn serve(
    socket: TcpListener,
    tls: Option<Tls>,
    HttpParts { readiness, webhooks, gate }: HttpParts,
    bounds: ConnectionBounds,
    shutdown: CancellationToken,
) -> Result<(), rpc::Error> {
    let scrapes = Scrapes::new();
    let call = async move |request: Request| {
        let of = caller_of(request.uri().path());
        gate.answer(of, request, |request| webhooks.answer(request)).await
    };
    let routes = Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(async move || readiness.status()))
        .route("/metrics", get(async move || scrapes.metrics().await))
        .route("/webhooks/{*path}", any(call));
    http1::serve(socket, tls, routes, bounds, shutdown).await
}

#[cfg(test)]
mod tests;
