//! The beginning of a stream of requests: its first message, which is recorded before the handler sees any.
use super::{PREFIX, WrittenBody};
use crate::errors;
use bytes::{Bytes, BytesMut};
use http_body::Frame;
use http_body_util::BodyExt as _;
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, timeout_at};
use tonic::{Status, body::Body};

/// Bytes of the first message: as many as of any message that no row makes larger.
const FIRST_BYTES_MAX: usize = identity::access::REQUEST_BYTES_MAX;
/// How long the first message may take to come.
const FIRST_MAX: Duration = Duration::from_secs(10);

/// The first message with its prefix, and the whole body again; no message where the stream has none.
pub(super) async fn begun(body: Body) -> Result<(Option<Bytes>, Body), Status> {
    let (mut written, mut taken, began) = (WrittenBody(body), BytesMut::new(), Instant::now());
    let first = loop {
        if let Some(message) = whole(&taken)? {
            break Some(message);
        }
        let frame = timeout_at(began + FIRST_MAX, written.frame()).await;
        match frame.map_err(|_| errors::request_late(taken.len(), began.elapsed()))? {
            Some(frame) => match frame?.into_data() {
                Ok(data) => taken.extend_from_slice(&data),
                Err(_) => break None,
            },
            None => break None,
        }
    };
    let WrittenBody(rest) = written;
    Ok((first, Body::new(RestoredBody { taken: Some(taken.freeze()).filter(|taken| !taken.is_empty()), rest })))
}

/// The first message, once all of it has come.
fn whole(taken: &[u8]) -> Result<Option<Bytes>, Status> {
    let Some(length) = taken.get(1..PREFIX) else { return Ok(None) };
    let bytes = length.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
    if bytes > FIRST_BYTES_MAX {
        return Err(errors::too_large(FIRST_BYTES_MAX, Some(bytes)));
    }
    Ok(taken.get(..PREFIX + bytes).map(Bytes::copy_from_slice))
}

/// A body of which the beginning was read before.
struct RestoredBody {
    taken: Option<Bytes>,
    rest: Body,
}

impl http_body::Body for RestoredBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.taken.take() {
            Some(taken) => Poll::Ready(Some(Ok(Frame::data(taken)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.taken.is_none() && self.rest.is_end_stream()
    }
}

#[cfg(test)]
mod tests;
