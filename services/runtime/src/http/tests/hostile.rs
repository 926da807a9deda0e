//! Attackers at the HTTP listener, over sockets, beside a health probe and an honest store. Attackers call from one address, the store from another.
use super::*;
use axum::routing::post;
use rpc::webhooks::{Config, gather};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::AtomicUsize,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    sync::Notify,
    task::{JoinHandle, JoinSet},
};

const STORE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const BODY_BYTES_MAX: usize = 512 * 1024;

/// A listener with one route, which takes only bodies that begin with `honest`, and whose calls last as long as one says.
struct World {
    address: SocketAddr,
    called: Arc<AtomicUsize>,
    hold: Arc<Notify>,
    shutdown: CancellationToken,
    server: JoinHandle<Result<(), rpc::Error>>,
}

impl World {
    async fn start(config: Config, bounds: ConnectionBounds) -> Self {
        assert_eq!(config.problems(), []);
        let (called, hold) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (count, until) = (called.clone(), hold.clone());
        let take = async move |request: Request| {
            let call = match gather(request, BODY_BYTES_MAX).await {
                Ok(call) => call,
                Err(refused) => return refused,
            };
            count.fetch_add(1, Ordering::Relaxed);
            if call.body.starts_with(b"hold") {
                until.notified().await;
            }
            if call.body.starts_with(b"forged") { StatusCode::UNAUTHORIZED } else { StatusCode::OK }.into_response()
        };
        let callbacks = Webhooks::default();
        callbacks.set(Router::new().route("/webhooks/store/apple", post(take)));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, shutdown) = (socket.local_addr().unwrap(), CancellationToken::new());
        let parts = HttpParts { readiness: Readiness::default(), webhooks: callbacks, gate: WebhookGate::new(&config) };
        let server = tokio::spawn(serve(socket, None, parts, bounds, shutdown.clone()));
        Self { address, called, hold, shutdown, server }
    }

    async fn connect(&self, from: Ipv4Addr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(from.into(), 0)).unwrap();
        socket.connect(self.address).await.unwrap()
    }

    /// Sends these bytes from this address, and nothing more.
    async fn begin(&self, from: Ipv4Addr, bytes: &[u8]) -> TcpStream {
        let mut stream = self.connect(from).await;
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn call(&self, from: Ipv4Addr, body: &str) -> u16 {
        status(self.begin(from, &whole(body)).await).await
    }

    async fn health(&self) -> u16 {
        status(self.begin(STORE, b"GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await).await
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.server.await.unwrap().unwrap();
    }
}

fn head(bytes: usize) -> String {
    format!("POST /webhooks/store/apple HTTP/1.1\r\nhost: h\r\nconnection: close\r\ncontent-length: {bytes}\r\n\r\n")
}

fn whole(body: &str) -> Vec<u8> {
    [head(body.len()).as_bytes(), body.as_bytes()].concat()
}

/// The status of the answer; 0 if the connection is closed without one.
async fn status(mut stream: TcpStream) -> u16 {
    let mut answer = Vec::new();
    // A reset after the answer is as good as its end.
    let _end = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8(answer).unwrap();
    text.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

#[tokio::test]
async fn bodies_that_do_not_come_are_waited_for_a_short_while_and_honest_ones_arrive() {
    let config = Config { arrival_ms: 3_000, arriving_per_address_max: 400, ..Config::default() };
    let world = World::start(config, ConnectionBounds { per_address_max: 400, ..http1::CONNECTIONS }).await;
    let mut slow = JoinSet::new();
    for _ in 0..300 {
        let half = [head(BODY_BYTES_MAX).as_bytes(), &[0; 1_000]].concat();
        slow.spawn(status(world.begin(ATTACKER, &half).await));
    }
    assert_eq!((world.call(STORE, "honest").await, world.health().await), (200, 200));
    while let Some(answered) = slow.join_next().await {
        assert_eq!(answered.unwrap(), 408);
    }
    assert_eq!(world.called.load(Ordering::Relaxed), 1);
    world.stop().await;
}

#[tokio::test]
async fn half_a_megabyte_from_many_is_bounded_in_all_and_the_oldest_make_room() {
    let config = Config { arriving_bytes_max: 4 << 20, arrival_ms: 60_000, arriving_per_address_max: 400, ..Config::default() };
    let world = World::start(config, ConnectionBounds { per_address_max: 400, ..http1::CONNECTIONS }).await;
    let mut held = JoinSet::new();
    for _ in 0..40 {
        let most = [head(BODY_BYTES_MAX).as_bytes(), &vec![0; BODY_BYTES_MAX - 1]].concat();
        held.spawn(status(world.begin(ATTACKER, &most).await));
    }
    // Eight fit, so that at least 31 had to go; who goes last depends on whose bytes were read first.
    for _ in 0..31 {
        assert_eq!(held.join_next().await.unwrap().unwrap(), 503);
    }
    assert_eq!(
        (world.call(STORE, "honest").await, world.call(ATTACKER, "honest").await),
        (200, 200),
        "a body that comes at once is not old"
    );
    assert_eq!(world.health().await, 200);
    held.abort_all();
    world.stop().await;
}

#[tokio::test]
async fn of_an_address_the_oldest_incomplete_call_makes_room() {
    let config = Config { arriving_per_address_max: 2, arrival_ms: 60_000, ..Config::default() };
    let world = World::start(config, http1::CONNECTIONS).await;
    let half = [head(10).as_bytes(), b"hon"].concat();
    let mut slow = JoinSet::new();
    for _ in 0..3 {
        slow.spawn(status(world.begin(ATTACKER, &half).await));
    }
    assert_eq!(slow.join_next().await.unwrap().unwrap(), 503);
    let mut other = world.begin(STORE, &half).await;
    assert_eq!(slow.len(), 2, "another address pushes nobody out");
    other.write_all(b"est....").await.unwrap();
    assert_eq!(status(other).await, 200);
    slow.abort_all();
    world.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_by_its_announced_length_or_once_it_is() {
    let world = World::start(Config::default(), http1::CONNECTIONS).await;
    assert_eq!(status(world.begin(STORE, head(BODY_BYTES_MAX + 1).as_bytes()).await).await, 413);
    let chunked = "POST /webhooks/store/apple HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";
    let chunk = [format!("{:x}\r\n", 64 * 1024).as_bytes(), &vec![0; 64 * 1024], b"\r\n"].concat();
    let endless = [chunked.as_bytes(), &chunk.repeat(9)].concat();
    assert_eq!(status(world.begin(STORE, &endless).await).await, 413);
    assert_eq!(world.called.load(Ordering::Relaxed), 0);
    let longest = format!("honest{}", "x".repeat(BODY_BYTES_MAX - 6));
    assert_eq!(world.call(STORE, &longest).await, 200);
    world.stop().await;
}

#[tokio::test]
async fn forged_calls_of_an_address_are_refused_unread_after_some_and_others_are_not() {
    let config = Config { refused_per_second: 1, refused_burst: 20, ..Config::default() };
    let world = World::start(config, http1::CONNECTIONS).await;
    let mut seen = Vec::new();
    for _ in 0..100 {
        seen.push(world.call(ATTACKER, "forged").await);
    }
    let checked = seen.iter().filter(|status| **status == 401).count();
    assert!((20..50).contains(&checked) && checked == world.called.load(Ordering::Relaxed), "{checked} of {seen:?}");
    // Where a hundred take seconds, one more is checked in each, and which of them is chance.
    assert!(seen.iter().all(|status| [401, 429].contains(status)) && seen[..20].iter().all(|status| *status == 401), "{seen:?}");
    assert_eq!((world.call(STORE, "honest").await, world.health().await), (200, 200));
    world.stop().await;
    // Behind a balancer all have one address.
    let config = Config { refused_per_second: 0, refused_burst: 0, in_flight_per_address_max: 0, ..Config::default() };
    let world = World::start(config, ConnectionBounds { per_address_max: 0, ..http1::CONNECTIONS }).await;
    for _ in 0..300 {
        assert_eq!(world.call(ATTACKER, "forged").await, 401);
    }
    assert_eq!(world.call(ATTACKER, "honest").await, 200);
    world.stop().await;
}

#[tokio::test]
async fn calls_take_turns_by_address_and_in_all() {
    let config = Config { in_flight_max: 2, in_flight_per_address_max: 1, arrival_ms: 3_000, ..Config::default() };
    let world = World::start(config, http1::CONNECTIONS).await;
    let first = tokio::spawn(status(world.begin(ATTACKER, &whole("hold")).await));
    while world.called.load(Ordering::Relaxed) < 1 {
        tokio::task::yield_now().await;
    }
    // A second of its address waits in vain, and one of another has a turn.
    assert_eq!(world.call(ATTACKER, "honest").await, 429);
    assert_eq!(world.call(STORE, "honest").await, 200);
    let other = tokio::spawn(status(world.begin(Ipv4Addr::new(127, 0, 0, 3), &whole("hold")).await));
    while world.called.load(Ordering::Relaxed) < 3 {
        tokio::task::yield_now().await;
    }
    assert_eq!((world.call(STORE, "honest").await, world.health().await), (503, 200), "all turns are taken, and health needs none");
    let waiting = tokio::spawn(status(world.begin(STORE, &whole("honest")).await));
    world.hold.notify_waiters();
    assert_eq!((first.await.unwrap(), other.await.unwrap(), waiting.await.unwrap()), (200, 200, 200));
    world.stop().await;
}

#[tokio::test]
async fn connections_of_an_address_are_bounded_and_some_are_kept_for_others() {
    let bounds = ConnectionBounds { connections_max: 64, per_address_max: 60, ..http1::CONNECTIONS };
    let world = World::start(Config::default(), bounds).await;
    let mut open = Vec::new();
    let mut closed = 0;
    for _ in 0..300 {
        let mut stream = world.begin(ATTACKER, b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n").await;
        // Either the answer, or the end of a connection that was one too many.
        match stream.read(&mut [0; 64]).await {
            Ok(1..) => open.push(stream),
            Ok(0) | Err(_) => closed += 1,
        }
    }
    // The last eighth is for those who have few.
    assert_eq!((open.len(), closed), (56, 244));
    assert_eq!((world.health().await, world.call(STORE, "honest").await), (200, 200));
    drop(open);
    world.stop().await;
}

#[tokio::test]
async fn headers_have_a_time_and_a_size_and_a_connection_has_an_age() {
    let bounds = ConnectionBounds { idle: Duration::from_millis(200), ..http1::CONNECTIONS };
    let world = World::start(Config::default(), bounds).await;
    for half in [&b""[..], b"POST /webhooks/store/apple HTTP/1.1\r\nhost: h\r\nx: "] {
        let answered = status(world.begin(ATTACKER, half).await).await;
        assert!([0, 408].contains(&answered), "{answered}");
    }
    let large = format!("GET /healthz HTTP/1.1\r\nhost: h\r\nx: {}\r\n\r\n", "x".repeat(100_000));
    let mut stream = world.connect(ATTACKER).await;
    // The connection may be closed before all of it is written.
    let _cut = stream.write_all(large.as_bytes()).await;
    let answered = status(stream).await;
    assert!([0, 431].contains(&answered), "{answered}");
    world.stop().await;
    let bounds = ConnectionBounds { age: Duration::from_secs(2), ..http1::CONNECTIONS };
    let world = World::start(Config::default(), bounds).await;
    assert_eq!(status(world.begin(STORE, b"GET /healthz HTTP/1.1\r\nhost: h\r\n\r\n").await).await, 200, "answered, and closed by its age");
    world.stop().await;
}
