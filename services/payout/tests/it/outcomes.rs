//! The outcome of a payout, by what the bank does.

use crate::world::{BOOK, World, aba, iban, on_both, payout_request, states};
use api::payout::PayoutState::{Accepted, Held, OutcomeUnknown, Rejected, Requested, Settled, Submitted};
use api::payout::Rail;
use iso20022::pain001::Initiation;
use money::BookName;
use payout::Config;
use serde_json::json;
use std::time::Duration;

/// With a bank that has longer for an answer than a busy machine takes, where a lost one would be a step more.
fn patient(world: &World) -> Config {
    let mut config = world.config();
    config.banks[0].rails.iter_mut().for_each(|rail| rail.time_out = Duration::from_secs(60));
    config
}

#[tokio::test]
async fn payouts_settle_in_both_currencies() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(patient(&world)).await;
        let us = (aba("9000000001"), "USD", Rail::UsRtp, "us-rtp");
        let eu = (iban("DE08 5001 0517 0900 0000 01"), "EUR", Rail::SepaInstant, "sepa-instant");
        for (account, currency, rail, word) in [us, eu] {
            world.fund("ana", currency).await;
            let payout = running.pay("ana", account, 500).await;
            assert_eq!(states(&payout), [Requested, Held, Submitted, Settled]);
            assert_eq!((payout.bank_status.as_str(), payout.rail.as_str()), ("ACSC", word));
            // Clients of before read this.
            #[allow(deprecated)]
            let of_before = payout.payout_rail();
            assert_eq!(of_before, rail);
            assert_eq!(payout.attempts.len(), 1);
            assert_eq!((payout.attempts[0].reference.len(), payout.attempts[0].bank.as_str()), (15, "first"));
            assert!(payout.total_time_ms >= payout.bank_time_ms && payout.end_to_end_id.len() == 32);
            let postings = [&payout.hold_posting_id, &payout.submit_posting_id, &payout.final_posting_id];
            assert!(postings.iter().all(|id| !id.is_empty()));
            assert_eq!(world.executed(&payout).await, 1);
            check_schemas(&running, &payout.payout_id).await;
            world.check_books("ana", currency, 500).await;
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_rejection_gives_the_money_back_and_says_why() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(patient(&world)).await;
        world.fund("ana", "USD").await;
        let payout = running.pay("ana", aba("9000000003"), 500).await;
        assert_eq!(states(&payout), [Requested, Held, Submitted, Rejected]);
        assert_eq!(
            (payout.bank_status.as_str(), payout.reason_code.as_str(), payout.reason.as_str()),
            ("RJCT", "AC04", "the account is closed")
        );
        check_schemas(&running, &payout.payout_id).await;
        world.check_books("ana", "USD", 0).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_unknown_then_asked_then_settled_once() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        // Cut, late, executed without an answer, garbage.
        let accounts = ["9000000004", "9000000005", "9000000007", "9000000010"];
        let payouts = accounts.map(|account| running.pay("ana", aba(account), 500));
        for payout in futures::future::join_all(payouts).await {
            assert_eq!(states(&payout), [Requested, Held, Submitted, OutcomeUnknown, Settled], "{payout:?}");
            assert_eq!(world.executed(&payout).await, 1);
            // Polled from the rail's time-out on, not before.
            assert!(payout.bank_time_ms >= 300, "{payout:?}");
        }
        world.check_books("ana", "USD", 2_000).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_undecided_payment_is_accepted_and_asked_after() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(patient(&world)).await;
        world.fund("ana", "USD").await;
        let payout = running.pay("ana", aba("9000000002"), 500).await;
        assert_eq!(states(&payout), [Requested, Held, Submitted, Accepted, Settled]);

        let beneficiary = running.beneficiary("ana", aba("9000000008")).await.unwrap();
        for (behaviour, end, settled) in [("settle", Settled, 1_000), ("reject", Rejected, 1_000)] {
            let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", 500)).await.unwrap();
            let waiting = running.until("ana", &payout.payout_id, Accepted).await;
            assert_eq!(waiting.bank_status, "PDNG");
            let mut scenario = json!({"end_to_end_id": payout.end_to_end_id, "behaviour": behaviour});
            if behaviour == "reject" {
                scenario["code"] = json!("MD07");
            }
            world.scenario(scenario).await;
            assert_eq!(running.end("ana", &payout.payout_id).await.state(), end);
            world.check_books("ana", "USD", settled).await;
        }
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// Validates every message against the official schemas, where the reference data is available.
pub async fn check_schemas(running: &crate::world::Running, payout_id: &str) {
    let Some(data) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return;
    };
    let messages = running.service.messages(&BookName::try_new(BOOK).unwrap(), payout_id.parse().unwrap()).await.unwrap();
    assert!(messages.len() >= 2);
    for message in messages {
        let schema = if message.kind == "pain.001" { "pain.001.001.09.xsd" } else { "pain.002.001.10.xsd" };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &message.body).unwrap();
        let checked = std::process::Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema"])
            .arg(std::path::Path::new(&data).join("bank/xsd").join(schema))
            .arg(file.path())
            .output()
            .expect("xmllint is needed to check messages against the schemas: install libxml2-utils");
        assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    }
}

