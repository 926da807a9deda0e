//! What the store says of refunds: recorded, shown, and taken back once.

use api::purchase::{GetPurchaseRequest, StoreReport};
use sandbox::google::PlaySale;

use super::*;
use crate::lots::ties;
use crate::refunds::settle;

/// What is shown of the store's reports about a purchase.
async fn reports(fixture: &Fixture, sold: &SoldProduct) -> Vec<(String, String, String)> {
    let message = GetPurchaseRequest { transaction_id: sold.order_id.clone().unwrap(), ..GetPurchaseRequest::default() };
    let answer = fixture.client().get_purchase(fixture.from("ann", message)).await.unwrap().into_inner();
    answer.store_reports.into_iter().map(|StoreReport { kind, subtype, state, .. }| (kind, subtype, state)).collect()
}

fn report(kind: &str, subtype: &str, state: &str) -> (String, String, String) {
    (kind.to_owned(), subtype.to_owned(), state.to_owned())
}

#[tokio::test]
async fn refunds_that_notifications_lost_are_found_in_the_list_and_each_counts_once() {
    for fixture in both().await {
        fixture.stop_background();
        let sale = PlaySale { quantity: 3, ..seventy_of(&fixture, "ann").await };
        let [parts, whole, others] =
            [sold(&fixture, sale.clone()).await, sold(&fixture, sale.clone()).await, sold(&fixture, sale.clone()).await];
        for bought in [&parts, &whole] {
            fixture.redeem_google("ann", &new_id(), bought).await.unwrap();
        }
        // Two of three notifications are lost, and one that nobody here bought; the list has two on a page.
        play(&fixture).refund(&parts.purchase_token, Some(1)).await.unwrap();
        play(&fixture).refund(&others.purchase_token, None).await.unwrap();
        let http = listening(&fixture).await;
        play(&fixture).refund(&parts.purchase_token, Some(1)).await.unwrap();
        drop(http);
        play(&fixture).subscribe(PlaySubscription::default());
        play(&fixture).refund(&whole.purchase_token, None).await.unwrap();
        for hours in [1, 3, 5] {
            fixture.service.sweep(SystemTime::now() + Duration::from_secs(hours * 3_600)).await.unwrap();
            let pushed = report("voidedPurchaseNotification", "2", "kept");
            assert_eq!(reports(&fixture, &parts).await, [pushed, report("voidedPurchase", "2", "kept")], "{hours}");
            assert_eq!(reports(&fixture, &whole).await, [report("voidedPurchase", "1", "kept")], "{hours}");
        }
        // The one that was found comes after all.
        let _http = listening(&fixture).await;
        for states in [vec!["noted"], vec!["noted", "waits_for_refunds"]] {
            let late = sandbox::google::PlayPush::voided(&whole, false);
            assert_eq!(play(&fixture).push(&late).await.unwrap().answers, [200]);
            let pushed = reports(&fixture, &whole).await.into_iter().filter(|(kind, ..)| kind == "voidedPurchaseNotification");
            let mut found: Vec<String> = pushed.map(|(.., state)| state).collect();
            found.sort();
            assert_eq!(found, states, "the first is what was found, and another is another");
        }
        let unfinished = fixture.service.store().events(&book()).await.unwrap();
        assert_eq!(unfinished.len(), 5, "nothing of what nobody here bought");
        settle(&fixture).await;
        assert_eq!(fixture.coins("ann").await, 70, "of 420, two of three packages and three of three are taken back");
        ties(&fixture, &["ann"]).await;
        assert_eq!(fixture.balance("house/store_receivable/USD").await, -69, "99 of 297 cents less 30 of a commission of 89");
    }
}

