//! Requests that are arriving: how large they may be, how long they may take, and how many bytes of incomplete ones are buffered.
//!
//! A call occupies no in-flight slot before its request has arrived. Incomplete requests are in one list per process; when it grows too long the oldest
//! waits end first, because an honest request arrives with its headers or right after them. Calls within a process hand their messages over and skip this.
use crate::{connection::ConnectionUse, errors, methods::Method};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};
use tonic::{Status, body::Body};

pub(crate) mod message;
mod streamed;
#[cfg(test)]
mod tests;
mod waiting;

use streamed::StreamBounds;
pub(crate) use streamed::{MeteredBody, RefusedStream};
pub(crate) use waiting::{BodyWait, WaitingBodies};

/// How many bytes of requests may be arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArrivalBounds {
    /// How long a request may take from its headers to its end, and a message of a stream from its first byte to its last. Large requests have until their
    /// call's deadline.
    pub wait: Duration,
    /// Incomplete requests without a token, from one address. Those of authenticated callers are limited by their calls in flight.
    pub per_address_max: usize,
    /// Bytes of incomplete requests in the process.
    pub bytes_max: usize,
    /// Bytes of incomplete requests on one connection.
    pub connection_bytes_max: usize,
}

impl Default for ArrivalBounds {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(5),
            per_address_max: 64,
            // A thousand requests of the usual limit.
            bytes_max: 64 << 20,
            // Two of the largest requests.
            connection_bytes_max: 32 << 20,
        }
    }
}

/// The request's RPC, its origin and its call's deadline.
pub(crate) struct Arriving<'a> {
    pub(crate) method: &'a Method,
    /// A digest of its address, if its caller is not authenticated: requests from one address push out each other.
    pub(crate) crowd: Option<u64>,
    pub(crate) connection: &'a Arc<ConnectionUse>,
    pub(crate) deadline: Option<Instant>,
}

/// Requests that are arriving in this process. Batches of services have a list of their own, so that neither pushes the other out.
pub(crate) struct Arrivals {
    bounds: ArrivalBounds,
    usual: Arc<WaitingBodies>,
    large: Arc<WaitingBodies>,
}

impl Arrivals {
    pub(crate) fn new(bounds: ArrivalBounds) -> Self {
        let list = || WaitingBodies::new(bounds.per_address_max, bounds.bytes_max);
        Self { bounds, usual: list(), large: list() }
    }

    fn list(&self, method: &Method) -> &Arc<WaitingBodies> {
        if method.is_large() { &self.large } else { &self.usual }
    }

    /// Waits for a request that is one message, and returns it complete.
    pub(crate) async fn whole(&self, arriving: Arriving<'_>, mut body: Body) -> Result<Body, Status> {
        let mut request = GatheredRequest::new(arriving.method.row.bytes_max);
        // Mostly it is there with its headers, and nothing has to be buffered for it.
        while let Some(frame) = now_or_never(&mut body).await {
            if request.take(frame)? {
                return Ok(request.body());
            }
        }
        // Rare, so boxed: other calls don't carry the size of its future.
        Box::pin(self.late(arriving, body, request)).await
    }

    /// Waits for the rest of a request.
    async fn late(&self, arriving: Arriving<'_>, mut body: Body, mut request: GatheredRequest) -> Result<Body, Status> {
        request.keep();
        let begun = Instant::now();
        let own = if arriving.method.is_large() { arriving.deadline } else { Some(begun + self.bounds.wait) };
        let until = own.into_iter().chain(arriving.deadline).min();
        let wait = self.list(arriving.method).enter(arriving.crowd);
        let rest = self.rest(&arriving, &wait, &mut request, &mut body);
        let ended = match until {
            None => Some(rest.await),
            Some(until) => timeout_at(until, rest).await.ok(),
        };
        match ended {
            Some(ended) => ended.map(|()| request.body()),
            None => Err(errors::request_late(request.bytes, begun.elapsed())),
        }
    }

