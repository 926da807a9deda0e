//! A stream of requests as it arrives: each message's length is checked before it is buffered, its buffered bytes are counted, and it must arrive completely in
//! time.
use super::{
    message::MessageHead,
    pay,
    waiting::{BodyWait, WaitingBodies},
};
use crate::{connection::ConnectionUse, errors};
use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, OnceLock, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::sleep;
use tonic::{Status, body::Body};

/// Why reading a stream's messages was stopped; set when it is.
pub(crate) type RefusedStream = Arc<OnceLock<Status>>;

/// The body of a stream of requests.
pub(crate) struct MeteredBody {
    inner: Body,
    list: Arc<WaitingBodies>,
    connection: Arc<ConnectionUse>,
    message_max: usize,
    connection_max: usize,
    time_max: Duration,
    /// The message being received: its head, and how many bytes are still missing.
    head: MessageHead,
    missing: usize,
    /// The buffered part of an incomplete message.
    partial: Option<PartialMessage>,
    /// Why no more is read: the handler that reads the stream may not report it.
    refused: RefusedStream,
    done: bool,
}

struct PartialMessage {
    wait: BodyWait,
    /// Bytes counted for it.
    bytes: usize,
    /// Completes when it is late, or pushed out.
    alarm: BoxFuture<'static, ()>,
}

/// How much of a stream may wait, and for how long.
#[derive(Clone, Copy)]
pub(super) struct StreamBounds {
    /// Bytes of a message.
    pub(super) message_max: usize,
    /// Bytes of all incomplete messages of a connection.
    pub(super) connection_max: usize,
    /// How long a message may be incomplete.
    pub(super) time_max: Duration,
}

impl MeteredBody {
    pub(super) fn new(inner: Body, list: Arc<WaitingBodies>, connection: Arc<ConnectionUse>, bounds: StreamBounds) -> Self {
        let StreamBounds { message_max, connection_max, time_max } = bounds;
        let (head, refused) = (MessageHead::default(), RefusedStream::default());
        Self { inner, list, connection, message_max, connection_max, time_max, head, missing: 0, partial: None, refused, done: false }
    }

    /// Where the reason will be set if reading stops.
    pub(crate) fn refused(&self) -> RefusedStream {
        self.refused.clone()
    }

    /// Follows the messages in `data`. Afterwards exactly the incomplete message is counted.
    fn follow(&mut self, mut data: &[u8]) -> Result<(), Status> {
        while !data.is_empty() {
            let before = self.head.seen();
            if let Some(said) = self.head.read(data) {
                if said > self.message_max {
                    return Err(errors::too_large(self.message_max, Some(said)));
                }
                self.missing = said;
            }
            let of_head = self.head.seen() - before;
            let of_message = if self.head.is_whole() { self.missing.min(data.len() - of_head) } else { 0 };
            self.missing -= of_message;
            if self.head.is_whole() && self.missing == 0 {
                self.head = MessageHead::default();
                self.let_go();
            } else {
                self.keep(of_head + of_message)?;
            }
            data = &data[of_head + of_message..];
        }
        Ok(())
    }

    /// Counts more bytes of the incomplete message; its time starts with its own first byte, however old the stream.
    fn keep(&mut self, more: usize) -> Result<(), Status> {
        let (list, time_max) = (&self.list, self.time_max);
        let partial = self.partial.get_or_insert_with(|| {
            let wait = list.enter(None);
            let pushed_out = wait.push();
            let alarm = async move {
                tokio::select! {
                    () = sleep(time_max) => {}
                    () = pushed_out.cancelled() => {}
                }
            };
            PartialMessage { wait, bytes: 0, alarm: alarm.boxed() }
        });
        partial.bytes += more;
        pay(&partial.wait, &self.connection, self.connection_max, more)
    }

    /// Stops counting: nothing is buffered any more.
    fn let_go(&mut self) -> usize {
        let bytes = self.partial.take().map_or(0, |partial| partial.bytes);
        self.connection.arriving_bytes.fetch_sub(bytes, Ordering::Relaxed);
        bytes
    }

    fn end(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.done = true;
        self.let_go();
        self.inner = Body::empty();
        let told = self.refused.get_or_init(|| status).clone();
        Poll::Ready(Some(Err(told)))
    }
}

impl http_body::Body for MeteredBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(frame) = polled {
            if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref())
                && let Err(status) = self.follow(data)
            {
                return self.end(status);
            }
            return Poll::Ready(frame);
        }
        let Some(partial) = &mut self.partial else { return Poll::Pending };
        if partial.alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        let (pushed_out, time_max) = (partial.wait.is_pushed_out(), self.time_max);
        let bytes = self.let_go();
        self.end(if pushed_out { errors::pushed_out(bytes) } else { errors::request_late(bytes, time_max) })
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for MeteredBody {
    fn drop(&mut self) {
        self.let_go();
    }
}
