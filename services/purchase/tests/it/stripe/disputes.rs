//! Disputes about payments on the web: money that is withdrawn and given back, won, lost, beside refunds, in any order, and cut short.

use std::time::{Duration, SystemTime};

use api::purchase::CreateCheckoutResponse;
use money::BookName;
use purchase::domain::event::EventState;
use serde_json::{Value, json};
use uuid::Uuid;

use super::refunds::{news, say, standing};
use super::world::World;
use crate::dying::Dying;
use crate::fixture::BOOK;
use crate::lots::{catch_up, gift};
use crate::notified::kept;
use crate::refunds::settle;

/// What is withdrawn for disputes, and what they cost.
async fn disputed(world: &World) -> (i64, i64) {
    let of = async |account: &str| -world.fixture.balance(&format!("house/{account}/USD")).await;
    (of("disputed_amounts").await, of("dispute_fee").await)
}

/// 70 coins for 74 cents, of which 7 are tax.
async fn bought(world: &World, seen: &mut usize) -> CreateCheckoutResponse {
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    say(world, &news(world, seen).await).await;
    made
}

async fn open_disputes(world: &World) -> u64 {
    let open = world.fixture.service.store().unfinished().await.unwrap();
    open.iter().find(|open| (open.what, open.state) == ("dispute", "open")).unwrap().count
}

#[tokio::test]
async fn a_dispute_that_is_lost_is_a_refund_out_of_what_was_withdrawn() {
    for world in World::both().await {
        world.fixture.stop_background();
        let mut seen = 0;
        let made = bought(&world, &mut seen).await;
        gift(&world.fixture, "ann", "cleo", 40).await;
        world.act("dispute", &made).await;
        let opened = news(&world, &mut seen).await;
        say(&world, opened.iter().rev().chain(&opened)).await;
        assert_eq!((standing(&world).await, disputed(&world).await), ((30, 0, 74 - 1_574, 7), (74, 1_500)), "nobody has decided");
        assert_eq!(open_disputes(&world).await, 1, "a case for staff");
        world.act("dispute_lost", &made).await;
        let lost = news(&world, &mut seen).await;
        say(&world, lost.iter().chain(&opened).chain(&lost)).await;
        assert_eq!((standing(&world).await, disputed(&world).await), ((0, 40, -1_500, 0), (0, 1_500)));
        assert_eq!(open_disputes(&world).await, 0);
        assert!(kept(&world.fixture).await.iter().all(|(_, state, _)| *state != EventState::WaitsForRefunds));
    }
}

#[tokio::test]
async fn a_dispute_that_is_won_gives_the_money_back_and_the_fee_only_if_the_store_does() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let (mut seen, mut paid, mut fees) = (0, 0, 0);
    for fee_back in [false, true] {
        let made = bought(&world, &mut seen).await;
        paid += 74;
        // An inquiry moves nothing, and may become a dispute.
        world.act("inquire", &made).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!((disputed(&world).await, open_disputes(&world).await), ((0, fees), 0));
        world.act("dispute", &made).await;
        say(&world, &news(&world, &mut seen).await).await;
        assert_eq!(disputed(&world).await, (74, fees + 1_500));
        world.command(json!({"command": "dispute_won", "session": World::session(&made), "fee_back": fee_back})).await;
        fees += if fee_back { 0 } else { 1_500 };
        let won = news(&world, &mut seen).await;
        say(&world, won.iter().rev().chain(&won)).await;
        assert_eq!((standing(&world).await.2, disputed(&world).await), (paid - fees, (0, fees)));
        assert_eq!(open_disputes(&world).await, 0);
    }
    assert_eq!(world.fixture.coins("ann").await, 140);
    let made = bought(&world, &mut seen).await;
    for command in ["inquire", "inquiry_closed"] {
        world.act(command, &made).await;
        say(&world, &news(&world, &mut seen).await).await;
    }
    assert_eq!((world.fixture.coins("ann").await, disputed(&world).await), (210, (0, fees)));
}

