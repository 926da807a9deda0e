//! The bank's own books, compared with its answers.

use crate::world::{BOOK, World, aba, on_both};
use api::payout::PayoutState;
use money::BookName;
use payout::store::statements::StatementAccount;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_debit_that_we_believe_was_not_made_is_found_in_the_banks_statement() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.config();
        config.statement_interval = Duration::from_millis(20);
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let book = BookName::try_new(BOOK).unwrap();
        let store = payout::store::Store::inspect(&world.database).await.unwrap();
        // Our records agree both for payouts that the bank paid and for those that it did not.
        running.pay("ana", aba("9000000001"), 500).await;
        running.pay("ana", aba("9000000003"), 500).await;
        let currency = money::Currency::try_new("USD").unwrap();
        let usd = StatementAccount { bank: "first".to_owned(), bank_account: "main".to_owned(), currency };
        let read = async || store.statement_read_at_ms(&usd).await.unwrap().unwrap_or_default();
        let before = read().await;
        let mut changes = running.service.changes();
        world.scenario(json!({"account": "5512345678", "behaviour": "reject_executed", "code": "AC04"})).await;
        let lied = running.pay("ana", aba("5512345678"), 700).await;
        assert_eq!((lied.state(), world.executed(&lied).await), (PayoutState::Rejected, 1));
        let found = loop {
            let found = store.unexpected_debits(&book).await.unwrap();
            if !found.is_empty() {
                break found;
            }
            changes.recv().await.unwrap();
        };
        let of: Vec<_> = found.iter().map(|debit| (debit.payout_id.to_string(), debit.amount.minor_units())).collect();
        assert_eq!(of, [(lied.payout_id, 700)]);
        assert!(read().await > before, "it is read again and again");
        running.stop().await;
        world.close().await;
    })
    .await;
}
