//! A file is built once and its payments are made once, though the process is killed between any two steps.

use super::{AchTown, FUNDS, PAYABLE, beneficiary};
use crate::{
    crashes::{crash, without_worker_over},
    world::{BOOK, on_both},
};
use money::{BookName, Currency, Money, RequestId, UserKey};
use payout::{
    domain::{PayoutKey, PayoutPhase, ach::FileState},
    payouts::{PayoutRequest, Payouts},
};
use std::time::{Duration, SystemTime};
use uuid::Uuid;

async fn request(payouts: &Payouts, beneficiary_id: Uuid) -> PayoutKey {
    let asked = PayoutRequest {
        book: BookName::try_new(BOOK).unwrap(),
        user: UserKey::try_new("ana").unwrap(),
        request_id: RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
        beneficiary_id,
        amount: Money::try_new(Currency::try_new("USD").unwrap(), 5).unwrap(),
    };
    payouts.request(&asked, SystemTime::now()).await.unwrap().0.key()
}

#[tokio::test]
async fn a_process_killed_between_any_two_steps_builds_and_sends_each_file_once() {
    on_both(async |database| {
        let town = AchTown::open(database).await;
        let running = town.world.start_with(town.config()).await;
        let account: Uuid = beneficiary(&running, "Ana Muller").await.parse().unwrap();
        running.stop().await;
        let mut config = town.config();
        config.lease = Duration::from_millis(100);
        config.banks[0].nacha.poll = Duration::from_millis(10);
        let payouts = without_worker_over(&town.world, config).await;
        let mut keys = Vec::new();
        // Everything is dropped after one poll more every time, until it completes.
        for polls in 0.. {
            let key = request(&payouts, account).await;
            keys.push(key.clone());
            let driven = crash(payouts.drive(&key), polls).await.is_some();
            let advanced = crash(payouts.advance_ach_files(), polls).await.is_some();
            if driven && advanced && polls > 20 {
                break;
            }
        }
        // The next process finishes them.
        let count = keys.len();
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        loop {
            ticks.tick().await;
            let mut accepted = 0;
            for key in &keys {
                payouts.drive(key).await.unwrap();
                accepted += usize::from(payouts.store.payout(key).await.unwrap().unwrap().phase == PayoutPhase::Accepted);
            }
            payouts.advance_ach_files().await.unwrap();
            if accepted == count {
                break;
            }
        }
        let files = town.files().await;
        assert!(files.iter().all(|file| file.state == FileState::Accepted), "{files:?}");
        assert_eq!(files.iter().map(|file| file.entries).sum::<i64>(), i64::try_from(count).unwrap());
        town.pass_a_week().await;
        let paid: i128 = town.booked().await.into_iter().sum();
        assert_eq!(paid, -5 * i128::try_from(count).unwrap(), "each is paid once");
        assert_eq!(town.booked().await.len(), files.len(), "each file is one debit");
        assert_eq!(town.world.balance(PAYABLE).await.0, FUNDS - 5 * i64::try_from(count).unwrap());
        town.close().await;
    })
    .await;
}
