//! Refunds that are started here, through Alipay and WeChat Pay: at once, on their way, stuck, called off, lost, refused, and never twice.

use std::time::SystemTime;

use api::purchase::{CreateCheckoutResponse, RefundStarter, RefundState};
use serde_json::json;
use testbed::Storage;

use super::world::{Wallet, World};
use crate::dying::Dying;
use crate::fixture::{new_id, reason};
use crate::listening::Listening;
use crate::lots::{catch_up, ties};
use crate::refunding::{hours, money, options, settle_from, shown_refunds};
use crate::refunds::settle;

async fn world(storage: Storage, wallet: Wallet) -> World {
    let mut world = World::on(storage, wallet).await;
    world.fixture.reconfigure(|config| config.refunds = options()).await;
    world.fixture.stop_background();
    world.http = Listening::start(&world.fixture).await;
    world
}

async fn all() -> [World; 3] {
    [
        world(Storage::sqlite(), Wallet::Alipay).await,
        world(Storage::sqlite(), Wallet::Wechat).await,
        world(Storage::postgres(), Wallet::Alipay).await,
    ]
}

/// 70 coins for 4.98 yuan, credited and in a lot.
async fn bought(world: &World, user: &str) -> (CreateCheckoutResponse, String) {
    let made = world.checkout(user).await;
    world.act("pay", &made).await;
    world.fixture.service.sweep_orders(hours(2)).await.unwrap();
    catch_up(&world.fixture).await;
    let purchase_id = world.fixture.get_checkout(user, &made.checkout_id).await.unwrap().purchase_id;
    (made, purchase_id)
}

async fn receivable(world: &World) -> i64 {
    -world.fixture.balance("house/processor_receivable/CNY").await
}

/// Reports everything that happened, the newest first.
async fn say_all(world: &World) {
    for event in world.events().await.iter().rev() {
        assert_eq!(world.say(event).await, world.taken(), "{event}");
    }
    settle(&world.fixture).await;
}

/// How often money moved at the wallet.
async fn paid_back(world: &World) -> usize {
    let is_refund = |event: &&serde_json::Value| event["kind"] == "REFUND.SUCCESS" || event["form"]["refund_fee"].is_string();
    world.events().await.iter().filter(is_refund).count()
}