/// The instructions that were sent to the bank.
async fn sent(running: &crate::world::Running, payout_id: &str) -> Vec<Initiation> {
    let messages = running.service.messages(&BookName::try_new(BOOK).unwrap(), payout_id.parse().unwrap()).await.unwrap();
    messages.iter().filter(|message| message.kind == "pain.001").map(|message| Initiation::read(&message.body).unwrap()).collect()
}

#[tokio::test]
async fn what_never_arrived_is_sent_again_under_the_same_id_after_the_window() {
    on_both(async |database| {
        let world = World::open(database, 1).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let payout = running.pay("ana", aba("9000000009"), 500).await;
        assert_eq!(states(&payout), [Requested, Held, Submitted, OutcomeUnknown, Submitted, Settled]);
        assert!(payout.bank_time_ms >= 1_000);
        let sent = sent(&running, &payout.payout_id).await;
        let [first, second] = sent.as_slice() else { panic!("{} messages", sent.len()) };
        assert_eq!(first.payments[0].transfers, second.payments[0].transfers);
        assert_ne!(first.message_id, second.message_id);
        assert_eq!(world.executed(&payout).await, 1);

        // Never arrives, however often it is sent: the money is given back.
        let payout = running.pay("ana", aba("9000000006"), 500).await;
        assert_eq!((payout.state(), payout.reason_code.as_str(), world.executed(&payout).await), (Rejected, "AG09", 0));
        world.check_books("ana", "USD", 500).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn not_found_stays_unknown_until_the_banks_window_has_passed() {
    on_both(async |database| {
        let world = World::open(database, 3_600).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        world.scenario(json!({"account": "9000000001", "behaviour": "lose"})).await;
        let beneficiary = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let mut changes = running.service.changes();
        let (payout, _) = running.request("ana", payout_request(&beneficiary, "USD", 500)).await.unwrap();
        let book = BookName::try_new(BOOK).unwrap();
        let id = payout.payout_id.parse().unwrap();
        let not_found = async || {
            let messages = running.service.messages(&book, id).await.unwrap();
            messages.iter().filter(|message| message.http_status == 404).map(|message| message.times).sum::<i64>()
        };
        while not_found().await < 5 {
            changes.recv().await.unwrap();
        }
        let payout = running.until("ana", &payout.payout_id, OutcomeUnknown).await;
        assert_eq!(states(&payout), [Requested, Held, Submitted, OutcomeUnknown]);
        assert_eq!(sent(&running, &payout.payout_id).await.len(), 1);
        // Neither with the creator nor with the bank: in flight.
        assert_eq!(world.balance("house/in_transit/USD").await, (500, 500));
        let under_way = payout::store::Store::inspect(&world.database).await.unwrap().under_way(&book).await.unwrap();
        let phases: Vec<_> = under_way.values().map(|payout| (payout.phase, payout.amount.minor_units())).collect();
        assert_eq!(phases, [(payout::domain::PayoutPhase::Unknown, 500)]);
        running.stop().await;
        world.close().await;
    })
    .await;
}
