//! Questions when anything fails: the App Store, the network, a process, the time.

use std::sync::Arc;

use purchase::PretendApple;
use sandbox::store::ServerFault;

use super::*;
use crate::dying::Dying;

/// A purchase with consent whose lots are read, and a question about it.
async fn ready(fixture: &Fixture, http: &Listening, user: &str) {
    let (said, _) = bought(fixture, user).await;
    consent(fixture, user, true).await;
    catch_up(fixture).await;
    asked(fixture, http, &said).await;
}

fn fault(status: u16, times: u32) -> ServerFault {
    ServerFault { status, times, ..ServerFault::default() }
}

#[tokio::test]
async fn a_store_that_is_away_is_answered_later_and_its_wish_to_wait_is_granted() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        ready(&fixture, &http, "ann").await;
        let mut hour = 0;
        for (what, said) in [
            (fault(503, 1), "503"),
            (fault(500, 1), "500"),
            (fault(401, 1), "401"),
            (ServerFault { error_code: 4_290_000, ..fault(429, 1) }, "4290000"),
            (ServerFault { cut: true, ..fault(503, 1) }, "can't be reached"),
        ] {
            fixture.store.fail(what);
            fixture.service.sweep(hours(hour)).await.unwrap();
            let row = questions(&fixture).await.remove(0);
            assert!(row.state == 1 && row.note.contains(said), "{said}: {}", row.note);
            hour += 1;
        }
        // It wants to be left alone for two hours.
        let until = money::time::unix_ms(hours(hour + 2));
        fixture.store.fail(ServerFault { error_code: 4_290_000, retry_after_ms: until, ..fault(429, 1) });
        fixture.service.sweep(hours(hour)).await.unwrap();
        fixture.service.sweep(hours(hour + 1)).await.unwrap();
        assert!(fixture.store.answers().is_empty());
        fixture.service.sweep(hours(hour + 3)).await.unwrap();
        assert_eq!((fixture.store.answers().len(), questions(&fixture).await[0].state), (1, 2));
    }
}

#[tokio::test]
async fn an_answer_whose_receipt_was_lost_is_sent_again() {
    let fixture = fixture::with_apple(Storage::sqlite()).await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    ready(&fixture, &http, "ann").await;
    fixture.store.fail(ServerFault { after: true, cut: true, ..fault(503, 1) });
    fixture.service.sweep(hours(0)).await.unwrap();
    assert_eq!((fixture.store.answers().len(), questions(&fixture).await[0].state), (1, 1));
    fixture.service.sweep(hours(1)).await.unwrap();
    assert_eq!((fixture.store.answers().len(), questions(&fixture).await[0].state), (2, 2));
}

#[tokio::test]
async fn what_the_store_refuses_ends_and_what_is_over_is_counted() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        ready(&fixture, &http, "ann").await;
        fixture.store.fail(ServerFault { error_code: 4_040_010, ..fault(404, 1) });
        fixture.service.sweep(hours(0)).await.unwrap();
        let row = questions(&fixture).await.remove(0);
        assert!(row.state == 4 && row.note.contains("4040010"), "{}", row.note);
        assert_eq!(counted(&fixture, "refused").await, 1);
        // Down for a day.
        ready(&fixture, &http, "bob").await;
        fixture.store.fail(fault(503, 1_000));
        for hour in 0..24 {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        let row = questions(&fixture).await.remove(1);
        assert_eq!((row.state, row.note.as_str()), (3, "its window is over"));
        assert_eq!((counted(&fixture, "missed").await, counted(&fixture, "open").await), (1, 0));
        assert!(fixture.store.answers().is_empty());
        // Two thirds of the window of another one are over.
        ready(&fixture, &http, "cat").await;
        assert_eq!(counted(&fixture, "near_deadline").await, 0);
        let aged = "UPDATE store_question SET asked_at_ms = asked_at_ms - 28900000, deadline_ms = deadline_ms - 28900000 WHERE state = 1";
        sqlx::query(aged).execute(&fixture.pool().await).await.unwrap();
        assert_eq!(counted(&fixture, "near_deadline").await, 1);
        // Late, and answered all the same.
        fixture.store.fail(ServerFault::default());
        fixture.service.sweep(hours(0)).await.unwrap();
        assert_eq!((fixture.store.answers().len(), counted(&fixture, "near_deadline").await), (1, 0));
    }
}

#[tokio::test]
async fn near_the_end_a_question_is_answered_without_what_lots_would_say() {
    let fixture = fixture::with_apple(Storage::sqlite()).await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let (said, _) = bought(&fixture, "ann").await;
    consent(&fixture, "ann", true).await;
    asked(&fixture, &http, &said).await;
    for minutes in (0..12 * 60).step_by(5) {
        fixture.service.sweep(SystemTime::now() + std::time::Duration::from_secs(minutes * 60)).await.unwrap();
    }
    let answers = fixture.store.answers();
    let expected = json!({"customerConsented": true, "sampleContentProvided": false, "deliveryStatus": "DELIVERED"});
    assert_eq!(answers.iter().map(|answer| answer.information.clone()).collect::<Vec<_>>(), [expected]);
}

