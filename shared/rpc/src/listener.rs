//! Connections of a listener: accepted, with TLS where there is a certificate, and never one waiting for another.
use crate::tls::{Peer, Tls, peer, stream::Stream};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::Connected;

/// How long a caller may take to begin its TLS handshake. Until then it costs a socket and nothing else.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the handshake may take from its first byte on.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes at once; each may cost a signature. More callers wait for their turn.
const HANDSHAKES_MAX: usize = 256;
/// Connections that are ready and wait for the server to take them.
const READY_MAX: usize = 64;
/// How long to wait after the system could not give a connection, which is mostly because there are too many.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// What a listener speaks with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2.
    Grpc,
    /// HTTP/1.1.
    Http,
}

/// A socket's connections, one after another as they become ready.
pub struct Listener {
    ready: mpsc::Receiver<Connection>,
    address: SocketAddr,
}

impl Listener {
    /// Accepts what comes to `socket` until it is dropped; with TLS where `tls` has a certificate.
    pub fn try_new(socket: TcpListener, tls: Option<Tls>, protocol: Protocol) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let (into, ready) = mpsc::channel(READY_MAX);
        tokio::spawn(accept_all(socket, tls, protocol, into));
        Ok(Self { ready, address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept_all(socket: TcpListener, tls: Option<Tls>, protocol: Protocol, into: mpsc::Sender<Connection>) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let accepted = tokio::select! {
            // Whoever listened is gone, and the socket closes with this task.
            () = into.closed() => return,
            accepted = socket.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                continue;
            }
        };
        // A connection that is gone already fails at its first read.
        let _ = stream.set_nodelay(true);
        let config = tls.as_ref().and_then(|tls| match protocol {
            Protocol::Grpc => tls.grpc(),
            Protocol::Http => tls.http(),
        });
        let Some(config) = config else {
            if into.send(Connection::plain(stream, address)).await.is_err() {
                return;
            }
            continue;
        };
        let (handshakes, into) = (handshakes.clone(), into.clone());
        tokio::spawn(async move {
            // Whoever says nothing takes nobody's turn.
            if !matches!(timeout(GREETING_TIMEOUT, stream.peek(&mut [0])).await, Ok(Ok(1..))) {
                return;
            }
            let Ok(place) = handshakes.acquire().await else { return };
            let shaken = timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await;
            drop(place);
            match shaken {
                // Nobody listens any more: the connection ends.
                Ok(Ok(stream)) => drop(into.send(Connection::secured(stream, address)).await),
                // Scanners, health checks of load balancers, and people without the CA: theirs to see.
                Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
            }
        });
    }
}

impl futures::Stream for Listener {
    type Item = Result<Connection, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.ready.poll_recv(cx).map(|ready| ready.map(Ok))
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => {
                let address = connection.address;
                (connection, address)
            }
            // The accepting task never ends before this does, unless the runtime is going down.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// A caller's connection.
pub struct Connection {
    stream: Stream<TlsStream<TcpStream>>,
    address: SocketAddr,
    names: Option<Arc<[String]>>,
}

impl Connection {
    fn plain(stream: TcpStream, address: SocketAddr) -> Self {
        Self { stream: Stream::Plain(stream), address, names: None }
    }

    fn secured(stream: TlsStream<TcpStream>, address: SocketAddr) -> Self {
        let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        let names = shown.map(peer::names);
        Self { stream: Stream::Secured(Box::new(stream)), address, names }
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer::Remote { address: self.address, names: self.names.clone() }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
