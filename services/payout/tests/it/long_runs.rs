//! Runs of more lines than are checked at once.

use crate::{
    runs::{config, create, line, page, reached_refused},
    world::{BOOK, FUNDS, Running, World, aba, on_both},
};
use api::payout::PayoutRunLine;
use payout::{store::MIGRATIONS, vault::Vault};
use serde_json::json;
use sqlx::AnyPool;
use uuid::Uuid;

/// A full page, and one with a single line.
const LINES: usize = 1_001;
const CREATORS: usize = 20;

/// So many beneficiaries of twenty creators who have money, as an older program recorded them: no call is made for each.
async fn payees(world: &World, running: &Running) -> Vec<(String, String)> {
    // Creates the key.
    running.beneficiary("ana", aba("9000000001")).await.unwrap();
    let vault = Vault::open(&world.key_file, false).unwrap();
    let pool: AnyPool = world.database.open("payout", &MIGRATIONS).await.unwrap();
    let mut payees = Vec::with_capacity(LINES);
    let mut tx = db::begin(&pool).await.unwrap();
    for number in 0..LINES {
        let (user, id) = (format!("creator-{}", number % CREATORS), Uuid::now_v7().to_string());
        let plain = json!({"holder_name": "Ana", "iban": "", "routing_number": "121000248", "account_number": format!("55{number:08}")});
        let sealed = vault.seal(&format!("beneficiary {BOOK} {user} {id}"), plain.to_string().as_bytes()).unwrap();
        sqlx::query(
            "INSERT INTO beneficiary (book, beneficiary_id, user_id, country, currency, rail, masked_account, masked_holder_name, sealed,
                 created_at_ms) VALUES ($1, $2, $3, 'US', 'USD', 'us-rtp', '', '', $4, 1)",
        )
        .bind(BOOK)
        .bind(id.clone())
        .bind(user.clone())
        .bind(sealed)
        .execute(&mut *tx)
        .await
        .unwrap();
        payees.push((user, id));
    }
    tx.commit().await.unwrap();
    for number in 0..CREATORS {
        world.fund(&format!("creator-{number}"), "USD").await;
    }
    payees
}

/// Sends a run in pages of a thousand lines; returns its id.
async fn sent(world: &World, running: &Running, lines: &[PayoutRunLine]) -> String {
    let (id, mut run_id) = (Uuid::now_v7(), String::new());
    for (at, lines) in lines.chunks(1_000).enumerate() {
        let first = i32::try_from(at * 1_000 + 1).unwrap();
        let is_last = at * 1_000 + lines.len() == LINES;
        run_id = create(world, running, page(id, first, lines.to_vec(), is_last)).await.unwrap().0.run_id;
    }
    run_id
}

#[tokio::test]
async fn a_bad_line_on_the_last_page_refuses_the_whole_run_and_no_other_line_is_named() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(config(&world)).await;
        let payees = payees(&world, &running).await;
        let mut lines: Vec<PayoutRunLine> = payees.iter().map(|(user, id)| line(user, id, 5)).collect();
        // Another creator's beneficiary.
        lines[LINES - 1].user_id = payees[LINES - 2].0.clone();
        let run_id = sent(&world, &running, &lines).await;
        let refused = reached_refused(&world, &running, &run_id).await;
        assert_eq!((refused.lines_checked, refused.faults_count, refused.faults.len()), (1_001, 1, 1));
        assert_eq!(refused.faults[0].line_no, 1_001);
        assert!(refused.faults[0].why.starts_with("BENEFICIARY_UNKNOWN") && refused.lines_hash.is_empty(), "{refused:?}");
        for number in 0..CREATORS {
            assert_eq!(world.balance(&format!("creator/creator-{number}/payable/USD")).await, (FUNDS, FUNDS), "nothing is held");
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}
