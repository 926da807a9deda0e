//! A client over HTTP/2, with tonic's errors put into this house's words.
use super::{Wire, connector::Connector};
use crate::{Error, Tls, errors};
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use std::{error::Error as StdError, sync::Arc, time::Duration};
use tonic::{
    ConnectError, Status, TimeoutExpired,
    body::Body,
    transport::{Channel, Endpoint},
};
use tower::{Service as _, ServiceExt as _};

/// A neighbour that cannot be reached within this is down; the call's own deadline is often much longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How soon a peer that vanished without a word is noticed: one interval and the timeout after it.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Flow control windows, in bytes. HTTP/2's 64 KiB stalls a connection that carries thousands of calls.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

pub(super) struct Peer {
    channel: Channel,
    url: Arc<str>,
}

impl Peer {
    pub(super) fn try_new(url: &str, tls: Option<&Tls>) -> Result<Self, Error> {
        let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|source| Error::Address { url: url.to_owned(), source })?;
        let connector = Connector::try_new(endpoint.uri(), tls).map_err(|why| Error::Peer { url: url.to_owned(), why })?;
        let channel = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
            .keep_alive_timeout(KEEPALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .connect_with_connector_lazy(connector);
        Ok(Self { channel, url: url.into() })
    }
}

impl Wire for Peer {
    fn send(&self, request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, Status>> {
        let mut channel = self.channel.clone();
        let url = self.url.clone();
        Box::pin(async move {
            let answer = match channel.ready().await {
                Ok(ready) => ready.call(request).await,
                Err(error) => Err(error),
            };
            match answer {
                // The answer can also be cut off after its head.
                Ok(response) => Ok(response.map(|body| Body::new(body.map_err(move |error| lost(&url, &error))))),
                Err(error) => Err(translate(&url, &error)),
            }
        })
    }
}

/// tonic's transport errors in this house's words. What is not known to have happened before anything was sent has an unknown outcome.
fn translate(url: &str, error: &(dyn StdError + 'static)) -> Status {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if current.is::<TimeoutExpired>() {
            // tonic's own alarm would say CANCELLED.
            return errors::deadline_exceeded("channel");
        }
        if let Some(connect) = current.downcast_ref::<ConnectError>() {
            return errors::peer_unreachable(url, connect);
        }
        cause = current.source();
    }
    lost(url, error)
}

fn lost(url: &str, error: &(dyn StdError + 'static)) -> Status {
    // Without the cause's text a person would look in the wrong place; without the address, at the wrong machine.
    errors::outcome_unknown(format!("the connection to {url} was lost before the answer came: {}", errors::chain(error)))
}
