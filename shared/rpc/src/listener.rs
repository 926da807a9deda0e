//! Connections of a listener: accepted, with TLS if there is a certificate, and never one waiting for another.
use crate::{
    connection::{ConnectionUse, counted_address},
    tls::{Peer, ShownCertificate, Tls, stream::MaybeTlsStream},
};
use opentelemetry::{KeyValue, metrics::Counter};
use rustc_hash::FxHashMap;
use std::{
    future::Future as _,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{Sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

pub use crate::connection::ConnectionBounds;

/// How long a caller may take to begin its TLS handshake. Until then it costs a socket and nothing else.
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the handshake may take from its first byte on.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// Handshakes at once; each may cost a signature. More callers wait for their turn.
const HANDSHAKES_MAX: usize = 256;
/// Accepted connections that wait for the server to take them.
const READY_MAX: usize = 64;
/// How long to wait after accepting a connection failed, mostly because too many are open.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// How long a caller may take to send the minimum that HTTP/2 begins with: the preface and a frame.
const OPENING_TIMEOUT: Duration = Duration::from_secs(5);
const OPENING_BYTES: usize = 24 + 9;
/// The same for browsers: the preface of HTTP/2, which is shorter than any request of HTTP/1.1. The limits of their server begin there.
const WEB_OPENING_BYTES: usize = 24;
/// One in so many connections is reserved for addresses that have few: one caller with many must not keep out a health probe.
const RESERVED: usize = 8;
/// How many connections of an address are few.
const FEW: usize = 4;

/// The protocol that a listener negotiates with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/2.
    Grpc,
    /// HTTP/1.1.
    Http,
    /// HTTP/2 or HTTP/1.1, as a browser prefers. It asks for no certificates: a browser would ask its user for one.
    Web,
}

impl Protocol {
    fn as_str(self) -> &'static str {
        match self {
            Self::Grpc => "grpc",
            Self::Http => "http",
            Self::Web => "web",
        }
    }
}

/// A socket's connections, one after another as they become ready.
pub struct Listener {
    ready: mpsc::Receiver<Connection>,
    address: SocketAddr,
}

impl Listener {
    /// Accepts connections on `socket` until this is dropped; with TLS if `tls` has a certificate.
    pub fn try_new(socket: TcpListener, tls: Option<Tls>, protocol: Protocol, bounds: ConnectionBounds) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let (into, ready) = mpsc::channel(READY_MAX);
        tokio::spawn(accept_all(socket, tls, protocol, ConnectionSeats::new(protocol, bounds), into));
        Ok(Self { ready, address })
    }

    /// The address it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept_all(
    socket: TcpListener,
    tls: Option<Tls>,
    protocol: Protocol,
    seats: Arc<ConnectionSeats>,
    into: mpsc::Sender<Connection>,
) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let accepted = tokio::select! {
            // The receiver is dropped; the socket closes with this task.
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
        let Some(seat) = seats.take(address.ip()) else { continue };
        // A connection that is closed already fails at its first read.
        let _ = stream.set_nodelay(true);
        let config = tls.as_ref().and_then(|tls| match protocol {
            Protocol::Grpc => tls.grpc(),
            Protocol::Http => tls.http(),
            Protocol::Web => tls.web(),
        });
        let Some(config) = config else {
            if into
                .send(Connection::new(MaybeTlsStream::Plain(stream), address, ShownCertificate::default(), protocol, seat))
                .await
                .is_err()
            {
                return;
            }
            continue;
        };
        let (handshakes, into) = (handshakes.clone(), into.clone());
        tokio::spawn(async move {
            // A silent caller takes no handshake slot.
            if !matches!(timeout(GREETING_TIMEOUT, stream.peek(&mut [0])).await, Ok(Ok(1..))) {
                return;
            }
            let Ok(place) = handshakes.acquire().await else { return };
            let shaken = timeout(HANDSHAKE_TIMEOUT, TlsAcceptor::from(config).accept(stream)).await;
            drop(place);
            match shaken {
                // If the receiver is dropped, the connection ends.
                Ok(Ok(stream)) => {
                    let shown = stream.get_ref().1.peer_certificates().map(ShownCertificate::new).unwrap_or_default();
                    drop(into.send(Connection::new(MaybeTlsStream::Secured(Box::new(stream)), address, shown, protocol, seat)).await);
                }
                // Scanners, health checks of load balancers, and people without the CA: not our fault.
                Ok(Err(error)) => tracing::debug!(%address, %error, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%address, "a TLS handshake took too long"),
            }
        });
    }
}

impl Listener {
    /// The next connection; never completes once nothing is accepted any more.
    pub(crate) async fn next(&mut self) -> Option<Connection> {
        self.ready.recv().await
    }
}

