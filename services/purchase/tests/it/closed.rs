//! Wallets that are closed or frozen when paid coins arrive: the purchase ends, and no coins are lost.

use std::time::{Duration, SystemTime};

use api::ledger::AccountState;
use api::purchase::{GetPurchaseRequest, ListPurchasesRequest, Purchase, PurchaseState};

use crate::fixture::{self, Fixture, new_id, reason};

async fn both() -> [Fixture; 2] {
    [fixture::sqlite().await, fixture::postgres().await]
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

async fn only_purchase(fixture: &Fixture) -> Purchase {
    let list = fixture.client().list_purchases(fixture.from("ann", ListPurchasesRequest::default())).await.unwrap().into_inner();
    assert_eq!(list.purchases.len(), 1);
    list.purchases.into_iter().next().unwrap()
}

#[tokio::test]
async fn coins_for_a_closed_wallet_wait_in_suspense_and_the_purchase_ends() {
    for fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.set_coins_state("ann", AccountState::Closed).await.unwrap();
        let told = fixture.redeem("ann", &id, &receipt).await.unwrap_err();
        assert_eq!(rpc::reason(&told).as_deref(), Some("ACCOUNT_CLOSED"));
        assert!(told.message().contains("70 coins are in suspense"), "{}", told.message());
        let purchase = only_purchase(&fixture).await;
        assert_eq!((purchase.state(), purchase.blocked_by.as_str()), (PurchaseState::Suspended, ""));
        assert_eq!(rpc::facts(&told)["purchase_id"], purchase.purchase_id);
        assert_eq!((fixture.balance("house/coins/suspense").await, fixture.coins("ann").await), (70, 0));
        assert!(fixture.balance("house/deferred_revenue/USD").await > 0, "the sale is booked");
        let postings = fixture.postings().await;
        assert_eq!(postings.iter().map(|posting| &posting.posting_id).collect::<Vec<_>>(), [&purchase.posting_id]);

        // The same request, and another one with the same receipt, get the same answer; the sweeper has nothing to do.
        for id in [id, new_id()] {
            let again = fixture.redeem("ann", &id, &receipt).await.unwrap_err();
            assert_eq!((rpc::facts(&again), again.message()), (rpc::facts(&told), told.message()));
        }
        assert_eq!((fixture.service.sweep(later()).await.unwrap(), fixture.postings().await.len()), (0, 1));
    }
}

#[tokio::test]
async fn a_purchase_that_the_sweeper_finds_with_a_closed_wallet_ends_in_suspense() {
    for fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.ledger.fail(testbed::Fault::Down);
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
        fixture.ledger.fail(testbed::Fault::None);
        fixture.set_coins_state("ann", AccountState::Closed).await.unwrap();
        assert_eq!(fixture.service.sweep(later()).await.unwrap(), 1);
        assert_eq!(fixture.balance("house/coins/suspense").await, 70);
        assert_eq!(only_purchase(&fixture).await.state(), PurchaseState::Suspended);
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "ACCOUNT_CLOSED");
        assert_eq!(fixture.postings().await.len(), 1);
    }
}

#[tokio::test]
async fn a_frozen_wallet_is_named_as_what_a_purchase_waits_for_and_is_not_closed_meanwhile() {
    for fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
        for attempts in 1..3 {
            assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "ACCOUNT_FROZEN");
            let purchase = only_purchase(&fixture).await;
            assert_eq!(purchase.state(), PurchaseState::Verified);
            assert_eq!((purchase.blocked_by.as_str(), purchase.attempts), ("ACCOUNT_FROZEN: viewer/ann/coins is frozen", attempts));
        }
        assert_eq!(fixture.set_coins_state("ann", AccountState::Closed).await, Err("ACCOUNT_IN_FLIGHT".to_owned()));
        fixture.set_coins_state("ann", AccountState::Open).await.unwrap();
        let answer = fixture.redeem("ann", &id, &receipt).await.unwrap();
        assert_eq!((answer.coin_balance, answer.purchase.unwrap().blocked_by), (70, String::new()));
        let get = GetPurchaseRequest { purchase_id: only_purchase(&fixture).await.purchase_id, ..Default::default() };
        let seen = fixture.client().get_purchase(fixture.from("ann", get)).await.unwrap().into_inner().purchase.unwrap();
        assert_eq!((seen.state(), seen.blocked_by.as_str(), seen.attempts), (PurchaseState::Credited, "", 2));
        assert_eq!(fixture.set_coins_state("ann", AccountState::Closed).await, Err("ACCOUNT_NOT_EMPTY".to_owned()), "nothing is in flight");
    }
}

#[tokio::test]
async fn a_ledger_that_is_away_is_named_too() {
    let fixture = fixture::sqlite().await;
    let (receipt, id) = (fixture.receipt(), new_id());
    fixture.ledger.fail(testbed::Fault::AnswerLost);
    assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
    fixture.ledger.fail(testbed::Fault::None);
    let purchase = only_purchase(&fixture).await;
    assert_eq!((purchase.blocked_by.as_str(), purchase.attempts), ("OUTCOME_UNKNOWN", 1));
}
