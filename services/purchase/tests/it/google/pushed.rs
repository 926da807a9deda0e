//! Real-time developer notifications: only Pub/Sub's, in any order, any number of times.

use purchase::domain::event::EventState;
use sandbox::google::{PlayPush, PlaySale, PlaySubscription};
use serde_json::json;

use super::*;

/// Kind, subtype and state of every event.
async fn kept(fixture: &Fixture) -> Vec<(String, String, EventState)> {
    let events = fixture.service.store().events(&book()).await.unwrap();
    events.into_iter().map(|(event, _)| (event.kind, event.subtype, event.state)).collect()
}

#[tokio::test]
async fn a_sale_that_the_app_never_submits_is_credited_and_consumed() {
    for fixture in both().await {
        let http = listening(&fixture).await;
        let pending = sold(&fixture, PlaySale { pending: true, ..seventy_of(&fixture, "ann").await }).await;
        let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!((fixture.coins("ann").await, is_consumed(&fixture, &bought).await), (70, true));
        play(&fixture).pay(&pending.purchase_token).await.unwrap();
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (140, 2));
        assert!(fixture.redeem_google("ann", &new_id(), &pending).await.unwrap().replayed, "the store was first");
        assert!(kept(&fixture).await.iter().all(|(.., state)| *state == EventState::Kept));
        drop(http);
    }
}

#[tokio::test]
async fn disorder_and_repetition_are_harmless() {
    for fixture in both().await {
        let http = Listening::start(&fixture).await;
        play(&fixture).subscribe(PlaySubscription { url: http.of("google"), held: true, copies: 3, ..PlaySubscription::default() });
        let sale = seventy_of(&fixture, "ann").await;
        let paid = sold(&fixture, PlaySale { pending: true, ..sale.clone() }).await;
        let given_up = sold(&fixture, PlaySale { pending: true, ..sale.clone() }).await;
        play(&fixture).pay(&paid.purchase_token).await.unwrap();
        play(&fixture).cancel(&given_up.purchase_token).await.unwrap();
        let refunded = sold(&fixture, PlaySale { quantity: 2, ..sale }).await;
        play(&fixture).refund(&refunded.purchase_token, Some(1)).await.unwrap();
        let delivered = play(&fixture).deliver(true).await.unwrap();
        assert!(delivered.iter().all(|push| push.answers == [200; 3]), "{delivered:?}");
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (140, 3));
        let mut found = kept(&fixture).await;
        found.sort_by_key(|(kind, subtype, state)| (kind.clone(), subtype.clone(), state.number()));
        let product = |subtype: &str, state| ("oneTimeProductNotification".to_owned(), subtype.to_owned(), state);
        let voided = ("voidedPurchaseNotification".to_owned(), "2".to_owned(), EventState::Kept);
        assert_eq!(found, [product("1", EventState::Kept), product("1", EventState::Kept), product("2", EventState::Noted), voided]);
    }
}

#[tokio::test]
async fn what_pub_sub_did_not_push_for_us_is_refused_and_not_stored() {
    let fixture = sqlite().await;
    let http = listening(&fixture).await;
    let push = PlayPush::about(BUNDLE, "testNotification", json!({"version": "1.0"}));
    let to = |change: fn(&mut PlayPush)| {
        let mut push = push.clone();
        change(&mut push);
        push
    };
    for (change, status) in [
        ((|push| push.forged = true) as fn(&mut PlayPush), 401),
        (|push| push.expired = true, 401),
        (|push| push.audience = "https://example.com/elsewhere".to_owned(), 401),
        (|push| push.email = "stranger@example.com".to_owned(), 401),
        (|push| push.email_verified = false, 401),
        (|push| push.issuer = "https://accounts.example.com".to_owned(), 401),
        (|push| push.notification["packageName"] = json!("com.example.nobodys"), 401),
        (|push| push.notification = json!("text"), 400),
        (|push| push.notification = json!({"packageName": BUNDLE, "oneTimeProductNotification": {"notificationType": 1}}), 401),
        // The issuer's other spelling.
        (|push| push.issuer = "accounts.google.com".to_owned(), 200),
        (|_| {}, 200),
    ] {
        assert_eq!(play(&fixture).push(&to(change)).await.unwrap().answers, [status], "{:?}", to(change));
    }
    assert_eq!(http.body("google", play(&fixture).signed(&push).unwrap().body).await, 401, "without a token");
    assert_eq!(http.body("google", "{}".to_owned()).await, 400);
    assert_eq!(http.body("google", "x".repeat(10 << 20)).await, 413);
    assert_eq!(kept(&fixture).await.len(), 2);
    assert!(kept(&fixture).await.iter().all(|(.., state)| *state == EventState::Noted));
}

#[tokio::test]
async fn kinds_that_nobody_knew_are_kept_and_a_sale_of_nobody_waits_for_its_buyer() {
    let fixture = sqlite().await;
    let _http = listening(&fixture).await;
    let product = |of_type: i32| json!({"version": "1.0", "notificationType": of_type, "purchaseToken": "t", "sku": "coins"});
    for (field, content, state) in [
        ("coinsFellFromTheSkyNotification", json!({}), EventState::Unknown),
        ("oneTimeProductNotification", product(9), EventState::Unknown),
        ("subscriptionNotification", json!({"notificationType": 4}), EventState::Noted),
        ("pendingRefundReviewNotification", json!({"orderId": "GPA.1", "refundReason": 7}), EventState::WaitsForRefunds),
        // Google is asked, and knows nothing of it.
        ("oneTimeProductNotification", product(1), EventState::Refused),
    ] {
        assert_eq!(play(&fixture).push(&PlayPush::about(BUNDLE, field, content)).await.unwrap().answers, [200], "{field}");
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!(kept(&fixture).await.last().unwrap().2, state, "{field}");
    }
    let unbound = sold(&fixture, seventy()).await;
    fixture.service.sweep(later()).await.unwrap();
    assert_eq!(kept(&fixture).await.last().unwrap().2, EventState::Ownerless);
    assert!(!fixture.redeem_google("bob", &new_id(), &unbound).await.unwrap().replayed);
}

#[tokio::test]
async fn a_notification_waits_while_its_store_can_not_be_asked_and_is_not_taken_without_a_table() {
    for fixture in both().await {
        fixture.stop_background();
        let _http = listening(&fixture).await;
        sqlx::query("ALTER TABLE store_event RENAME TO elsewhere").execute(&fixture.pool().await).await.unwrap();
        let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
        sqlx::query("ALTER TABLE elsewhere RENAME TO store_event").execute(&fixture.pool().await).await.unwrap();
        assert!(kept(&fixture).await.is_empty());
        assert_eq!(play(&fixture).deliver(false).await.unwrap()[0].answers, [200], "the store sends it again");
        play(&fixture).fail(PlayFault { status: 503, times: 100, ..PlayFault::default() });
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        assert_eq!(kept(&fixture).await[0].2, EventState::New);
        play(&fixture).fail(PlayFault::default());
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!((fixture.coins("ann").await, is_consumed(&fixture, &bought).await), (70, true));
    }
}
