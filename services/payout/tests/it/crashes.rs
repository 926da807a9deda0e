//! A payout dropped at any await, by handler or worker, is finished by the next process, once.

use crate::world::{BOOK, World, aba, on_both};
use api::payout::PayoutState;
use money::{BookName, Currency, Money, RequestId, UserKey};
use payout::{
    banks::Banks,
    payouts::{PayoutRequest, Payouts},
    store::Store,
    vault::Vault,
};
use std::time::SystemTime;
pub use testbed::crash;
use uuid::Uuid;

/// The use cases without a worker: nothing happens by itself.
pub async fn without_worker(world: &World) -> Payouts {
    without_worker_over(world, world.config()).await
}

/// The same, with these options.
pub async fn without_worker_over(world: &World, config: payout::Config) -> Payouts {
    let vault = Vault::open(&config.key_file, true).unwrap();
    let store = Store::open(&world.database, &vault).await.unwrap();
    let banks = Banks::try_new(&config).unwrap();
    Payouts::new(store, vault, ledger_client::LedgerClient::new(world.transport()), banks, config)
}

#[tokio::test]
async fn a_payout_dropped_anywhere_is_finished_once() {
    on_both(async |database| {
        let world = World::open(database, 5).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account: Uuid = running.beneficiary("ana", aba("9000000001")).await.unwrap().parse().unwrap();
        running.stop().await;

        let payouts = without_worker(&world).await;
        let ask = || PayoutRequest {
            book: BookName::try_new(BOOK).unwrap(),
            user: UserKey::try_new("ana").unwrap(),
            request_id: RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
            beneficiary_id: account,
            amount: Money::try_new(Currency::try_new("USD").unwrap(), 5).unwrap(),
        };
        let mut keys = Vec::new();
        // The handler, dropped after one poll more every time, until it completes. A dropped one may have left nothing at all.
        for polls in 0.. {
            let asked = ask();
            let done = crash(payouts.request(&asked, SystemTime::now()), polls).await;
            let finished = done.is_some();
            if finished {
                keys.push(done.unwrap().unwrap().0.key());
                break;
            }
        }
        // The worker, dropped in the same way; each time with a payout of its own.
        for polls in 0.. {
            let (payout, _) = payouts.request(&ask(), SystemTime::now()).await.unwrap();
            keys.push(payout.key());
            if crash(payouts.drive(&payout.key()), polls).await.is_some() {
                break;
            }
        }
        assert!(keys.len() > 10, "the crashes must fall between the steps, not before or after them");

        let mut config = world.config();
        // On a busy machine a sending may time out before the bank has processed it; then it is sent again, and not given back.
        config.policy.sends_max = 50;
        let running = world.start_with(config).await;
        for key in &keys {
            let payout = running.end("ana", &key.payout_id.to_string()).await;
            assert_eq!((payout.state(), world.executed(&payout).await), (PayoutState::Settled, 1), "{payout:?}");
        }
        // Payouts whose handler was dropped after the row was written are finished as well.
        let list = api::payout::ListPayoutsRequest { book: BOOK.into(), page_size: 200, ..Default::default() };
        let all = running.client().list_payouts(running.signed("ana", list)).await.unwrap().into_inner().payouts;
        assert!(all.len() < 200, "the page must hold all of them");
        for payout in &all {
            assert_eq!(running.end("ana", &payout.payout_id).await.state(), PayoutState::Settled);
        }
        world.check_books("ana", "USD", 5 * i64::try_from(all.len()).unwrap()).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn of_many_writes_at_once_each_version_is_written_once_and_each_caller_gets_its_own() {
    on_both(async |database| {
        let world = World::open(database, 5).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account: Uuid = running.beneficiary("ana", aba("9000000001")).await.unwrap().parse().unwrap();
        running.stop().await;
        let payouts = without_worker(&world).await;
        let mut rows = Vec::new();
        for _ in 0..40 {
            let ask = PayoutRequest {
                book: BookName::try_new(BOOK).unwrap(),
                user: UserKey::try_new("ana").unwrap(),
                request_id: RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
                beneficiary_id: account,
                amount: Money::try_new(Currency::try_new("USD").unwrap(), 5).unwrap(),
            };
            rows.push(payouts.request(&ask, SystemTime::now()).await.unwrap().0);
        }
        // Each version by two writers, and of every fifth payout one more that is dropped while it waits.
        let twice = rows.iter().chain(&rows).map(|row| payouts.store.save(row.clone(), None));
        for row in rows.iter().step_by(5) {
            crash(payouts.store.save(row.clone(), None), 1).await;
        }
        let written = futures::future::join_all(twice).await;
        let (first, second) = written.split_at(rows.len());
        for ((row, first), second) in rows.iter().zip(first).zip(second) {
            let saved: Vec<_> = [first, second].into_iter().filter_map(|saved| saved.as_ref().unwrap().as_ref()).collect();
            let now = payouts.store.payout(&row.key()).await.unwrap().unwrap();
            assert_eq!(now.version, row.version + 1, "written once, by one of them or by the one that was dropped");
            assert!(saved.len() <= 1 && saved.iter().all(|saved| **saved == now), "{saved:?} is not {now:?}");
        }
        world.close().await;
    })
    .await;
}
