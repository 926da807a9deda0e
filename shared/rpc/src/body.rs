//! The bodies of answers. A streamed one is watched to its end: polled within its call's context and deadline, counted, its panics contained; a unary one keeps
//! its caller's seats until it is read.
use crate::{
    arrival::RefusedStream,
    connection::ConnectionCall,
    contain,
    context::{self, CallContext},
    errors,
    overload::InFlightPermit,
    quota::CallerSeat,
    trace::{self, CallSpan},
};
use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::{Code, Status, body::Body};

/// The resources that a call occupies, released when this is dropped.
#[derive(Default)]
pub(crate) struct SeatsOfCall {
    /// Its permit among its service's calls in flight.
    in_flight: Option<InFlightPermit>,
    /// Its seats among its caller's calls, and its address's.
    seats: [CallerSeat; 2],
    connection: Option<ConnectionCall>,
    /// Why reading its messages was stopped, if it sends a stream.
    refused: Option<RefusedStream>,
}

impl SeatsOfCall {
    /// For a call on this connection, if it has one.
    pub(crate) fn of(connection: Option<ConnectionCall>) -> Self {
        Self { connection, ..Self::default() }
    }

    /// Adds a seat; at most two.
    pub(crate) fn seat(&mut self, seat: CallerSeat) {
        self.seats.swap(0, 1);
        self.seats[0] = seat;
    }

    /// Adds the place where the refusal of a stream's messages will be set.
    pub(crate) fn stream(&mut self, refused: RefusedStream) {
        self.refused = Some(refused);
    }

    /// Why reading its messages was stopped.
    fn refused(&self) -> Option<Status> {
        self.refused.as_ref()?.get().cloned()
    }

    /// Adds the permit.
    pub(crate) fn place(&mut self, place: InFlightPermit) {
        self.in_flight = Some(place);
    }
}

/// The body of a unary answer: the call counts as its caller's until the caller has read the answer, which is buffered for it. Its in-flight permit is released
/// already.
pub(crate) struct HeldBody {
    inner: Body,
    _held: SeatsOfCall,
}

impl HeldBody {
    /// The answer, with the seats it keeps until it is read.
    pub(crate) fn around(answer: Response<Body>, held: SeatsOfCall) -> Response<Body> {
        // A client of this process reads it at once.
        if held.connection.is_none() {
            return answer;
        }
        let held = SeatsOfCall { in_flight: None, ..held };
        answer.map(|inner| Body::new(Self { inner, _held: held }))
    }
}

impl http_body::Body for HeldBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of a streamed answer, with all that ends with the stream.
pub(crate) struct WatchedBody {
    inner: Body,
    context: CallContext,
    alarm: Option<Pin<Box<Sleep>>>,
    closing: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    message_bytes_max: usize,
    span: CallSpan,
    done: bool,
    held: SeatsOfCall,
}

impl WatchedBody {
    pub(crate) fn new(inner: Body, context: CallContext, span: CallSpan, held: SeatsOfCall) -> Self {
        let alarm = context.deadline.map(|at| Box::pin(sleep_until(at)));
        Self { inner, context, alarm, closing: None, message_bytes_max: crate::ANSWER_BYTES_MAX, span, done: false, held }
    }

    /// Ends the stream when `closing` completes: when the process is about to stop.
    pub(crate) fn closing(self, closing: Option<WaitForCancellationFutureOwned>) -> Self {
        Self { closing: closing.map(Box::pin), ..self }
    }

    /// The largest message of its caller, for the error that reports a larger one.
    pub(crate) fn taking(self, message_bytes_max: usize) -> Self {
        Self { message_bytes_max, ..self }
    }

    pub(crate) fn body(self) -> Body {
        Body::new(self)
    }

    /// Ends the stream with `status` in its trailers.
    fn end(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.done = true;
        self.span.finish(status.code());
        // Dropped now and not with the connection: the handler's stream may hold resources that others wait for.
        self.inner = Body::empty();
        let mut trailers = http::HeaderMap::new();
        Poll::Ready(match status.add_header(&mut trailers) {
            Ok(()) => Some(Ok(Frame::trailers(trailers))),
            Err(error) => Some(Err(error)),
        })
    }
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.done {
            return Poll::Ready(None);
        }
        let this = &mut *self;
        let step = || context::within(this.context.clone(), || Pin::new(&mut this.inner).poll_frame(cx));
        let polled = match catch_unwind(AssertUnwindSafe(step)) {
            Ok(polled) => polled,
            Err(panic) => return this.end(&contain::contained(&*panic)),
        };
        if let Poll::Ready(frame) = polled {
            match &frame {
                Some(Ok(frame)) => {
                    if let Some(trailers) = frame.trailers_ref() {
                        // A handler that ends with OK because its caller's messages ended does not know why they did.
                        if trace::outcome(trailers) == Code::Ok
                            && let Some(refused) = this.held.refused()
                        {
                            return this.end(&refused);
                        }
                        if let Some(status) = contain::unreadable(trailers, this.message_bytes_max) {
                            return this.end(&status);
                        }
                        this.span.finish(trace::outcome(trailers));
                    }
                }
                Some(Err(status)) => this.span.finish(status.code()),
                None => this.span.finish(Code::Ok),
            }
            return Poll::Ready(frame);
        }
        if this.alarm.as_mut().is_some_and(|alarm| alarm.as_mut().poll(cx).is_ready()) {
            return this.end(&errors::deadline_exceeded("server"));
        }
        if this.closing.as_mut().is_some_and(|closing| closing.as_mut().poll(cx).is_ready()) {
            return this.end(&errors::refused(
                Code::Unavailable,
                "SHUTTING_DOWN",
                "the process or the connection is about to end; watch again".to_owned(),
                &[],
            ));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.done || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
