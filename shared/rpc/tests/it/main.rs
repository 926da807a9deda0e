//! The stack from the callers' side. Every test runs in process and over a socket.
#![allow(clippy::unwrap_used)]

mod certificates;
mod fixture;
mod hostile;
mod spans;
mod turning;
mod web;
mod wire;

use api::{gift::ListGiftsRequest, ledger::GetAccountRequest, ledger::ledger_service_client::LedgerServiceClient};
use fixture::{Fixture, Way, bearing, room};
use identity::Role;
use rpc::{facts, reason};
use std::time::Duration;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

const WAYS: [Way; 2] = [Way::InProcess, Way::Socket];
const MANY: usize = 1_000;

#[tokio::test]
async fn no_token_or_a_bad_one_is_unauthenticated_with_details() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let status = fixture.gifts().list_gifts(ListGiftsRequest::default()).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::Unauthenticated, Some("UNAUTHENTICATED")), "{way:?}");
        assert_eq!(facts(&status)["token"], "missing");
        let status = fixture.gifts().list_gifts(bearing("a.b.c", ListGiftsRequest::default())).await.unwrap_err();
        assert_eq!((status.code(), facts(&status)["token"].as_str()), (Code::Unauthenticated, "malformed"), "{way:?}");
        let other = Fixture::start(way, MANY).await;
        let foreign = bearing(&other.token(Role::Admin), ListGiftsRequest::default());
        let status = fixture.gifts().list_gifts(foreign).await.unwrap_err();
        assert_eq!((status.code(), facts(&status)["token"].as_str()), (Code::Unauthenticated, "signature"), "{way:?}");
    }
}

#[tokio::test]
async fn role_book_and_user_are_checked() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let mut ledger = LedgerServiceClient::new(fixture.transport.clone());
        if way == Way::Socket {
            let status = ledger.get_account(fixture.signed(Role::Viewer, GetAccountRequest::default())).await.unwrap_err();
            assert_eq!((status.code(), reason(&status).as_deref()), (Code::PermissionDenied, Some("PERMISSION_DENIED")));
            assert_eq!(facts(&status)["rpc"], "largesse.ledger.v1.LedgerService/GetAccount");
        }
        let status = fixture.gifts().send_gift(fixture.signed(Role::Auditor, room("r"))).await.unwrap_err();
        assert_eq!((status.code(), facts(&status)["role"].as_str()), (Code::PermissionDenied, "auditor"), "{way:?}");
        let elsewhere = ListGiftsRequest { book: "other".into(), ..Default::default() };
        let status = fixture.gifts().list_gifts(fixture.signed(Role::Viewer, elsewhere)).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{way:?}");
        let mut for_another = room("r");
        for_another.user_id = "u2".into();
        let status = fixture.gifts().send_gift(fixture.signed(Role::Viewer, for_another.clone())).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{way:?}");
        let answer = fixture.gifts().send_gift(fixture.signed(Role::Service, for_another)).await.unwrap();
        assert_eq!(answer.into_inner().posting_id, "u2", "{way:?}");
        let derived = fixture.gifts().list_gifts(fixture.signed(Role::Viewer, ListGiftsRequest::default())).await.unwrap();
        assert_eq!(derived.into_inner().catalogue_version, "demo", "{way:?}");
    }
}

#[tokio::test]
async fn a_service_calls_as_itself_with_less_time_in_the_same_trace() {
    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let mut request = fixture.signed(Role::Viewer, room("r"));
        request.set_timeout(Duration::from_secs(40));
        request.metadata_mut().insert("traceparent", TRACE.parse().unwrap());
        request.metadata_mut().insert("tracestate", "vendor=1".parse().unwrap());
        request.metadata_mut().append("tracestate", "other=2".parse().unwrap());
        // In process the client's side takes its trace from its own context; a foreign client writes the header itself.
        rpc::trace::with_traceparent("test", Some(TRACE), fixture.gifts().send_gift(request)).await.unwrap();
        let seen = fixture.seen.lock().unwrap()[0].clone();
        assert_eq!((seen.subject.as_str(), seen.role), ("gift", Role::Service), "{way:?}");
        assert_eq!(seen.traceparent.as_deref(), Some(TRACE), "{way:?}");
        assert_eq!(seen.tracestate.as_deref(), Some("vendor=1,other=2"), "{way:?}");
        let given = seen.grpc_timeout.unwrap();
        let micros: u64 = given.strip_suffix('u').unwrap().parse().unwrap();
        assert!((30_000_000..39_996_000).contains(&micros), "{way:?}: {given}");
    }
}

