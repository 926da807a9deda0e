//! Callbacks of the bank that speaks JSON: told where they go, signed in two ways, in every order and shape, and about payments of nobody.

use crate::{
    api_bank::ApiTown,
    callbacks::{Listening, read},
    world::{aba, on_both, payout_request},
};
use api::payout::PayoutState::{Accepted, Settled};
use payout::{config::CallbackProof, store::Store};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn the_bank_is_told_where_its_callbacks_go_and_payouts_end_by_them() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        for (proof, paid) in [(CallbackProof::Detached, 500), (CallbackProof::Jws, 1_000)] {
            let mut config = town.config();
            (config.banks[0].callback_keys_url, config.banks[0].callback_proof) = (town.keys_url(), proof);
            // Nothing but callbacks makes anything due soon.
            (config.policy.retry_delay, config.policy.retry_delay_max) = (Duration::from_secs(600), Duration::from_secs(600));
            let running = town.world.start_with(config).await;
            let http = Listening::start(&running).await;
            running.service.register_callbacks(http.address).await;
            town.scenario(json!({"holder": "Ana Müller", "behaviour": "compliance_review", "times": 1})).await;
            let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
            let (payout, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
            let accepted = running.until("ana", &payout.payout_id, Accepted).await;
            town.scenario(json!({"end_to_end_id": accepted.end_to_end_id, "behaviour": "settle"})).await;
            assert_eq!(running.end("ana", &payout.payout_id).await.state(), Settled, "{proof:?}");
            town.check(paid).await;
            running.stop().await;
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn callbacks_first_twice_in_disorder_forged_foreign_and_of_every_shape_change_no_outcome() {
    on_both(async |database| {
        let town = ApiTown::open(database).await;
        let mut config = town.config();
        config.banks[0].callback_keys_url = town.keys_url();
        let running = town.world.start_with(config).await;
        let http = Listening::start(&running).await;
        let mut paid = 0;
        for shape in ["cloud_events", "events", "callbacks"] {
            let url = format!("{}/global", http.url);
            town.register(json!({"url": url, "shape": shape, "signature": "detached", "copies": 2, "reversed": true})).await;
            for behaviour in ["callback_first", "callback_forged", "callback_foreign", "contradict"] {
                let payout = town.pay(&running, behaviour).await;
                assert_eq!((payout.state(), town.executed(&payout).await), (Settled, 1), "{shape} {behaviour}");
                paid += 500;
            }
        }
        town.check(paid).await;
        // Each payment has two; the forged are refused, and of the foreign there is one more. Those that say the same are stored once.
        let all = read(&Store::inspect(&town.world.database).await.unwrap(), 27).await;
        assert!(all.iter().all(|(state, _, times)| state == "done" && *times == 2), "{all:?}");
        assert_eq!(all.iter().filter(|(_, note, _)| note.contains("not ours")).count(), 3, "{all:?}");
        running.stop().await;
        town.close().await;
    })
    .await;
}
