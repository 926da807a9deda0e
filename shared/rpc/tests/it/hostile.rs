//! A malicious caller beside an honest one: calls that are begun and not finished, messages too large, idle connections.
use crate::fixture::{Fixture, Way, room};
use identity::Role;
use rpc::{Options, facts, listener::ConnectionBounds, overload::OverloadLimits, reason};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, Status, body::Body, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::{Service as _, ServiceExt as _};

const SEND: &str = "/largesse.gift.v1.GiftService/SendGift";
const LIST: &str = "/largesse.gift.v1.GiftService/ListGifts";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH: &str = "/grpc.health.v1.Health/Watch";
const REFLECTION: &str = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/// Long enough for an answer on a busy machine, and shorter than any deadline.
const SOON: Duration = Duration::from_secs(9);

/// A body that begins with these bytes and never ends.
struct Unfinished(Option<bytes::Bytes>);

impl http_body::Body for Unfinished {
    type Data = bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Status>>> {
        match self.0.take() {
            Some(first) => std::task::Poll::Ready(Some(Ok(http_body::Frame::data(first)))),
            None => std::task::Poll::Pending,
        }
    }
}

/// A call whose body begins with these bytes; returns the answer.
async fn begun(channel: &Channel, path: &str, token: &str, first: &[u8]) -> Result<http::Response<Body>, tonic::transport::Error> {
    let mut request = http::Request::new(Body::new(Unfinished(Some(bytes::Bytes::copy_from_slice(first)))));
    *request.uri_mut() = path.parse().unwrap();
    *request.method_mut() = http::Method::POST;
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    request.headers_mut().insert("te", "trailers".parse().unwrap());
    if !token.is_empty() {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    }
    let mut channel = channel.clone();
    channel.ready().await?.call(request).await
}

async fn connected(fixture: &Fixture) -> Channel {
    Channel::from_shared(fixture.url.clone()).unwrap().connect().await.unwrap()
}