/// A caller's connection.
pub struct Connection {
    stream: MaybeTlsStream<TlsStream<TcpStream>>,
    address: SocketAddr,
    shown: ShownCertificate,
    /// Ends the connection if it sends too little; and the bytes that are still missing.
    alarm: Option<Pin<Box<Sleep>>>,
    opening: usize,
    in_use: Arc<ConnectionUse>,
    _seat: ConnectionSeat,
}

impl Connection {
    fn new(
        stream: MaybeTlsStream<TlsStream<TcpStream>>,
        address: SocketAddr,
        shown: ShownCertificate,
        protocol: Protocol,
        seat: ConnectionSeat,
    ) -> Self {
        let (alarm, opening) = match protocol {
            Protocol::Grpc => (Some(Box::pin(tokio::time::sleep(OPENING_TIMEOUT))), OPENING_BYTES),
            // Its server has a limit on headers of its own.
            Protocol::Http => (None, 0),
            Protocol::Web => (Some(Box::pin(tokio::time::sleep(OPENING_TIMEOUT))), WEB_OPENING_BYTES),
        };
        Self { stream, address, shown, alarm, opening, in_use: ConnectionUse::new(), _seat: seat }
    }

    /// What its calls know of it, and the counters they update.
    pub(crate) fn peer(&self) -> (Peer, Arc<ConnectionUse>) {
        let in_use = self.in_use.clone();
        let names = self.shown.is_given().then(|| self.shown.names());
        (Peer::Remote { address: self.address, names, connection: in_use.clone() }, in_use)
    }

    /// The certificate that the caller showed.
    pub(crate) fn shown(&self) -> ShownCertificate {
        self.shown.clone()
    }

    /// Counts bytes read, and cancels the alarm once there are enough.
    fn heard(&mut self, bytes: usize) {
        self.opening = self.opening.saturating_sub(bytes);
        if self.opening == 0 {
            self.alarm = None;
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(alarm) = &mut self.alarm else { return Pin::new(&mut self.stream).poll_read(cx, buffer) };
        if alarm.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.heard(buffer.filled().len() - before);
        read
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

/// How many connections each address has.
struct ConnectionSeats {
    bounds: ConnectionBounds,
    taken: Mutex<TakenSeats>,
    refused: Option<Counter<u64>>,
}

#[derive(Default)]
struct TakenSeats {
    all: usize,
    by_address: FxHashMap<IpAddr, usize>,
}

impl ConnectionSeats {
    fn new(protocol: Protocol, bounds: ConnectionBounds) -> Arc<Self> {
        let seats = Arc::new(Self { bounds, taken: Mutex::default(), refused: refusals() });
        let attributes = [KeyValue::new("protocol", protocol.as_str())];
        if let Some(meter) = telemetry::meter() {
            let watched = Arc::downgrade(&seats);
            let gauge = meter.u64_observable_gauge("largesse.connections").with_unit("{connection}");
            let gauge = gauge.with_description("Connections that are open.");
            gauge
                .with_callback(move |gauge| {
                    watched.upgrade().iter().for_each(|seats| gauge.observe(seats.lock().all as u64, &attributes));
                })
                .build();
        }
        seats
    }

    fn lock(&self) -> MutexGuard<'_, TakenSeats> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(self: &Arc<Self>, address: IpAddr) -> Option<ConnectionSeat> {
        let address = counted_address(address);
        let mut taken = self.lock();
        let here = taken.by_address.get(&address).copied().unwrap_or(0);
        let ConnectionBounds { connections_max, per_address_max, .. } = self.bounds;
        // Where all callers have one address, none of them is one of few.
        let all_max = if per_address_max > 0 && here >= FEW { connections_max - connections_max / RESERVED } else { connections_max };
        if taken.all >= all_max || (per_address_max > 0 && here >= per_address_max) {
            drop(taken);
            tracing::debug!(%address, "one connection too many");
            self.refused.iter().for_each(|refused| refused.add(1, &[]));
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, here + 1);
        Some(ConnectionSeat { seats: self.clone(), address })
    }
}

fn refusals() -> Option<Counter<u64>> {
    let counter = telemetry::meter()?.u64_counter("largesse.connections.refused").with_unit("{connection}");
    let counter = counter.with_description("Connections closed at once because there were too many.").build();
    // From the start, so that the first one is an increase.
    counter.add(0, &[]);
    Some(counter)
}

/// A connection's seat, released when it is dropped.
struct ConnectionSeat {
    seats: Arc<ConnectionSeats>,
    address: IpAddr,
}

impl Drop for ConnectionSeat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        taken.all -= 1;
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}
