//! Refunds that are started here, through Stripe: asked for, approved, sent, lost, on their way, failed, and never more than is left.

use std::time::SystemTime;

use api::purchase::{CreateCheckoutResponse, ListRefundsRequest, RefundStarter, RefundState};
use identity::Role;
use serde_json::json;
use testbed::Storage;

use super::world::World;
use crate::checkouts::now_s;
use crate::dying::Dying;
use crate::fixture::{new_id, reason};
use crate::listening::Listening;
use crate::lots::{catch_up, gift, ties};
use crate::refunding::{hours, money, options, settle_from, shown_refunds};
use crate::refunds::settle;

async fn world(storage: Storage) -> World {
    let mut world = World::on(storage).await;
    world.fixture.reconfigure(|config| config.refunds = options()).await;
    world.fixture.stop_background();
    world.http = Listening::start(&world.fixture).await;
    world
}

async fn both() -> [World; 2] {
    [world(Storage::sqlite()).await, world(Storage::postgres()).await]
}

/// 70 coins for 74 cents, of which 7 are tax, credited and in a lot.
async fn bought(world: &World, user: &str) -> (CreateCheckoutResponse, String) {
    let made = world.checkout(user).await;
    world.act("pay", &made).await;
    world.fixture.service.sweep_orders(hours(2)).await.unwrap();
    catch_up(&world.fixture).await;
    let checkout = world.get(user, &made.checkout_id).await.unwrap();
    (made, checkout.purchase_id)
}

async fn receivable(world: &World) -> i64 {
    -world.fixture.balance("house/processor_receivable/USD").await
}

