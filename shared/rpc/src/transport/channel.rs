//! A client over HTTP/2, with tonic's errors translated into Largesse's reasons.
use super::{
    CallWire,
    connector::Connector,
    retry::{self, RetryBudget},
};
use crate::{Error, Tls, deadline, errors, methods};
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use std::{
    error::Error as StdError,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tonic::{
    ConnectError, Status, TimeoutExpired,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::{Service as _, ServiceExt as _};

/// A peer that cannot be reached within this is down; the call's own deadline is often much longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How soon a peer that vanished silently is noticed: one interval and the timeout after it.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Flow control windows, in bytes. HTTP/2's 64 KiB stalls a connection that carries thousands of calls.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// The shortest time between two switches to a new connection.
const TURN_INTERVAL: Duration = Duration::from_secs(1);
/// The reason of a process that lost the books to another. Its connection is still open, so other processes at the same address are not tried.
const NOT_THE_WRITER: &[u8] = b"NOT_THE_WRITER";

pub(super) struct RemotePeer(Arc<RemotePeerState>);

struct RemotePeerState {
    endpoint: Endpoint,
    tls: Option<Tls>,
    url: String,
    way: Mutex<CurrentChannel>,
    retries: RetryBudget,
}

/// The connection in use, and when calls were switched to it.
struct CurrentChannel {
    channel: Channel,
    turned: Option<Instant>,
}

impl RemotePeer {
    pub(super) fn try_new(url: &str, tls: Option<&Tls>) -> Result<Self, Error> {
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|source| Error::Address { url: url.to_owned(), source })?;
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        let channel = lazy(&endpoint, tls).map_err(|why| Error::Peer { url: url.to_owned(), why })?;
        let way = Mutex::new(CurrentChannel { channel, turned: None });
        Ok(Self(Arc::new(RemotePeerState { endpoint, tls: tls.cloned(), url: url.to_owned(), way, retries: RetryBudget::new() })))
    }
}

impl RemotePeerState {
    fn way(&self) -> MutexGuard<'_, CurrentChannel> {
        self.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request over the connection in use.
    async fn once(self: Arc<Self>, request: Request<Body>) -> Result<Response<Body>, Status> {
        let mut channel = self.way().channel.clone();
        let answer = match channel.ready().await {
            Ok(ready) => ready.call(request).await,
            Err(error) => Err(error),
        };
        match answer {
            // The answer can also be cut off after its headers.
            Ok(response) => {
                if is_not_the_writer(&response) {
                    self.turn();
                }
                Ok(response.map(|body| Body::new(body.map_err(move |error| lost(&self.url, &error)))))
            }
            Err(error) => Err(translate(&self.url, &error)),
        }
    }

    /// Sends further calls over a new connection, which may lead to another process. Calls in flight stay on the old one.
    fn turn(&self) {
        let mut way = self.way();
        if way.turned.is_some_and(|turned| turned.elapsed() < TURN_INTERVAL) {
            return;
        }
        // The same endpoint made a channel at the start, so this does not fail; if it did, calls would stay on the old connection.
        if let Ok(channel) = lazy(&self.endpoint, self.tls.as_ref()) {
            *way = CurrentChannel { channel, turned: Some(Instant::now()) };
        }
    }
}

fn lazy(endpoint: &Endpoint, tls: Option<&Tls>) -> Result<Channel, &'static str> {
    Ok(endpoint.connect_with_connector_lazy(Connector::try_new(endpoint.uri(), tls)?))
}

/// Whether an answer, an error in its headers, says that another process writes the books.
fn is_not_the_writer(response: &Response<Body>) -> bool {
    response.headers().get("grpc-message").is_some_and(|message| message.as_bytes().starts_with(NOT_THE_WRITER))
}

impl CallWire for RemotePeer {
    fn send(&self, request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, Status>> {
        let peer = self.0.clone();
        Box::pin(async move {
            peer.retries.first();
            if methods::is_client_streaming(request.uri().path()) {
                return peer.once(request).await;
            }
            // One message, buffered until no retry is needed.
            let (head, body) = request.into_parts();
            let message = body.collect().await?.to_bytes();
            let (mut attempt, begun) = (0, Instant::now());
            loop {
                let mut head = head.clone();
                // A retry gets only the time left of the deadline.
                if attempt > 0 && !deadline::shorten(&mut head.headers, begun.elapsed()) {
                    return Err(errors::deadline_exceeded("client"));
                }
                let request = Request::from_parts(head, Body::new(Full::new(message.clone()).map_err(|never| match never {})));
                let answer = peer.clone().once(request).await;
                if !retry::not_begun(&answer) || !peer.retries.wait(attempt).await {
                    return answer;
                }
                attempt += 1;
            }
        })
    }
}

/// Translates tonic's transport errors into Largesse's reasons. An error that may have come after sending means an unknown outcome.
fn translate(url: &str, error: &(dyn StdError + 'static)) -> Status {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if current.is::<TimeoutExpired>() {
            // tonic's own timeout would report CANCELLED.
            return errors::deadline_exceeded("channel");
        }
        if let Some(connect) = current.downcast_ref::<ConnectError>() {
            return errors::peer_unreachable(url, connect);
        }
        // The connection closed before this call was sent on it, for example because of its age.
        if current.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            return errors::peer_unreachable(url, current);
        }
        if current.downcast_ref::<h2::Error>().is_some_and(never_processed) {
            return errors::peer_unreachable(url, current);
        }
        cause = current.source();
    }
    lost(url, error)
}

/// Whether the peer says that it did not process the call: its stream is past the last one of a GOAWAY, or was refused (RFC 9113 sections 6.8 and 8.7).
fn never_processed(error: &h2::Error) -> bool {
    let reason = error.reason();
    // h2 gives a stream the peer's GOAWAY as its error only if the stream is past the last one that it names.
    let past_the_last = error.is_go_away() && reason == Some(h2::Reason::NO_ERROR);
    let refused = error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM);
    error.is_remote() && (past_the_last || refused)
}

fn lost(url: &str, error: &(dyn StdError + 'static)) -> Status {
    // Without the cause's text people would search in the wrong place; without the address, on the wrong machine.
    errors::outcome_unknown(format!("the connection to {url} was lost before the answer came: {}", errors::chain(error)))
}