#[tokio::test]
async fn a_refund_and_a_dispute_of_one_payment_never_take_twice_in_whatever_order() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let mut seen = 0;
    let (mut receivable, mut in_dispute) = (0, 0);
    // Each order of what is said: as it happened, from its end, and the second half first.
    for order in 0..3 {
        let made = bought(&world, &mut seen).await;
        let coins = world.fixture.coins("ann").await;
        world.command(json!({"command": "refund", "session": World::session(&made), "amount": 30})).await;
        world.act("dispute", &made).await;
        world.act("dispute_lost", &made).await;
        let mut said: Vec<Value> = news(&world, &mut seen).await;
        match order {
            0 => {}
            1 => said.reverse(),
            _ => said.rotate_left(3),
        }
        for event in &said {
            say(&world, [event, &said[0]]).await;
        }
        // 30 of 74 cents are refunded, and 74 withdrawn: 30 of those are nobody's refund, and stay where a person sees them.
        receivable -= 30 + 1_500;
        in_dispute += 30;
        assert_eq!(coins - world.fixture.coins("ann").await, 70, "order {order}");
        let found = (standing(&world).await, disputed(&world).await.0);
        assert_eq!(found, ((0, 0, receivable, 0), in_dispute), "order {order}");
    }
}

#[tokio::test]
async fn what_can_not_be_posted_of_a_dispute_is_shown_to_staff() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let mut seen = 0;
    let made = bought(&world, &mut seen).await;
    world.act("dispute", &made).await;
    let withdrawn = news(&world, &mut seen).await.pop().unwrap();
    let changes: [(&str, Value, &str); 4] = [
        ("/data/object/balance_transactions/0/currency", json!("eur"), "money was withdrawn in another currency than the payment's"),
        ("/data/object/status", json!("mediation"), "it says a status of a dispute that nobody knew"),
        ("/data/object/balance_transactions/0/amount", json!(i64::MIN), "its amounts can't be represented"),
        (
            "/data/object/balance_transactions",
            Value::Null,
            "what was withdrawn for its dispute is not in it; the store's next event says it",
        ),
    ];
    for (place, value, why) in changes {
        let mut event = withdrawn.clone();
        event["id"] = json!(format!("evt_{}", Uuid::now_v7().simple()));
        *event.pointer_mut(place).unwrap() = value;
        say(&world, [&event]).await;
        let last = kept(&world.fixture).await.pop().unwrap();
        assert_eq!((last.1, last.2.as_str()), (EventState::WaitsForStaff, why));
        assert_eq!(disputed(&world).await, (0, 0));
    }
    // The right one still counts, and in another currency than the purchase's it is flagged.
    let mut foreign = withdrawn.clone();
    foreign["id"] = json!("evt_foreign");
    foreign["data"]["object"]["id"] = json!("dp_foreign");
    for place in ["/data/object/currency", "/data/object/balance_transactions/0/currency"] {
        *foreign.pointer_mut(place).unwrap() = json!("eur");
    }
    say(&world, [&withdrawn]).await;
    assert_eq!(disputed(&world).await, (74, 1_500));
    say(&world, [&foreign]).await;
    assert_eq!((standing(&world).await.0, disputed(&world).await), (70, (74, 1_500)));
}

#[tokio::test]
async fn a_dispute_cut_off_between_any_two_writes_is_posted_once() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let later = |hours: u64| SystemTime::now() + Duration::from_secs(hours * 3_600);
    let (mut seen, mut polls, mut ended, mut times) = (0, 1, false, 0);
    while !ended {
        let made = bought(&world, &mut seen).await;
        times += 1;
        for command in ["dispute", "dispute_lost"] {
            world.act(command, &made).await;
            for event in news(&world, &mut seen).await {
                assert_eq!(world.say(&event).await, 200);
            }
            ended = Dying::after(polls, world.fixture.service.sweep(later(1))).await;
            catch_up(&world.fixture).await;
            ended &= Dying::after(polls, world.fixture.service.sweep(later(3))).await;
        }
        settle(&world.fixture).await;
        assert_eq!(
            (standing(&world).await, disputed(&world).await),
            ((0, 0, -1_500 * times, 0), (0, 1_500 * times)),
            "after {polls} polls"
        );
        polls += 1 + polls / 6;
    }
    let book = BookName::try_new(BOOK).unwrap();
    let purchases = world.fixture.service.store().refunded_purchases(&book, None, 1_000).await.unwrap();
    assert_eq!(i64::try_from(purchases.len()).unwrap(), times);
    for purchase_id in purchases {
        let steps = world.fixture.service.store().dispute_steps(&book, purchase_id).await.unwrap();
        assert_eq!(steps.iter().map(|step| (step.withdrawn, step.fee)).collect::<Vec<_>>(), [(74, 1_500)]);
    }
}