#[tokio::test]
async fn a_list_that_can_not_be_read_is_read_soon_and_holds_up_no_other_apps() {
    let fixture = sqlite().await;
    fixture.stop_background();
    let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
    fixture.redeem_google("ann", &new_id(), &bought).await.unwrap();
    fixture.service.sweep(SystemTime::now() - Duration::from_secs(7_200)).await.unwrap();
    play(&fixture).refund(&bought.purchase_token, None).await.unwrap();
    // Of each of the five apps.
    play(&fixture).fail(PlayFault { status: 429, times: 5, ..PlayFault::default() });
    fixture.service.sweep(SystemTime::now()).await.unwrap();
    assert!(reports(&fixture, &bought).await.is_empty());
    // Of the first of them, which is another.
    play(&fixture).fail(PlayFault { status: 403, times: 1, ..PlayFault::default() });
    fixture.service.sweep(SystemTime::now() + Duration::from_secs(61)).await.unwrap();
    assert_eq!(reports(&fixture, &bought).await, [report("voidedPurchase", "1", "kept")]);
}

#[tokio::test]
async fn a_list_that_is_longer_than_one_sweep_reads_is_read_to_its_end() {
    let fixture = sqlite().await;
    fixture.stop_background();
    let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
    fixture.redeem_google("ann", &new_id(), &bought).await.unwrap();
    // Of what nobody here bought, two on a page: a thousand pages.
    let others = sold(&fixture, PlaySale { quantity: 2_001, ..seventy() }).await;
    for _ in 0..2_000 {
        play(&fixture).refund(&others.purchase_token, Some(1)).await.unwrap();
    }
    play(&fixture).refund(&bought.purchase_token, None).await.unwrap();
    for hours in [0, 2] {
        fixture.service.sweep(SystemTime::now() + Duration::from_secs(hours * 3_600)).await.unwrap();
    }
    assert_eq!(reports(&fixture, &bought).await, [report("voidedPurchase", "1", "kept")]);
}

#[tokio::test]
async fn a_part_is_found_though_another_was_notified_before_the_list_begins() {
    let fixture = sqlite().await;
    fixture.stop_background();
    let bought = sold(&fixture, PlaySale { quantity: 3, ..seventy_of(&fixture, "ann").await }).await;
    fixture.redeem_google("ann", &new_id(), &bought).await.unwrap();
    let http = listening(&fixture).await;
    let mut earlier = sandbox::google::PlayPush::voided(&bought, true);
    let days = Duration::from_secs(31 * 86_400);
    earlier.notification["eventTimeMillis"] = money::time::unix_ms(SystemTime::now() - days).to_string().into();
    assert_eq!(play(&fixture).push(&earlier).await.unwrap().answers, [200]);
    drop(http);
    play(&fixture).subscribe(PlaySubscription::default());
    settle(&fixture).await;
    assert_eq!(fixture.coins("ann").await, 210, "the store does not say that anything was paid back");
    play(&fixture).refund(&bought.purchase_token, Some(1)).await.unwrap();
    for hours in [8, 9] {
        fixture.service.sweep(SystemTime::now() + Duration::from_secs(hours * 3_600)).await.unwrap();
    }
    assert_eq!(fixture.coins("ann").await, 140);
}

#[tokio::test]
async fn a_notification_and_the_list_that_say_the_same_at_once_count_once() {
    for fixture in both().await {
        fixture.stop_background();
        let http = listening(&fixture).await;
        play(&fixture).subscribe(PlaySubscription::default());
        for round in 0..10 {
            let bought = sold(&fixture, seventy_of(&fixture, "ann").await).await;
            fixture.redeem_google("ann", &new_id(), &bought).await.unwrap();
            play(&fixture).refund(&bought.purchase_token, None).await.unwrap();
            let late = sandbox::google::PlayPush::voided(&bought, false);
            play(&fixture).subscribe(PlaySubscription { url: http.of("google"), ..PlaySubscription::default() });
            let (pushed, swept) = tokio::join!(
                play(&fixture).push(&late),
                fixture.service.sweep(SystemTime::now() + Duration::from_secs((round + 1) * 7_200))
            );
            pushed.unwrap();
            swept.unwrap();
            play(&fixture).subscribe(PlaySubscription::default());
            let counted = reports(&fixture, &bought).await.into_iter().filter(|(.., state)| state != "noted").count();
            assert_eq!(counted, 1, "round {round}");
        }
    }
}
