//! What users can write who pay nothing: so many orders, which end and are forgotten, and which keep nobody else waiting.

use api::purchase::{RequestRefundRequest, SetRefundConsentRequest};
use futures::future::join_all;
use identity::Role;
use money::{BookName, UserKey};
use serde_json::json;

use super::world::{PRODUCT, World};
use crate::fixture::{BOOK, new_id, reason};
use crate::lots::catch_up;
use crate::refunding::{hours, options};

async fn with(change: impl Fn(&mut purchase::Config)) -> [World; 2] {
    let mut worlds = World::both().await;
    for world in &mut worlds {
        world.fixture.reconfigure(&change).await;
        world.fixture.stop_background();
    }
    worlds
}

async fn orders(world: &World) -> Vec<(String, i64)> {
    let sql = "SELECT user_id, state FROM store_order ORDER BY created_at_ms, order_id";
    sqlx::query_as(sql).fetch_all(&world.fixture.pool().await).await.unwrap()
}

#[tokio::test]
async fn a_user_has_so_many_unpaid_orders_and_no_more() {
    for world in with(|config| config.open_orders_max = 3).await {
        let ids = [new_id(), new_id(), new_id()];
        let mut made = Vec::new();
        for id in &ids {
            made.push(world.create("ann", id, PRODUCT).await.unwrap());
        }
        let refused = world.create("ann", &new_id(), PRODUCT).await.unwrap_err();
        assert_eq!((rpc::reason(&refused).unwrap().as_str(), rpc::facts(&refused)["checkouts_max"].as_str()), ("CHECKOUT_LIMIT", "3"));
        assert_eq!((orders(&world).await.len(), world.sessions().await), (3, 3), "the store was not asked");
        assert!(world.create("ann", &ids[0], PRODUCT).await.unwrap().replayed, "an order that there is");
        world.checkout("bob").await;
        // One that is paid, or can't be paid any more, makes room for one.
        world.act("pay", &made[0]).await;
        world.fixture.service.sweep_orders(hours(1)).await.unwrap();
        let id = new_id();
        world.create("ann", &id, PRODUCT).await.unwrap();
        assert_eq!(reason(world.create("ann", &new_id(), PRODUCT).await), "CHECKOUT_LIMIT");
        let sql = "UPDATE store_order SET expires_at_ms = 1 WHERE order_id = $1";
        sqlx::query(sql).bind(made[1].checkout_id.as_str()).execute(&world.fixture.pool().await).await.unwrap();
        world.create("ann", &new_id(), PRODUCT).await.unwrap();
        assert_eq!(reason(world.create("ann", &new_id(), PRODUCT).await), "CHECKOUT_LIMIT");
    }
}

#[tokio::test]
async fn a_user_who_asks_for_many_orders_at_once_has_no_more() {
    for world in with(|config| config.open_orders_max = 3).await {
        let answers = join_all((0..16).map(|_| async { world.create("ann", &new_id(), PRODUCT).await })).await;
        let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), orders(&world).await.len(), world.sessions().await), (3, 3, 3));
        assert!(refused.into_iter().all(|answer| reason(answer) == "CHECKOUT_LIMIT"));
    }
}

#[tokio::test]
async fn orders_that_nobody_can_pay_because_the_store_was_away_keep_none_from_being_made() {
    for world in with(|config| config.open_orders_max = 3).await {
        let lost = [new_id(), new_id(), new_id()];
        for id in &lost {
            world.command(json!({"command": "fault", "fault": "down", "times": 1})).await;
            assert_eq!(reason(world.create("ann", id, PRODUCT).await), "STORE_UNAVAILABLE");
        }
        // Until it is sure that the store has answered none of them, they count.
        assert_eq!(reason(world.create("ann", &new_id(), PRODUCT).await), "CHECKOUT_LIMIT");
        let sql = "UPDATE store_order SET created_at_ms = created_at_ms - 60000, asked_at_ms = asked_at_ms - 60000";
        sqlx::query(sql).execute(&world.fixture.pool().await).await.unwrap();
        for _ in 0..3 {
            world.checkout("ann").await;
        }
        // Nor do they make them more.
        for id in [&new_id(), &lost[0]] {
            assert_eq!(reason(world.create("ann", id, PRODUCT).await), "CHECKOUT_LIMIT");
        }
        assert_eq!((orders(&world).await.len(), world.sessions().await), (6, 3));
    }
}

#[tokio::test]
async fn orders_that_nobody_paid_are_forgotten_with_their_requests() {
    for world in with(|_| ()).await {
        let (paid, unpaid) = (new_id(), new_id());
        let made = world.create("ann", &paid, PRODUCT).await.unwrap();
        let forgotten = world.create("ann", &unpaid, PRODUCT).await.unwrap();
        world.act("pay", &made).await;
        world.act("expire", &forgotten).await;
        for hour in [1, 30] {
            world.fixture.service.sweep_orders(hours(hour)).await.unwrap();
        }
        assert_eq!(orders(&world).await, [("ann".to_owned(), 3), ("ann".to_owned(), 4)], "paid, and expired");
        world.fixture.service.sweep(hours(36)).await.unwrap();
        assert_eq!(orders(&world).await.len(), 2, "its answer is repeated for some days");
        assert!(world.create("ann", &unpaid, PRODUCT).await.unwrap().replayed);
        world.fixture.service.sweep(hours(60 * 24)).await.unwrap();
        assert_eq!(orders(&world).await, [("ann".to_owned(), 3)]);
        assert!(world.create("ann", &paid, PRODUCT).await.unwrap().replayed, "what was paid is answered for ever");
        assert_eq!(reason(world.get("ann", &forgotten.checkout_id).await), "CHECKOUT_UNKNOWN");
        let again = world.create("ann", &unpaid, PRODUCT).await.unwrap();
        assert!(!again.replayed && again.checkout_id != forgotten.checkout_id);
    }
}

