//! Stripe is down, answers are lost, events never come, and processes die between any two steps.

use std::time::{Duration, SystemTime};

use super::world::{PRODUCT, World, asked};
use crate::dying::Dying;
use crate::fixture::{new_id, reason};
use crate::lots::ties;
use crate::notified::later;
use crate::refunding::settle_from;
use api::purchase::CheckoutState;
use serde_json::json;
use testbed::Fault;

#[tokio::test]
async fn a_store_that_is_away_or_whose_answer_is_lost_makes_one_session() {
    for mut world in [World::sqlite().await] {
        for fault in ["down", "429", "409", "500", "cut"] {
            let (id, before) = (new_id(), world.sessions().await);
            world.command(json!({"command": "fault", "fault": fault, "times": 1})).await;
            assert_eq!(reason(world.create("ann", &id, PRODUCT).await), "STORE_UNAVAILABLE", "{fault}");
            world.restart().await;
            let made = world.create("ann", &id, PRODUCT).await.unwrap();
            assert!(!made.replayed, "it had not been answered");
            assert!(world.create("ann", &id, PRODUCT).await.unwrap().replayed);
            assert_eq!(world.sessions().await, before + 1, "{fault}");
        }
    }
}

#[tokio::test]
async fn after_a_day_an_order_finds_its_session_by_metadata_and_makes_none() {
    for world in [World::sqlite().await] {
        let pool = world.fixture.pool().await;
        let (lost, never) = (new_id(), new_id());
        for (id, fault) in [(&lost, "cut"), (&never, "down")] {
            world.command(json!({"command": "fault", "fault": fault, "times": 1})).await;
            assert_eq!(reason(world.create("ann", id, PRODUCT).await), "STORE_UNAVAILABLE");
        }
        assert_eq!(world.sessions().await, 1);
        world.command(json!({"command": "forget_keys"})).await;
        // A day passes: the processor has forgotten the key, and the order can no longer be paid.
        let update = "UPDATE store_order SET expires_at_ms = $1";
        sqlx::query(update).bind(money::time::unix_ms(SystemTime::now()) - 1_000).execute(&pool).await.unwrap();
        let found = world.create("ann", &lost, PRODUCT).await.unwrap();
        assert!(found.pay_url.contains("/pay/cs_test_"), "{}", found.pay_url);
        for _ in 0..2 {
            assert_eq!(reason(world.create("ann", &never, PRODUCT).await), "CHECKOUT_EXPIRED");
        }
        assert_eq!(world.sessions().await, 1, "none was made");
    }
}

#[tokio::test]
async fn a_store_that_refuses_an_order_is_not_asked_again() {
    let world = World::sqlite().await;
    let made = world.checkout("ann").await;
    let pool = world.fixture.pool().await;
    // As if it were another order under the key of the first: the parameters differ.
    let id = new_id();
    world.command(json!({"command": "fault", "fault": "down", "times": 1})).await;
    assert_eq!(reason(world.create("bob", &id, PRODUCT).await), "STORE_UNAVAILABLE");
    sqlx::query("UPDATE store_order SET price_minor_units = 10, tax_minor_units = 0 WHERE user_id = 'bob'").execute(&pool).await.unwrap();
    assert_eq!(reason(world.create("bob", &id, PRODUCT).await), "CHECKOUT_REFUSED");
    assert_eq!(reason(world.create("bob", &id, PRODUCT).await), "CHECKOUT_REFUSED");
    let (state, note): (i64, String) =
        sqlx::query_as("SELECT state, note FROM store_order WHERE user_id = 'bob'").fetch_one(&pool).await.unwrap();
    assert_eq!(state, 5);
    assert!(note.starts_with("amount_too_small: "), "{note}");
    assert_eq!((world.sessions().await, world.state("ann", &made.checkout_id).await), (1, CheckoutState::Open));
}

#[tokio::test]
async fn the_sweep_finds_what_events_never_said() {
    for world in World::both().await {
        world.fixture.stop_background();
        let mut checkouts = Vec::new();
        for (user, commands, state, coins) in [
            ("ann", &["pay"][..], CheckoutState::Paid, 70),
            ("bob", &["pay_late", "settle"], CheckoutState::Paid, 70),
            ("cid", &["pay_late", "fail_late"], CheckoutState::Failed, 0),
            ("dan", &["pay_late"], CheckoutState::Processing, 0),
            ("eve", &["expire"], CheckoutState::Expired, 0),
            ("fay", &[], CheckoutState::Open, 0),
        ] {
            let made = world.checkout(user).await;
            for command in commands {
                world.act(command, &made).await;
            }
            checkouts.push((user, made.checkout_id, state, coins));
        }
        // The answer was lost, the caller never came back, and the page was found in no way but paid.
        world.command(json!({"command": "fault", "fault": "cut", "times": 1})).await;
        assert_eq!(reason(world.create("gus", &new_id(), PRODUCT).await), "STORE_UNAVAILABLE");
        let session = world.api("checkout/sessions?limit=1").await["data"][0]["id"].clone();
        world.command(json!({"command": "pay", "session": session})).await;
        assert_eq!(world.fixture.service.sweep_orders(SystemTime::now()).await.unwrap(), 0, "left to the buyers for a while");
        world.command(json!({"command": "fault", "fault": "down", "times": 7})).await;
        assert_eq!(world.fixture.service.sweep_orders(later()).await.unwrap(), 0, "the store is away");
        assert_eq!(world.fixture.service.sweep_orders(later() + Duration::from_secs(7_200)).await.unwrap(), 3);
        assert_eq!(world.fixture.service.sweep_orders(later() + Duration::from_secs(14_400)).await.unwrap(), 0);
        for (user, checkout_id, state, coins) in &checkouts {
            assert_eq!(world.state(user, checkout_id).await, *state, "{user}");
            assert_eq!(world.fixture.coins(user).await, *coins, "{user}");
        }
        assert_eq!((world.fixture.coins("gus").await, world.fixture.postings().await.len()), (70, 3));
    }
}

