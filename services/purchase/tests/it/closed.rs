//! Wallets that are closed or frozen when paid coins arrive: the purchase ends, and no coins are lost.

use std::time::{Duration, SystemTime};

use api::ledger::AccountState;
use api::purchase::{GetPurchaseRequest, ListPurchasesRequest, Purchase, PurchaseState};

use crate::house::{self, House, new_id, reason};

async fn both() -> [House; 2] {
    [house::sqlite().await, house::postgres().await]
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

async fn only_purchase(house: &House) -> Purchase {
    let list = house.client().list_purchases(house.from("ann", ListPurchasesRequest::default())).await.unwrap().into_inner();
    assert_eq!(list.purchases.len(), 1);
    list.purchases.into_iter().next().unwrap()
}

#[tokio::test]
async fn coins_for_a_closed_wallet_wait_in_suspense_and_the_purchase_ends() {
    for house in both().await {
        let (receipt, id) = (house.receipt(), new_id());
        house.set_coins_state("ann", AccountState::Closed).await.unwrap();
        let told = house.redeem("ann", &id, &receipt).await.unwrap_err();
        assert_eq!(rpc::reason(&told).as_deref(), Some("ACCOUNT_CLOSED"));
        assert!(told.message().contains("70 coins are in suspense"), "{}", told.message());
        let purchase = only_purchase(&house).await;
        assert_eq!((purchase.state(), purchase.blocked_by.as_str()), (PurchaseState::Suspended, ""));
        assert_eq!(rpc::facts(&told)["purchase_id"], purchase.purchase_id);
        assert_eq!((house.balance("house/coins/suspense").await, house.coins("ann").await), (70, 0));
        assert!(house.balance("house/deferred_revenue/USD").await > 0, "the sale is booked");
        let postings = house.postings().await;
        assert_eq!(postings.iter().map(|posting| &posting.posting_id).collect::<Vec<_>>(), [&purchase.posting_id]);

        // The same request, and another one with the same receipt, get the same answer; the sweeper has nothing to do.
        for id in [id, new_id()] {
            let again = house.redeem("ann", &id, &receipt).await.unwrap_err();
            assert_eq!((rpc::facts(&again), again.message()), (rpc::facts(&told), told.message()));
        }
        assert_eq!((house.service.sweep(later()).await.unwrap(), house.postings().await.len()), (0, 1));
    }
}

#[tokio::test]
async fn a_purchase_that_the_sweeper_finds_with_a_closed_wallet_ends_in_suspense() {
    for house in both().await {
        let (receipt, id) = (house.receipt(), new_id());
        house.ledger.fail(testbed::Fault::Down);
        assert_eq!(reason(house.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
        house.ledger.fail(testbed::Fault::None);
        house.set_coins_state("ann", AccountState::Closed).await.unwrap();
        assert_eq!(house.service.sweep(later()).await.unwrap(), 1);
        assert_eq!(house.balance("house/coins/suspense").await, 70);
        assert_eq!(only_purchase(&house).await.state(), PurchaseState::Suspended);
        assert_eq!(reason(house.redeem("ann", &id, &receipt).await), "ACCOUNT_CLOSED");
        assert_eq!(house.postings().await.len(), 1);
    }
}

#[tokio::test]
async fn a_frozen_wallet_is_named_as_what_a_purchase_waits_for_and_is_not_closed_meanwhile() {
    for house in both().await {
        let (receipt, id) = (house.receipt(), new_id());
        house.set_coins_state("ann", AccountState::Frozen).await.unwrap();
        for attempts in 1..3 {
            assert_eq!(reason(house.redeem("ann", &id, &receipt).await), "ACCOUNT_FROZEN");
            let purchase = only_purchase(&house).await;
            assert_eq!(purchase.state(), PurchaseState::Verified);
            assert_eq!((purchase.blocked_by.as_str(), purchase.attempts), ("ACCOUNT_FROZEN: viewer/ann/coins is frozen", attempts));
        }
        assert_eq!(house.set_coins_state("ann", AccountState::Closed).await, Err("ACCOUNT_IN_FLIGHT".to_owned()));
        house.set_coins_state("ann", AccountState::Open).await.unwrap();
        let answer = house.redeem("ann", &id, &receipt).await.unwrap();
        assert_eq!((answer.coin_balance, answer.purchase.unwrap().blocked_by), (70, String::new()));
        let get = GetPurchaseRequest { purchase_id: only_purchase(&house).await.purchase_id, ..Default::default() };
        let seen = house.client().get_purchase(house.from("ann", get)).await.unwrap().into_inner().purchase.unwrap();
        assert_eq!((seen.state(), seen.blocked_by.as_str(), seen.attempts), (PurchaseState::Credited, "", 2));
        assert_eq!(house.set_coins_state("ann", AccountState::Closed).await, Err("ACCOUNT_NOT_EMPTY".to_owned()), "nothing is in flight");
    }
}

#[tokio::test]
async fn a_ledger_that_is_away_is_named_too() {
    let house = house::sqlite().await;
    let (receipt, id) = (house.receipt(), new_id());
    house.ledger.fail(testbed::Fault::AnswerLost);
    assert_eq!(reason(house.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
    house.ledger.fail(testbed::Fault::None);
    let purchase = only_purchase(&house).await;
    assert_eq!((purchase.blocked_by.as_str(), purchase.attempts), ("OUTCOME_UNKNOWN", 1));
}