#[tokio::test]
async fn a_buyer_withdraws_in_parts_and_notifications_say_the_same_again() {
    for world in all().await {
        let fixture = &world.fixture;
        let (_, purchase_id) = bought(&world, "ann").await;
        assert_eq!(reason(fixture.refund("ann", &purchase_id, money("USD", 100)).await), "MALFORMED");
        let first = fixture.refund("ann", &purchase_id, money("CNY", 100)).await.unwrap();
        settle(fixture).await;
        assert_eq!(fixture.refund_state("ann", &first).await, RefundState::Succeeded);
        assert_eq!((fixture.coins("ann").await, receivable(&world).await), (56, 398), "14 of 70 coins for 1.00 of 4.98");
        say_all(&world).await;
        assert_eq!((fixture.coins("ann").await, receivable(&world).await), (56, 398));
        assert_eq!(reason(fixture.refund("ann", &purchase_id, money("CNY", 399)).await), "REFUND_EXCEEDS");
        // The rest: then the trade is closed at Alipay.
        let rest = fixture.refund("ann", &purchase_id, None).await.unwrap();
        assert_eq!(rest.amount, money("CNY", 398));
        settle(fixture).await;
        say_all(&world).await;
        assert_eq!((fixture.coins("ann").await, receivable(&world).await, paid_back(&world).await), (0, 0, 2));
        let shown = fixture.shown("ann", &purchase_id).await;
        let of = |amount, coins| (RefundState::Succeeded, amount, coins, RefundStarter::User);
        assert_eq!(shown_refunds(&shown), [of(398, 55), of(100, 14)]);
        assert_eq!((shown.refunded, shown.refunded_coins, shown.coins_left), (money("CNY", 498), 70, Some(0)));
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn a_refund_at_the_wallets_console_is_told_from_ours() {
    for world in all().await {
        let fixture = &world.fixture;
        let (made, purchase_id) = bought(&world, "ann").await;
        world.command(json!({"command": "refund", "trade": World::trade(&made), "amount": 98})).await;
        say_all(&world).await;
        let ours = fixture.refund("ann", &purchase_id, money("CNY", 200)).await.unwrap();
        settle(fixture).await;
        assert_eq!(fixture.refund_state("ann", &ours).await, RefundState::Succeeded);
        assert_eq!(receivable(&world).await, 200, "both count");
        say_all(&world).await;
        assert_eq!(receivable(&world).await, 200);
        let shown = fixture.shown("ann", &purchase_id).await;
        let mut by: Vec<_> =
            shown.refunds.iter().map(|refund| (refund.amount.as_ref().unwrap().minor_units, refund.started_by())).collect();
        by.sort_unstable_by_key(|(amount, _)| *amount);
        assert_eq!(by, [(98, RefundStarter::Store), (200, RefundStarter::User)]);
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_under_the_same_id() {
    for world in all().await {
        let fixture = &world.fixture;
        let faults = ["down", "429", "500", "cut", "forged", "garbage"];
        for fault in faults {
            let (_, purchase_id) = bought(&world, "ann").await;
            let refund = fixture.refund("ann", &purchase_id, None).await.unwrap();
            world.command(json!({"command": "fault", "fault": fault, "times": 1})).await;
            fixture.service.sweep(SystemTime::now()).await.unwrap();
            assert_eq!(fixture.refund_state("ann", &refund).await, RefundState::Unknown, "{fault}");
            world.command(json!({"command": "fault", "fault": "down", "times": 100})).await;
            for hour in [1, 8, 16] {
                fixture.service.sweep(hours(hour)).await.unwrap();
            }
            world.command(json!({"command": "fault", "fault": "down", "times": 0})).await;
            fixture.service.sweep(hours(25)).await.unwrap();
            assert_eq!(fixture.refund_state("ann", &refund).await, RefundState::Succeeded, "{fault}");
            catch_up(fixture).await;
            fixture.service.sweep(hours(50)).await.unwrap();
            assert_eq!((fixture.coins("ann").await, receivable(&world).await), (0, 0), "{fault}");
        }
        assert_eq!(paid_back(&world).await, faults.len());
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn one_that_is_refused_takes_nothing_and_can_be_asked_for_again() {
    for world in all().await {
        let fixture = &world.fixture;
        let (made, purchase_id) = bought(&world, "ann").await;
        world.command(json!({"command": "refunds_become", "outcome": "refused"})).await;
        let refused = fixture.refund("ann", &purchase_id, None).await.unwrap();
        settle(fixture).await;
        let refused = fixture.refund_for_staff(&refused.refund_id).await;
        assert_eq!((refused.state(), fixture.coins("ann").await), (RefundState::Failed, 70));
        assert!(!refused.note.is_empty());
        // Refunded at the console meanwhile, unknown here: the wallet refuses what is more than is left.
        world.command(json!({"command": "refunds_become", "outcome": "succeeded"})).await;
        world.command(json!({"command": "refund", "trade": World::trade(&made), "amount": 300})).await;
        let above = fixture.refund("ann", &purchase_id, None).await.unwrap();
        settle(fixture).await;
        assert_eq!((fixture.refund_state("ann", &above).await, fixture.coins("ann").await), (RefundState::Failed, 70));
        say_all(&world).await;
        let rest = fixture.refund("ann", &purchase_id, None).await.unwrap();
        assert_eq!(rest.amount, money("CNY", 198));
        settle(fixture).await;
        assert_eq!((fixture.coins("ann").await, receivable(&world).await, paid_back(&world).await), (0, 0, 2));
        ties(fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn one_on_its_way_comes_by_query_or_notification_and_a_stuck_one_needs_people() {
    let world = world(Storage::sqlite(), Wallet::Wechat).await;
    let fixture = &world.fixture;
    world.command(json!({"command": "refunds_become", "outcome": "pending"})).await;
    let unfinished = async |state: &str| {
        let all = fixture.service.store().unfinished().await.unwrap();
        all.into_iter().find(|open| (open.what, open.state) == ("refund_order", state)).unwrap().count
    };
    // By query, by notification first, called off, and stuck until somebody acts.
    for (way, ends) in [
        ("query", RefundState::Succeeded),
        ("notification", RefundState::Succeeded),
        ("refund_called_off", RefundState::Failed),
        ("refund_stuck", RefundState::Succeeded),
    ] {
        let (made, purchase_id) = bought(&world, "ann").await;
        let before = fixture.coins("ann").await;
        let refund = fixture.refund("ann", &purchase_id, None).await.unwrap();
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        assert_eq!((fixture.refund_state("ann", &refund).await, unfinished("sent").await), (RefundState::Sent, 1), "{way}");
        match way {
            "refund_stuck" => {
                world.act("refund_stuck", &made).await;
                fixture.service.sweep(hours(3)).await.unwrap();
                let stuck = fixture.refund_for_staff(&refund.refund_id).await;
                assert_eq!((stuck.state(), unfinished("abnormal").await, fixture.coins("ann").await), (RefundState::Abnormal, 1, before));
                assert!(stuck.note.contains("console"), "{}", stuck.note);
                assert_eq!(reason(fixture.refund_by("sue", &purchase_id, None).await), "REFUND_OPEN", "not under another id");
                // What it reported of that takes nothing; then somebody chooses another account.
                for event in world.events().await.iter().filter(|event| event["kind"] == "REFUND.ABNORMAL") {
                    assert_eq!(world.say(event).await, world.taken());
                }
                world.act("refund_settled", &made).await;
            }
            "refund_called_off" => world.act(way, &made).await,
            _ => world.act("refund_settled", &made).await,
        }
        if way == "notification" {
            assert_eq!(world.say(world.events().await.last().unwrap()).await, world.taken());
        }
        // What was held for it goes once the coin lots have read the hold, and its money once they have read what was taken.
        for hour in [12, 24, 36, 48] {
            fixture.service.sweep(hours(hour)).await.unwrap();
            catch_up(fixture).await;
        }
        let gone = if ends == RefundState::Succeeded { 70 } else { 0 };
        assert_eq!((fixture.refund_state("ann", &refund).await, fixture.coins("ann").await), (ends, before - gone), "{way}");
        assert_eq!((unfinished("sent").await, unfinished("abnormal").await), (0, 0), "{way}");
    }
    say_all(&world).await;
    assert_eq!((fixture.coins("ann").await, receivable(&world).await), (70, 498), "the one that was called off");
    ties(fixture, &["ann"]).await;
}

#[tokio::test]
async fn alipay_that_takes_a_refund_and_has_not_paid_is_asked_until_it_has() {
    let world = world(Storage::sqlite(), Wallet::Alipay).await;
    let fixture = &world.fixture;
    world.command(json!({"command": "refunds_become", "outcome": "pending"})).await;
    let (made, purchase_id) = bought(&world, "ann").await;
    let refund = fixture.refund("ann", &purchase_id, money("CNY", 100)).await.unwrap();
    for hour in [0, 2, 4] {
        fixture.service.sweep(hours(hour)).await.unwrap();
        assert_eq!((fixture.refund_state("ann", &refund).await, fixture.coins("ann").await), (RefundState::Unknown, 70));
    }
    world.act("refund_settled", &made).await;
    settle_from(fixture, 12).await;
    assert_eq!((fixture.refund_state("ann", &refund).await, fixture.coins("ann").await), (RefundState::Succeeded, 56));
    assert_eq!(paid_back(&world).await, 1);
}

#[tokio::test]
async fn a_crash_between_any_two_writes_refunds_once() {
    for world in [world(Storage::sqlite(), Wallet::Alipay).await, world(Storage::sqlite(), Wallet::Wechat).await] {
        let fixture = &world.fixture;
        let (mut polls, mut whole, mut refunds) = (1, 0, 0);
        while whole < 2 {
            whole = 0;
            let (_, purchase_id) = bought(&world, "ann").await;
            let id = new_id();
            whole += usize::from(Dying::after(polls, fixture.request_refund("ann", &id, &purchase_id, None)).await);
            fixture.request_refund("ann", &id, &purchase_id, None).await.unwrap();
            whole += usize::from(Dying::after(polls, fixture.service.sweep(SystemTime::now())).await);
            settle(fixture).await;
            fixture.service.sweep(hours(24)).await.unwrap();
            refunds += 1;
            assert_eq!((fixture.coins("ann").await, receivable(&world).await), (0, 0), "after {polls} polls");
            assert_eq!(paid_back(&world).await, refunds, "after {polls} polls");
            polls += 1 + polls / 8;
        }
        catch_up(fixture).await;
        ties(fixture, &["ann"]).await;
    }
}
