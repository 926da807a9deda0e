//! SendGifts: every item on its own.
use crate::fixture::{BOOK, Fixture, rose, tap};
use api::gift::{SendGiftRequest, SendGiftsRequest, send_gifts_response::Outcome};
use futures::StreamExt;
use gift::Config;
use identity::Role;
use std::{collections::HashMap, time::Duration};
use tokio::time::timeout;

pub async fn stream(fixture: &Fixture, user: &str, gifts: Vec<SendGiftRequest>) -> HashMap<String, Outcome> {
    let items = futures::stream::iter(gifts.into_iter().map(|gift| SendGiftsRequest { gift: Some(gift) }));
    let answers = fixture.gifts().send_gifts(fixture.by(user, Role::Viewer, items)).await.unwrap().into_inner();
    let answers: Vec<_> = answers.collect().await;
    answers.into_iter().map(|answer| answer.unwrap()).map(|answer| (answer.request_id, answer.outcome.unwrap())).collect()
}

#[tokio::test]
async fn one_refusal_does_not_end_the_stream() {
    for batch_streams in [true, false] {
        let fixture = Fixture::start(Config { batch_streams, stream_in_flight_max: 3, ..Config::default() }).await;
        fixture.fund("ann", 500).await;
        let mut gifts: Vec<SendGiftRequest> = (0..200).map(|_| rose()).collect();
        let dear = SendGiftRequest { quantity: 1_000, ..rose() };
        let malformed = SendGiftRequest { room_id: String::new(), ..rose() };
        gifts.insert(50, dear.clone());
        gifts.insert(100, malformed.clone());
        let answers = stream(&fixture, "ann", gifts).await;
        assert_eq!(answers.len(), 202);
        for (refused, code, reason) in [(&dear, 9, "INSUFFICIENT_FUNDS"), (&malformed, 3, "MALFORMED")] {
            let Outcome::Refused(status) = &answers[&refused.request_id] else { panic!("accepted") };
            assert_eq!(status.code, code);
            assert!(status.message.starts_with(reason), "{}", status.message);
            assert!(status.details.iter().any(|detail| detail.type_url.ends_with("google.rpc.ErrorInfo")));
        }
        assert_eq!(answers.values().filter(|answer| matches!(answer, Outcome::Accepted(_))).count(), 200);
        assert_eq!(fixture.balance("viewer/ann/coins").await, 300);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn taps_that_overtake_one_another_are_charged_once() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 500).await;
    let gifts = (0..100).map(|step| tap("g", 1 + step * 37 % 100, false)).collect();
    let answers = stream(&fixture, "ann", gifts).await;
    let cost = answers.values().map(|answer| match answer {
        Outcome::Accepted(accepted) => accepted.cost_coins,
        Outcome::Refused(status) => panic!("{}", status.message),
    });
    assert_eq!(cost.sum::<i64>(), 100);
    assert_eq!(fixture.balance("viewer/ann/coins").await, 400);
    fixture.verify().await;
}

#[tokio::test]
async fn an_item_without_a_gift_is_malformed() {
    let fixture = Fixture::start(Config::default()).await;
    let items = futures::stream::iter([SendGiftsRequest { gift: None }]);
    let mut answers = fixture.gifts().send_gifts(fixture.by("ann", Role::Viewer, items)).await.unwrap().into_inner();
    let answer = answers.next().await.unwrap().unwrap();
    assert!(matches!(answer.outcome, Some(Outcome::Refused(status)) if status.code == 3));
    assert!(answers.next().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_with_its_token_and_says_so() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 500).await;
    let one = rose();
    let items = futures::stream::iter([SendGiftsRequest { gift: Some(one.clone()) }]).chain(futures::stream::pending());
    let request = fixture.bed.for_a_while("ann", Role::Viewer, (&[BOOK], Duration::from_secs(5)), items);
    let answers = fixture.gifts().send_gifts(request).await.unwrap().into_inner();
    let answers: Vec<_> = timeout(Duration::from_secs(120), answers.collect()).await.expect("it ends by itself");
    let [answered, ended] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!(answered.as_ref().unwrap().request_id, one.request_id);
    let status = ended.as_ref().unwrap_err();
    assert_eq!((status.code(), rpc::facts(status)["token"].as_str()), (tonic::Code::Unauthenticated, "expired"));
    // A stream that its caller ends has no final error.
    let answers = stream(&fixture, "ann", vec![rose()]).await;
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn a_stream_that_is_old_ends_and_says_that_the_rest_was_not_read() {
    let fixture = Fixture::start(Config { stream_age_max: Duration::from_millis(300), ..Config::default() }).await;
    fixture.fund("ann", 500).await;
    let one = rose();
    let items = futures::stream::iter([SendGiftsRequest { gift: Some(one.clone()) }]).chain(futures::stream::pending());
    let answers = fixture.gifts().send_gifts(fixture.by("ann", Role::Viewer, items)).await.unwrap().into_inner();
    let answers: Vec<_> = timeout(Duration::from_secs(120), answers.collect()).await.expect("it ends by itself");
    let status = answers.last().unwrap().as_ref().unwrap_err();
    assert_eq!((status.code(), rpc::reason(status).as_deref()), (tonic::Code::Unavailable, Some("STREAM_ENDED")));
    assert_eq!(rpc::facts(status)["because"], "age");
    // The caller does what the error says: the same id on a new stream, and it is charged once.
    assert_eq!(stream(&fixture, "ann", vec![one]).await.len(), 1);
    assert_eq!(fixture.balance("viewer/ann/coins").await, 499);
}
