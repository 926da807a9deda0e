//! What the store says is compared with the order: what differs is flagged for a person, and nobody is credited.

use super::world::World;
use crate::notified::{kept, later};
use api::purchase::CheckoutState;
use purchase::domain::event::EventState;
use serde_json::{Value, json};

/// A checkout and the event of its payment, with this change.
async fn paid(world: &World, user: &str, change: impl FnOnce(&mut Value)) -> (String, Value) {
    let made = world.checkout(user).await;
    world.act("pay", &made).await;
    let mut event = world.events().await.pop().unwrap();
    change(&mut event);
    (made.checkout_id, event)
}

#[tokio::test]
async fn another_amount_currency_account_mode_or_session_is_flagged_and_not_credited() {
    for world in [World::sqlite().await] {
        world.fixture.stop_background();
        let changes: [(&str, Value, &str); 8] = [
            ("/data/object/amount_total", json!(73), "73 usd (as Stripe counts it) is paid, and the order's price is 0.74 USD"),
            ("/data/object/amount_total", json!(7400), "7400 usd (as Stripe counts it) is paid, and the order's price is 0.74 USD"),
            ("/data/object/amount_total", Value::Null, "nothing is paid, and the order's price is 0.74 USD"),
            ("/data/object/currency", json!("jpy"), "74 jpy (as Stripe counts it) is paid, and the order's price is 0.74 USD"),
            ("/data/object/livemode", json!(true), "it is in live mode, not test"),
            ("/account", json!("acct_other"), "account acct_other is paid, not acct_largesse_sandbox"),
            ("/data/object/id", json!("cs_test_other"), "it is session cs_test_other"),
            ("/data/object/payment_intent", Value::Null, "it is paid without a payment"),
        ];
        for (place, value, why) in changes {
            let (checkout_id, event) = paid(&world, "ann", |event| *event.pointer_mut(place).unwrap() = value.clone()).await;
            assert_eq!(world.say(&event).await, 200, "it is Stripe's own word");
            world.fixture.service.sweep(later()).await.unwrap();
            let checkout = world.get("ann", &checkout_id).await.unwrap();
            assert_eq!(checkout.state(), CheckoutState::Flagged, "{place}");
            assert!(checkout.note.starts_with(why), "{}", checkout.note);
            let last = kept(&world.fixture).await.pop().unwrap();
            assert_eq!(last.1, EventState::WaitsForStaff);
            assert_eq!(world.fixture.coins("ann").await, 0);
        }
        assert!(world.fixture.postings().await.is_empty());
        let open = world.fixture.service.store().unfinished().await.unwrap();
        let flagged = open.iter().find(|open| (open.what, open.state) == ("store_order", "flagged")).unwrap();
        assert_eq!(flagged.count, 8);
    }
}

#[tokio::test]
async fn an_order_that_is_not_ours_credits_nobody() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    for (order_id, state, note) in [
        (json!(uuid::Uuid::now_v7().to_string()), EventState::WaitsForStaff, "there is no such order"),
        (json!("sofa"), EventState::Noted, "it is about no order of ours"),
        (Value::Null, EventState::Noted, "it is about no order of ours"),
    ] {
        let (_, event) = paid(&world, "ann", |event| event["data"]["object"]["metadata"]["order_id"] = order_id.clone()).await;
        assert_eq!(world.say(&event).await, 200);
        world.fixture.service.sweep(later()).await.unwrap();
        let last = kept(&world.fixture).await.pop().unwrap();
        assert_eq!((last.1, last.2.as_str()), (state, note));
    }
    assert_eq!(world.fixture.coins("ann").await, 0);
}

#[tokio::test]
async fn a_second_payment_of_one_order_is_flagged_and_the_first_stays() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let (checkout_id, event) = paid(&world, "ann", |_| {}).await;
    assert_eq!(world.say(&event).await, 200);
    world.fixture.service.sweep(later()).await.unwrap();
    let mut second = event.clone();
    second["id"] = json!("evt_second");
    second["data"]["object"]["payment_intent"] = json!("pi_second");
    assert_eq!(world.say(&second).await, 200);
    world.fixture.service.sweep(later()).await.unwrap();
    let checkout = world.get("ann", &checkout_id).await.unwrap();
    assert_eq!(checkout.state(), CheckoutState::Paid);
    assert!(checkout.note.starts_with("payment pi_second is another"), "{}", checkout.note);
    // One payment pays one order.
    let (other_id, mut other) = paid(&world, "bob", |_| {}).await;
    other["data"]["object"]["payment_intent"] = event["data"]["object"]["payment_intent"].clone();
    assert_eq!(world.say(&other).await, 200);
    world.fixture.service.sweep(later()).await.unwrap();
    assert_eq!(world.state("bob", &other_id).await, CheckoutState::Flagged);
    assert_eq!((world.fixture.coins("ann").await, world.fixture.coins("bob").await), (70, 0));
}

#[tokio::test]
async fn the_right_event_still_credits_an_order_that_a_wrong_one_flagged() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let (checkout_id, event) = paid(&world, "ann", |_| {}).await;
    let mut wrong = event.clone();
    wrong["id"] = json!("evt_wrong");
    wrong["data"]["object"]["amount_total"] = json!(1);
    for (event, state) in [(&wrong, CheckoutState::Flagged), (&event, CheckoutState::Paid)] {
        assert_eq!(world.say(event).await, 200);
        world.fixture.service.sweep(later()).await.unwrap();
        assert_eq!(world.state("ann", &checkout_id).await, state);
    }
    assert_eq!(world.fixture.coins("ann").await, 70);
}

#[tokio::test]
async fn an_erased_users_orders_have_no_addresses_and_are_still_credited() {
    let world = World::sqlite().await;
    world.fixture.stop_background();
    let (checkout_id, event) = paid(&world, "ann", |_| {}).await;
    let (book, ann) = (money::BookName::try_new(crate::fixture::BOOK).unwrap(), money::UserKey::try_new("ann").unwrap());
    let pool = world.fixture.pool().await;
    let addresses = async || {
        let sql = "SELECT COUNT(*) FROM store_order WHERE success_url <> '' AND cancel_url <> '' AND pay_url <> ''";
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap()
    };
    assert_eq!(addresses().await, 1);
    world.fixture.service.store().erase(&book, &ann).await.unwrap();
    assert_eq!(addresses().await, 0);
    assert_eq!(world.fixture.service.store().orders_of_user(&book, &ann, None).await.unwrap().len(), 1, "accounts must be kept");
    assert_eq!(world.say(&event).await, 200);
    world.fixture.service.sweep(later()).await.unwrap();
    assert_eq!(world.state("ann", &checkout_id).await, CheckoutState::Paid);
    assert_eq!(world.fixture.coins("ann").await, 70);
}
