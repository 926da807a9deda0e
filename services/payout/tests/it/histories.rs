//! The lying bank with real parts: the payout service over its database and sockets, the sandbox bank, which knows the truth, and between them a proxy
//! that lies, while the service is stopped at arbitrary points, again and again. Seeded: `LARGESSE_PAYOUT_HISTORIES` sets how many,
//! `LARGESSE_PAYOUT_HISTORIES_FROM` the first.

use crate::world::{FUNDS, Running, World, aba, payout_request};
use api::payout::{Payout, PayoutState};
use db::Database;
use serde_json::json;
use std::time::Duration;
use testbed::lying_line::{LyingLine, roll};

/// Histories of `make test`: of two installations, of which one sends payments together.
const HISTORIES: u64 = 24;
/// Payouts of one installation at once.
const AT_ONCE: u64 = 12;
/// Times that the service is stopped while the bank lies.
const STOPS: u64 = 3;
/// Longest wait for a stop.
const STOP_MAX: Duration = Duration::from_secs(2);
/// Accounts whose payments settle, settle later, are rejected, cut, answered late or never, wait, are lost once, are answered with garbage.
const ACCOUNTS: [&str; 9] =
    ["9000000001", "9000000002", "9000000003", "9000000004", "9000000005", "9000000007", "9000000008", "9000000009", "9000000010"];
const CENTS: i64 = 150;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

async fn service(world: &World, line: &LyingLine, seed: u64) -> Running {
    let mut config = world.config();
    // In every other installation payments go together.
    config.message_payments_max = if seed.is_multiple_of(2) { 100 } else { 1 };
    config.banks[0].url.clone_from(&line.url);
    // A payment that never arrives is sent until it does: giving up on it is not tested here.
    config.policy.sends_max = 50;
    world.start_with(config).await
}

async fn installation(seed: u64, payouts: u64) {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap(), 1).await;
    let line = LyingLine::start(seed).await;
    line.connect(world.bank.url());
    let mut running = service(&world, &line, seed).await;
    world.fund("ana", "USD").await;
    let mut asked: Vec<(Payout, &str)> = Vec::new();
    for at in 0..payouts {
        let account = ACCOUNTS[usize::try_from(roll(seed, at, ACCOUNTS.len() as u64)).unwrap()];
        let beneficiary = running.beneficiary("ana", aba(account)).await.unwrap();
        asked.push((running.request("ana", payout_request(&beneficiary, "USD", CENTS)).await.unwrap().0, account));
    }
    for stop in 0..STOPS {
        // Or sooner, if all have ended before.
        let exchanges = line.exchanged(usize::try_from(roll(seed, 1_000 + stop, 2 * payouts)).unwrap() + 1);
        let _ended = tokio::time::timeout(STOP_MAX, exchanges).await;
        running.stop().await;
        running = service(&world, &line, seed).await;
    }
    for (payout, _) in asked.iter().filter(|(_, account)| *account == "9000000008") {
        let behaviour = if payout.payout_id.as_bytes()[0] % 2 == 0 { json!("settle") } else { json!("reject") };
        let mut scenario = json!({"end_to_end_id": payout.end_to_end_id, "behaviour": behaviour});
        if behaviour == "reject" {
            scenario["code"] = json!("MD07");
        }
        world.scenario(scenario).await;
    }
    let mut settled = 0;
    for (payout, account) in &asked {
        let ended = running.end("ana", &payout.payout_id).await;
        let paid = world.executed(payout).await;
        assert_eq!(paid, usize::from(ended.state() == PayoutState::Settled), "LARGESSE_PAYOUT_HISTORIES_FROM={seed}, {account}: {ended:?}");
        settled += CENTS * i64::try_from(paid).unwrap();
    }
    assert!(settled < FUNDS);
    world.check_books("ana", "USD", settled).await;
    running.stop().await;
    drop(line);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_line_to_the_bank_says_money_ends_where_the_banks_books_have_it() {
    let mut left = setting("LARGESSE_PAYOUT_HISTORIES", HISTORIES);
    let mut seed = setting("LARGESSE_PAYOUT_HISTORIES_FROM", 1);
    while left > 0 {
        let payouts = left.min(AT_ONCE);
        installation(seed, payouts).await;
        (left, seed) = (left - payouts, seed + 1);
    }
}
