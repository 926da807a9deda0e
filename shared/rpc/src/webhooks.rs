//! Calls without a token over HTTP/1.1, from banks and stores: bounded as calls over gRPC are, by address, time, bytes and calls in flight.
//!
//! A call whose address had too many refused is refused before anything of it is read. Its handler looks at its path, then [`gather`] waits for its body: bytes
//! of incomplete bodies are counted over all calls, and when there are too many, the oldest calls end, because an honest body arrives right after its headers.
//! A whole call waits for its turn, first come first served, among those of its address and among all. Nothing here holds up `/healthz`.
use crate::{
    arrival::{BodyWait, WaitingBodies},
    connection::ConnectionUse,
    quota::Buckets,
    tls::Peer,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use opentelemetry::{KeyValue, metrics::Counter};
use std::{
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use telemetry::LimitedLines;
use tokio::time::{Instant, timeout_at};

mod config;
mod turns;

pub use config::Config;
use turns::{CallTurns, TurnTaken};

/// After how many refused calls the allowances that are full again are dropped.
const FORGET_AFTER: u32 = 4_096;
/// When to send a refused call again, in seconds.
const RETRY_AFTER_S: &str = "1";

static CALLS: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.webhook.calls").with_unit("{call}");
    Some(counter.with_description("Calls of banks and stores, by who calls and the status of the answer.").build())
});

fn answered(status: StatusCode) -> KeyValue {
    KeyValue::new("http.response.status_code", i64::from(status.as_u16()))
}

/// The bounds of all webhooks of a process, and what is in use.
pub struct WebhookGate {
    wait: Duration,
    arriving: Arc<WaitingBodies>,
    turns: CallTurns,
    refused: Option<Buckets>,
    refused_count: AtomicU32,
    hasher: RandomState,
    lines: LimitedLines,
}

/// A call that came through the gate; in the extensions of its request.
#[derive(Clone)]
struct GatedCall {
    gate: Arc<WebhookGate>,
    /// A digest of its address.
    address: u64,
}

/// A call whose body has arrived, and its turn, which ends when this is dropped.
pub struct GatheredCall {
    /// All but its body.
    pub head: Parts,
    /// Its body.
    pub body: Bytes,
    _turn: Option<TurnTaken>,
}

impl GatheredCall {
    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }
}

/// Why a call is refused; nothing of it was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallRefusal {
    /// Too many calls of its address were refused.
    TooManyRefused,
    /// Its body is longer than this.
    TooLarge(usize),
    /// Its body did not arrive in time.
    Late,
    /// Its body broke off.
    Broken,
    /// Newer calls needed its place.
    PushedOut,
    /// Those of its address take too long.
    AddressBusy,
    /// All together take too long.
    Busy,
}

impl CallRefusal {
    fn answer(self) -> Response {
        let (status, why) = match self {
            Self::TooManyRefused => {
                (StatusCode::TOO_MANY_REQUESTS, "too many calls from this address were refused; send it again later\n".to_owned())
            }
            Self::TooLarge(bytes_max) => (StatusCode::PAYLOAD_TOO_LARGE, format!("longer than {bytes_max} bytes\n")),
            Self::Late => (StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time\n".to_owned()),
            Self::Broken => (StatusCode::BAD_REQUEST, "the body broke off\n".to_owned()),
            Self::PushedOut => (StatusCode::SERVICE_UNAVAILABLE, "too much is arriving; send it again\n".to_owned()),
            Self::AddressBusy => (StatusCode::TOO_MANY_REQUESTS, "too many calls from this address; send it again\n".to_owned()),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many calls; send it again\n".to_owned()),
        };
        let mut answer = (status, why).into_response();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        answer
    }
}

impl WebhookGate {
    /// With the bounds of `config`.
    #[must_use]
    pub fn new(config: &Config) -> Arc<Self> {
        let refused = NonZeroU32::new(config.refused_per_second).zip(NonZeroU32::new(config.refused_burst));
        if let Some(calls) = &*CALLS {
            // From the start, so that the first one is an increase.
            [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE]
                .into_iter()
                .for_each(|status| calls.add(0, &[answered(status)]));
        }
        Arc::new(Self {
            wait: Duration::from_millis(config.arrival_ms),
            arriving: WaitingBodies::new(config.arriving_per_address_max, config.arriving_bytes_max),
            turns: CallTurns::new(config.in_flight_max, config.in_flight_per_address_max),
            refused: refused.map(|(per_second, burst)| Buckets::new(per_second, burst)),
            refused_count: AtomicU32::new(0),
            hasher: RandomState::new(),
            lines: LimitedLines::new(),
        })
    }