#[tokio::test]
async fn the_default_deadline_reaches_the_next_hop() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await.unwrap();
        let given = fixture.seen.lock().unwrap()[0].grpc_timeout.clone().unwrap();
        let micros: u64 = given.strip_suffix('u').unwrap().parse().unwrap();
        assert!(micros < 10_000_000, "{way:?}: {given}");
    }
}

#[tokio::test]
async fn time_over_is_deadline_exceeded() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let mut request = fixture.signed(Role::Viewer, room("wait"));
        request.set_timeout(Duration::from_millis(500));
        let status = fixture.gifts().send_gift(request).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::DeadlineExceeded, Some("DEADLINE_EXCEEDED")), "{way:?}");
    }
}

#[tokio::test]
async fn a_full_house_says_so_at_once_and_empties() {
    for way in WAYS {
        let fixture = Fixture::start(way, 1).await;
        let waiting = tokio::spawn({
            let (mut gifts, request) = (fixture.gifts(), fixture.signed(Role::Viewer, room("wait")));
            async move { gifts.send_gift(request).await }
        });
        drop(fixture.arrived.acquire().await);
        let status = fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_deref()), (Code::Unavailable, Some("OVERLOADED")), "{way:?}");
        assert!(status.get_details_retry_info().unwrap().retry_delay.is_some(), "{way:?}");
        fixture.gate.add_permits(MANY);
        waiting.await.unwrap().unwrap();
        fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await.unwrap();
    }
}

#[tokio::test]
async fn a_panic_is_internal_and_tells_nothing() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let status = fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("panic"))).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{way:?}");
        assert!(!status.message().contains("secret"), "{way:?}");
        fixture.gifts().send_gift(fixture.signed(Role::Viewer, room("r"))).await.unwrap();
    }
}

#[tokio::test]
async fn a_streams_own_calls_belong_to_it() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let mut request = fixture.signed(Role::Viewer, futures::stream::pending());
        request.set_timeout(Duration::from_secs(3));
        let mut answers = fixture.gifts().send_gifts(request).await.unwrap().into_inner();
        answers.message().await.unwrap().unwrap();
        assert!(fixture.seen.lock().unwrap()[0].grpc_timeout.is_some(), "{way:?}");
        let status = answers.message().await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{way:?}: {status:?}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_unimplemented_with_or_without_a_token() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let mut client = tonic::client::Grpc::new(fixture.transport.clone());
        client.ready().await.unwrap();
        let codec = tonic_prost_codec();
        let path = http::uri::PathAndQuery::from_static("/largesse.gift.v1.GiftService/Steal");
        let answer = client.unary(Request::new(()), path, codec).await;
        let status = answer.map(|_: tonic::Response<()>| ()).unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{way:?}");
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_malformed_and_told_in_our_words() {
    for way in WAYS {
        let fixture = Fixture::start(way, MANY).await;
        let mut client = tonic::client::Grpc::new(fixture.transport.clone());
        client.ready().await.unwrap();
        // Its first field is a number where the contract has a text.
        let stranger = fixture.signed(Role::Viewer, prost_types::Duration { seconds: 1, nanos: 0 });
        let codec = tonic_prost::ProstCodec::<prost_types::Duration, api::gift::SendGiftResponse>::default();
        let path = http::uri::PathAndQuery::from_static("/largesse.gift.v1.GiftService/SendGift");
        let strange = client.unary(stranger, path, codec).await.map(|_| ()).unwrap_err();
        let huge = fixture.gifts().send_gift(fixture.signed(Role::Viewer, room(&"r".repeat(5 << 20)))).await.unwrap_err();
        // Over a socket the RPC's own limit applies, within the process the service's.
        let bytes_max = if way == Way::Socket { "65536" } else { "4194304" };
        assert_eq!(facts(&huge).get("bytes_max").map(String::as_str), Some(bytes_max), "{way:?}: {huge:?}");
        for status in [strange, huge] {
            assert_eq!((status.code(), reason(&status).as_deref()), (Code::InvalidArgument, Some("MALFORMED")), "{way:?}: {status:?}");
        }
    }
}

fn tonic_prost_codec() -> tonic_prost::ProstCodec<(), ()> {
    tonic_prost::ProstCodec::default()
}
