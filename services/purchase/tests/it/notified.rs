//! What the store reports on its own: real HTTP, any order, any number of times, anything.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use money::{BookName, UserKey};
use purchase::domain::event::EventState;
use sandbox::store::{StoreNotification, StorePurchase};
use serde_json::{Value, json};
use testbed::{Fault, crash_at};

use crate::dying::Dying;
use crate::fixture::{self, BOOK, Fixture, new_id, reason, seventy};
use crate::listening::Listening;

async fn both() -> [Fixture; 2] {
    [fixture::sqlite().await, fixture::postgres().await]
}

pub fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

/// A sale of 70 coins to a user, which only the store reports.
pub async fn sale(fixture: &Fixture, user: &str) -> StoreNotification {
    StoreNotification {
        transaction_id: sandbox::store::receipt::new_transaction_id(),
        ..StoreNotification::about("ONE_TIME_CHARGE", StorePurchase { app_account_token: Some(fixture.token_of(user).await), ..seventy() })
    }
}

/// Type, state and note of every event.
pub async fn kept(fixture: &Fixture) -> Vec<(String, EventState, String)> {
    let events = fixture.service.store().events(&BookName::try_new(BOOK).unwrap()).await.unwrap();
    events.into_iter().map(|(event, note)| (event.kind, event.state, note)).collect()
}

async fn states(fixture: &Fixture) -> Vec<EventState> {
    kept(fixture).await.into_iter().map(|(_, state, _)| state).collect()
}

#[tokio::test]
async fn a_sale_that_the_buyer_never_submits_is_credited_once() {
    for fixture in both().await {
        let http = Listening::start(&fixture).await;
        let said = StoreNotification { notification_uuid: "first".to_owned(), ..sale(&fixture, "ann").await };
        for _ in 0..3 {
            assert_eq!(http.say(&fixture, &said).await, 200, "also when it was delivered before");
        }
        // The same sale in another notification.
        assert_eq!(http.say(&fixture, &StoreNotification { notification_uuid: "second".to_owned(), ..said.clone() }).await, 200);
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
        assert_eq!(states(&fixture).await, [EventState::Kept; 2]);
        let receipt = fixture.store.sign(&said.purchase.claims(&said.transaction_id)).unwrap();
        assert!(fixture.redeem("ann", &new_id(), &receipt).await.unwrap().replayed, "the store was first");
        assert_eq!(reason(fixture.redeem("bob", &new_id(), &receipt).await), "RECEIPT_OTHER_ACCOUNT");
        assert_eq!(fixture.coins("ann").await, 70);
    }
}

#[tokio::test]
async fn a_notification_is_read_at_once_and_not_only_by_the_next_sweep() {
    let fixture = fixture::sqlite().await;
    let http = Listening::start(&fixture).await;
    assert_eq!(http.say(&fixture, &sale(&fixture, "ann").await).await, 200);
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    tokio::time::timeout(Duration::from_secs(120), async {
        while fixture.coins("ann").await != 70 {
            ticks.tick().await;
        }
    })
    .await
    .expect("sweeps are a day apart here");
}

#[tokio::test]
async fn a_sale_presented_by_calls_notifications_and_sweeps_at_once_is_credited_once() {
    for fixture in both().await {
        let fixture = Arc::new(fixture);
        let http = Arc::new(Listening::start(&fixture).await);
        let said = sale(&fixture, "ann").await;
        let receipt = fixture.store.sign(&said.purchase.claims(&said.transaction_id)).unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..24_u32 {
            let (fixture, http, said, receipt) = (fixture.clone(), http.clone(), said.clone(), receipt.clone());
            tasks.spawn(async move {
                match number % 3 {
                    0 => drop(fixture.redeem("ann", &new_id(), &receipt).await.unwrap()),
                    1 => {
                        // Some are repeated, some are others about the same sale.
                        let said = StoreNotification { notification_uuid: format!("n{}", number % 4), ..said };
                        assert_eq!(http.say(&fixture, &said).await, 200);
                    }
                    _ => drop(fixture.service.sweep(later()).await.unwrap()),
                }
            });
        }
        tasks.join_all().await;
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
        assert!(states(&fixture).await.iter().all(|state| *state == EventState::Kept));
    }
}

