//! A wallet is down, answers are lost or are somebody else's, reports never come, and processes die between any two steps.

use std::time::{Duration, SystemTime};

use super::world::{Wallet, World};
use crate::dying::Dying;
use crate::fixture::{new_id, reason};
use crate::lots::ties;
use crate::notified::later;
use crate::refunding::settle_from;
use api::purchase::CheckoutState;
use serde_json::json;
use testbed::Storage;

/// All faults of a wallet; of those after which nothing was done, nothing of the answer counts either.
const FAULTS: [&str; 6] = ["down", "429", "500", "cut", "forged", "garbage"];

#[tokio::test]
async fn a_code_is_made_once_although_the_wallet_is_away_or_its_answer_is_lost() {
    let mut world = World::sqlite(Wallet::Wechat).await;
    for fault in FAULTS {
        let id = new_id();
        world.command(json!({"command": "fault", "fault": fault, "times": 1})).await;
        assert_eq!(reason(world.create("ann", &id).await), "STORE_UNAVAILABLE", "{fault}");
        // A sweep in between, while it can still be paid, must not take the code from its buyer.
        world.fixture.service.sweep_orders(SystemTime::now() + Duration::from_secs(900)).await.unwrap();
        world.restart().await;
        let made = world.create("ann", &id).await.unwrap();
        assert!(made.pay_url.starts_with("weixin://wxpay/"), "{fault}: {}", made.pay_url);
        assert!(world.create("ann", &id).await.unwrap().replayed);
    }
    // Paid although its answer was lost: nobody is sent to pay again.
    let id = new_id();
    world.command(json!({"command": "fault", "fault": "cut", "times": 1})).await;
    assert_eq!(reason(world.create("bob", &id).await), "STORE_UNAVAILABLE");
    let pool = world.fixture.pool().await;
    let order: String = sqlx::query_scalar("SELECT order_id FROM store_order WHERE user_id = 'bob'").fetch_one(&pool).await.unwrap();
    world.command(json!({"command": "pay", "trade": order.replace('-', "")})).await;
    let made = world.create("bob", &id).await.unwrap();
    assert_eq!(made.pay_url, "");
    world.fixture.service.sweep_orders(later()).await.unwrap();
    assert_eq!((world.state("bob", &made).await, world.fixture.coins("bob").await), (CheckoutState::Paid, 70));
}

#[tokio::test]
async fn the_sweep_finds_what_reports_never_said_and_takes_no_answer_that_nothing_proves() {
    for world in World::each().await {
        world.fixture.stop_background();
        let (paid, open, closed) = (world.checkout("ann").await, world.checkout("bob").await, world.checkout("cid").await);
        world.act("pay", &paid).await;
        world.act("close", &closed).await;
        let mut at = later();
        for fault in FAULTS {
            world.command(json!({"command": "fault", "fault": fault, "times": 100})).await;
            assert_eq!(world.fixture.service.sweep_orders(at).await.unwrap(), 0, "{fault}");
            assert_eq!(world.state("cid", &closed).await, CheckoutState::Open, "{fault}");
            at += Duration::from_secs(7_200);
        }
        world.command(json!({"command": "fault", "fault": "down", "times": 0})).await;
        // It says two different things: that nobody has paid, and then that somebody did.
        world.command(json!({"command": "say", "trade": World::trade(&paid), "state": "unpaid"})).await;
        assert_eq!(world.fixture.service.sweep_orders(at).await.unwrap(), 0);
        world.act("say", &paid).await;
        assert_eq!(world.fixture.service.sweep_orders(at + Duration::from_secs(7_200)).await.unwrap(), 1);
        let states = (world.state("ann", &paid).await, world.state("cid", &closed).await);
        assert_eq!(states, (CheckoutState::Paid, CheckoutState::Expired));
        assert_ne!(world.state("bob", &open).await, CheckoutState::Paid);
        assert_eq!((world.fixture.coins("ann").await, world.fixture.postings().await.len()), (70, 1));
        // After it was credited it says that it was closed: what was paid stays paid.
        world.command(json!({"command": "say", "trade": World::trade(&paid), "state": "closed"})).await;
        world.fixture.service.sweep_orders(at + Duration::from_secs(14_400)).await.unwrap();
        assert_eq!(world.state("ann", &paid).await, CheckoutState::Paid);
    }
}

