//! What only a socket can show: reflection, health, an absent peer, a stopping server.
use crate::fixture::{Fixture, Way, room};
use api::gift::{ListGiftsRequest, gift_service_client::GiftServiceClient};
use identity::Role;
use rpc::{facts, reason};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_stream::StreamExt as _;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};

async fn channel(fixture: &Fixture) -> Channel {
    Channel::from_shared(fixture.url.clone()).unwrap().connect().await.unwrap()
}

async fn ask(fixture: &Fixture, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut client = ServerReflectionClient::new(channel(fixture).await);
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap().message_response.unwrap()
}

#[tokio::test]
async fn reflection_needs_no_token_and_knows_the_error_details() {
    let fixture = Fixture::start(Way::Socket, 10).await;
    let MessageResponse::ListServicesResponse(list) = ask(&fixture, MessageRequest::ListServices(String::new())).await else {
        panic!("not a list");
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"largesse.gift.v1.GiftService"), "{names:?}");
    assert!(!names.contains(&"largesse.payout.v1.PayoutService"), "only what is served here: {names:?}");
    for symbol in ["google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.Status"] {
        let answer = ask(&fixture, MessageRequest::FileContainingSymbol(symbol.into())).await;
        assert!(matches!(answer, MessageResponse::FileDescriptorResponse(_)), "{symbol}: {answer:?}");
    }
}

#[tokio::test]
async fn an_absent_peer_is_named_and_nothing_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut gifts = GiftServiceClient::new(rpc::connect(&format!("http://{address}")).unwrap());
    let status = gifts.list_gifts(ListGiftsRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::Unavailable, Some("PEER_UNREACHABLE")));
    assert!(facts(&status)["address"].contains(&address), "{status:?}");
}

#[tokio::test]
async fn a_connection_lost_while_waiting_is_an_unknown_outcome() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut gifts = GiftServiceClient::new(rpc::connect(&url).unwrap());
    let call = tokio::spawn(async move { gifts.list_gifts(ListGiftsRequest::default()).await });
    let (socket, _) = listener.accept().await.unwrap();
    drop(listener);
    // The request has been sent once there is something to read; then the peer dies.
    socket.readable().await.unwrap();
    drop(socket);
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let reason = reason(&status).unwrap();
    assert!(reason == "OUTCOME_UNKNOWN" || reason == "PEER_UNREACHABLE", "{status:?}");
}

/// A frame of HTTP/2 (RFC 9113 section 4.1) whose body is made of 32-bit words.
fn frame(kind: u8, stream: u32, words: &[u32]) -> Vec<u8> {
    let length = words.len() as u32 * 4;
    let mut frame = (length << 8 | u32::from(kind)).to_be_bytes().to_vec();
    frame.push(0);
    for word in [stream].iter().chain(words) {
        frame.extend(word.to_be_bytes());
    }
    frame
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const NO_ERROR: u32 = 0;
const REFUSED_STREAM: u32 = 7;

/// Sends a gift through a peer that answers the first call with these frames and closes the connection; later connections lead to a server that
/// answers.
async fn sent_past(first_answer: Vec<u8>) -> Result<(), tonic::Status> {
    let fixture = Fixture::start(Way::Socket, 10).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let behind = fixture.url.strip_prefix("http://").unwrap().to_owned();
    let peer = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
        let mut preface = [0; 24];
        socket.read_exact(&mut preface).await.unwrap();
        let mut kind = 0;
        while kind != HEADERS {
            let mut head = [0; 9];
            socket.read_exact(&mut head).await.unwrap();
            kind = head[3];
            let mut body = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
            socket.read_exact(&mut body).await.unwrap();
        }
        socket.write_all(&first_answer).await.unwrap();
        // Everything it still sends is read, so that what was written arrives; it closes the connection itself, or gets an answer that it can't wait
        // for.
        socket.shutdown().await.unwrap();
        let _ = tokio::io::copy(&mut socket, &mut tokio::io::sink()).await;
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(&behind).await.unwrap();
            let _ = copy_bidirectional(&mut socket, &mut server).await;
        }
    });
    let mut gifts = GiftServiceClient::new(rpc::connect(&url).unwrap());
    let answer = gifts.send_gift(fixture.signed(Role::Viewer, room("r"))).await;
    peer.abort();
    answer.map(|_| ())
}

#[tokio::test]
async fn a_call_that_the_peer_did_not_process_is_retried_and_others_have_an_unknown_outcome() {
    sent_past(frame(GOAWAY, 0, &[0, NO_ERROR])).await.unwrap();
    sent_past([frame(RST_STREAM, 1, &[REFUSED_STREAM]), frame(GOAWAY, 0, &[1, NO_ERROR])].concat()).await.unwrap();
    for maybe_processed in [frame(GOAWAY, 0, &[1, NO_ERROR]), Vec::new()] {
        let status = sent_past(maybe_processed).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("OUTCOME_UNKNOWN"), "{status:?}");
    }
}

#[tokio::test]
async fn a_stopping_server_says_so_and_finishes_what_it_began() {
    let fixture = Fixture::start(Way::InProcess, 10).await;
    let mut health = HealthClient::new(channel(&fixture).await);
    let mut watch = health.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert_eq!(watch.next().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let waiting = tokio::spawn({
        let mut gifts = GiftServiceClient::new(rpc::connect(&fixture.url).unwrap());
        let request = fixture.signed(Role::Viewer, room("wait"));
        async move { gifts.send_gift(request).await }
    });
    drop(fixture.arrived.acquire().await);
    fixture.shutdown.cancel();
    // The watcher gets the last state, or the end of its stream; it does not keep the server running.
    match watch.next().await {
        Some(Ok(news)) => assert_eq!(news.status(), ServingStatus::NotServing),
        Some(Err(status)) => assert_eq!(status.code(), Code::Unavailable),
        None => {}
    }
    fixture.gate.add_permits(1);
    waiting.await.unwrap().unwrap();
    fixture.serving.await.unwrap().unwrap();
}