#[tokio::test]
async fn what_nothing_proves_is_refused_and_not_stored() {
    let fixture = fixture::sqlite().await;
    let http = Listening::start(&fixture).await;
    let said = sale(&fixture, "ann").await;
    let of_app = |bundle_id: &str| StoreNotification {
        purchase: StorePurchase { bundle_id: bundle_id.to_owned(), ..said.purchase.clone() },
        ..said.clone()
    };
    assert_eq!(http.say(&fixture, &StoreNotification { forged: true, ..said.clone() }).await, 401);
    assert_eq!(http.say(&fixture, &of_app("com.example.other")).await, 401, "no app of ours");
    assert_eq!(http.say(&fixture, &of_app("com.example.live")).await, 401, "the sandbox about an app of a LIVE book");
    let changed = |field: &str, value: Value| {
        let mut claims = said.claims(&fixture.store, "n", "1").unwrap();
        match field {
            "environment" | "bundleId" => claims["data"][field] = value,
            _ => claims[field] = value,
        }
        fixture.store.sign(&claims).unwrap()
    };
    for (field, value) in [
        ("environment", json!("Production")),
        ("environment", json!("Xcode")),
        ("environment", json!("LocalTesting")),
        ("environment", Value::Null),
        ("bundleId", json!("")),
        ("bundleId", Value::Null),
        ("notificationUUID", Value::Null),
        ("notificationUUID", json!("x".repeat(256))),
        ("notificationUUID", json!("a\u{0}b")),
        ("notificationType", Value::Null),
        ("notificationType", json!("")),
        ("data", Value::Null),
    ] {
        assert_eq!(http.payload(&changed(field, value.clone())).await, 401, "{field}: {value}");
    }
    let good = fixture.store.notification(&said).unwrap().signed_payload;
    let parts: Vec<&str> = good.split('.').collect();
    let other = fixture.store.notification(&sale(&fixture, "bob").await).unwrap().signed_payload;
    let mixed = format!("{}.{}.{}", parts[0], other.split('.').nth(1).unwrap(), parts[2]);
    for payload in ["", "a.b.c", &good[..good.len() - 10], &mixed, &said.transaction_id] {
        assert_eq!(http.payload(payload).await, 401);
    }
    assert!(kept(&fixture).await.is_empty());
    assert_eq!(fixture.service.sweep(later()).await.unwrap(), 0);
    assert_eq!(fixture.coins("ann").await, 0);
}

#[tokio::test]
async fn bodies_are_bounded_in_size_and_depth_and_stores_are_known() {
    let fixture = fixture::sqlite().await;
    let http = Listening::start(&fixture).await;
    let payload = fixture.store.notification(&sale(&fixture, "ann").await).unwrap().signed_payload;
    let nested = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    for (body, status) in [
        (String::new(), 400),
        ("{}".to_owned(), 400),
        ("[1]".to_owned(), 400),
        ("{\"signedPayload\": 1}".to_owned(), 400),
        (nested.clone(), 400),
        (format!("{{\"signedPayload\": {nested}}}"), 400),
        // What is not read is skipped, however deep.
        (format!("{{\"signedPayload\": \"a.b.c\", \"other\": {nested}}}"), 401),
        ("x".repeat(purchase::webhooks::BODY_BYTES_MAX + 1), 413),
        ("x".repeat(10 * 1024 * 1024), 413),
    ] {
        let bytes = body.len();
        assert_eq!(http.body("apple", body).await, status, "{bytes} bytes");
    }
    assert_eq!(http.body("corner-shop", json!({ "signedPayload": payload }).to_string()).await, 404);
    assert!(kept(&fixture).await.is_empty());
}

#[tokio::test]
async fn what_can_not_be_stored_is_not_answered_as_taken() {
    for fixture in both().await {
        let http = Listening::start(&fixture).await;
        let said = sale(&fixture, "ann").await;
        sqlx::query("ALTER TABLE store_event RENAME TO elsewhere").execute(&fixture.pool().await).await.unwrap();
        assert_eq!(http.say(&fixture, &said).await, 503);
        sqlx::query("ALTER TABLE elsewhere RENAME TO store_event").execute(&fixture.pool().await).await.unwrap();
        assert_eq!(http.say(&fixture, &said).await, 200, "the store sends it again");
        fixture.service.sweep(later()).await.unwrap();
        assert_eq!(fixture.coins("ann").await, 70);
    }
}

