//! What is noted beside refunds, holds and disputes that wait.

use std::collections::BTreeSet;

use ledger_client::LedgerReason;
use testbed::{Fault, insides};

use super::holds::paid;
use super::refunds::news;
use super::world::World;
use crate::refunds::hours;

const NOTES: [(&str, &str); 5] = [
    ("refund", "SELECT note FROM refund WHERE note <> ''"),
    ("coin_hold", "SELECT note FROM coin_hold WHERE note <> ''"),
    ("dispute_step", "SELECT note FROM dispute_step WHERE note <> ''"),
    ("refund_fact", "SELECT note FROM refund_fact WHERE note <> ''"),
    ("store_event", "SELECT note FROM store_event WHERE note <> ''"),
];

#[tokio::test]
async fn what_waits_says_why_and_nothing_of_how_the_ledger_was_reached() {
    for world in World::both().await {
        world.fixture.stop_background();
        let mut seen = 0;
        let made = [paid(&world, &mut seen).await, paid(&world, &mut seen).await, paid(&world, &mut seen).await];
        for (command, of) in ["refund", "refund_pending", "dispute"].into_iter().zip(&made) {
            world.act(command, of).await;
            for event in news(&world, &mut seen).await {
                assert_eq!(world.say(&event).await, 200);
            }
        }
        let pool = world.fixture.pool().await;
        let mut noted = BTreeSet::new();
        for (hour, reason) in (1..).zip(LedgerReason::ALL) {
            world.fixture.ledger.fail(Fault::Answer(insides::answer(&reason)));
            world.fixture.service.sweep(hours(2 * hour)).await.unwrap();
            for (table, sql) in NOTES {
                for note in sqlx::query_scalar::<_, String>(sql).fetch_all(&pool).await.unwrap() {
                    insides::check_text(&format!("{table} after {reason:?}"), &note);
                    noted.insert((table, note));
                }
            }
        }
        for table in ["refund", "coin_hold", "dispute_step"] {
            let of_table = noted.iter().filter(|(of, _)| *of == table).count();
            assert!(of_table > 5, "{table} has {of_table} different notes: {noted:?}");
        }
    }
}