#[tokio::test]
async fn nothing_is_asked_by_what_is_forged_of_another_app_or_environment_or_too_long() {
    let fixture = fixture::with_apple(Storage::sqlite()).await;
    let http = Listening::start(&fixture).await;
    let (said, _) = bought(&fixture, "ann").await;
    let said = about(&said, "CONSUMPTION_REQUEST", 0);
    let mut others = said.clone();
    others.purchase.bundle_id = "com.example.nobodys".to_owned();
    let mut live = said.clone();
    live.purchase.bundle_id = "com.example.live".to_owned();
    for wrong in [StoreNotification { forged: true, ..said.clone() }, others, live] {
        assert_eq!(http.say(&fixture, &wrong).await, 401);
    }
    let mut claims = said.claims(&fixture.store, "production", &said.transaction_id).unwrap();
    claims["data"]["environment"] = json!("Production");
    assert_eq!(http.payload(&fixture.store.sign(&claims).unwrap()).await, 401);
    assert_eq!(http.body("apple", "x".repeat(10 << 20)).await, 413);
    let nested = format!("{{\"signedPayload\": {}1{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(http.body("apple", nested).await, 400);
    // About no transaction: kept for staff, and no question.
    let mut claims = said.claims(&fixture.store, "no-transaction", &said.transaction_id).unwrap();
    claims["data"].as_object_mut().unwrap().remove("signedTransactionInfo");
    assert_eq!(http.payload(&fixture.store.sign(&claims).unwrap()).await, 200);
    assert!(questions(&fixture).await.is_empty());
    sqlx::query("ALTER TABLE store_question RENAME TO elsewhere").execute(&fixture.pool().await).await.unwrap();
    assert_eq!(http.say(&fixture, &said).await, 503, "not without the question");
    assert_eq!(kept(&fixture).await.len(), 1);
    sqlx::query("ALTER TABLE elsewhere RENAME TO store_question").execute(&fixture.pool().await).await.unwrap();
    assert_eq!((http.say(&fixture, &said).await, questions(&fixture).await.len()), (200, 1));
}

#[tokio::test]
async fn a_crash_between_any_two_steps_answers_in_the_end() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (said, _) = bought(&fixture, "ann").await;
        consent(&fixture, "ann", true).await;
        let (mut polls, mut ended, mut answered) = (1, false, 0);
        while !ended {
            catch_up(&fixture).await;
            asked(&fixture, &http, &said).await;
            ended = Dying::after(polls, fixture.service.sweep(hours(0))).await;
            for hour in [1, 2] {
                fixture.service.sweep(hours(hour)).await.unwrap();
                catch_up(&fixture).await;
            }
            let rows = questions(&fixture).await;
            assert!(rows.len() == polls && rows.iter().all(|row| row.state == 2), "dropped after {polls} polls");
            let now = fixture.store.answers().len();
            assert!((1..=2).contains(&(now - answered)), "dropped after {polls} polls: once, or once more");
            (answered, polls) = (now, polls + 1);
        }
    }
}

#[tokio::test]
async fn two_processes_answer_the_same_and_end_it_once() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let fixture = Arc::new(fixture);
        ready(&fixture, &http, "ann").await;
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let fixture = fixture.clone();
            tasks.spawn(async move { fixture.service.sweep(hours(0)).await.unwrap() });
        }
        tasks.join_all().await;
        let answers = fixture.store.answers();
        assert!((1..=4).contains(&answers.len()) && answers.iter().all(|answer| *answer == answers[0]));
        assert_eq!(questions(&fixture).await[0].state, 2);
    }
}

#[tokio::test]
async fn a_key_that_the_store_does_not_know_is_refused_and_no_key_is_printed() {
    let mut fixture = fixture::with_apple(Storage::sqlite()).await;
    let http = Listening::start(&fixture).await;
    fixture.stop_background();
    ready(&fixture, &http, "ann").await;
    let mut known = None;
    for change in [
        (|apple| apple.issuer_id = uuid::Uuid::new_v4().to_string()) as fn(&mut PretendApple),
        |apple| apple.key_id = "OTHERKEY".to_owned(),
        |apple| apple.private_key = OTHER_KEY.to_owned(),
    ] {
        fixture
            .reconfigure(|config| {
                let ours = known.get_or_insert_with(|| config.sandbox_apple.clone().unwrap());
                let mut other = ours.clone();
                change(&mut other);
                config.sandbox_apple = Some(other);
                assert!(!format!("{config:?}").contains("PRIVATE KEY"));
            })
            .await;
        fixture.stop_background();
        sqlx::query("UPDATE store_question SET next_attempt_at_ms = 0").execute(&fixture.pool().await).await.unwrap();
        fixture.service.sweep(hours(0)).await.unwrap();
        let row = questions(&fixture).await.remove(0);
        assert!(row.state == 1 && row.note.contains("401"), "{}", row.note);
    }
    fixture.reconfigure(|config| config.sandbox_apple = None).await;
    fixture.stop_background();
    sqlx::query("UPDATE store_question SET next_attempt_at_ms = 0").execute(&fixture.pool().await).await.unwrap();
    fixture.service.sweep(hours(0)).await.unwrap();
    assert!(questions(&fixture).await[0].note.contains("purchase.apple"));
    assert!(fixture.store.answers().is_empty());
}

/// A key that nobody knows.
const OTHER_KEY: &str = include_str!("other_key.pem");
