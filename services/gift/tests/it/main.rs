//! Gifts over the real ledger.
#![allow(clippy::unwrap_used)]

mod fixture;
mod live;
mod markers;
mod reasons;
mod role;
mod served;
mod streaks;
mod streams;

use api::gift::{ListGiftsRequest, SendGiftRequest};
use fixture::{Fixture, ROSE, rose, tap};
use gift::{Config, catalogue::Gift, domain::Offer};
use identity::Role;
use money::Coins;
use tonic::{Code, Status};
use uuid::Uuid;

/// Changes the price of the rose.
async fn reprice(fixture: &Fixture, coins: i64) {
    let mut next = (*fixture.gift.shelf().current()).clone();
    let offer = Offer { cost: Coins::try_new(coins).unwrap(), streakable: true };
    next.put(Gift { id: ROSE, name: "Rose".to_owned(), offer, withdrawn: false });
    fixture.gift.replace_catalogue(next).await.unwrap();
}

async fn withdraw(fixture: &Fixture) {
    let mut next = (*fixture.gift.shelf().current()).clone();
    assert!(next.withdraw(ROSE));
    fixture.gift.replace_catalogue(next).await.unwrap();
}

#[tokio::test]
async fn a_gift_moves_coins_and_diamonds_batched_or_alone() {
    for batch_unary in [true, false] {
        let fixture = Fixture::start(Config { batch_unary, ..Config::default() }).await;
        fixture.fund("ann", 100).await;
        let got = fixture.send("ann", SendGiftRequest { quantity: 30, ..rose() }).await.unwrap();
        assert_eq!((got.cost_coins, got.diamonds, got.coin_balance, got.replayed), (30, 30, Some(70), false));
        assert_eq!((fixture.balance("viewer/ann/coins").await, fixture.balance("creator/bob/diamonds").await), (70, 30));
        let next = fixture.send("ann", rose()).await.unwrap();
        assert!(next.balance_seq > got.balance_seq);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn half_the_rate_gives_half_the_diamonds_rounded_down() {
    let fixture = Fixture::start(Config { diamonds_per_coin_bps: 5_000, ..Config::default() }).await;
    fixture.fund("ann", 100).await;
    let got = fixture.send("ann", SendGiftRequest { quantity: 5, ..rose() }).await.unwrap();
    assert_eq!((got.cost_coins, got.diamonds), (5, 2));
    let got = fixture.send("ann", rose()).await.unwrap();
    assert_eq!((got.cost_coins, got.diamonds), (1, 0));
    fixture.verify().await;
}

#[tokio::test]
async fn a_retry_keeps_its_first_answer_after_a_new_price_and_after_withdrawal() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 100).await;
    let request = rose();
    let first = fixture.send("ann", request.clone()).await.unwrap();
    let replayed = api::gift::SendGiftResponse { replayed: true, ..first.clone() };
    reprice(&fixture, 50).await;
    assert_eq!(fixture.send("ann", request.clone()).await.unwrap(), replayed);
    assert_eq!(fixture.send("ann", rose()).await.unwrap().cost_coins, 50);
    withdraw(&fixture).await;
    assert_eq!(fixture.send("ann", request.clone()).await.unwrap(), replayed);
    assert_eq!(fixture.no("ann", rose()).await, "GIFT_UNKNOWN");
    assert_eq!(fixture.balance("viewer/ann/coins").await, 49);
    fixture.verify().await;
}

#[tokio::test]
async fn a_refusal_stays_the_answer() {
    let fixture = Fixture::start(Config::default()).await;
    let (poor, gone) = (rose(), SendGiftRequest { gift_id: 1, ..rose() });
    let status = fixture.send("ann", poor.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().starts_with("INSUFFICIENT_FUNDS: 1 coin needed, 0 available"), "{}", status.message());
    assert_eq!(fixture.no("ann", gone.clone()).await, "GIFT_UNKNOWN");
    fixture.fund("ann", 100).await;
    let mut next = (*fixture.gift.shelf().current()).clone();
    let offer = Offer { cost: Coins::try_new(1).unwrap(), streakable: false };
    next.put(Gift { id: 1, name: "New".to_owned(), offer, withdrawn: false });
    fixture.gift.replace_catalogue(next).await.unwrap();
    assert_eq!(fixture.no("ann", poor).await, "INSUFFICIENT_FUNDS");
    assert_eq!(fixture.no("ann", gone).await, "GIFT_UNKNOWN");
    assert_eq!(fixture.send("ann", SendGiftRequest { gift_id: 1, ..rose() }).await.unwrap().cost_coins, 1);
    assert_eq!(fixture.no("ann", SendGiftRequest { gift_id: 1, ..tap("g", 1, false) }).await, "GIFT_NOT_STREAKABLE");
    assert_eq!(fixture.balance("viewer/ann/coins").await, 99);
    fixture.verify().await;
}

#[tokio::test]
async fn another_user_with_the_same_id_is_charged_for_itself() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 100).await;
    fixture.fund("cid", 10).await;
    let request = rose();
    let ann = fixture.send("ann", request.clone()).await.unwrap();
    let cid = fixture.send("cid", SendGiftRequest { creator_id: "dan".to_owned(), ..request }).await.unwrap();
    assert_eq!((cid.replayed, cid.coin_balance), (false, Some(9)));
    assert_ne!(ann.posting_id, cid.posting_id);
    fixture.verify().await;
}

