//! The amounts that a receipt states do not decide the amounts in our books; and a final refusal is final.

use std::time::{Duration, SystemTime};

use api::ledger::AccountState;
use api::purchase::{ListPurchasesRequest, Purchase, PurchaseState};
use ledger_client::LedgerReason;
use sandbox::store::receipt::new_transaction_id;
use serde_json::{Value, json};
use testbed::{Fault, insides};

use crate::house::{self, House, new_id, reason, seventy};

async fn both() -> [House; 2] {
    [house::sqlite().await, house::postgres().await]
}

fn later(hours: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(hours * 3_600)
}

/// A receipt for 70 coins with these claims added.
fn saying(house: &House, claims: &[(&str, Value)]) -> String {
    let mut whole = seventy().claims(&new_transaction_id());
    for (name, value) in claims {
        whole[*name] = value.clone();
    }
    house.store.sign(&whole).unwrap()
}

async fn of(house: &House, user: &str) -> Vec<Purchase> {
    house.client().list_purchases(house.from(user, ListPurchasesRequest::default())).await.unwrap().into_inner().purchases
}

#[tokio::test]
async fn a_price_that_is_not_the_lists_is_flagged_and_the_lists_is_booked() {
    for house in both().await {
        let mut coins = 0;
        for (price, currency, stated, booked_cents) in [
            (990, "USD", "", 99),
            (5_000_000, "USD", "5000.000 USD", 99),
            (990, "EUR", "0.990 EUR", 99),
            (140_000, "JPY", "140.000 JPY", 99),
            (0, "USD", "0.000 USD", 0),
        ] {
            let receipt = saying(&house, &[("price", json!(price)), ("currency", json!(currency))]);
            let purchase = house.redeem("ann", &new_id(), &receipt).await.unwrap().purchase.unwrap();
            coins += 70;
            let booked = purchase.price.clone().unwrap();
            assert_eq!((booked.currency_code.as_str(), booked.minor_units, purchase.stated_price.as_str()), ("USD", booked_cents, stated));
            assert_eq!((house.coins("ann").await, of(&house, "ann").await[0].stated_price.as_str()), (coins, stated));
        }
        assert_eq!(house.balance("house/deferred_revenue/USD").await, 4 * 99);
        assert_eq!(house.balance("house/deferred_revenue/EUR").await, 0);
    }
}

#[tokio::test]
async fn one_receipt_does_not_bring_an_account_near_its_bound() {
    for house in both().await {
        for price in [i64::MAX, (1 << 53) * 10, 10_000_000_010] {
            let receipt = saying(&house, &[("price", json!(price)), ("currency", json!("USD"))]);
            assert_eq!(reason(house.redeem("ann", &new_id(), &receipt).await), "RECEIPT_AMOUNT", "{price}");
        }
        assert_eq!((house.postings().await.len(), house.coins("ann").await), (0, 0));
    }
}

#[tokio::test]
async fn a_sale_that_the_ledger_will_never_take_ends_and_says_why() {
    for house in both().await {
        house.redeem("ann", &new_id(), &house.receipt()).await.unwrap();
        let (receipt, id) = (house.receipt(), new_id());
        house.ledger.fail(Fault::Answer(insides::answer(&LedgerReason::Overflow)));
        assert_eq!(reason(house.redeem("ann", &id, &receipt).await), "OVERFLOW");
        house.ledger.fail(Fault::None);
        // The ledger is not called again: it would accept it now.
        assert_eq!(house.service.sweep(later(48)).await.unwrap(), 0);
        assert_eq!(reason(house.redeem("ann", &id, &receipt).await), "OVERFLOW");
        let blocked = of(&house, "ann").await.remove(0);
        assert_eq!((blocked.state(), blocked.posting_id.as_str()), (PurchaseState::Blocked, ""));
        assert!(blocked.blocked_by.starts_with("OVERFLOW"), "{}", blocked.blocked_by);
        assert_eq!((house.postings().await.len(), house.coins("ann").await), (1, 70));
    }
}

#[tokio::test]
async fn what_can_not_be_credited_is_asked_for_ever_more_seldom_and_after_what_can() {
    for house in both().await {
        house.set_coins_state("eve", AccountState::Frozen).await.unwrap();
        house.redeem("eve", &new_id(), &house.receipt()).await.unwrap_err();
        for hours in [2, 4, 6, 8, 10, 12, 14, 16] {
            house.service.sweep(later(hours)).await.unwrap();
        }
        let attempts = of(&house, "eve").await[0].attempts;
        // Its delay follows its own clock: each sweep of the same moment finds a longer one.
        let pool = house.pool().await;
        let due: i64 = sqlx::query_scalar("SELECT next_attempt_at_ms FROM purchase").fetch_one(&pool).await.unwrap();
        let rests_ms = due - money::time::unix_ms(SystemTime::now());
        assert!(attempts >= 8 && rests_ms > 3_500_000, "{attempts} attempts, rests for {rests_ms} ms");
        // A valid one whose call was lost is due after it, and is handled before it.
        sqlx::query("UPDATE purchase SET next_attempt_at_ms = 1").execute(&pool).await.unwrap();
        house.ledger.fail(Fault::Down);
        house.redeem("ann", &new_id(), &house.receipt()).await.unwrap_err();
        house.ledger.fail(Fault::None);
        let order: Vec<String> = sqlx::query_scalar("SELECT user_id FROM purchase WHERE state = 1 ORDER BY tries, next_attempt_at_ms")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!(order, ["ann", "eve"]);
        assert_eq!(house.service.sweep(later(48)).await.unwrap(), 1);
        assert_eq!(house.coins("ann").await, 70);
    }
}