async fn bounded(calls_max: usize) -> Fixture {
    let overload = OverloadLimits { calls_max, ..OverloadLimits::default() };
    let quotas = rpc::Quotas::new(&rpc::quota::Config::default());
    Fixture::start_as(Way::Socket, None, |options| Options { overload, quotas, ..options }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_whose_request_does_not_come_hold_no_places_and_health_does_not_wait_behind_them() {
    let fixture = bounded(8).await;
    let channel = connected(&fixture).await;
    let token = fixture.token(Role::Viewer);
    let mut open = tokio::task::JoinSet::new();
    for at in 0..200 {
        let (channel, token) = (channel.clone(), if at % 2 == 0 { String::new() } else { token.clone() });
        open.spawn(async move { begun(&channel, if at % 2 == 0 { CHECK } else { SEND }, &token, &[0, 0, 0]).await.map(drop) });
    }
    // They are in flight before the following ones on the same connection.
    for _ in 0..20 {
        let other = fixture.gifts().send_gift(fixture.signed(Role::Creator, room("r"))).await;
        assert!(other.is_ok(), "{other:?}");
        let asked = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await;
        assert!(asked.is_ok(), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_is_refused_before_it_comes_also_where_no_token_is_needed() {
    let fixture = bounded(100).await;
    let channel = connected(&fixture).await;
    let token = fixture.token(Role::Viewer);
    for path in [CHECK, WATCH, REFLECTION, SEND, LIST] {
        let head = [0, 0, 16, 0, 0];
        let answer = timeout(SOON, begun(&channel, path, &token, &head)).await;
        let response = answer.unwrap_or_else(|_| panic!("{path} waits for a megabyte")).unwrap();
        let status = match Status::from_header_map(response.headers()) {
            Some(status) => status,
            None => {
                let trailers = timeout(SOON, http_body_util::BodyExt::collect(response.into_body())).await;
                let trailers = trailers.unwrap_or_else(|_| panic!("{path} waits for a megabyte")).unwrap();
                Status::from_header_map(trailers.trailers().unwrap()).unwrap()
            }
        };
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::InvalidArgument, Some("MALFORMED")), "{path}: {status:?}");
        assert_eq!((facts(&status)["bytes_max"].as_str(), facts(&status)["bytes"].as_str()), ("65536", "1048576"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_caller_has_a_bound_on_calls_in_flight_and_another_does_not_notice() {
    let quotas = rpc::Quotas::new(&rpc::quota::Config { user_calls: 3, ..rpc::quota::Config::default() });
    let fixture = Fixture::start_as(Way::Socket, None, |options| Options { quotas, ..options }).await;
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (mut gifts, request) = (fixture.gifts(), fixture.signed(Role::Viewer, room("wait")));
        waiting.spawn(async move { gifts.send_gift(request).await });
    }
    fixture.arrived.acquire_many(3).await.unwrap().forget();
    let status = fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")), "{status:?}");
    assert_eq!(facts(&status)["in_flight_max"], "3");
    fixture.gifts().send_gift(fixture.signed(Role::Service, room("r"))).await.unwrap();
    fixture.gate.add_permits(3);
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap().unwrap();
    }
    fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn anybody_may_ask_for_health_so_often_and_no_more() {
    let quotas = rpc::Quotas::new(&rpc::quota::Config { open_per_second: 1, open_burst: 5, ..rpc::quota::Config::default() });
    let fixture = Fixture::start_as(Way::Socket, None, |options| Options { quotas, ..options }).await;
    let mut health = HealthClient::new(connected(&fixture).await);
    let mut refused = None;
    for _ in 0..20 {
        refused = refused.or(health.check(HealthCheckRequest::default()).await.err());
    }
    let status = refused.expect("twenty at once are too many");
    assert_eq!((reason(&status).as_deref(), facts(&status)["of"].as_str()), (Some("QUOTA_EXCEEDED"), "address"), "{status:?}");
}

/// Reads until the server closes the connection, as a client that sends only the minimum of HTTP/2 and answers pings.
async fn until_the_end(fixture: &Fixture) -> Vec<u8> {
    let mut stream = TcpStream::connect(fixture.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut heard = Vec::new();
    let ended = timeout(SOON, async {
        let mut piece = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut piece).await {
            heard.extend(&piece[..length]);
            // A ping of the server, which an idle client answers.
            if let Some(at) = heard.windows(9).position(|head| head[..5] == [0, 0, 8, 6, 0])
                && let Some(payload) = heard.get(at + 9..at + 17).map(<[u8]>::to_vec)
            {
                heard.drain(at..at + 17);
                stream.write_all(&[&[0, 0, 8, 6, 1, 0, 0, 0, 0], payload.as_slice()].concat()).await.unwrap();
            }
        }
    })
    .await;
    assert!(ended.is_ok(), "the connection is still open");
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_a_call_is_told_to_go() {
    let bounds = ConnectionBounds { unproven: Duration::from_millis(200), ..ConnectionBounds::default() };
    let fixture = Fixture::start_as(Way::Socket, None, |options| Options { connections: bounds, ..options }).await;
    let heard = until_the_end(&fixture).await;
    let mut kinds = Vec::new();
    let mut rest = heard.as_slice();
    while let [a, b, c, kind, ..] = rest {
        kinds.push(*kind);
        rest = rest.get(9 + u32::from_be_bytes([0, *a, *b, *c]) as usize..).unwrap_or_default();
    }
    assert!(kinds.contains(&7), "no GOAWAY in {kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_has_an_age_and_its_calls_go_on_over_another() {
    let bounds = ConnectionBounds { age: Duration::from_millis(60), ..ConnectionBounds::default() };
    let fixture = Fixture::start_as(Way::Socket, None, |options| Options { connections: bounds, ..options }).await;
    until_the_end(&fixture).await;
    let (begun, mut sent) = (Instant::now(), 0);
    // However few calls there are in this time.
    while begun.elapsed() < Duration::from_millis(500) || sent < 2 {
        let answer = fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await;
        assert!(answer.is_ok(), "after {sent}: {answer:?}");
        sent += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_in_its_own_way_when_its_connection_is_as_old_as_it_may_get() {
    // Old enough for the stream to begin on it.
    let bounds = ConnectionBounds { age: Duration::from_secs(1), ..ConnectionBounds::default() };
    let fixture = Fixture::start_as(Way::Socket, None, |options| Options { connections: bounds, ..options }).await;
    let mut health = HealthClient::new(connected(&fixture).await);
    let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    let mut last = None;
    while let Ok(Ok(Some(_))) = timeout(SOON, watch.message()).await.map(|told| told.map_err(|status| last = Some(status))) {}
    assert_eq!(last.and_then(|status| reason(&status)).as_deref(), Some("SHUTTING_DOWN"));
}

/// The headers of a call whose request never comes, as a client sends them that is no library's.
fn headers_of(stream: u32, path: &str, token: &str) -> Vec<u8> {
    let text = |block: &mut Vec<u8>, text: &str| {
        let mut rest = text.len();
        if rest < 127 {
            block.push(rest as u8);
        } else {
            block.push(127);
            rest -= 127;
            while rest >= 128 {
                block.push((rest % 128 + 128) as u8);
                rest /= 128;
            }
            block.push(rest as u8);
        }
        block.extend(text.as_bytes());
    };
    let authorization = format!("Bearer {token}");
    let fields = [(":method", "POST"), (":scheme", "http"), (":path", path), ("content-type", "application/grpc"), ("te", "trailers")];
    let mut block = Vec::new();
    for (name, value) in fields.into_iter().chain([("authorization", authorization.as_str())]) {
        block.push(0);
        text(&mut block, name);
        text(&mut block, value);
    }
    let length = u32::try_from(block.len()).unwrap().to_be_bytes();
    [&[length[1], length[2], length[3], 1, 4], stream.to_be_bytes().as_slice(), &block].concat()
}

/// Counts the frames of a kind that are complete, and removes them.
fn count_frames(heard: &mut Vec<u8>, kind: u8) -> usize {
    let mut found = 0;
    while let [a, b, c, of, ..] = heard.as_slice() {
        let end = 9 + u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if heard.len() < end {
            break;
        }
        found += usize::from(*of == kind);
        heard.drain(..end);
    }
    found
}

/// Calls that are begun at most, so that the test ends.
const BEGUN_MAX: u32 = 2_000;

/// Begins calls without a request, one after the other is answered except for `waiting` of them, until the connection ends. Returns how many were begun.
async fn only_begins(fixture: &Fixture, path: &str, token: &str, waiting: usize) -> u32 {
    let mut stream = TcpStream::connect(fixture.url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let (mut begun, mut answered, mut heard, mut piece) = (0, 0, Vec::new(), [0; 4_096]);
    while begun < BEGUN_MAX && stream.write_all(&headers_of(begun * 2 + 1, path, token)).await.is_ok() {
        begun += 1;
        while answered + waiting < begun as usize {
            match timeout(SOON, stream.read(&mut piece)).await.expect("neither an answer nor the end") {
                Ok(length @ 1..) => heard.extend(&piece[..length]),
                Ok(0) | Err(_) => return begun,
            }
            answered += count_frames(&mut heard, 1);
        }
    }
    begun
}

/// A valid token, and nothing but the beginnings of calls: beyond the calls that a user may have in flight each is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_only_begins_calls_is_ended_and_its_callers_other_connection_is_not() {
    let quotas = || rpc::Quotas::new(&rpc::quota::Config { user_calls: 4, ..rpc::quota::Config::default() });
    let fixture = Fixture::start_as(Way::Socket, None, |options| Options { quotas: quotas(), ..options }).await;
    let token = fixture.token(Role::Viewer);
    // Also one that is refused for what it may not do, or calls what does not exist: no quota counts such calls.
    let attacks = [(SEND, 4), ("/largesse.ledger.v1.LedgerService/Post", 0), ("/largesse.gift.v1.GiftService/Nothing", 0)];
    for (path, waiting) in attacks {
        // Asked to go after 128 refusals, and cut off after what an honest client may have sent before it knew.
        let begun = only_begins(&fixture, path, &token, waiting).await;
        assert!((128 + 1_024..1_200).contains(&begun), "{path}: {begun} calls");
    }
    fixture.gifts().send_gift(fixture.signed(Role::Creator, room("r"))).await.unwrap();
}
