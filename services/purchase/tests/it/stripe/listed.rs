//! Events that the webhook never delivered are found in Stripe's list of them: refunds, disputes and what ended them, once each.

use std::time::SystemTime;

use serde_json::json;

use super::holds::held;
use super::world::World;
use crate::dying::Dying;
use crate::lots::ties;
use crate::refunding::settle_from;

impl World {
    async fn look(&self) -> usize {
        self.fixture.service.look_for_lost(SystemTime::now()).await.unwrap()
    }
}

#[tokio::test]
async fn refunds_and_disputes_whose_events_were_lost_are_found_in_the_list() {
    for world in World::both().await {
        world.fixture.stop_background();
        let made = [world.checkout("ann").await, world.checkout("bob").await, world.checkout("cid").await];
        for one in &made {
            world.act("pay", one).await;
        }
        for event in world.events().await {
            assert_eq!(world.say(&event).await, 200);
        }
        settle_from(&world.fixture, 1).await;
        assert_eq!(world.look().await, 0, "all of it was delivered");
        let session = World::session;
        world.command(json!({"command": "refund", "session": session(&made[0]), "amount": 37})).await;
        world.command(json!({"command": "refund_pending", "session": session(&made[2]), "amount": 74})).await;
        world.command(json!({"command": "dispute", "session": session(&made[1])})).await;
        // refund.created and charge.refunded, twice; the dispute and what was withdrawn.
        assert_eq!(world.look().await, 6);
        settle_from(&world.fixture, 2).await;
        let coins = async |user: &str| world.fixture.coins(user).await;
        let held = async |user: &str| held(&world.fixture, user).await;
        assert_eq!((coins("ann").await, held("bob").await, held("cid").await), (35, (70, 0), (70, 0)));
        world.command(json!({"command": "dispute_lost", "session": session(&made[1])})).await;
        world.act("refund_failed", &made[2]).await;
        assert_eq!((world.look().await, world.look().await), (3, 0));
        settle_from(&world.fixture, 20).await;
        assert_eq!((coins("ann").await, coins("bob").await, coins("cid").await), (35, 0, 70));
        // What was lost is delivered at last, and nothing changes.
        let before = world.fixture.postings().await.len();
        for event in world.events().await {
            assert_eq!(world.say(&event).await, 200);
        }
        settle_from(&world.fixture, 40).await;
        assert_eq!(world.fixture.postings().await.len(), before);
        ties(&world.fixture, &["ann", "bob", "cid"]).await;
        world.fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn a_list_of_many_pages_that_is_cut_off_anywhere_is_read_to_its_end_once() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    for event in world.events().await {
        assert_eq!(world.say(&event).await, 200);
    }
    settle_from(&world.fixture, 1).await;
    let (mut polls, mut ended, mut refunded) = (1, false, 0);
    while !ended {
        // Beside events of the same second that nothing here follows from there are more than one page has.
        for _ in 0..2 {
            world.command(json!({"command": "refund", "session": World::session(&made), "amount": 1})).await;
            refunded += 1;
        }
        ended = Dying::after(polls, world.fixture.service.look_for_lost(SystemTime::now())).await;
        world.look().await;
        world.look().await;
        settle_from(&world.fixture, 2).await;
        assert_eq!(world.fixture.balance("house/processor_receivable/USD").await, -(74 - refunded), "dropped after {polls} polls");
        polls += 1 + polls / 2;
    }
    assert!(polls > 5, "it waits more often than {polls} times");
    // More than one page, of which the place is lost on the way.
    let pages = world.fixture.pool().await;
    sqlx::query("UPDATE store_sweep SET page_token = 'evt_gone' WHERE store = 'stripe'").execute(&pages).await.unwrap();
    world.command(json!({"command": "refund", "session": World::session(&made), "amount": 1})).await;
    sqlx::query("UPDATE store_sweep SET until_ms = until_ms + 60000 WHERE store = 'stripe'").execute(&pages).await.unwrap();
    assert_eq!(world.look().await, 2, "the span begins again");
}

#[tokio::test]
async fn a_store_that_cannot_be_listed_is_listed_from_there_later() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    for fault in ["down", "429", "409", "500", "cut"] {
        world.command(json!({"command": "fault", "fault": fault, "times": 1})).await;
        let found = world.look().await;
        assert_eq!(found, 0, "{fault}");
    }
    assert!(world.look().await > 0);
    settle_from(&world.fixture, 1).await;
    assert_eq!(world.fixture.coins("ann").await, 70, "the payment was found too");
    // What was listed late is found by the hour that is read twice.
    let pool = world.fixture.pool().await;
    sqlx::query("UPDATE store_sweep SET until_ms = until_ms + 1800000 WHERE store = 'stripe'").execute(&pool).await.unwrap();
    world.command(json!({"command": "refund", "session": World::session(&made), "amount": 37})).await;
    assert_eq!(world.look().await, 2);
}