    /// Answers a call with `inner`, which reads its body with [`gather`], unless its address had too many refused. `of` says whose call it is, such as `bank`.
    pub async fn answer<F>(
        self: &Arc<Self>,
        of: &'static str,
        mut request: Request<Body>,
        inner: impl FnOnce(Request<Body>) -> F,
    ) -> Response
    where
        F: Future<Output = Response>,
    {
        let peer = request.extensions().get::<Peer>().and_then(Peer::remote).map(|(address, connection)| (address, connection.clone()));
        // A call within the process has no address; there is none but in tests.
        let Some((address, connection)) = peer else { return inner(request).await };
        let key = self.hasher.hash_one(address);
        let answer = if self.refused.as_ref().is_some_and(|refused| refused.open(key, 1).is_err()) {
            CallRefusal::TooManyRefused.answer()
        } else {
            request.extensions_mut().insert(GatedCall { gate: self.clone(), address: key });
            let answer = inner(request).await;
            if answer.status().is_client_error() {
                self.take_refused(key);
            }
            answer
        };
        self.count(of, address, &connection, answer.status());
        answer
    }

    /// One refused call more of this address.
    fn take_refused(&self, key: u64) {
        let Some(refused) = &self.refused else { return };
        if self.refused_count.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            refused.forget_full();
        }
        // Others of its address may have been faster; then it stays empty.
        if let Ok(room) = refused.open(key, 1) {
            room.take();
        }
    }

    fn count(&self, of: &'static str, address: IpAddr, connection: &ConnectionUse, status: StatusCode) {
        if let Some(calls) = &*CALLS {
            calls.add(1, &[KeyValue::new("of", of), answered(status)]);
        }
        if status.is_client_error() {
            connection.count_refused();
        } else if status.is_success() {
            connection.count_executed();
        }
        // What a handler refuses, it logs itself.
        let is_of_gate = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        );
        if is_of_gate && let Some(left_out) = self.lines.admit(&format!("{of} {}", status.as_u16())) {
            let status = status.as_u16();
            tracing::warn!(of, status, %address, left_out, "a call of a bank or store was refused; left_out more since the last such line");
        }
    }
}

/// Waits for the body of a call and for its turn. The answer that refuses it: 400 if it breaks off, 408 if it is late, 413 above `bytes_max`, 429 and 503 if too
/// much else is going on.
pub async fn gather(request: Request<Body>, bytes_max: usize) -> Result<GatheredCall, Response> {
    gathered(request, bytes_max).await.map_err(CallRefusal::answer)
}

async fn gathered(request: Request<Body>, bytes_max: usize) -> Result<GatheredCall, CallRefusal> {
    let (head, mut body) = request.into_parts();
    let announced = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()).and_then(|length| length.parse().ok());
    if announced.is_some_and(|bytes: usize| bytes > bytes_max) {
        return Err(CallRefusal::TooLarge(bytes_max));
    }
    let Some(GatedCall { gate, address }) = head.extensions.get::<GatedCall>().cloned() else {
        let body = whole(&mut body, bytes_max, |_| Ok(())).await?;
        return Ok(GatheredCall { head, body, _turn: None });
    };
    let wait = gate.arriving.enter(Some(address));
    let arriving = whole(&mut body, bytes_max, |more| wait.grow(more).map_err(|_| CallRefusal::PushedOut));
    let body = unless_pushed_out(&wait, async { timeout_at(Instant::now() + gate.wait, arriving).await.unwrap_or(Err(CallRefusal::Late)) })
        .await?;
    // Whole, it is none of those that may never come: further calls of its address don't push it out. Its bytes are counted, as the newest, until it has its turn; those
    // that have theirs are few.
    drop(wait);
    let waiting = gate.arriving.enter(None);
    waiting.grow(body.len()).map_err(|_| CallRefusal::PushedOut)?;
    let turn = unless_pushed_out(&waiting, gate.turns.take(address, Instant::now() + gate.wait)).await?;
    Ok(GatheredCall { head, body, _turn: Some(turn) })
}

async fn unless_pushed_out<T>(wait: &BodyWait, of: impl Future<Output = Result<T, CallRefusal>>) -> Result<T, CallRefusal> {
    tokio::select! {
        biased;
        () = wait.pushed_out() => Err(CallRefusal::PushedOut),
        ended = of => ended,
    }
}

/// Reads a body to its end; `count` is called with the length of each piece before it is kept.
async fn whole(body: &mut Body, bytes_max: usize, count: impl Fn(usize) -> Result<(), CallRefusal>) -> Result<Bytes, CallRefusal> {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| CallRefusal::Broken)?.into_data() else { continue };
        if kept.len() + data.len() > bytes_max {
            return Err(CallRefusal::TooLarge(bytes_max));
        }
        count(data.len())?;
        // Copied: small pieces would keep whole buffers of the connection alive.
        kept.extend_from_slice(&data);
    }
    Ok(kept.freeze())
}

#[cfg(test)]
mod tests;
