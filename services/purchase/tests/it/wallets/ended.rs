//! A refund that the wallet can't end is ended by staff: by one of them up to the configured amount, above it by two.

use std::time::SystemTime;

use api::purchase::RefundState;
use purchase::PriceFrom;
use serde_json::json;
use testbed::Storage;

use super::world::{Wallet, World};
use crate::fixture::reason;
use crate::listening::Listening;
use crate::lots::{catch_up, ties};
use crate::refunding::{hours, money, options, settle_from};

/// A wallet where a refund of 2.49 yuan that staff asked for is stuck: one person may decide up to so many fen.
async fn stuck(storage: Storage, alone_fen: i64) -> (World, String, String, String) {
    let mut world = World::on(storage, Wallet::Wechat).await;
    let up_to = vec![PriceFrom { currency: "CNY".to_owned(), minor_units: alone_fen }];
    world.fixture.reconfigure(|config| config.refunds = purchase::RefundOptions { one_person_up_to: up_to, ..options() }).await;
    world.fixture.stop_background();
    world.http = Listening::start(&world.fixture).await;
    world.command(json!({"command": "refunds_become", "outcome": "pending"})).await;
    let made = world.checkout("ann").await;
    world.act("pay", &made).await;
    world.fixture.service.sweep_orders(hours(2)).await.unwrap();
    catch_up(&world.fixture).await;
    let purchase_id = world.fixture.get_checkout("ann", &made.checkout_id).await.unwrap().purchase_id;
    let refund = world.fixture.refund_by("fin-0", &purchase_id, money("CNY", 249)).await.unwrap();
    if refund.state() == RefundState::Asked {
        world.fixture.approve_refund("fin-1", &crate::fixture::new_id(), &refund.refund_id).await.unwrap();
    }
    world.fixture.service.sweep(SystemTime::now()).await.unwrap();
    world.act("refund_stuck", &made).await;
    world.fixture.service.sweep(hours(3)).await.unwrap();
    assert_eq!(world.fixture.refund_for_staff(&refund.refund_id).await.state(), RefundState::Abnormal);
    assert_eq!(reason(world.fixture.refund_by("fin-0", &purchase_id, None).await), "REFUND_OPEN");
    (world, World::trade(&made), purchase_id, refund.refund_id)
}

#[tokio::test]
async fn one_person_ends_a_small_abnormal_refund_and_another_one_can_be_asked_for() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let (world, trade, purchase_id, refund_id) = stuck(storage, 1_000).await;
        let fixture = &world.fixture;
        assert_eq!(reason(fixture.reject_refund("ann", &refund_id).await), "SAME_PERSON", "her own purchase");
        let ended = fixture.reject_refund("fin-1", &refund_id).await.unwrap();
        assert_eq!((ended.state(), ended.end_asked_by.as_str(), ended.end_time.is_some()), (RefundState::Ended, "", true));
        assert_eq!(reason(fixture.reject_refund("fin-2", &refund_id).await), "REFUND_DECIDED");
        world.command(json!({"command": "refunds_become", "outcome": "succeeded"})).await;
        let next = fixture.refund_by("fin-0", &purchase_id, money("CNY", 100)).await.unwrap();
        settle_from(fixture, 12).await;
        assert_eq!((fixture.refund_state("ann", &next).await, fixture.coins("ann").await), (RefundState::Succeeded, 56));
        // Somebody chooses another way at the wallet after all: what it says counts.
        world.command(json!({"command": "refund_settled", "trade": trade})).await;
        assert_eq!(world.say(&world.events().await.pop().unwrap()).await, world.taken());
        settle_from(fixture, 24).await;
        assert_eq!((fixture.refund_for_staff(&refund_id).await.state(), fixture.coins("ann").await), (RefundState::Ended, 21));
        ties(fixture, &["ann"]).await;
        fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn two_people_end_a_large_abnormal_refund() {
    let (world, trade, purchase_id, refund_id) = stuck(Storage::sqlite(), 100).await;
    let fixture = &world.fixture;
    let asked = fixture.reject_refund("fin-1", &refund_id).await.unwrap();
    assert_eq!((asked.state(), asked.end_asked_by.as_str(), asked.end_time), (RefundState::Abnormal, "fin-1", None));
    assert_eq!(fixture.get_refund("ann", &refund_id).await.unwrap().end_asked_by, "", "users do not see who");
    assert_eq!(reason(fixture.refund_by("fin-0", &purchase_id, None).await), "REFUND_OPEN");
    assert_eq!(reason(fixture.reject_refund("fin-1", &refund_id).await), "SAME_PERSON");
    assert_eq!(fixture.reject_refund("fin-2", &refund_id).await.unwrap().state(), RefundState::Ended);
    let next = fixture.refund_by("fin-0", &purchase_id, money("CNY", 50)).await.unwrap();
    assert_eq!(next.state(), RefundState::Approved);
    world.command(json!({"command": "refund_called_off", "trade": trade})).await;
    fixture.bed.verify().await;
}

#[tokio::test]
async fn what_was_on_its_way_by_a_refund_that_is_ended_can_be_asked_for_again() {
    let (world, _, purchase_id, refund_id) = stuck(Storage::sqlite(), 1_000).await;
    let fixture = &world.fixture;
    fixture.reject_refund("fin-1", &refund_id).await.unwrap();
    // 2.49 of 4.98 are not on their way any more, although no notification said so.
    let next = fixture.refund_by("fin-0", &purchase_id, money("CNY", 498)).await.unwrap();
    assert_eq!(next.amount.unwrap().minor_units, 498);
}