#[tokio::test]
async fn many_unpaid_orders_of_one_user_keep_nobody_elses_payment_waiting() {
    for world in with(|config| config.sweep_batch_max = 2).await {
        for _ in 0..6 {
            world.checkout("ann").await;
        }
        // Its event was lost.
        let made = world.checkout("bob").await;
        world.act("pay", &made).await;
        assert_eq!(world.fixture.service.sweep_orders(hours(2)).await.unwrap(), 1);
        assert_eq!(world.fixture.coins("bob").await, 70);
    }
}

#[tokio::test]
async fn of_equal_calls_at_once_all_but_one_are_replays() {
    for world in with(|config| config.refunds = options()).await {
        let fixture = &world.fixture;
        let id = new_id();
        let answers = join_all((0..16).map(|_| world.create("ann", &id, PRODUCT))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
        assert!(answers.iter().all(|answer| answer.checkout_id == answers[0].checkout_id && answer.pay_url == answers[0].pay_url));
        assert_eq!(world.sessions().await, 1);
        world.act("pay", &answers[0]).await;
        fixture.service.sweep_orders(hours(2)).await.unwrap();
        catch_up(fixture).await;
        let purchase_id = world.get("ann", &answers[0].checkout_id).await.unwrap().purchase_id;
        let id = new_id();
        let asked = join_all((0..16).map(|_| fixture.request_refund("ann", &id, &purchase_id, None))).await;
        assert_eq!(asked.into_iter().filter(|answer| !answer.as_ref().unwrap().1).count(), 1);
        let message = SetRefundConsentRequest { request_id: new_id(), consents: true, terms: "v1".to_owned(), ..Default::default() };
        let set =
            join_all((0..16).map(|_| async { fixture.client().set_refund_consent(fixture.from("ann", message.clone())).await })).await;
        assert_eq!(set.into_iter().filter(|answer| !answer.as_ref().unwrap().get_ref().replayed).count(), 1);
    }
}

#[tokio::test]
async fn consent_is_a_row_where_it_changes_and_so_many_at_most() {
    for world in with(|_| ()).await {
        let fixture = &world.fixture;
        let set = async |consents: bool, terms: &str| {
            let message = SetRefundConsentRequest { request_id: new_id(), consents, terms: terms.to_owned(), ..Default::default() };
            fixture.client().set_refund_consent(fixture.from("ann", message)).await.unwrap().into_inner().consent.unwrap()
        };
        let (book, ann) = (BookName::try_new(BOOK).unwrap(), UserKey::try_new("ann").unwrap());
        let rows = async || fixture.service.store().consents_of(&book, &ann).await.unwrap();
        let first = set(true, "v1").await;
        for _ in 0..3 {
            assert_eq!(set(true, "v1").await, first, "as of when it was set");
        }
        assert_eq!(rows().await.len(), 1);
        set(true, "v2").await;
        set(false, "").await;
        assert_eq!(rows().await.iter().map(|row| (row.0, row.1.as_str())).collect::<Vec<_>>(), [(true, "v1"), (true, "v2"), (false, "")]);
        for turn in 0..120 {
            set(turn % 2 == 0, "v3").await;
        }
        let kept = rows().await;
        assert_eq!((kept.len(), kept.last().unwrap().0), (100, false), "the last ones");
    }
}

#[tokio::test]
async fn staff_who_ask_for_a_buyer_refund_as_staff() {
    for world in with(|config| config.refunds = options()).await {
        let fixture = &world.fixture;
        let made = world.checkout("ann").await;
        world.act("pay", &made).await;
        fixture.service.sweep_orders(hours(2)).await.unwrap();
        catch_up(fixture).await;
        let purchase_id = world.get("ann", &made.checkout_id).await.unwrap().purchase_id;
        let asked = async |who: &str, role: Role, minor_units: i64| {
            let amount = crate::refunding::money("USD", minor_units);
            let (request_id, user_id) = (new_id(), "ann".to_owned());
            let message = RequestRefundRequest { request_id, user_id, purchase_id: purchase_id.clone(), amount, ..Default::default() };
            fixture
                .client()
                .request_refund(fixture.with_role(who, role, BOOK, message))
                .await
                .map(|answer| answer.into_inner().refund.unwrap())
        };
        use api::purchase::{RefundStarter, RefundState};
        assert_eq!(reason(asked("ann", Role::Support, 10).await), "SAME_PERSON", "her own purchase");
        // 51 cents are more than one may.
        let by_two = asked("sue", Role::Support, 51).await.unwrap();
        assert_eq!((by_two.state(), by_two.started_by()), (RefundState::Asked, RefundStarter::Staff));
        assert_eq!(reason(fixture.approve_refund("sue", &new_id(), &by_two.refund_id).await), "SAME_PERSON");
        assert_eq!(fixture.reject_refund("tom", &by_two.refund_id).await.unwrap().state(), RefundState::Rejected);
        // The right of withdrawal is still the bound: all 70 coins are worth 74 cents.
        assert_eq!(reason(asked("sue", Role::Support, 75).await), "REFUND_EXCEEDS");
        let alone = asked("sue", Role::Support, 20).await.unwrap();
        assert_eq!((alone.state(), alone.started_by()), (RefundState::Approved, RefundStarter::Staff));
        for hour in [4, 6, 8] {
            fixture.service.sweep(hours(hour)).await.unwrap();
            catch_up(fixture).await;
        }
        // The app asks for its user.
        let by_app = asked("app", Role::Service, 51).await.unwrap();
        assert_eq!((by_app.state(), by_app.started_by()), (RefundState::Approved, RefundStarter::User));
    }
}