#[tokio::test]
async fn the_same_id_with_other_fields_is_refused_and_named() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 100).await;
    let request = rose();
    fixture.send("ann", request.clone()).await.unwrap();
    let other = SendGiftRequest { creator_id: "dan".to_owned(), quantity: 2, ..request };
    let status = fixture.send("ann", other).await.unwrap_err();
    assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::InvalidArgument, Some("REQUEST_ID_REUSED")));
    let differing = &rpc::facts(&status)["differing"];
    assert!(differing.contains("creator_id") && differing.contains("quantity") && !differing.contains("room_id"), "{differing}");
    fixture.verify().await;
}

#[tokio::test]
async fn a_service_sends_for_a_named_user_and_a_viewer_does_not() {
    let fixture = Fixture::start(Config::default()).await;
    fixture.fund("ann", 100).await;
    let request = SendGiftRequest { user_id: "ann".to_owned(), ..rose() };
    let got = fixture.gifts().send_gift(fixture.by("relay", Role::Service, request.clone())).await.unwrap().into_inner();
    assert_eq!(got.coin_balance, Some(99));
    assert_eq!(fixture.send("cid", request).await.unwrap_err().code(), Code::PermissionDenied);
    fixture.verify().await;
}

#[tokio::test]
async fn what_is_malformed_reaches_no_ledger() {
    let fixture = Fixture::start(Config::default()).await;
    for bad in [
        SendGiftRequest { request_id: "x".to_owned(), ..rose() },
        SendGiftRequest { creator_id: "ann".to_owned(), ..rose() },
        SendGiftRequest { quantity: -1, ..rose() },
        tap("", 1, false),
        tap("g", 0, false),
    ] {
        assert_eq!(fixture.no("ann", bad).await, "MALFORMED");
    }
    fixture.verify().await;
}

#[tokio::test]
async fn the_list_shows_what_is_on_sale() {
    let fixture = Fixture::start(Config::default()).await;
    withdraw(&fixture).await;
    let list = fixture.gifts().list_gifts(fixture.by("ann", Role::Viewer, ListGiftsRequest::default())).await.unwrap().into_inner();
    assert!(list.gifts.iter().all(|gift| gift.gift_id != ROSE) && list.gifts.len() > 160);
    assert!(!list.catalogue_version.is_empty());
}

#[tokio::test]
async fn the_list_has_pages_that_together_are_the_whole_list() {
    let fixture = Fixture::start(Config::default()).await;
    let ask = async |page_size, page_token: &str| {
        let request = ListGiftsRequest { page_size, page_token: page_token.to_owned(), ..Default::default() };
        fixture.gifts().list_gifts(fixture.by("ann", Role::Viewer, request)).await.map(tonic::Response::into_inner)
    };
    let whole = ask(0, "").await.unwrap();
    assert_eq!(whole.next_page_token, "", "without a size it is the whole list");
    assert_eq!(ask(i32::MAX, "").await.unwrap(), whole);
    let (mut gifts, mut token) = (Vec::new(), String::new());
    loop {
        let page = ask(100, &token).await.unwrap();
        assert!(!page.gifts.is_empty() && page.gifts.len() <= 100);
        gifts.extend(page.gifts);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(gifts, whole.gifts);
    assert_eq!(ask(whole.gifts.len().try_into().unwrap(), "").await.unwrap().next_page_token, "", "an exact page is the last one");
    let token = ask(1, "").await.unwrap().next_page_token;
    let reason = |answer: Result<_, Status>| rpc::reason(&answer.map(|_: api::gift::ListGiftsResponse| ()).unwrap_err()).unwrap();
    assert_eq!(reason(ask(-1, "").await), "MALFORMED");
    for forged in ["x", "AAAA", &token[1..], &format!("{token}AA"), &token.repeat(50)] {
        assert_eq!(reason(ask(1, forged).await), "PAGE_TOKEN", "{forged}");
    }
}

#[tokio::test]
async fn many_at_once_are_each_charged_once() {
    let fixture = Fixture::start(Config { batch_items_max: 7, ..Config::default() }).await;
    fixture.fund("ann", 150).await;
    let requests: Vec<SendGiftRequest> = (0..200).map(|_| rose()).collect();
    // Every request twice: the second is a retry that overtakes or follows the first.
    let calls = requests.iter().chain(&requests).map(|request| fixture.send("ann", request.clone()));
    let answers = futures::future::join_all(calls).await;
    let (first, second) = answers.split_at(200);
    for (one, two) in first.iter().zip(second) {
        match (one, two) {
            (Ok(one), Ok(two)) => assert_eq!((&one.posting_id, one.coin_balance), (&two.posting_id, two.coin_balance)),
            (Err(one), Err(two)) => assert_eq!(one.message(), two.message()),
            _ => panic!("one id, two answers"),
        }
    }
    assert_eq!(first.iter().filter(|answer| answer.is_ok()).count(), 150);
    assert_eq!((fixture.balance("viewer/ann/coins").await, fixture.balance("creator/bob/diamonds").await), (0, 150));
    fixture.verify().await;
}

#[tokio::test]
async fn an_unknown_book_is_said_to_be_unknown() {
    let fixture = Fixture::start(Config::default()).await;
    let request = SendGiftRequest { request_id: Uuid::now_v7().to_string(), book: "nowhere".to_owned(), ..rose() };
    let status = fixture.send("ann", request).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "the token doesn't cover it");
}