    /// Takes frames until the end, and counts the bytes they hold.
    async fn rest(&self, arriving: &Arriving<'_>, wait: &BodyWait, request: &mut GatheredRequest, body: &mut Body) -> Result<(), Status> {
        let mut paid = PaidBytes::new(wait, arriving.connection, self.bounds.connection_bytes_max);
        paid.grow_to(request.bytes)?;
        loop {
            let frame = tokio::select! {
                frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)) => frame,
                () = wait.pushed_out() => return Err(errors::pushed_out(request.bytes)),
            };
            if request.take(frame)? {
                return Ok(());
            }
            paid.grow_to(request.bytes)?;
        }
    }

    /// Watches the messages of a stream; also returns where the reason will be set if reading stops.
    pub(crate) fn streamed(&self, arriving: &Arriving<'_>, body: Body) -> (Body, RefusedStream) {
        let bounds = StreamBounds {
            message_max: arriving.method.row.bytes_max,
            connection_max: self.bounds.connection_bytes_max,
            time_max: self.bounds.wait,
        };
        let metered = MeteredBody::new(body, self.list(arriving.method).clone(), arriving.connection.clone(), bounds);
        let refused = metered.refused();
        (Body::new(metered), refused)
    }
}

type BodyFrame = Option<Result<http_body::Frame<Bytes>, Status>>;

/// A frame if one has arrived already.
async fn now_or_never(body: &mut Body) -> Option<BodyFrame> {
    poll_fn(|cx| {
        std::task::Poll::Ready(match Pin::new(&mut *body).poll_frame(cx) {
            std::task::Poll::Ready(frame) => Some(frame),
            std::task::Poll::Pending => None,
        })
    })
    .await
}

/// The part of a request that has arrived.
struct GatheredRequest {
    /// The first frame, still in the connection's buffer; `keep` copies it to `kept`, since small pieces would keep whole buffers alive.
    first: Bytes,
    kept: BytesMut,
    bytes: usize,
    bytes_max: usize,
    head: message::MessageHead,
}

impl GatheredRequest {
    fn new(bytes_max: usize) -> Self {
        Self { first: Bytes::new(), kept: BytesMut::new(), bytes: 0, bytes_max, head: message::MessageHead::default() }
    }

    /// Takes a frame. True: the request has ended. Its length is checked before anything of it is buffered.
    fn take(&mut self, frame: BodyFrame) -> Result<bool, Status> {
        let Some(frame) = frame else { return Ok(true) };
        // What follows the message, such as trailers, is ignored.
        let Ok(data) = frame?.into_data() else { return Ok(true) };
        if let Some(said) = self.head.read(&data)
            && said > self.bytes_max
        {
            return Err(errors::too_large(self.bytes_max, Some(said)));
        }
        let is_first = self.bytes == 0;
        self.bytes += data.len();
        if self.bytes > self.bytes_max + message::PREFIX {
            return Err(errors::too_large(self.bytes_max, Some(self.bytes)));
        }
        if is_first {
            self.first = data;
        } else {
            self.keep();
            self.kept.extend_from_slice(&data);
        }
        Ok(false)
    }

    /// Copies the first frame out of the connection's buffer.
    fn keep(&mut self) {
        self.kept.extend_from_slice(&std::mem::take(&mut self.first));
    }

    fn body(self) -> Body {
        Body::new(Full::new(if self.kept.is_empty() { self.first } else { self.kept.freeze() }).map_err(|never| match never {}))
    }
}

/// Bytes counted while they are buffered, until this is dropped.
struct PaidBytes<'a> {
    wait: &'a BodyWait,
    connection: &'a ConnectionUse,
    connection_max: usize,
    bytes: usize,
}

impl<'a> PaidBytes<'a> {
    fn new(wait: &'a BodyWait, connection: &'a ConnectionUse, connection_max: usize) -> Self {
        Self { wait, connection, connection_max, bytes: 0 }
    }

    fn grow_to(&mut self, bytes: usize) -> Result<(), Status> {
        let more = bytes - self.bytes;
        self.bytes = bytes;
        pay(self.wait, self.connection, self.connection_max, more)
    }
}

/// Counts more bytes of an incomplete request, or returns why there is no room for them; they are counted in either case.
fn pay(wait: &BodyWait, connection: &ConnectionUse, connection_max: usize, more: usize) -> Result<(), Status> {
    let there = connection.arriving_bytes.fetch_add(more, Ordering::Relaxed) + more;
    let room = wait.grow(more);
    if there > connection_max {
        return Err(errors::too_much_arriving("connection", connection_max, there));
    }
    room.map_err(|full| errors::too_much_arriving("process", full.bytes_max, full.bytes))
}

impl Drop for PaidBytes<'_> {
    fn drop(&mut self) {
        self.connection.arriving_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
