//! What the App Store's notifications lost is found in what it lists: once, in any order, from where reading ended, and nothing that is not the store's.

use std::sync::{Arc, Mutex};

use axum::{Router, body::Body, http::StatusCode, response::Response, routing::any};
use purchase::domain::event::EventState;
use sandbox::store::{ServerFault, StoreNotification};
use serde_json::{Value, json};
use testbed::{Storage, crash_at};

use crate::dying::Dying;
use crate::fixture::{self, Fixture, seventy};
use crate::listening::Listening;
use crate::lots::{catch_up, ties};
use crate::notified::{kept, sale};
use crate::refunds::{about, bought, hours, settle};

async fn both() -> [Fixture; 2] {
    [fixture::with_apple(Storage::sqlite()).await, fixture::with_apple(Storage::postgres()).await]
}

/// The store says it, and nobody hears it.
fn lose(fixture: &Fixture, said: &StoreNotification) -> StoreNotification {
    let signed = fixture.store.notification(said).unwrap();
    StoreNotification { notification_uuid: signed.notification_uuid, ..said.clone() }
}

async fn of_kind(fixture: &Fixture, kind: &str) -> Vec<EventState> {
    kept(fixture).await.into_iter().filter(|(of, ..)| of == kind).map(|(_, state, _)| state).collect()
}

#[tokio::test]
async fn a_sale_a_refund_and_one_taken_back_that_were_lost_are_found_once() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let charge = lose(&fixture, &sale(&fixture, "ann").await);
        let (refunded, _) = bought(&fixture, "bob").await;
        let refund = lose(&fixture, &about(&refunded, "REFUND", 0));
        let (reversed, _) = bought(&fixture, "cat").await;
        assert_eq!(http.say(&fixture, &about(&reversed, "REFUND", 0)).await, 200);
        settle(&fixture).await;
        let reversal = lose(&fixture, &about(&reversed, "REFUND_REVERSED", 0));
        for hour in [10, 12, 14] {
            fixture.service.sweep(hours(hour)).await.unwrap();
            catch_up(&fixture).await;
        }
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await, fixture.coins("cat").await), (70, 0, 70));
        // They come after all, and are the same.
        for late in [&charge, &refund, &reversal] {
            assert_eq!(http.say(&fixture, late).await, 200);
        }
        settle(&fixture).await;
        assert_eq!((fixture.coins("ann").await, fixture.coins("bob").await, fixture.coins("cat").await), (70, 0, 70));
        ties(&fixture, &["ann", "bob", "cat"]).await;
        for (kind, count) in [("ONE_TIME_CHARGE", 1), ("REFUND", 2), ("REFUND_REVERSED", 1)] {
            assert_eq!(of_kind(&fixture, kind).await, vec![EventState::Kept; count], "{kind}");
        }
    }
}

