//! Refunds that are started here, through Google Play: of the whole order, once, whatever is lost.

use api::purchase::{RefundStarter, RefundState};

use super::*;
use crate::lots::{catch_up, ties};
use crate::refunding::{money, options, settle_from, shown_refunds};
use crate::refunds::settle;

async fn refunding(storage: Storage) -> Fixture {
    let mut fixture = fixture::with_google(storage).await;
    let mut options = options();
    options.one_person_up_to[0].minor_units = 1_000;
    fixture.reconfigure(|config| config.refunds = options).await;
    fixture.stop_background();
    fixture
}

/// 210 coins for 297 cents.
async fn bought(fixture: &Fixture, user: &str) -> (SoldProduct, String) {
    let sold = sold(fixture, PlaySale { quantity: 3, ..seventy_of(fixture, user).await }).await;
    let purchase = fixture.redeem_google(user, &new_id(), &sold).await.unwrap().purchase.unwrap();
    catch_up(fixture).await;
    (sold, purchase.purchase_id)
}

#[tokio::test]
async fn staff_refund_the_whole_order_and_buyers_ask_google() {
    for fixture in [refunding(Storage::sqlite()).await, refunding(Storage::postgres()).await] {
        let (sold, purchase_id) = bought(&fixture, "ann").await;
        assert_eq!(reason(fixture.refund("ann", &purchase_id, None).await), "REFUND_BY_STORE");
        assert_eq!(reason(fixture.refund_by("sue", &purchase_id, money("USD", 99)).await), "REFUND_WHOLE_ONLY");
        // A part was paid back by Google before; the rest follows.
        play(&fixture).refund(&sold.purchase_token, Some(1)).await.unwrap();
        settle(&fixture).await;
        assert_eq!(fixture.coins("ann").await, 140);
        let refund = fixture.refund_by("sue", &purchase_id, None).await.unwrap();
        assert_eq!(refund.amount, money("USD", 198));
        settle(&fixture).await;
        assert_eq!((fixture.refund_state("ann", &refund).await, fixture.coins("ann").await), (RefundState::Succeeded, 0));
        // It is listed as voided too, and pushed.
        let _http = listening(&fixture).await;
        play(&fixture).push(&sandbox::google::PlayPush::voided(&sold, false)).await.unwrap();
        settle(&fixture).await;
        assert_eq!((fixture.coins("ann").await, fixture.balance("house/store_receivable/USD").await), (0, 0));
        let shown = fixture.shown("ann", &purchase_id).await;
        let by: Vec<_> = shown_refunds(&shown).into_iter().map(|(state, amount, _, by)| (state, amount, by)).collect();
        assert!(
            by.contains(&(RefundState::Succeeded, 198, RefundStarter::Staff))
                && by.contains(&(RefundState::Succeeded, 99, RefundStarter::Store)),
            "{by:?}"
        );
        assert_eq!((by.len(), shown.refunded_coins), (2, 210));
        ties(&fixture, &["ann"]).await;
    }
}

#[tokio::test]
async fn a_lost_answer_a_refusal_and_one_on_its_way() {
    let fixture = refunding(Storage::sqlite()).await;
    let fault = |status, after| PlayFault { status, times: 1, after, ..PlayFault::default() };
    for lost in [fault(503, true), fault(503, false), fault(429, false)] {
        let (_, purchase_id) = bought(&fixture, "ann").await;
        // So that the fault does not meet the acknowledgement, or the look for what was voided.
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        let refund = fixture.refund_by("sue", &purchase_id, None).await.unwrap();
        play(&fixture).fail(lost);
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        assert_eq!(fixture.refund_state("ann", &refund).await, RefundState::Unknown, "{lost:?}");
        settle(&fixture).await;
        assert_eq!((fixture.refund_state("ann", &refund).await, fixture.coins("ann").await), (RefundState::Succeeded, 0), "{lost:?}");
    }
    // Without an order Google can't refund, and says so.
    let promotion = sold(&fixture, PlaySale { no_order: true, ..seventy_of(&fixture, "bob").await }).await;
    let purchase_id = fixture.redeem_google("bob", &new_id(), &promotion).await.unwrap().purchase.unwrap().purchase_id;
    let refund = fixture.refund_by("sue", &purchase_id, None).await.unwrap();
    fixture.service.sweep(SystemTime::now()).await.unwrap();
    assert_eq!((fixture.refund_state("bob", &refund).await, fixture.coins("bob").await), (RefundState::Failed, 70));
    // On its way for a while.
    let (waits, purchase_id) = bought(&fixture, "cid").await;
    fixture.service.sweep(SystemTime::now()).await.unwrap();
    play(&fixture).fail(PlayFault { refunds_pending: true, ..PlayFault::default() });
    let refund = fixture.refund_by("sue", &purchase_id, None).await.unwrap();
    fixture.service.sweep(SystemTime::now()).await.unwrap();
    assert_eq!((fixture.refund_state("cid", &refund).await, fixture.coins("cid").await), (RefundState::Sent, 210));
    play(&fixture).settle_refund(&waits.purchase_token).await.unwrap();
    settle_from(&fixture, 5).await;
    assert_eq!((fixture.refund_state("cid", &refund).await, fixture.coins("cid").await), (RefundState::Succeeded, 0));
    ties(&fixture, &["ann", "bob", "cid"]).await;
}