#[tokio::test]
async fn a_payment_whose_session_event_is_lost_is_asked_about_at_once() {
    let world = World::sqlite().await;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    let succeeded = world.events().await.into_iter().find(|event| event["type"] == "payment_intent.succeeded").unwrap();
    assert_eq!(world.say(&succeeded).await, 200);
    world.until_coins("ann", 70).await;
}

#[tokio::test]
async fn a_paid_order_is_credited_although_the_ledger_was_away_or_its_answer_was_lost() {
    for mut world in [World::sqlite().await] {
        let mut coins = 0;
        for fault in [Fault::Down, Fault::AnswerLost] {
            let made = world.checkout("ann").await;
            world.act("pay", &made).await;
            world.fixture.stop_background();
            world.fixture.ledger.fail(fault);
            assert_eq!(world.say(&world.events().await.pop().unwrap()).await, 200, "the book is known, and storing needs no ledger");
            world.fixture.service.sweep(later()).await.unwrap();
            world.restart().await;
            world.fixture.ledger.fail(Fault::None);
            world.fixture.service.sweep(later() + Duration::from_secs(7_200)).await.unwrap();
            coins += 70;
            assert_eq!(world.fixture.coins("ann").await, coins);
        }
        assert_eq!(world.fixture.postings().await.len(), 2);
    }
}

#[tokio::test]
async fn a_crash_between_any_two_steps_makes_one_session_and_credits_once() {
    for world in World::both().await {
        world.fixture.stop_background();
        let (mut coins, mut polls, mut whole) = (0, 1, 0);
        // Until each of the three came to its end once: the call, the reading, and the sweep.
        while whole < 3 {
            whole = 0;
            let (id, before) = (new_id(), world.sessions().await);
            let mut client = world.fixture.client();
            let call = client.create_checkout(world.fixture.from("ann", asked(&id, PRODUCT)));
            whole += usize::from(Dying::after(polls, call).await);
            let made = world.create("ann", &id, PRODUCT).await.unwrap();
            assert_eq!(world.sessions().await, before + 1, "dropped after {polls} polls");
            world.act("pay", &made).await;
            let event = world.events().await.pop().unwrap();
            assert_eq!(world.say(&event).await, 200);
            // Which of the two is first changes.
            let service = &world.fixture.service;
            if polls % 2 == 0 {
                whole += usize::from(Dying::after(polls, service.sweep(SystemTime::now())).await);
                whole += usize::from(Dying::after(polls, service.sweep_orders(later())).await);
            } else {
                whole += usize::from(Dying::after(polls, service.sweep_orders(later())).await);
                whole += usize::from(Dying::after(polls, service.sweep(SystemTime::now())).await);
            }
            service.sweep(later()).await.unwrap();
            service.sweep_orders(later() + Duration::from_secs(7_200)).await.unwrap();
            coins += 70;
            assert_eq!(world.fixture.coins("ann").await, coins, "dropped after {polls} polls");
            polls += 1;
        }
        assert!(polls > 5, "one of them waits more often than {polls} times");
        assert_eq!(world.fixture.postings().await.len(), usize::try_from(coins / 70).unwrap());
    }
}

#[tokio::test]
async fn a_payment_that_the_sweep_finds_with_refunds_is_credited_less_them() {
    for world in World::both().await {
        world.fixture.stop_background();
        let (whole, part, on_its_way) = (world.checkout("ann").await, world.checkout("bob").await, world.checkout("cid").await);
        for (made, amount, becomes) in [(&whole, 74, "succeeded"), (&part, 30, "succeeded"), (&on_its_way, 74, "pending")] {
            world.act("pay", made).await;
            world.command(json!({"command": "refunds_become", "state": becomes})).await;
            world.command(json!({"command": "refund", "session": World::session(made), "amount": amount})).await;
        }
        assert_eq!(world.fixture.service.sweep_orders(later()).await.unwrap(), 3);
        settle_from(&world.fixture, 2).await;
        let coins = async |user: &str| world.fixture.coins(user).await;
        assert_eq!((coins("ann").await, coins("bob").await, coins("cid").await), (0, 42, 70), "28 of 70 coins for 30 of 74 cents");
        assert_eq!(world.fixture.balance("house/processor_receivable/USD").await, -(44 + 74));
        // Every notification comes after all.
        for event in world.events().await.iter().rev() {
            assert_eq!(world.say(event).await, 200);
        }
        settle_from(&world.fixture, 12).await;
        assert_eq!((coins("ann").await, coins("bob").await, coins("cid").await), (0, 42, 70));
        ties(&world.fixture, &["ann", "bob", "cid"]).await;
    }
}
