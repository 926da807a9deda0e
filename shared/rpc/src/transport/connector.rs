//! A connection to a peer: TCP, with TLS if the address says so.
use crate::{Tls, tls::stream::MaybeTlsStream};
use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::{
    io,
    task::{Context, Poll},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Makes connections to one address.
pub(super) struct Connector {
    host: String,
    port: u16,
    /// The TLS settings, and the name that the peer's certificate must be for.
    secured: Option<(Tls, ServerName<'static>)>,
}

impl Connector {
    /// Connects to `uri`. An `https://` address needs `tls`; an error says what is missing.
    pub(super) fn try_new(uri: &Uri, tls: Option<&Tls>) -> Result<Self, &'static str> {
        let host = uri.host().ok_or("the address has no host")?.trim_matches(['[', ']']).to_owned();
        let (default_port, secured) = match uri.scheme_str() {
            Some("http") => (80, None),
            Some("https") => {
                let tls = tls.ok_or("no CA certificates to check its certificate with")?;
                let name = ServerName::try_from(host.clone()).map_err(|_| "a certificate can't be for that host")?;
                (443, Some((tls.clone(), name)))
            }
            _ => return Err("http:// or https://"),
        };
        Ok(Self { host, port: uri.port_u16().unwrap_or(default_port), secured })
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<MaybeTlsStream<TlsStream<TcpStream>>>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<MaybeTlsStream<TlsStream<TcpStream>>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (host, port) = (self.host.clone(), self.port);
        // Read for each connection, so that one made after certificates were replaced uses the new ones.
        let secured = self.secured.as_ref().map(|(tls, name)| (TlsConnector::from(tls.client()), name.clone()));
        Box::pin(async move {
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(match secured {
                Some((connector, name)) => MaybeTlsStream::Secured(Box::new(connector.connect(name, stream).await?)),
                None => MaybeTlsStream::Plain(stream),
            }))
        })
    }
}