#[tokio::test]
async fn what_is_no_sale_is_kept_counted_and_posts_nothing() {
    for fixture in both().await {
        let http = Listening::start(&fixture).await;
        let said = sale(&fixture, "ann").await;
        // In any order: the sale comes last.
        for (kind, state) in [
            ("REFUND", EventState::Kept),
            ("REFUND_DECLINED", EventState::Noted),
            ("REFUND_REVERSED", EventState::Kept),
            ("CONSUMPTION_REQUEST", EventState::WaitsForRefunds),
            ("RESCIND_CONSENT", EventState::WaitsForStaff),
            ("EXTERNAL_PURCHASE_TOKEN", EventState::WaitsForStaff),
            ("TEST", EventState::Noted),
            ("REVOKE", EventState::Noted),
            ("DID_RENEW", EventState::Noted),
            ("COINS_FELL_FROM_THE_SKY", EventState::Unknown),
            ("ONE_TIME_CHARGE", EventState::Kept),
        ] {
            assert_eq!(http.say(&fixture, &StoreNotification { notification_type: kind.to_owned(), ..said.clone() }).await, 200, "{kind}");
            fixture.service.sweep(later()).await.unwrap();
            let last = kept(&fixture).await.into_iter().find(|(of, ..)| of == kind).unwrap();
            assert_eq!(last.1, state, "{kind}");
        }
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
        let open = fixture.service.store().unfinished().await.unwrap();
        let count = |state: &str| open.iter().find(|open| open.what == "store_event" && open.state == state).map(|open| open.count);
        assert_eq!(
            (count("waits_for_refunds"), count("waits_for_staff"), count("unknown"), count("new")),
            (Some(1), Some(2), Some(1), Some(0))
        );
    }
}

#[tokio::test]
async fn a_sale_without_a_buyer_waits_for_the_buyer_and_one_of_an_unlisted_product_for_the_list() {
    let fixture = fixture::sqlite().await;
    let http = Listening::start(&fixture).await;
    let unbound = StoreNotification { transaction_id: "41".to_owned(), ..StoreNotification::about("ONE_TIME_CHARGE", seventy()) };
    let mut strange = sale(&fixture, "ann").await;
    strange.purchase.product_id = "coins.us.app.1000000".to_owned();
    let mut foreign = sale(&fixture, "ann").await;
    foreign.purchase.app_account_token = Some(uuid::Uuid::new_v4().to_string());
    for said in [&unbound, &strange, &foreign] {
        assert_eq!(http.say(&fixture, said).await, 200);
        fixture.service.sweep(later()).await.unwrap();
    }
    let found = kept(&fixture).await;
    assert_eq!(states(&fixture).await, [EventState::Ownerless, EventState::New, EventState::Ownerless]);
    assert!(found[1].2.starts_with("PRODUCT_UNKNOWN: "), "{}", found[1].2);
    assert!(fixture.postings().await.is_empty());
    let receipt = fixture.store.sign(&unbound.purchase.claims("41")).unwrap();
    assert!(!fixture.redeem("bob", &new_id(), &receipt).await.unwrap().replayed);
    assert_eq!(fixture.coins("bob").await, 70);
}

#[tokio::test]
async fn what_a_store_said_about_an_erased_user_names_nobody() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let said = sale(&fixture, "ann").await;
        let token = said.purchase.app_account_token.clone().unwrap();
        for kind in ["REFUND", "ONE_TIME_CHARGE"] {
            assert_eq!(http.say(&fixture, &StoreNotification { notification_type: kind.to_owned(), ..said.clone() }).await, 200);
        }
        let (book, ann) = (BookName::try_new(BOOK).unwrap(), UserKey::try_new("ann").unwrap());
        let naming = async || {
            let events = fixture.service.store().events(&book).await.unwrap();
            events.iter().filter(|(event, _)| event.account_token == token || !event.payload.is_empty()).count()
        };
        assert_eq!(naming().await, 2);
        fixture.service.store().erase(&book, &ann).await.unwrap();
        assert_eq!(naming().await, 0);
        fixture.service.sweep(later()).await.unwrap();
        let mut found = states(&fixture).await;
        found.sort_by_key(|state| state.number());
        assert_eq!(found, [EventState::WaitsForStaff, EventState::Ownerless]);
        assert!(fixture.postings().await.is_empty());
    }
}