/// The refunds that Stripe has.
async fn made(world: &World) -> Vec<(i64, String)> {
    let refunds = world.api("refunds?limit=100").await;
    let one = |refund: &serde_json::Value| (refund["amount"].as_i64().unwrap(), refund["status"].as_str().unwrap().to_owned());
    refunds["data"].as_array().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn a_buyer_withdraws_from_what_was_not_spent() {
    for world in both().await {
        let fixture = &world.fixture;
        let (_, purchase_id) = bought(&world, "ann").await;
        let before = fixture.shown("ann", &purchase_id).await;
        let tax = before.tax.as_ref().unwrap();
        assert_eq!((tax.minor_units, before.coins_left, before.refunded_coins, before.refunds.len()), (7, Some(70), 0, 0));
        gift(fixture, "ann", "cleo", 40).await;
        // 30 of 70 coins are worth 31 of 74 cents.
        assert_eq!(reason(fixture.refund("ann", &purchase_id, money("USD", 32)).await), "REFUND_SPENT");
        let id = new_id();
        let (refund, replayed) = fixture.request_refund("ann", &id, &purchase_id, None).await.unwrap();
        assert_eq!((refund.state(), refund.amount.clone(), replayed), (RefundState::Approved, money("USD", 31), false));
        assert_eq!(fixture.request_refund("ann", &id, &purchase_id, None).await.unwrap(), (refund.clone(), true));
        assert_eq!(reason(fixture.request_refund("ann", &id, &purchase_id, money("USD", 1)).await), "REQUEST_ID_REUSED");
        assert_eq!(reason(fixture.refund("ann", &purchase_id, None).await), "REFUND_OPEN");
        settle(fixture).await;
        let refund = fixture.get_refund("ann", &refund.refund_id).await.unwrap();
        assert_eq!((refund.state(), refund.started_by(), refund.note.as_str()), (RefundState::Succeeded, RefundStarter::User, ""));
        assert!(refund.store_refund_id.starts_with("re_") && refund.send_time.is_some() && refund.end_time.is_some(), "{refund:?}");
        assert_eq!(made(&world).await, [(31, "succeeded".to_owned())]);
        assert_eq!((fixture.coins("ann").await, receivable(&world).await), (1, 43), "29 of 70 coins for 31 of 74 cents");
        ties(fixture, &["ann"]).await;
        // Its notifications say the same again, in any order.
        for event in world.events().await.iter().rev() {
            assert_eq!(world.say(event).await, 200);
        }
        settle(fixture).await;
        assert_eq!((fixture.coins("ann").await, receivable(&world).await), (1, 43));
        let shown = fixture.shown("ann", &purchase_id).await;
        assert_eq!((shown.coins_left, shown.refunded.clone(), shown.refunded_coins), (Some(1), money("USD", 31), 29));
        assert_eq!(shown_refunds(&shown), [(RefundState::Succeeded, 31, 29, RefundStarter::User)]);
        // One more coin is worth a cent; then nothing is left.
        fixture.refund("ann", &purchase_id, None).await.unwrap();
        settle(fixture).await;
        assert_eq!(reason(fixture.refund("ann", &purchase_id, None).await), "REFUND_SPENT");
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn what_nobody_may_have_paid_back_is_refused() {
    let mut world = world(Storage::sqlite()).await;
    let (_, purchase_id) = bought(&world, "ann").await;
    let fixture = &world.fixture;
    assert_eq!(reason(fixture.refund("bob", &purchase_id, None).await), "PURCHASE_UNKNOWN");
    assert_eq!(reason(fixture.refund("ann", &new_id(), None).await), "PURCHASE_UNKNOWN");
    assert_eq!(reason(fixture.refund("ann", "x", None).await), "MALFORMED");
    for amount in [money("USD", 0), money("USD", -1), money("USD", i64::MAX), money("EUR", 5), money("usd", 5), money("", 5)] {
        assert_eq!(reason(fixture.refund("ann", &purchase_id, amount.clone()).await), "MALFORMED", "{amount:?}");
        assert_eq!(reason(fixture.refund_by("sue", &purchase_id, amount.clone()).await), "MALFORMED", "{amount:?}");
    }
    assert_eq!(reason(fixture.refund("ann", &purchase_id, money("USD", 75)).await), "REFUND_EXCEEDS");
    let elsewhere = api::purchase::RequestRefundRequest { request_id: new_id(), purchase_id: purchase_id.clone(), ..Default::default() };
    let elsewhere = fixture.with_role("ann", Role::Viewer, "test-jp", elsewhere);
    assert_eq!(reason(fixture.client().request_refund(elsewhere).await), "PURCHASE_UNKNOWN", "another book's");
    assert_eq!(reason(fixture.refund_by("ann", &purchase_id, None).await), "SAME_PERSON", "staff who bought it");
    // The App Store is asked by its buyers only.
    let apple = fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap().purchase.unwrap().purchase_id;
    assert_eq!(reason(fixture.refund("ann", &apple, None).await), "REFUND_BY_STORE");
    assert_eq!(reason(fixture.refund_by("sue", &apple, None).await), "REFUND_BY_STORE");
    // Fifteen days later, and where there is no such right.
    let pool = fixture.pool().await;
    let days = async |days: i64| {
        let sql = "UPDATE purchase SET purchased_at_ms = purchased_at_ms - $1 WHERE store = 'stripe'";
        sqlx::query(sql).bind(days * 86_400_000).execute(&pool).await.unwrap();
    };
    days(15).await;
    assert_eq!(reason(fixture.refund("ann", &purchase_id, None).await), "REFUND_TOO_LATE");
    days(-15).await;
    world.fixture.reconfigure(|config| config.refunds.withdrawal.clear()).await;
    world.fixture.stop_background();
    assert_eq!(reason(world.fixture.refund("ann", &purchase_id, None).await), "REFUND_NOT_OFFERED");
    // The account is gone from the options.
    world.fixture.reconfigure(|config| config.sandbox_stripe.clear()).await;
    world.fixture.stop_background();
    assert_eq!(reason(world.fixture.refund_by("sue", &purchase_id, None).await), "STORE_NOT_OFFERED");
    assert_eq!(made(&world).await, []);
}

#[tokio::test]
async fn staff_refund_up_to_an_amount_alone_and_above_it_by_two() {
    for world in both().await {
        let fixture = &world.fixture;
        let (_, purchase_id) = bought(&world, "ann").await;
        gift(fixture, "ann", "cleo", 60).await;
        let alone = fixture.refund_by("sue", &purchase_id, money("USD", 20)).await.unwrap();
        assert_eq!(alone.state(), RefundState::Approved);
        settle(fixture).await;
        assert_eq!((fixture.refund_state("ann", &alone).await, receivable(&world).await), (RefundState::Succeeded, 54));
        // 51 cents are more than one may.
        let by_two = fixture.refund_by("sue", &purchase_id, money("USD", 51)).await.unwrap();
        assert_eq!(by_two.state(), RefundState::Asked);
        settle(fixture).await;
        assert_eq!((fixture.refund_state("ann", &by_two).await, made(&world).await.len()), (RefundState::Asked, 1));
        assert_eq!(reason(fixture.approve_refund("sue", &new_id(), &by_two.refund_id).await), "SAME_PERSON");
        assert_eq!(reason(fixture.approve_refund("ann", &new_id(), &by_two.refund_id).await), "SAME_PERSON", "her own purchase");
        assert_eq!(reason(fixture.approve_refund("tom", &new_id(), &new_id()).await), "REFUND_UNKNOWN");
        let id = new_id();
        let (approved, replayed) = fixture.approve_refund("tom", &id, &by_two.refund_id).await.unwrap();
        assert_eq!((approved.state(), replayed), (RefundState::Approved, false));
        assert!(fixture.approve_refund("tom", &id, &by_two.refund_id).await.unwrap().1);
        assert_eq!(reason(fixture.approve_refund("tim", &new_id(), &by_two.refund_id).await), "REFUND_DECIDED");
        assert_eq!(reason(fixture.reject_refund("tim", &by_two.refund_id).await), "REFUND_DECIDED");
        settle(fixture).await;
        // What was spent is owed.
        assert_eq!((fixture.coins("ann").await, fixture.balance("viewer/ann/debt").await, receivable(&world).await), (0, -57, 3));
        ties(fixture, &["ann"]).await;
        // Rejected, also by the one who asked; then the rest may be asked for again.
        assert_eq!(reason(fixture.refund_by("sue", &purchase_id, money("USD", 4)).await), "REFUND_EXCEEDS");
        let listed = fixture.list_refunds(("ann", Role::Viewer), ListRefundsRequest::default()).await.unwrap().refunds;
        assert_eq!(listed.iter().map(|refund| &refund.refund_id).collect::<Vec<_>>(), [&by_two.refund_id, &alone.refund_id]);
        let (_, other) = bought(&world, "bob").await;
        let rejected = fixture.refund_by("sue", &other, None).await.unwrap();
        let queue = || ListRefundsRequest { all_users: true, state: RefundState::Asked.into(), ..Default::default() };
        let waiting = fixture.list_refunds(("tom", Role::Support), queue()).await.unwrap().refunds;
        assert_eq!(waiting.iter().map(|refund| &refund.refund_id).collect::<Vec<_>>(), [&rejected.refund_id]);
        assert_eq!(reason(fixture.list_refunds(("ann", Role::Viewer), queue()).await), "MALFORMED");
        assert_eq!(fixture.reject_refund("sue", &rejected.refund_id).await.unwrap().state(), RefundState::Rejected);
        settle(fixture).await;
        assert_eq!((fixture.coins("bob").await, made(&world).await.len()), (70, 2));
        assert_eq!(reason(fixture.get_refund("ann", &rejected.refund_id).await), "REFUND_UNKNOWN", "another user's");
    }
}

#[tokio::test]
async fn refunds_are_listed_in_pages() {
    let world = world(Storage::sqlite()).await;
    let fixture = &world.fixture;
    let (_, purchase_id) = bought(&world, "ann").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(fixture.refund("ann", &purchase_id, money("USD", 5)).await.unwrap().refund_id);
        settle(fixture).await;
    }
    ids.reverse();
    let page = |page_token: &str| ListRefundsRequest { page_size: 2, page_token: page_token.to_owned(), ..Default::default() };
    let first = fixture.list_refunds(("ann", Role::Viewer), page("")).await.unwrap();
    let second = fixture.list_refunds(("ann", Role::Viewer), page(&first.next_page_token)).await.unwrap();
    let seen: Vec<&String> = first.refunds.iter().chain(&second.refunds).map(|refund| &refund.refund_id).collect();
    assert_eq!((seen, second.next_page_token.as_str()), (ids.iter().collect(), ""));
    assert_eq!(reason(fixture.list_refunds(("bob", Role::Viewer), page(&first.next_page_token)).await), "PAGE_TOKEN");
    let of_purchase = ListRefundsRequest { purchase_id: new_id(), ..Default::default() };
    assert!(fixture.list_refunds(("ann", Role::Viewer), of_purchase).await.unwrap().refunds.is_empty());
}

#[tokio::test]
async fn a_hundred_requests_at_once_make_one_refund() {
    for world in both().await {
        let fixture = &world.fixture;
        let (_, purchase_id) = bought(&world, "ann").await;
        let same = new_id();
        let all = (0..100).map(|at| {
            // Some are the same request; some are by staff.
            let id = if at % 4 == 0 { same.clone() } else { new_id() };
            let purchase_id = purchase_id.clone();
            async move {
                match at % 5 {
                    0 => fixture.refund_by("sue", &purchase_id, money("USD", 40)).await,
                    _ => fixture.request_refund("ann", &id, &purchase_id, money("USD", 40)).await.map(|(refund, _)| refund),
                }
            }
        });
        let answers = futures::future::join_all(all).await;
        let mut made_ids: Vec<String> = answers.iter().filter_map(|answer| Some(answer.as_ref().ok()?.refund_id.clone())).collect();
        made_ids.sort();
        made_ids.dedup();
        assert_eq!(made_ids.len(), 1, "{made_ids:?}");
        let refused: Vec<String> = answers.into_iter().filter_map(Result::err).map(|status| rpc::reason(&status).unwrap()).collect();
        assert!(refused.iter().all(|reason| reason == "REFUND_OPEN"), "{refused:?}");
        // Two sweeps at once ask Stripe once.
        let (one, other) = tokio::join!(fixture.service.sweep(SystemTime::now()), fixture.service.sweep(SystemTime::now()));
        one.unwrap();
        other.unwrap();
        settle(fixture).await;
        assert_eq!(made(&world).await, [(40, "succeeded".to_owned())]);
        assert_eq!(receivable(&world).await, 34);
        assert_eq!(reason(fixture.refund("ann", &purchase_id, money("USD", 40)).await), "REFUND_EXCEEDS");
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_and_never_sent_under_another_id() {
    let world = world(Storage::sqlite()).await;
    let fixture = &world.fixture;
    // Not reached, refused for now, broken, and done with the answer lost.
    for fault in ["down", "429", "409", "500", "cut"] {
        let (_, purchase_id) = bought(&world, "ann").await;
        let refund = fixture.refund("ann", &purchase_id, None).await.unwrap();
        world.command(json!({"command": "fault", "fault": fault, "times": 1})).await;
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        assert_eq!(fixture.refund_state("ann", &refund).await, RefundState::Unknown, "{fault}");
        // Away for a day: the key may be forgotten.
        world.command(json!({"command": "fault", "fault": "down", "times": 100})).await;
        for hour in [1, 4, 9, 16] {
            fixture.service.sweep(hours(hour)).await.unwrap();
            assert_eq!(fixture.refund_state("ann", &refund).await, RefundState::Unknown, "{fault}");
        }
        world.command(json!({"command": "fault", "fault": "down", "times": 0})).await;
        world.command(json!({"command": "forget_keys"})).await;
        fixture.service.sweep(hours(25)).await.unwrap();
        assert_eq!(fixture.refund_state("ann", &refund).await, RefundState::Succeeded, "{fault}");
        catch_up(fixture).await;
        fixture.service.sweep(hours(50)).await.unwrap();
        assert_eq!((fixture.coins("ann").await, receivable(&world).await), (0, 0), "{fault}");
    }
    assert_eq!(made(&world).await, vec![(74, "succeeded".to_owned()); 5]);
    ties(fixture, &["ann"]).await;
}

#[tokio::test]
async fn one_on_its_way_takes_nothing_and_one_that_fails_gives_everything_back_once() {
    for world in both().await {
        let fixture = &world.fixture;
        world.command(json!({"command": "refunds_become", "state": "pending"})).await;
        let (made, purchase_id) = bought(&world, "ann").await;
        let refund = fixture.refund("ann", &purchase_id, None).await.unwrap();
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        assert_eq!((fixture.refund_state("ann", &refund).await, fixture.coins("ann").await), (RefundState::Sent, 70));
        // What Stripe says of all together counts it already; nothing is taken for it, and nothing is left to ask for.
        for event in world.events().await.iter().filter(|event| event["type"] == "charge.refunded") {
            assert_eq!(world.say(event).await, 200);
        }
        settle_from(fixture, 2).await;
        assert_eq!((fixture.refund_state("ann", &refund).await, fixture.coins("ann").await), (RefundState::Sent, 70));
        assert_eq!(reason(fixture.refund_by("sue", &purchase_id, None).await), "REFUND_OPEN");
        world.act("refund_settled", &made).await;
        settle_from(fixture, 12).await;
        assert_eq!(
            (fixture.refund_state("ann", &refund).await, fixture.coins("ann").await, receivable(&world).await),
            (RefundState::Succeeded, 0, 0)
        );
        // The card's bank sends it back days later: by its notification, twice.
        world.act("refund_failed", &made).await;
        let mut failed = world.events().await;
        failed.retain(|event| event["data"]["object"]["status"] == "failed");
        for event in &mut failed {
            event["created"] = json!(now_s() + 15 * 3_600);
        }
        for event in failed.iter().chain(&failed) {
            assert_eq!(world.say(event).await, 200);
        }
        settle_from(fixture, 20).await;
        assert_eq!(
            (fixture.refund_state("ann", &refund).await, fixture.coins("ann").await, receivable(&world).await),
            (RefundState::Failed, 70, 74)
        );
        ties(fixture, &["ann"]).await;
        // It can be asked for again; this one fails before it succeeded.
        let again = fixture.refund("ann", &purchase_id, None).await.unwrap();
        fixture.service.sweep(hours(30)).await.unwrap();
        world.act("refund_failed", &made).await;
        settle_from(fixture, 40).await;
        assert_eq!(fixture.get_refund("ann", &again.refund_id).await.unwrap().note, "", "not for users");
        let again = fixture.refund_for_staff(&again.refund_id).await;
        assert_eq!((again.state(), again.note.as_str()), (RefundState::Failed, "lost_or_stolen_card"));
        assert_eq!((fixture.coins("ann").await, receivable(&world).await), (70, 74));
        let shown = fixture.shown("ann", &purchase_id).await;
        let failed = (RefundState::Failed, 74, 70, RefundStarter::User);
        assert_eq!(shown_refunds(&shown), [failed, failed]);
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn stripe_refuses_what_was_refunded_at_its_console_in_between() {
    let world = world(Storage::sqlite()).await;
    let fixture = &world.fixture;
    let (made, purchase_id) = bought(&world, "ann").await;
    let refund = fixture.refund("ann", &purchase_id, None).await.unwrap();
    world.command(json!({"command": "refund", "session": World::session(&made), "amount": 30})).await;
    settle(fixture).await;
    let refund = fixture.get_refund("ann", &refund.refund_id).await.unwrap();
    assert_eq!(refund.state(), RefundState::Failed, "{}", refund.note);
    // Once the notification of the other one is read, only the rest can be asked for.
    for event in world.events().await.iter().filter(|event| event["type"] == "refund.created") {
        assert_eq!(world.say(event).await, 200);
    }
    settle(fixture).await;
    assert_eq!(reason(fixture.refund("ann", &purchase_id, money("USD", 45)).await), "REFUND_EXCEEDS");
    let rest = fixture.refund("ann", &purchase_id, None).await.unwrap();
    assert_eq!(rest.amount, money("USD", 44));
    settle(fixture).await;
    assert_eq!((fixture.coins("ann").await, receivable(&world).await), (0, 0));
    let shown = fixture.shown("ann", &purchase_id).await;
    let by = shown.refunds.iter().map(|refund| (refund.state(), refund.started_by())).collect::<Vec<_>>();
    assert!(
        by.contains(&(RefundState::Succeeded, RefundStarter::Store)) && by.contains(&(RefundState::Failed, RefundStarter::User)),
        "{by:?}"
    );
    assert_eq!((by.len(), shown.refunded, shown.refunded_coins), (3, money("USD", 74), 70));
    ties(fixture, &["ann"]).await;
}

#[tokio::test]
async fn a_crash_between_any_two_writes_refunds_once() {
    let world = world(Storage::sqlite()).await;
    let fixture = &world.fixture;
    let (mut polls, mut whole, mut refunds) = (1, 0, 0);
    while whole < 2 {
        whole = 0;
        let (_, purchase_id) = bought(&world, "ann").await;
        let id = new_id();
        let call = fixture.request_refund("ann", &id, &purchase_id, None);
        whole += usize::from(Dying::after(polls, call).await);
        fixture.request_refund("ann", &id, &purchase_id, None).await.unwrap();
        whole += usize::from(Dying::after(polls, fixture.service.sweep(SystemTime::now())).await);
        settle(fixture).await;
        fixture.service.sweep(hours(24)).await.unwrap();
        refunds += 1;
        assert_eq!((fixture.coins("ann").await, receivable(&world).await), (0, 0), "after {polls} polls");
        assert_eq!(made(&world).await.len(), refunds, "after {polls} polls");
        polls += 1 + polls / 8;
    }
    catch_up(fixture).await;
    ties(fixture, &["ann"]).await;
}