#[tokio::test]
async fn a_payment_that_was_refunded_in_full_before_anybody_knew_credits_nothing() {
    let world = World::sqlite(Wallet::Alipay).await;
    world.fixture.stop_background();
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    world.act("refund", &made).await;
    assert_eq!(world.fixture.service.sweep_orders(later()).await.unwrap(), 0);
    assert_eq!((world.state("ann", &made).await, world.fixture.coins("ann").await), (CheckoutState::Failed, 0));
}

#[tokio::test]
async fn a_crash_between_any_two_steps_credits_once() {
    for world in [World::on(Storage::postgres(), Wallet::Alipay).await, World::sqlite(Wallet::Wechat).await] {
        world.fixture.stop_background();
        let (mut coins, mut polls, mut whole) = (0, 1, 0);
        // Until each of the three came to its end once: the call, the reading, and the sweep.
        while whole < 3 {
            whole = 0;
            let id = new_id();
            let mut client = world.fixture.client();
            let call = client.create_checkout(world.fixture.from("ann", world.asked(&id, super::PRODUCT)));
            whole += usize::from(Dying::after(polls, call).await);
            let made = world.create("ann", &id).await.unwrap();
            world.open(&made).await;
            world.act("pay", &made).await;
            assert_eq!(world.say(&world.events().await.pop().unwrap()).await, world.taken());
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
async fn a_payment_that_the_sweep_finds_with_refunds_is_not_credited_without_them() {
    let world = World::sqlite(Wallet::Wechat).await;
    world.fixture.stop_background();
    let (whole, part, never) = (world.checkout("ann").await, world.checkout("bob").await, world.checkout("cid").await);
    for (made, amount) in [(&whole, 498), (&part, 100), (&never, 1)] {
        world.act("pay", made).await;
        world.command(json!({"command": "refund", "trade": World::trade(made), "amount": amount})).await;
    }
    // WeChat Pay says that something was paid back, and not how much.
    assert_eq!(world.fixture.service.sweep_orders(later()).await.unwrap(), 0);
    let coins = async |user: &str| world.fixture.coins(user).await;
    assert_eq!((coins("ann").await, coins("bob").await, coins("cid").await), (0, 0, 0));
    // The notifications of the refunds of two come at last; those of the payments never do.
    for event in world.events().await.iter().filter(|event| event["kind"] == "REFUND.SUCCESS").take(2) {
        assert_eq!(world.say(event).await, world.taken());
    }
    world.fixture.service.sweep(later()).await.unwrap();
    assert_eq!(world.fixture.service.sweep_orders(later() + Duration::from_secs(7_200)).await.unwrap(), 2);
    settle_from(&world.fixture, 4).await;
    assert_eq!((coins("ann").await, coins("bob").await, coins("cid").await), (0, 56, 0), "of all and of a fifth");
    ties(&world.fixture, &["ann", "bob"]).await;
    // Of the third a person decides once no notification and no bill can come any more.
    world.fixture.service.sweep_orders(later() + Duration::from_secs(30 * 3_600)).await.unwrap();
    assert_ne!(world.state("cid", &never).await, CheckoutState::Flagged, "a bill may still say it");
    world.fixture.service.sweep_orders(later() + Duration::from_secs(70 * 3_600)).await.unwrap();
    assert_eq!((world.state("cid", &never).await, coins("cid").await), (CheckoutState::Flagged, 0));
    assert_eq!((world.state("ann", &whole).await, world.state("bob", &part).await), (CheckoutState::Paid, CheckoutState::Paid));
}