#[tokio::test]
async fn refunds_that_the_history_lacks_are_found_by_their_buyers_and_count_once() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let mut refunds = Vec::new();
        for _ in 0..3 {
            let (said, _) = bought(&fixture, "ann").await;
            refunds.push(lose(&fixture, &about(&said, "REFUND", 50_000)));
        }
        let (heard, _) = bought(&fixture, "ann").await;
        assert_eq!(http.say(&fixture, &about(&heard, "REFUND", 0)).await, 200);
        // One that nobody here bought.
        let strangers = StoreNotification { purchase: heard.purchase.clone(), ..StoreNotification::about("REFUND", seventy()) };
        lose(&fixture, &strangers);
        fixture.store.forget_history();
        for hour in [0, 2, 4, 6] {
            fixture.service.sweep(hours(hour)).await.unwrap();
            catch_up(&fixture).await;
        }
        assert_eq!((fixture.coins("ann").await, of_kind(&fixture, "REFUND").await.len()), (3 * 35, 4));
        for late in &refunds {
            assert_eq!(http.say(&fixture, late).await, 200);
        }
        settle(&fixture).await;
        assert_eq!(fixture.coins("ann").await, 3 * 35, "a late notification says the same");
        ties(&fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn a_store_that_can_not_be_asked_is_asked_again_when_it_wants() {
    let fixture = fixture::with_apple(Storage::sqlite()).await;
    fixture.stop_background();
    lose(&fixture, &sale(&fixture, "ann").await);
    for (fault, minutes) in [
        (ServerFault { status: 503, times: 10, ..ServerFault::default() }, 0),
        (ServerFault { cut: true, times: 10, ..ServerFault::default() }, 2),
        (
            ServerFault {
                status: 429,
                error_code: 4_290_000,
                times: 10,
                retry_after_ms: money::time::unix_ms(hours(3)),
                ..Default::default()
            },
            4,
        ),
    ] {
        fixture.store.fail(fault);
        fixture.service.sweep(hours(2) + std::time::Duration::from_secs(60 * minutes)).await.unwrap();
        assert!(kept(&fixture).await.is_empty());
    }
    fixture.store.fail(ServerFault::default());
    fixture.service.sweep(hours(2) + std::time::Duration::from_secs(600)).await.unwrap();
    assert!(kept(&fixture).await.is_empty(), "not before it wants");
    for hour in [4, 6] {
        fixture.service.sweep(hours(hour)).await.unwrap();
    }
    assert_eq!(fixture.coins("ann").await, 70);
}

/// How many looks may end without having been cut off between two pages.
const TRIES_MAX: usize = 200;

/// Five sales that are lost, and a process whose next look is due, also where one was made as it started.
async fn five_lost(fixture: &mut Fixture) {
    // What was found before need not be read each time.
    fixture.store.forget_history();
    for _ in 0..5 {
        lose(fixture, &sale(fixture, "ann").await);
    }
    restarted(fixture).await;
}

async fn restarted(fixture: &mut Fixture) {
    fixture.restart().await;
    fixture.stop_background();
}

#[tokio::test]
async fn a_crash_at_any_moment_loses_nothing_and_reading_goes_on_where_it_was() {
    for mut fixture in both().await {
        fixture.reconfigure(|config| config.apple.refund_lookups_max = 2).await;
        fixture.stop_background();
        let pool = fixture.pool().await;
        let is_between_pages = async || {
            let token = sqlx::query_scalar("SELECT page_token FROM store_sweep WHERE list = 'notifications' AND page_token <> ''");
            let token: Option<String> = token.fetch_optional(&pool).await.unwrap();
            token.is_some()
        };
        let (mut polls, mut ended, mut coins) = (1, false, 0);
        while !ended {
            five_lost(&mut fixture).await;
            ended = Dying::after(polls, fixture.service.sweep(hours(2))).await;
            restarted(&mut fixture).await;
            for hour in [2, 4, 6] {
                fixture.service.sweep(hours(hour)).await.unwrap();
            }
            coins += 5 * 70;
            assert_eq!(fixture.coins("ann").await, coins, "dropped after {polls} polls");
            polls += 1 + polls / 3;
        }
        let mut was_between_pages = false;
        for _ in 0..TRIES_MAX {
            five_lost(&mut fixture).await;
            was_between_pages = crash_at(fixture.service.sweep(hours(2)), is_between_pages).await.is_none();
            restarted(&mut fixture).await;
            for hour in [2, 4, 6] {
                fixture.service.sweep(hours(hour)).await.unwrap();
            }
            coins += 5 * 70;
            assert_eq!(fixture.coins("ann").await, coins);
            if was_between_pages {
                break;
            }
        }
        assert!(was_between_pages && !is_between_pages().await, "no crash was between two pages, or the reading did not go on");
        assert_eq!(i64::try_from(fixture.postings().await.len()).unwrap() * 70, coins);
    }
}

#[tokio::test]
async fn two_processes_that_read_the_same_list_keep_it_once() {
    for fixture in both().await {
        fixture.stop_background();
        for _ in 0..5 {
            lose(&fixture, &sale(&fixture, "ann").await);
        }
        let fixture = Arc::new(fixture);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let fixture = fixture.clone();
            tasks.spawn(async move { fixture.service.sweep(hours(2)).await.unwrap() });
        }
        tasks.join_all().await;
        for hour in [4, 6] {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (5 * 70, 5));
    }
}

/// A store that answers every request with this.
async fn liar(answer: Arc<Mutex<(u16, String)>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answers = any(async move || {
        let (status, body) = answer.lock().unwrap().clone();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    });
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback_service(answers)).await.unwrap() });
    url
}

#[tokio::test]
async fn what_is_listed_and_not_the_stores_word_about_this_app_is_not_kept() {
    let mut fixture = fixture::with_apple(Storage::sqlite()).await;
    fixture.stop_background();
    let said = sale(&fixture, "ann").await;
    let signed = |said: &StoreNotification| fixture.store.notification(said).unwrap().signed_payload;
    let good = signed(&said);
    let forged = signed(&StoreNotification { forged: true, ..said.clone() });
    let mut of_another = said.clone();
    of_another.purchase.bundle_id = "com.example.japan".to_owned();
    let of_another = signed(&of_another);
    let receipt = fixture.store.sign(&said.purchase.claims(&said.transaction_id)).unwrap();
    let listed = |payloads: &[&str], more: bool| {
        let entries: Vec<Value> = payloads.iter().map(|payload| json!({"signedPayload": payload, "sendAttempts": []})).collect();
        json!({"notificationHistory": entries, "hasMore": more}).to_string()
    };
    let bodies = [
        (200, listed(&[&forged, &of_another, &receipt, "a.b.c", "", &"x".repeat(100_000)], false)),
        (200, listed(&[], true)),
        (200, "x".repeat(10 << 20)),
        (200, format!("{{\"notificationHistory\": {}1{}}}", "[".repeat(20_000), "]".repeat(20_000))),
        (200, "{}".to_owned()),
        (200, "<html>It works!</html>".to_owned()),
        (204, String::new()),
        (301, listed(&[&good], false)),
        (401, listed(&[&good], false)),
        (500, listed(&[&good], false)),
    ];
    let answer = Arc::new(Mutex::new((500, String::new())));
    let url = liar(answer.clone()).await;
    for (status, body) in bodies {
        let shown: String = body.chars().take(60).collect();
        *answer.lock().unwrap() = (status, body);
        fixture.reconfigure(|config| config.sandbox_apple.as_mut().unwrap().api_url = url.clone()).await;
        fixture.stop_background();
        fixture.service.sweep(hours(2)).await.unwrap();
        assert!(kept(&fixture).await.is_empty(), "{status} {shown}");
    }
    // And what is good beside what is not.
    *answer.lock().unwrap() = (200, listed(&[&forged, &good, &of_another], false));
    fixture.restart().await;
    fixture.stop_background();
    for hour in [2, 4] {
        fixture.service.sweep(hours(hour)).await.unwrap();
    }
    assert_eq!((kept(&fixture).await.len(), fixture.coins("ann").await), (1, 70));
}
