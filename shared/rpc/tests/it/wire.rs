//! What only a socket can show: reflection, health, an absent peer, a stopping server.
use crate::house::{House, Way, room};
use api::gift::{ListGiftsRequest, gift_service_client::GiftServiceClient};
use identity::Role;
use rpc::{facts, reason};
use tokio::net::TcpListener;
use tokio_stream::StreamExt as _;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient, server_reflection_request::MessageRequest,
    server_reflection_response::MessageResponse,
};

async fn channel(house: &House) -> Channel {
    Channel::from_shared(house.url.clone()).unwrap().connect().await.unwrap()
}

async fn ask(house: &House, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(question) };
    let mut client = ServerReflectionClient::new(channel(house).await);
    let mut answers = client.server_reflection_info(tokio_stream::once(request)).await.unwrap().into_inner();
    answers.next().await.unwrap().unwrap().message_response.unwrap()
}

#[tokio::test]
async fn reflection_needs_no_token_and_knows_the_error_details() {
    let house = House::start(Way::Socket, 10).await;
    let MessageResponse::ListServicesResponse(list) = ask(&house, MessageRequest::ListServices(String::new())).await else {
        panic!("not a list");
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    assert!(names.contains(&"largesse.gift.v1.GiftService"), "{names:?}");
    assert!(!names.contains(&"largesse.payout.v1.PayoutService"), "only what is served here: {names:?}");
    for symbol in ["google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.Status"] {
        let answer = ask(&house, MessageRequest::FileContainingSymbol(symbol.into())).await;
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
    // The request is on the wire once there is something to read; then the peer dies.
    socket.readable().await.unwrap();
    drop(socket);
    let status = call.await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let reason = reason(&status).unwrap();
    assert!(reason == "OUTCOME_UNKNOWN" || reason == "PEER_UNREACHABLE", "{status:?}");
}

#[tokio::test]
async fn a_stopping_server_says_so_and_finishes_what_it_began() {
    let house = House::start(Way::InProcess, 10).await;
    let mut health = HealthClient::new(channel(&house).await);
    let mut watch = health.watch(HealthCheckRequest { service: String::new() }).await.unwrap().into_inner();
    assert_eq!(watch.next().await.unwrap().unwrap().status(), ServingStatus::Serving);
    let waiting = tokio::spawn({
        let mut gifts = GiftServiceClient::new(rpc::connect(&house.url).unwrap());
        let request = house.signed(Role::Viewer, room("wait"));
        async move { gifts.send_gift(request).await }
    });
    drop(house.arrived.acquire().await);
    house.shutdown.cancel();
    // The watcher hears the news, or that it was sent away; it does not keep the server alive.
    match watch.next().await {
        Some(Ok(news)) => assert_eq!(news.status(), ServingStatus::NotServing),
        Some(Err(status)) => assert_eq!(status.code(), Code::Unavailable),
        None => {}
    }
    house.gate.add_permits(1);
    waiting.await.unwrap().unwrap();
    house.serving.await.unwrap().unwrap();
}
