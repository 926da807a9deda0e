//! The amounts that a receipt states do not decide the amounts in our books; and a final refusal is final.

use std::time::{Duration, SystemTime};

use api::ledger::AccountState;
use api::purchase::{ListPurchasesRequest, Purchase, PurchaseState};
use ledger_client::LedgerReason;
use sandbox::store::receipt::new_transaction_id;
use serde_json::{Value, json};
use testbed::{Fault, insides};

use crate::fixture::{self, Fixture, new_id, reason, seventy};

async fn both() -> [Fixture; 2] {
    [fixture::sqlite().await, fixture::postgres().await]
}

fn later(hours: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(hours * 3_600)
}

/// A receipt for 70 coins with these claims added.
fn saying(fixture: &Fixture, claims: &[(&str, Value)]) -> String {
    let mut whole = seventy().claims(&new_transaction_id());
    for (name, value) in claims {
        whole[*name] = value.clone();
    }
    fixture.store.sign(&whole).unwrap()
}

async fn of(fixture: &Fixture, user: &str) -> Vec<Purchase> {
    fixture.client().list_purchases(fixture.from(user, ListPurchasesRequest::default())).await.unwrap().into_inner().purchases
}

#[tokio::test]
async fn a_price_that_is_not_the_lists_is_flagged_and_the_lists_is_booked() {
    for fixture in both().await {
        let mut coins = 0;
        for (price, currency, stated, booked_cents) in [
            (990, "USD", "", 99),
            (5_000_000, "USD", "5000.000 USD", 99),
            (990, "EUR", "0.990 EUR", 99),
            (140_000, "JPY", "140.000 JPY", 99),
            (0, "USD", "0.000 USD", 0),
        ] {
            let receipt = saying(&fixture, &[("price", json!(price)), ("currency", json!(currency))]);
            let purchase = fixture.redeem("ann", &new_id(), &receipt).await.unwrap().purchase.unwrap();
            coins += 70;
            let booked = purchase.price.clone().unwrap();
            assert_eq!((booked.currency_code.as_str(), booked.minor_units, purchase.stated_price.as_str()), ("USD", booked_cents, stated));
            assert_eq!((fixture.coins("ann").await, of(&fixture, "ann").await[0].stated_price.as_str()), (coins, stated));
        }
        assert_eq!(fixture.balance("house/deferred_revenue/USD").await, 4 * 99);
        assert_eq!(fixture.balance("house/deferred_revenue/EUR").await, 0);
    }
}

#[tokio::test]
async fn one_receipt_does_not_bring_an_account_near_its_bound() {
    for fixture in both().await {
        for price in [i64::MAX, (1 << 53) * 10, 10_000_000_010] {
            let receipt = saying(&fixture, &[("price", json!(price)), ("currency", json!("USD"))]);
            assert_eq!(reason(fixture.redeem("ann", &new_id(), &receipt).await), "RECEIPT_AMOUNT", "{price}");
        }
        assert_eq!((fixture.postings().await.len(), fixture.coins("ann").await), (0, 0));
    }
}

#[tokio::test]
async fn a_sale_that_the_ledger_will_never_take_ends_and_says_why() {
    for fixture in both().await {
        fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap();
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.ledger.fail(Fault::Answer(insides::answer(&LedgerReason::Overflow)));
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OVERFLOW");
        fixture.ledger.fail(Fault::None);
        // The ledger is not called again: it would accept it now.
        assert_eq!(fixture.service.sweep(later(48)).await.unwrap(), 0);
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OVERFLOW");
        let blocked = of(&fixture, "ann").await.remove(0);
        assert_eq!((blocked.state(), blocked.posting_id.as_str()), (PurchaseState::Blocked, ""));
        assert!(blocked.blocked_by.starts_with("OVERFLOW"), "{}", blocked.blocked_by);
        assert_eq!((fixture.postings().await.len(), fixture.coins("ann").await), (1, 70));
    }
}

#[tokio::test]
async fn what_can_not_be_credited_is_asked_for_ever_more_seldom_and_after_what_can() {
    for fixture in both().await {
        fixture.set_coins_state("eve", AccountState::Frozen).await.unwrap();
        fixture.redeem("eve", &new_id(), &fixture.receipt()).await.unwrap_err();
        for hours in [2, 4, 6, 8, 10, 12, 14, 16] {
            fixture.service.sweep(later(hours)).await.unwrap();
        }
        let attempts = of(&fixture, "eve").await[0].attempts;
        // Its delay follows its own clock: each sweep of the same moment finds a longer one.
        let pool = fixture.pool().await;
        let due: i64 = sqlx::query_scalar("SELECT next_attempt_at_ms FROM purchase").fetch_one(&pool).await.unwrap();
        let rests_ms = due - money::time::unix_ms(SystemTime::now());
        assert!(attempts >= 8 && rests_ms > 3_500_000, "{attempts} attempts, rests for {rests_ms} ms");
        // A valid one whose call was lost is due after it, and is handled before it.
        sqlx::query("UPDATE purchase SET next_attempt_at_ms = 1").execute(&pool).await.unwrap();
        fixture.ledger.fail(Fault::Down);
        fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap_err();
        fixture.ledger.fail(Fault::None);
        let order: Vec<String> = sqlx::query_scalar("SELECT user_id FROM purchase WHERE state = 1 ORDER BY tries, next_attempt_at_ms")
            .fetch_all(&pool)
            .await
            .unwrap();
        assert_eq!(order, ["ann", "eve"]);
        assert_eq!(fixture.service.sweep(later(48)).await.unwrap(), 1);
        assert_eq!(fixture.coins("ann").await, 70);
    }
}
