//! Refunds of payments on the web: one by one and all together, lost, doubled and in any order, failed after all, and in another currency.

use api::purchase::GetWalletRequest;
use serde_json::{Value, json};

use super::world::World;
use crate::lots::{gift, ties};
use crate::refunds::settle;

/// What happened since the last time, oldest first.
pub async fn news(world: &World, seen: &mut usize) -> Vec<Value> {
    let events = world.events().await.split_off(*seen);
    *seen += events.len();
    events
}

/// Coins, debt, what the processor owes us, and tax that we owe.
pub async fn standing(world: &World) -> (i64, i64, i64, i64) {
    let wallet = world.fixture.client().get_wallet(world.fixture.from("ann", GetWalletRequest::default())).await.unwrap().into_inner();
    let receivable = world.fixture.balance("house/processor_receivable/USD").await;
    (wallet.coin_balance, wallet.debt_coins, -receivable, world.fixture.balance("house/tax_payable/USD").await)
}

pub async fn say(world: &World, events: impl IntoIterator<Item = &Value>) {
    for event in events {
        assert_eq!(world.say(event).await, 200, "{event}");
    }
    settle(&world.fixture).await;
    ties(&world.fixture, &["ann"]).await;
}

#[tokio::test]
async fn what_is_paid_back_is_taken_back_once_and_restored_where_it_fails() {
    for world in World::both().await {
        world.fixture.stop_background();
        let mut seen = 0;
        let made = world.checkout("ann").await;
        world.act("pay", &made).await;
        say(&world, &news(&world, &mut seen).await).await;
        gift(&world.fixture, "ann", "cleo", 40).await;
        assert_eq!(standing(&world).await, (30, 0, 74, 7));
        // In reverse order, and twice: 30 of 74 cents are 28 of 70 coins.
        world.command(json!({"command": "refund", "session": World::session(&made), "amount": 30})).await;
        let first = news(&world, &mut seen).await;
        say(&world, first.iter().rev().chain(&first)).await;
        assert_eq!(standing(&world).await, (2, 0, 44, 5));
        // The notification of the second is lost; what is said of all together is not.
        world.act("refund", &made).await;
        let second = news(&world, &mut seen).await;
        say(&world, second.iter().filter(|event| event["type"] == "charge.refunded")).await;
        assert_eq!(standing(&world).await, (0, 40, 0, 0));
        // It fails: what it took comes back, once.
        world.act("refund_failed", &made).await;
        let failed = news(&world, &mut seen).await;
        say(&world, failed.iter().chain(&failed)).await;
        assert_eq!(standing(&world).await, (2, 0, 44, 5));
        // An older statement that comes late, one in another currency, and one of more than was paid.
        let made_up = |field: &str, value: Value| {
            let mut event = first.iter().find(|event| event["type"] == "refund.created").unwrap().clone();
            event["id"] = json!(format!("evt_{field}"));
            event["data"]["object"]["id"] = json!(format!("re_{field}"));
            event["data"]["object"][field] = value;
            event
        };
        say(&world, second.iter()).await;
        say(&world, [&made_up("currency", json!("eur"))]).await;
        assert_eq!(standing(&world).await, (2, 0, 44, 5));
        let pool = world.fixture.pool().await;
        let flagged: Vec<String> =
            sqlx::query_scalar("SELECT note FROM refund_fact WHERE state = 3 AND currency = 'EUR'").fetch_all(&pool).await.unwrap();
        assert_eq!(flagged, ["30 EUR were paid back, and the purchase was paid in USD; nothing was taken back for it"]);
        sqlx::query("DELETE FROM refund_fact WHERE currency = 'EUR'").execute(&pool).await.unwrap();
        say(&world, [&made_up("amount", json!(9_999))]).await;
        assert_eq!(standing(&world).await, (0, 40, 0, 0), "all of it, and no more");
    }
}