#[tokio::test]
async fn a_sale_is_credited_although_the_ledger_was_away_or_its_answer_was_lost() {
    for mut fixture in both().await {
        let http = Listening::start(&fixture).await;
        let mut coins = 0;
        for fault in [Fault::Down, Fault::AnswerLost] {
            // Before the fault: the token is asked for over the same ledger.
            let said = sale(&fixture, "ann").await;
            fixture.stop_background();
            fixture.ledger.fail(fault);
            assert_eq!(http.say(&fixture, &said).await, 200, "the book is known, and storing needs no ledger");
            fixture.service.sweep(later()).await.unwrap();
            fixture.restart().await;
            fixture.ledger.fail(Fault::None);
            fixture.service.sweep(later() + Duration::from_secs(7_200)).await.unwrap();
            coins += 70;
            assert_eq!(fixture.coins("ann").await, coins);
        }
        assert_eq!(fixture.postings().await.len(), 2);
    }
}

/// What a crash can leave: the notification's state, its purchase's state, and whether the ledger has the coins.
type LeftByCrash = (i64, Option<i64>, bool);

/// Before the first step of reading a sale, and after each of them: the purchase is kept, posted, marked as credited, and the notification ended.
const LEFT: [LeftByCrash; 5] = [(1, None, false), (1, Some(1), false), (1, Some(1), true), (1, Some(2), true), (2, Some(2), true)];

/// How many sweeps may pass a step without being cut off there.
const TRIES_MAX: usize = 200;

async fn left((fixture, pool): (&Fixture, &sqlx::AnyPool), said: &StoreNotification, coins_before: i64) -> LeftByCrash {
    let event = sqlx::query_scalar("SELECT state FROM store_event WHERE transaction_id = $1").bind(&said.transaction_id);
    let purchase = sqlx::query_scalar("SELECT state FROM purchase WHERE transaction_id = $1").bind(&said.transaction_id);
    let (event, purchase) = (event.fetch_one(pool).await.unwrap(), purchase.fetch_optional(pool).await.unwrap());
    (event, purchase, fixture.coins("ann").await > coins_before)
}

#[tokio::test]
async fn a_crash_between_any_two_steps_of_reading_credits_once() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (mut coins, mut polls, mut ended) = (0, 1, false);
        while !ended {
            let said = sale(&fixture, "ann").await;
            assert_eq!(http.say(&fixture, &said).await, 200);
            ended = Dying::after(polls, fixture.service.sweep(SystemTime::now())).await;
            // The buyer's own call may come in between.
            if polls % 3 == 0 {
                let receipt = fixture.store.sign(&said.purchase.claims(&said.transaction_id)).unwrap();
                fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
            }
            fixture.service.sweep(later()).await.unwrap();
            coins += 70;
            assert_eq!(fixture.coins("ann").await, coins, "dropped after {polls} polls");
            polls += 1;
        }
        let pool = fixture.pool().await;
        // Dropped with exactly this done; in half of them the buyer's own call is next. Where a database answers at once, a step may not have waited.
        for (is_redeemed, wanted) in [false, true].into_iter().flat_map(|is_redeemed| LEFT.map(|wanted| (is_redeemed, wanted))) {
            let mut is_left = false;
            for tries in 0.. {
                if is_left {
                    break;
                }
                assert!(tries < TRIES_MAX, "a sweep never left {wanted:?}");
                let said = sale(&fixture, "ann").await;
                assert_eq!(http.say(&fixture, &said).await, 200);
                let sweep = fixture.service.sweep(SystemTime::now());
                is_left = crash_at(sweep, async || left((&fixture, &pool), &said, coins).await == wanted).await.is_none();
                if is_redeemed {
                    let receipt = fixture.store.sign(&said.purchase.claims(&said.transaction_id)).unwrap();
                    fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
                }
                fixture.service.sweep(later()).await.unwrap();
                coins += 70;
                assert_eq!(fixture.coins("ann").await, coins, "dropped with {wanted:?}");
            }
        }
        assert_eq!(fixture.postings().await.len(), usize::try_from(coins / 70).unwrap());
        assert!(states(&fixture).await.iter().all(|state| *state == EventState::Kept));
    }
}
